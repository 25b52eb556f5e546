//! Wilcoxon's signed-rank test, exact: a description beside the verdict, which does not rest on it.
//!
//! It takes the runs as independent, which resplits of one data set are not, and with few runs it cannot
//! reach a small p whatever the data: [`smallest_p`] says which it can.

use super::rounding::settled_alone;
use serde::{Deserialize, Serialize};

/// Most differences that are tested: beyond, the table of rank sums is no longer small and a t test serves as
/// well.
pub const MOST: usize = 50;

/// The outcome of the test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wilcoxon {
    /// Sum of the ranks of the positive differences.
    pub positive_ranks: f64,
    /// Two-sided p: twice the smaller tail, at most 1.
    pub p: f64,
    /// The least p that so many non-zero differences can give.
    pub smallest_p: f64,
    /// Differences that are not zero.
    pub n: usize,
}

/// The exact signed-rank test (Wilcoxon 1945) of paired differences.
///
/// Zeros are dropped, as Wilcoxon did; equal magnitudes share the mean of their ranks. Both are meant but for
/// rounding. p is exact given the ranks that occurred: each of the 2^n patterns of signs is equally likely.
/// Without ties that is `scipy.stats.wilcoxon(d, method="exact")`, with ties the same with an exhaustive
/// `PermutationMethod`.
///
/// `None` if all differences are zero or there are more than [`MOST`].
///
/// # Panics
/// If a difference is NaN or infinite.
#[track_caller]
pub fn wilcoxon(differences: &[f64]) -> Option<Wilcoxon> {
    assert!(
        differences.iter().all(|d| d.is_finite()),
        "wilcoxon: differences {differences:?} are not finite"
    );
    let mut nonzero = settled_alone(differences);
    nonzero.retain(|d| *d != 0.0);
    let n = nonzero.len();
    if n == 0 || n > MOST {
        return None;
    }
    nonzero.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let ranks = doubled_ranks(&nonzero);
    let positive: usize = nonzero.iter().zip(&ranks).filter(|(d, _)| **d > 0.0).map(|(_, rank)| rank).sum();
    let patterns = patterns_by_sum(&ranks);
    let (low, high): (f64, f64) = (patterns[..=positive].iter().sum(), patterns[positive..].iter().sum());
    let p = 2.0 * low.min(high) / 2.0_f64.powi(n as i32);
    let p = if p < 1.0 { p } else { 1.0 };
    Some(Wilcoxon { positive_ranks: 0.5 * positive as f64, p, smallest_p: smallest_p(n), n })
}

/// 2^(1 - n): all n differences of one sign. From n = 6 on it is below 0.05.
pub fn smallest_p(n: usize) -> f64 {
    if n == 0 { 1.0 } else { 2.0_f64.powi(1 - n as i32) }
}

/// Twice the rank of each, which is whole with ties, too; `sorted` ascends in magnitude.
fn doubled_ranks(sorted: &[f64]) -> Vec<usize> {
    let mut ranks = Vec::with_capacity(sorted.len());
    for ties in sorted.chunk_by(|a, b| a.abs() == b.abs()) {
        // Ranks first .. first + len - 1 have the mean first + (len - 1) / 2.
        let first = ranks.len() + 1;
        ranks.extend(std::iter::repeat_n(2 * first + ties.len() - 1, ties.len()));
    }
    ranks
}

/// For each sum, the number of subsets of the ranks that have it: at most 2^50, exact in f64.
fn patterns_by_sum(ranks: &[usize]) -> Vec<f64> {
    let mut patterns = vec![0.0; ranks.iter().sum::<usize>() + 1];
    patterns[0] = 1.0;
    for &rank in ranks {
        for sum in (rank..patterns.len()).rev() {
            patterns[sum] += patterns[sum - rank];
        }
    }
    patterns
}
