//! Which examples the training sees.

use super::{Effect, ModifierInfo, ProbabilityEffect, Stage, Training, positive_counts};
use crate::info::{ParamInfo, Range};
use losslab_base::Domain;

/// Every class is drawn equally often.
pub(crate) const OVERSAMPLE: ModifierInfo = ModifierInfo {
    name: "oversample",
    title: "random oversampling",
    equation: "P(example of class c) = 1 / (C n_c), with replacement",
    source: "Buda et al. 2018, sec. 2",
    params: &[],
    stage: Stage::Sampling,
    probabilities: ProbabilityEffect::Unknown,
    effect: |_, counts| positive_counts(counts).map(|_| Effect::Training(Training::Oversample)),
};

/// Frequent classes are cut to a multiple of the rarest.
pub(crate) const UNDERSAMPLE: ModifierInfo = ModifierInfo {
    name: "undersample",
    title: "random undersampling",
    equation: "at most ratio * n_min examples of each class, drawn anew each epoch",
    source: "Buda et al. 2018, sec. 2",
    params: &[ParamInfo {
        name: "ratio",
        default: 1.0,
        range: Range::at_least(1.0),
        tuned: Some(Domain::Log(1.0, 30.0)),
        meaning: "examples of each class per example of the rarest",
    }],
    stage: Stage::Sampling,
    probabilities: ProbabilityEffect::Unknown,
    effect: |params, counts| {
        positive_counts(counts).map(|_| Effect::Training(Training::Undersample { ratio: params[0] }))
    },
};
