//! Where a decision is made; the loss and the training stay as they are.

use super::{Decision, Effect, ModifierInfo, ProbabilityEffect, Stage};
use crate::info::{ParamInfo, Range};

/// Decide positive from the threshold on that has the best F1 on validation data.
pub(crate) const BEST: ModifierInfo = ModifierInfo {
    name: "threshold",
    title: "decision threshold with the best F1 on validation data",
    equation: "positive if p >= argmax_t F1(t), on validation data",
    source: "Buda et al. 2018, sec. 2 (thresholding)",
    params: &[],
    stage: Stage::Decision,
    probabilities: ProbabilityEffect::Unchanged,
    effect: |_, _| Ok(Effect::Decision(Decision::BestF1)),
};

/// Decide positive from this probability on.
pub(crate) const FIXED: ModifierInfo = ModifierInfo {
    title: "decision threshold at a given probability",
    equation: "positive if p >= at",
    params: &[ParamInfo {
        name: "at",
        default: 0.5,
        range: Range::closed(0.0, 1.0),
        tuned: None,
        meaning: "probability of the positive class from which on the decision is positive",
    }],
    effect: |params, _| Ok(Effect::Decision(Decision::At(params[0]))),
    ..BEST
};
