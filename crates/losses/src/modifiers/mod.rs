//! Modifiers: what may follow a loss in a spec, `loss + modifier`, and what each does to the pipeline.
//! A new one: its file, and its line in [`ALL`].

mod class_weights;
mod ghm;
mod logit_adjust;
mod ohem;
mod prior_bias;
mod sampling;
mod smooth;
mod threshold;

use crate::equation::Equation;
use crate::info::ParamInfo;
use std::fmt;

pub(crate) use ghm::gradient_density_weights;
pub(crate) use ohem::{Keep, hardest};

/// Every modifier. One that has several forms, told apart by their parameters, stands here once per form.
pub const ALL: &[ModifierInfo] = &[
    class_weights::INVERSE_FREQUENCY,
    class_weights::CLASS_BALANCED,
    logit_adjust::LOGIT_ADJUST,
    logit_adjust::BALANCED_SOFTMAX,
    ohem::RATIO,
    ohem::COUNT,
    ohem::FRACTION,
    ghm::GHM_C,
    smooth::SMOOTH,
    prior_bias::PRIOR_BIAS,
    sampling::OVERSAMPLE,
    sampling::UNDERSAMPLE,
    threshold::BEST,
    threshold::FIXED,
];

/// What a modifier declares of itself.
#[derive(Clone, Copy, Debug)]
pub struct ModifierInfo {
    /// The name in specs.
    pub name: &'static str,
    /// The name in sentences.
    pub title: &'static str,
    /// What it does, as an equation.
    pub equation: &'static str,
    /// Where it was published.
    pub source: &'static str,
    /// Its parameters.
    pub params: &'static [ParamInfo],
    /// Where in the pipeline it acts: a spec has at most one modifier per stage.
    pub stage: Stage,
    /// What it does to a problem with these class counts, or why it cannot.
    pub(crate) effect: fn(&[f64], &ClassCounts) -> Result<Effect, String>,
}

/// A stage of the pipeline from logits to training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// What is added to the logits.
    Logits,
    /// What is aimed at.
    Targets,
    /// A weight per class.
    ClassWeights,
    /// A weight per element, from all losses of the batch; a constant to the gradient.
    BatchWeights,
    /// The start of the training.
    Prior,
    /// Which examples the training sees.
    Sampling,
    /// How a probability becomes a decision.
    Decision,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stage::Logits => "the logits",
            Stage::Targets => "the targets",
            Stage::ClassWeights => "the weight of the classes",
            Stage::BatchWeights => "the weight of the elements in a batch",
            Stage::Prior => "the start of the training",
            Stage::Sampling => "the choice of training examples",
            Stage::Decision => "the decision",
        })
    }
}

/// Number of training examples of each class; for a sigmoid head: negatives, positives.
pub type ClassCounts = [u64];

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
    /// Of every class, at most `ratio` times as many examples as the rarest class has are used, drawn anew each epoch.
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

/// The counts, if every class has an example.
pub(crate) fn positive_counts(counts: &ClassCounts) -> Result<impl Iterator<Item = f64>, String> {
    match counts.iter().position(|&n| n == 0) {
        Some(class) => Err(format!("class {class} has no examples")),
        None if counts.is_empty() => Err("the class counts are not known".into()),
        None => Ok(counts.iter().map(|&n| n as f64)),
    }
}

/// A parameter that counts things.
fn whole(name: &str, value: f64) -> Result<usize, String> {
    if value.fract() == 0.0 && value <= 2f64.powi(52) {
        return Ok(value as usize);
    }
    Err(format!("{name}={value} is not a whole number"))
}

/// Why a modifier cannot follow this loss and the modifiers before it, if so.
pub(crate) fn conflict(loss: &dyn Equation, earlier: &[ModifierInfo], new: &ModifierInfo) -> Option<String> {
    let name = new.name;
    if earlier.iter().any(|m| m.name == name) {
        return Some(format!("modifier '{name}' is given twice"));
    }
    if let Some(other) = earlier.iter().find(|m| m.stage == new.stage) {
        return Some(format!("'{}' and '{name}' both act on {}; choose one", other.name, new.stage));
    }
    match new.stage {
        Stage::Targets if !smooth::suits(loss) => Some(format!(
            "'{name}' is defined for cross-entropy only (ce, alpha-ce), not for {}",
            loss.name()
        )),
        Stage::BatchWeights if loss.set().is_some() => Some(format!(
            "'{name}' weighs elements by their loss, but {} is one number for the whole batch",
            loss.name()
        )),
        Stage::Logits if loss.needs_counts() => {
            Some(format!("'{name}' and {} both act on {}; choose one", loss.name(), new.stage))
        }
        _ => None,
    }
}
