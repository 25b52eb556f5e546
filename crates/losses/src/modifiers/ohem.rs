//! Online hard example mining: only the hardest elements of a batch count.

use super::{BatchWeights, Effect, ModifierInfo, ProbabilityEffect, Stage, whole};
use crate::info::{ParamInfo, Range};
use losslab_base::Domain;

/// Which elements are kept; a dropped element leaves value, gradient and normaliser as if it were not valid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Keep {
    /// All positives, and this many times as many of the hardest negatives (of one positive, if there is
    /// none).
    Ratio(f64),
    /// The hardest elements, this many.
    Count(usize),
    /// The hardest elements, this share of all, rounded up.
    Fraction(f64),
}

/// The 1:3 form.
pub(crate) const RATIO: ModifierInfo = ModifierInfo {
    name: "ohem",
    title: "online hard example mining, negatives per positive",
    equation: "keep all positives and the ratio * max(positives, 1) negatives with the largest loss",
    source: "Shrivastava et al. 2016; the ratio as in Liu et al. 2016 (SSD), sec. 2.2",
    params: &[ParamInfo {
        name: "ratio",
        default: 3.0,
        range: Range::above(0.0),
        tuned: Some(Domain::Log(1.0, 30.0)),
        meaning: "negatives kept per positive",
    }],
    stage: Stage::BatchWeights,
    probabilities: ProbabilityEffect::Unknown,
    effect: |params, _| Ok(keep(Keep::Ratio(params[0]))),
};

/// The top B of a batch.
pub(crate) const COUNT: ModifierInfo = ModifierInfo {
    title: "online hard example mining, top B",
    equation: "keep the elements with the count largest losses",
    source: "Shrivastava et al. 2016, sec. 4",
    params: &[ParamInfo {
        name: "count",
        default: 128.0,
        range: Range::at_least(1.0),
        tuned: Some(Domain::OneOf(&[16.0, 32.0, 64.0, 128.0])),
        meaning: "elements kept per batch",
    }],
    effect: |params, _| Ok(keep(Keep::Count(whole("count", params[0])?))),
    ..RATIO
};

/// The top share of a batch.
pub(crate) const FRACTION: ModifierInfo = ModifierInfo {
    title: "online hard example mining, top fraction",
    equation: "keep the elements with the largest losses, fraction of all",
    source: "Shrivastava et al. 2016, sec. 4",
    params: &[ParamInfo {
        name: "fraction",
        default: 0.25,
        range: Range::up_to(0.0, 1.0),
        tuned: Some(Domain::Linear(0.05, 0.75)),
        meaning: "share of the elements kept per batch, rounded up",
    }],
    effect: |params, _| Ok(keep(Keep::Fraction(params[0]))),
    ..RATIO
};

fn keep(keep: Keep) -> Effect {
    Effect::BatchWeights(BatchWeights::Hardest(keep))
}

/// Sets the weight of dropped elements to 0; `weights` is 1 for valid elements and 0 for others.
///
/// Equal losses are kept in the order of the batch; NaN counts as the largest loss, so that it stays visible.
pub(crate) fn hardest(keep: Keep, losses: &[f64], positive: impl Fn(usize) -> bool, weights: &mut [f64]) {
    let valid = |i: &usize| weights[*i] != 0.0;
    let mut candidates: Vec<usize> = (0..losses.len()).filter(valid).collect();
    let count = match keep {
        Keep::Count(count) => count,
        Keep::Fraction(fraction) => whole_or_more(fraction * candidates.len() as f64),
        Keep::Ratio(ratio) => {
            let all = candidates.len();
            candidates.retain(|&i| !positive(i));
            whole_or_more(ratio * (all - candidates.len()).max(1) as f64)
        }
    };
    let key = |i: usize| if losses[i].is_nan() { f64::INFINITY } else { losses[i] };
    candidates.sort_by(|&a, &b| key(b).total_cmp(&key(a)));
    for &dropped in candidates.iter().skip(count) {
        weights[dropped] = 0.0;
    }
}

/// The next whole number, where 0.07 * 100 = 7.000000000000001 is 7.
fn whole_or_more(x: f64) -> usize {
    (x * (1.0 - 1e-12)).ceil() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(keep: Keep, losses: &[f64], valid: &[f64]) -> Vec<f64> {
        let mut weights = valid.to_vec();
        hardest(keep, losses, |i| i < 2, &mut weights);
        weights
    }

    #[test]
    fn counts_are_not_rounded_up_by_rounding_errors() {
        assert_eq!([0.07 * 100.0, 1.1 * 10.0, 0.071 * 100.0, 3.0, 0.2].map(whole_or_more), [7, 11, 8, 3, 1]);
    }

    #[test]
    fn the_hardest_are_kept() {
        let losses = [0.1, 0.2, 5.0, 4.0, 3.0, 3.0];
        assert_eq!(kept(Keep::Count(3), &losses, &[1.0; 6]), [0.0, 0.0, 1.0, 1.0, 1.0, 0.0]);
        assert_eq!(kept(Keep::Count(9), &losses, &[1.0; 6]), [1.0; 6]);
        assert_eq!(kept(Keep::Fraction(0.4), &losses, &[1.0; 6]), [0.0, 0.0, 1.0, 1.0, 1.0, 0.0]);
        // Two positives, one negative each; the hardest negative is not valid.
        let valid = [1.0, 1.0, 0.0, 1.0, 1.0, 1.0];
        assert_eq!(kept(Keep::Ratio(1.0), &losses, &valid), [1.0, 1.0, 0.0, 1.0, 1.0, 0.0]);
        // No positive: as if there were one.
        let valid = [0.0, 0.0, 1.0, 1.0, 1.0, 1.0];
        assert_eq!(kept(Keep::Ratio(3.0), &losses, &valid), [0.0, 0.0, 1.0, 1.0, 1.0, 0.0]);
    }

    #[test]
    fn nan_is_hard() {
        assert_eq!(kept(Keep::Count(1), &[9.0, 1.0, f64::NAN], &[1.0; 3]), [0.0, 0.0, 1.0]);
    }
}
