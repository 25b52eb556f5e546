//! Equivalence: whether a difference is smaller than what matters.
//!
//! A difference that is not significant may still be large. Two losses are called equivalent only where the
//! data rule out, at the level of the comparison, that they differ by a margin or more, in either direction.

use super::estimate::Estimate;
use serde::{Deserialize, Serialize};

/// The test of equivalence, and what the same estimate says of the three possible answers. Numbers are in
/// units of the metric.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Equivalence {
    /// A difference of less than this does not matter.
    pub margin: f64,
    /// The larger p of two one-sided tests (Schuirmann 1987), whose null hypotheses are a difference of at
    /// most -margin and one of at least margin; of this comparison alone.
    pub p: f64,
    /// The same after the correction that the test of the difference has.
    pub p_holm: f64,
    /// The level of these tests, alpha shared among the comparisons.
    pub level: f64,
    /// The interval at 1 - 2 [`level`](Self::level), cut at what the metric can be: the losses are equivalent
    /// exactly where it lies within the margin, because each of its ends belongs to a one-sided test.
    pub interval: (f64, f64),
    /// The probability that the candidate is better by more than the margin.
    pub better: f64,
    /// That the difference is within the margin.
    pub within: f64,
    /// That the candidate is worse by more than the margin.
    pub worse: f64,
}

impl Equivalence {
    /// The test of this estimate, not yet corrected: [`p_holm`](Self::p_holm) is p.
    ///
    /// The three probabilities are those of the estimate's confidence distribution
    /// ([`Estimate::probability_below`]). For resplits it is the posterior of the correlated Bayesian t test
    /// (Corani and Benavoli 2015, "A Bayesian approach for comparing cross-validated algorithms", eq. 6) with
    /// a correlation of n_test / (n_test + n_train). They are of this comparison alone.
    pub fn of(estimate: &Estimate, margin: f64, level: f64, higher_is_better: bool) -> Self {
        let (below, above) = (estimate.probability_below(-margin), estimate.probability_above(margin));
        let (better, worse) = if higher_is_better { (above, below) } else { (below, above) };
        let p = estimate.p_equivalence(margin);
        let within = (1.0 - below - above).max(0.0);
        Self { margin, p, p_holm: p, level, interval: estimate.interval(2.0 * level), better, within, worse }
    }

    /// Whether the difference is within the margin, at a probability of a false verdict of `alpha`.
    pub fn holds(&self, alpha: f64) -> bool {
        self.p_holm <= alpha
    }
}

/// P(A > B): the share of paired runs in which the candidate is better, a tie counted as half (Bouthillier et
/// al. 2021, "Accounting for variance in machine learning benchmarks", section 5). `None` without runs.
pub fn outperforms(differences: &[f64], higher_is_better: bool) -> Option<f64> {
    let score = |&difference: &f64| match difference {
        0.0 => 0.5,
        _ => f64::from(u8::from((difference > 0.0) == higher_is_better)),
    };
    let runs = differences.len();
    (runs > 0).then(|| differences.iter().map(score).sum::<f64>() / runs as f64)
}
