//! Label smoothing.

use super::{Effect, ModifierInfo, ProbabilityEffect, Stage};
use crate::info::{ParamInfo, Range};
use losslab_base::Domain;

/// The target is (1 - eps) for the true class plus eps / C for each of the C classes, the true one included.
///
/// The weight of an element stays that of its true class. With a sigmoid head C = 2: y (1 - eps) + eps / 2.
pub(crate) const SMOOTH: ModifierInfo = ModifierInfo {
    name: "smooth",
    title: "label smoothing",
    equation: "y_c = (1 - eps) [c = t] + eps / C",
    source: "Szegedy et al. 2016, sec. 7",
    params: &[ParamInfo {
        name: "eps",
        default: 0.1,
        range: Range::closed(0.0, 1.0),
        tuned: Some(Domain::Log(0.01, 0.2)),
        meaning: "share of the target that is spread over all classes",
    }],
    stage: Stage::Targets,
    probabilities: ProbabilityEffect::Unknown,
    effect: |params, _| Ok(Effect::Smooth(params[0])),
};
