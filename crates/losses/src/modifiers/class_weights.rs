//! Weights per class from the class counts.

use super::{ClassCounts, Effect, ModifierInfo, ProbabilityEffect, Stage, positive_counts};
use crate::info::{ParamInfo, Range};
use losslab_base::Domain;
use losslab_tensor::math::{exp_m1_f64, ln_f64};

/// w_c = N / (C n_c): every class has the same total weight, and the mean weight is 1.
pub(crate) const INVERSE_FREQUENCY: ModifierInfo = ModifierInfo {
    name: "inverse-freq",
    title: "inverse class frequency",
    equation: "w_c = N / (C n_c)",
    source: "King & Zeng 2001, sec. 4",
    params: &[],
    stage: Stage::ClassWeights,
    probabilities: ProbabilityEffect::ClassWeights,
    effect: |_, counts| inverse_frequency(counts),
};

fn inverse_frequency(counts: &ClassCounts) -> Result<Effect, String> {
    let share = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
    Ok(Effect::ClassWeights(positive_counts(counts)?.map(|n| share / n).collect()))
}

/// w_c proportional to (1 - beta) / (1 - beta^n_c), scaled so that the weights sum to C.
pub(crate) const CLASS_BALANCED: ModifierInfo = ModifierInfo {
    name: "class-balanced",
    title: "class-balanced by the effective number of samples",
    equation: "w_c ~ (1 - beta) / (1 - beta^n_c), sum of w_c = C",
    source: "Cui et al. 2019, eq. 2 and sec. 4",
    params: &[ParamInfo {
        name: "beta",
        default: 0.999,
        range: Range::from_to(0.0, 1.0),
        tuned: Some(Domain::LogBelowOne(0.9, 0.9999)),
        meaning: "0: no weighting; towards 1: inverse frequency",
    }],
    stage: Stage::ClassWeights,
    probabilities: ProbabilityEffect::ClassWeights,
    effect: |params, counts| class_balanced(params[0], counts),
};

fn class_balanced(beta: f64, counts: &ClassCounts) -> Result<Effect, String> {
    // 1 - beta^n through expm1, exact for beta close to 1. Our own functions: the weights are part of every
    // step.
    let raw: Vec<f64> =
        positive_counts(counts)?.map(|n| (1.0 - beta) / -exp_m1_f64(n * ln_f64(beta))).collect();
    let scale = counts.len() as f64 / raw.iter().sum::<f64>();
    Ok(Effect::ClassWeights(raw.into_iter().map(|w| w * scale).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(effect: Result<Effect, String>) -> Vec<f64> {
        match effect {
            Ok(Effect::ClassWeights(weights)) => weights,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn inverse_frequency_gives_every_class_the_same_total() {
        // sklearn.utils.class_weight.compute_class_weight("balanced") on 90 + 10 examples.
        assert_eq!(weights(inverse_frequency(&[90, 10])), [100.0 / 180.0, 5.0]);
        assert_eq!(inverse_frequency(&[5, 0]), Err("class 1 has no examples".into()));
    }

    #[test]
    fn class_balanced_between_its_limits() {
        // beta = 0: every class has effective number 1.
        assert_eq!(weights(class_balanced(0.0, &[90, 10])), [1.0, 1.0]);
        // beta = 0.5, n = (1, 2): effective numbers 1 and 1.5, so weights in the ratio 3 : 2.
        let w = weights(class_balanced(0.5, &[1, 2]));
        assert!((w[0] - 1.2).abs() < 1e-12 && (w[1] - 0.8).abs() < 1e-12, "{w:?}");
        // beta towards 1: inverse frequency, scaled to sum 2.
        let w = weights(class_balanced(1.0 - 1e-9, &[90, 10]));
        assert!((w[1] / w[0] - 9.0).abs() < 1e-6, "{w:?}");
    }
}
