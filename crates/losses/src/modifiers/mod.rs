//! Modifiers: what may follow a loss in a spec, `loss + modifier`, and what each does to the pipeline.
//! A new one: its file, and its line in [`Registry::standard`].

pub(crate) mod class_weights;
mod effect;
pub(crate) mod ghm;
pub(crate) mod logit_adjust;
pub(crate) mod ohem;
pub(crate) mod prior_bias;
pub(crate) mod sampling;
pub(crate) mod smooth;
pub(crate) mod threshold;

use crate::equation::Equation;
use crate::info::ParamInfo;
use crate::registry::Registry;
use std::fmt;

pub use effect::{BatchWeights, Decision, Effect, Training};
pub(crate) use ghm::gradient_density_weights;
pub use ohem::Keep;
pub(crate) use ohem::hardest;

/// What a modifier declares of itself, and what it does.
///
/// A modifier of your own, from another crate, is this and a line that registers it:
///
/// ```
/// use losslab_losses::{Effect, ModifierInfo, ProbabilityEffect, Registry, Spec, Stage};
///
/// /// Weights that grow with the square root of a class's rarity.
/// const ROOT_FREQUENCY: ModifierInfo = ModifierInfo {
///     name: "root-freq",
///     title: "root of the inverse class frequency",
///     equation: "w_c = sqrt(n_max / n_c)",
///     source: "this page",
///     params: &[],
///     stage: Stage::ClassWeights,
///     probabilities: ProbabilityEffect::ClassWeights,
///     effect: |_, counts| {
///         let most = counts.iter().max().ok_or("the class counts are not known")?;
///         Ok(Effect::ClassWeights(counts.iter().map(|&n| (*most as f64 / n as f64).sqrt()).collect()))
///     },
/// };
///
/// let registry = Registry::standard().with_modifier(ROOT_FREQUENCY);
/// assert_eq!(Spec::parse("focal+root-freq", &registry).unwrap().to_string(), "focal:gamma=2+root-freq");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ModifierInfo {
    /// The name in specs: lower case, words joined by hyphens.
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
    /// What it does to the probabilities that a network reports.
    pub probabilities: ProbabilityEffect,
    /// What it does to a problem with these class counts, or why it cannot, from the values of its
    /// parameters.
    pub effect: fn(params: &[f64], &ClassCounts) -> Result<Effect, String>,
}

/// What a modifier does to the probabilities that a network reports where its expected loss is least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbabilityEffect {
    /// Nothing: it acts on the start of the training or on the decision.
    Unchanged,
    /// They are those of classes of other weight, which can be divided out.
    ClassWeights,
    /// What it does has no known inverse.
    Unknown,
}

impl fmt::Display for ProbabilityEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ProbabilityEffect::Unchanged => "unchanged",
            ProbabilityEffect::ClassWeights => "class weights",
            ProbabilityEffect::Unknown => "unknown",
        })
    }
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
pub(crate) fn conflict(
    registry: &Registry,
    loss: &dyn Equation,
    earlier: &[ModifierInfo],
    new: &ModifierInfo,
) -> Option<String> {
    let (name, stage) = (new.name, new.stage);
    if earlier.iter().any(|m| m.name == name) {
        return Some(format!("modifier '{name}' is given twice"));
    }
    if let Some(other) = earlier.iter().find(|m| m.stage == stage) {
        return Some(format!("'{}' and '{name}' both act on {stage}; choose one", other.name));
    }
    match stage {
        Stage::Targets if !loss.may_be_smoothed() => {
            let smoothed = registry.losses().filter(|loss| loss.may_be_smoothed()).map(|loss| loss.name());
            let smoothed = smoothed.collect::<Vec<_>>().join(", ");
            Some(format!("'{name}' is defined for cross-entropy only ({smoothed}), not for {}", loss.name()))
        }
        Stage::BatchWeights if loss.set().is_some() => Some(format!(
            "'{name}' weighs elements by their loss, but {} is one number for the whole batch",
            loss.name()
        )),
        Stage::Logits if loss.needs_counts() => {
            Some(format!("'{name}' and {} both act on {stage}; choose one", loss.name()))
        }
        _ => None,
    }
}
