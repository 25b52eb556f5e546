//! What modifiers do, and the checks that it makes sense: modifiers may come from another crate.

use super::{Keep, Stage};

/// What a modifier does.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Adds to the logit of each class.
    Logits(Vec<f64>),
    /// Moves this share of the target from the true class to all classes alike.
    Smooth(f64),
    /// Multiplies the weight of each element by that of its class.
    ClassWeights(Vec<f64>),
    /// Weighs each element by what the whole batch looks like.
    BatchWeights(BatchWeights),
    /// Acts on the training, not on the loss.
    Training(Training),
    /// Acts on the decision, not on the loss.
    Decision(Decision),
}

/// How elements are weighed from the whole batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BatchWeights {
    /// The hardest elements count, the others do not.
    Hardest(Keep),
    /// Each element counts by the inverse of how many there are that are as hard, in this many bins.
    GradientDensity(usize),
}

/// A change to how a model is trained, for whoever runs the training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Training {
    /// The last bias starts at the log-odds of this probability of the positive class.
    PriorBias(f64),
    /// Examples of every class are drawn equally often, with replacement; an epoch keeps its length.
    Oversample,
    /// Of every class, at most `ratio` times as many examples as the rarest class has are used, drawn anew
    /// each epoch.
    Undersample {
        /// Examples per example of the rarest class, at least 1.
        ratio: f64,
    },
}

/// How a probability becomes a decision, for whoever reports decisions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decision {
    /// Positive from the threshold on that has the best F1 on validation data.
    BestF1,
    /// Positive from this probability on.
    At(f64),
}

impl Effect {
    /// The stage that it acts on.
    pub fn stage(&self) -> Stage {
        match self {
            Effect::Logits(_) => Stage::Logits,
            Effect::Smooth(_) => Stage::Targets,
            Effect::ClassWeights(_) => Stage::ClassWeights,
            Effect::BatchWeights(_) => Stage::BatchWeights,
            Effect::Training(Training::PriorBias(_)) => Stage::Prior,
            Effect::Training(Training::Oversample | Training::Undersample { .. }) => Stage::Sampling,
            Effect::Decision(_) => Stage::Decision,
        }
    }

    /// That it acts on the stage that was declared, with numbers that make sense for so many classes.
    pub(crate) fn check(&self, declared: Stage, classes: usize) -> Result<(), String> {
        if self.stage() != declared {
            return Err(format!("it declares that it acts on {declared}, but acts on {}", self.stage()));
        }
        let per_class = |what: &str, numbers: &[f64], least: f64| match numbers
            .iter()
            .find(|n| !n.is_finite() || **n < least)
        {
            _ if numbers.len() != classes => Err(format!("{} {what} for {classes} classes", numbers.len())),
            Some(number) => Err(format!("{number} among the {what}")),
            None => Ok(()),
        };
        let number = |what: &str, number: f64, holds: bool| match holds {
            true => Ok(()),
            false => Err(format!("{what} of {number} makes no sense")),
        };
        let is_share = |x: f64| (0.0..=1.0).contains(&x);
        match *self {
            Effect::Logits(ref shifts) => per_class("shifts", shifts, f64::MIN),
            Effect::ClassWeights(ref weights) => per_class("class weights", weights, 0.0),
            Effect::Smooth(share) => number("a share", share, is_share(share)),
            Effect::BatchWeights(BatchWeights::GradientDensity(bins)) => {
                number("a number of bins", bins as f64, bins > 0)
            }
            Effect::BatchWeights(BatchWeights::Hardest(Keep::Ratio(ratio))) => {
                number("a ratio", ratio, ratio.is_finite() && ratio >= 0.0)
            }
            Effect::BatchWeights(BatchWeights::Hardest(Keep::Fraction(share))) => {
                number("a share", share, is_share(share))
            }
            Effect::BatchWeights(BatchWeights::Hardest(Keep::Count(_))) => Ok(()),
            Effect::Training(Training::PriorBias(pi)) => number("a prior", pi, pi > 0.0 && pi < 1.0),
            Effect::Training(Training::Undersample { ratio }) => {
                number("a ratio", ratio, ratio.is_finite() && ratio >= 1.0)
            }
            Effect::Training(Training::Oversample) | Effect::Decision(Decision::BestF1) => Ok(()),
            Effect::Decision(Decision::At(threshold)) => {
                number("a threshold", threshold, is_share(threshold))
            }
        }
    }
}
