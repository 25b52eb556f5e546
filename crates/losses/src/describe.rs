//! A spec in words: what a report says of a loss when the program that knew it is gone.

use crate::info::ParamInfo;
use crate::open_spec::OpenSpec;
use crate::spec::{Place, Spec};
use serde::{Deserialize, Serialize};

/// All that a report says of a loss beside its results, as plain text and numbers: it stands in files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpecDescription {
    /// The canonical spec, with a question mark for what is open.
    pub spec: String,
    /// The name of the loss in specs.
    pub name: String,
    /// The name of the loss in sentences.
    pub title: String,
    /// Its equation.
    pub equation: String,
    /// Where it was published.
    pub source: String,
    /// Its parameters, alpha last if the spec has it.
    pub params: Vec<ParamDescription>,
    /// What follows it, in the order of the spec.
    pub modifiers: Vec<ModifierDescription>,
    /// [`Spec::is_proper`].
    pub proper: bool,
    /// Whether a map from reported to true probabilities is known, see [`Inverse`](crate::Inverse).
    pub has_inverse: bool,
    /// Whether the loss itself, alpha and modifiers apart, declares that it reports no true probabilities.
    pub biased: bool,
    /// [`Spec::moves_threshold`].
    pub moves_threshold: bool,
}

/// A modifier in a [`SpecDescription`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModifierDescription {
    /// The name in specs.
    pub name: String,
    /// The name in sentences.
    pub title: String,
    /// What it does, as an equation.
    pub equation: String,
    /// Where it was published.
    pub source: String,
    /// Its parameters.
    pub params: Vec<ParamDescription>,
    /// What it acts on.
    pub acts_on: String,
}

/// A parameter in a [`SpecDescription`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParamDescription {
    /// The key in specs.
    pub name: String,
    /// Its value; none where the spec leaves it to tuning.
    pub value: Option<f64>,
    /// What it does.
    pub meaning: String,
}

/// What alpha does, in every loss that has it.
const ALPHA_MEANING: &str = "weight of the positive class; the negative one has 1 - alpha";

impl Spec {
    /// The spec in words, for a problem of so many classes; a sigmoid head has two.
    pub fn describe(&self, classes: usize) -> SpecDescription {
        self.describe_open(classes, &[], self.to_string())
    }

    /// The spec in words, with these places open.
    pub(crate) fn describe_open(&self, classes: usize, open: &[Place], text: String) -> SpecDescription {
        let d = self.loss.declaration();
        let is_open = |part, index| open.iter().any(|place| place.part == part && place.index == index);
        let param = |part: usize, (i, (info, value)): (usize, (&ParamInfo, &f64))| ParamDescription {
            name: info.name.into(),
            value: (!is_open(part, Some(i))).then_some(*value),
            meaning: info.meaning.into(),
        };
        let params = |part: usize, infos: &[ParamInfo], values: &[f64]| -> Vec<ParamDescription> {
            infos.iter().zip(values).enumerate().map(|pair| param(part, pair)).collect()
        };
        let alpha = (self.alpha.is_some() || is_open(0, None)).then(|| ParamDescription {
            name: "alpha".into(),
            value: self.alpha.filter(|_| !is_open(0, None)),
            meaning: ALPHA_MEANING.into(),
        });
        let modifiers = self.modifiers.iter().enumerate().map(|(i, (info, values))| ModifierDescription {
            name: info.name.into(),
            title: info.title.into(),
            equation: info.equation.into(),
            source: info.source.into(),
            params: params(i + 1, info.params, values),
            acts_on: info.stage.to_string(),
        });
        SpecDescription {
            spec: text,
            name: d.name.into(),
            title: d.title.into(),
            equation: d.equation.into(),
            source: d.source.into(),
            params: params(0, d.params, &self.params).into_iter().chain(alpha).collect(),
            modifiers: modifiers.collect(),
            proper: self.is_proper(classes),
            has_inverse: self.has_inverse(classes),
            biased: self.probabilities().are_biased(classes),
            moves_threshold: self.moves_threshold(),
        }
    }
}

impl OpenSpec {
    /// The spec in words, for a problem of so many classes. What is open has no value; what depends on the
    /// values is that of the defaults.
    pub fn describe(&self, classes: usize) -> SpecDescription {
        self.start().describe_open(classes, self.places(), self.to_string())
    }
}
