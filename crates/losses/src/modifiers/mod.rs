//! Modifiers: what may follow a loss in a spec, `loss + modifier`, and what each does to the pipeline.
//! A new one: its file, and its line in [`ALL`].

mod class_weights;
mod prior_bias;

use crate::loss::ParamInfo;

/// Every modifier.
pub const ALL: &[ModifierInfo] =
    &[class_weights::INVERSE_FREQUENCY, class_weights::CLASS_BALANCED, prior_bias::PRIOR_BIAS];

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
    /// What it does to a problem with these class counts, or why it cannot.
    pub(crate) effect: fn(&[f64], &ClassCounts) -> Result<Effect, String>,
}

/// Number of training examples of each class; for a sigmoid head: negatives, positives.
pub type ClassCounts = [u64];

/// What a modifier does.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Multiplies the weight of each element by that of its class.
    ClassWeights(Vec<f64>),
    /// Acts on the training, not on the loss.
    Training(Training),
}

/// A change to how a model is trained, for whoever runs the training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Training {
    /// The last bias starts at the log-odds of this probability of the positive class.
    PriorBias(f64),
}

/// The counts, if every class has an example.
fn positive_counts(counts: &ClassCounts) -> Result<impl Iterator<Item = f64>, String> {
    match counts.iter().position(|&n| n == 0) {
        Some(class) => Err(format!("class {class} has no examples")),
        None if counts.is_empty() => Err("the class counts are not known".into()),
        None => Ok(counts.iter().map(|&n| n as f64)),
    }
}
