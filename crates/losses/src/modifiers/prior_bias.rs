//! The prior of the last layer.

use super::{Effect, ModifierInfo, ProbabilityEffect, Stage, Training};
use crate::info::{ParamInfo, Range};
use losslab_base::Domain;

/// The last bias starts at b = -log((1 - pi) / pi), so that training starts from predictions of pi.
pub(crate) const PRIOR_BIAS: ModifierInfo = ModifierInfo {
    name: "prior-bias",
    title: "prior probability in the last bias",
    equation: "b = -log((1 - pi) / pi)",
    source: "Lin et al. 2017, sec. 4.1",
    params: &[ParamInfo {
        name: "pi",
        default: 0.01,
        range: Range::open(0.0, 1.0),
        tuned: Some(Domain::Log(0.001, 0.5)),
        meaning: "probability of the positive class at the start; 0.5 is no prior",
    }],
    stage: Stage::Prior,
    probabilities: ProbabilityEffect::Unchanged,
    effect: |params, _| Ok(Effect::Training(Training::PriorBias(params[0]))),
};
