//! Logits shifted by the class frequencies, in training only.

use super::{ClassCounts, Effect, ModifierInfo, ProbabilityEffect, Stage, positive_counts};
use crate::info::{ParamInfo, Range};
use losslab_base::Domain;

/// z_c + tau log(pi_c) with the class frequencies pi; a sigmoid logit gets tau log(pi_positive /
/// pi_negative).
///
/// The loss sees the shifted logits; predictions are made from the unshifted ones, which therefore lean
/// towards rare classes.
pub(crate) const LOGIT_ADJUST: ModifierInfo = ModifierInfo {
    name: "logit-adjust",
    title: "logit adjustment",
    equation: "z_c + tau log(n_c / N), in training",
    source: "Menon et al. 2021, eq. 10",
    params: &[ParamInfo {
        name: "tau",
        default: 1.0,
        range: Range::at_least(0.0),
        tuned: Some(Domain::Linear(0.0, 2.0)),
        meaning: "0: no adjustment; 1: consistent for the balanced error",
    }],
    stage: Stage::Logits,
    probabilities: ProbabilityEffect::Unknown,
    effect: |params, counts| log_frequencies(params[0], counts),
};

/// The same with tau = 1: softmax weighted by the class counts.
pub(crate) const BALANCED_SOFTMAX: ModifierInfo = ModifierInfo {
    name: "balanced-softmax",
    title: "balanced softmax",
    equation: "p_c = n_c e^z_c / sum_j n_j e^z_j, in training",
    source: "Ren et al. 2020 (Balanced Meta-Softmax)",
    params: &[],
    stage: Stage::Logits,
    probabilities: ProbabilityEffect::Unknown,
    effect: |_, counts| log_frequencies(1.0, counts),
};

fn log_frequencies(tau: f64, counts: &ClassCounts) -> Result<Effect, String> {
    let total = counts.iter().sum::<u64>() as f64;
    // The logarithm decides training bits: it is this workspace's own, not the system's.
    let log = <f64 as losslab_tensor::Real>::ln;
    Ok(Effect::Logits(positive_counts(counts)?.map(|n| tau * log(n / total)).collect()))
}
