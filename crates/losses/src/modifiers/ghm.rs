//! Gradient harmonising: elements count by the inverse of how many are about as hard.

use super::{BatchWeights, Effect, ModifierInfo, ProbabilityEffect, Stage, whole};
use crate::info::{ParamInfo, Range};
use losslab_base::Domain;

/// GHM-C: weight N / (R M) for an element whose gradient norm g = 1 - p_t lies in a bin with R elements.
///
/// M is the number of bins that are not empty, as in the authors' code, so that the weights of N elements sum
/// to N; the paper divides by all bins. Every batch stands for itself (momentum 0).
pub(crate) const GHM_C: ModifierInfo = ModifierInfo {
    name: "ghm-c",
    title: "gradient harmonising for classification",
    equation: "w_i = N / (R_i M), R_i elements in the bin of g_i = 1 - p_t, M bins that are not empty",
    source: "Li, Liu & Wang 2019 (GHM), with the authors' code in the count of bins",
    params: &[ParamInfo {
        name: "bins",
        default: 10.0,
        range: Range::closed(1.0, 1e6),
        tuned: Some(Domain::OneOf(&[5.0, 10.0, 30.0, 100.0])),
        meaning: "equal intervals of g in [0, 1]",
    }],
    stage: Stage::BatchWeights,
    probabilities: ProbabilityEffect::Unknown,
    effect: |params, _| Ok(Effect::BatchWeights(BatchWeights::GradientDensity(whole("bins", params[0])?))),
};

/// Replaces the weights of valid elements; `weights` is 1 for valid elements and 0 for others.
pub(crate) fn gradient_density_weights(bins: usize, hardness: &[f64], weights: &mut [f64]) {
    // The last bin is closed: g = 1 belongs to it. NaN lands in the first bin; its loss is NaN anyway.
    let bin = |g: f64| ((g * bins as f64) as usize).min(bins - 1);
    let mut elements = vec![0usize; bins];
    let valid = |weight: &f64| *weight != 0.0;
    for (&g, _) in hardness.iter().zip(weights.iter()).filter(|(_, w)| valid(w)) {
        elements[bin(g)] += 1;
    }
    let total: usize = elements.iter().sum();
    let occupied = elements.iter().filter(|&&n| n > 0).count();
    for (&g, weight) in hardness.iter().zip(weights.iter_mut()).filter(|(_, w)| valid(w)) {
        *weight = total as f64 / (elements[bin(g)] * occupied) as f64;
    }
}

#[cfg(test)]
mod tests {
    use super::gradient_density_weights;

    #[test]
    fn crowded_bins_count_less() {
        let mut weights = [1.0, 1.0, 1.0, 1.0, 0.0];
        gradient_density_weights(10, &[0.01, 0.02, 0.09, 1.0, 0.5], &mut weights);
        // Four valid elements in two bins of 3 and 1.
        assert_eq!(weights, [4.0 / 6.0, 4.0 / 6.0, 4.0 / 6.0, 2.0, 0.0]);
    }
}
