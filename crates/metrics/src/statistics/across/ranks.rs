//! Ranks of several arms over data sets (Demsar 2006, "Statistical comparisons of classifiers over multiple
//! data sets"): the best arm of a set has rank 1, equals share the mean of their ranks.
//!
//! Which arms can be told apart is asked pair by pair with the signed-rank test, corrected by Holm's method,
//! not with Nemenyi's critical difference of average ranks: there, whether two arms differ depends on which
//! other arms are in the table, so that adding a bad one can make a difference appear or vanish (Benavoli,
//! Corani and Mangili 2016, "Should we really use post-hoc tests based on mean-ranks?").

use super::super::holm::holm;
use super::super::rounding::{settled, tolerance};
use super::super::special::incomplete_beta;
use super::super::wilcoxon::{smallest_p, wilcoxon};
use serde::{Deserialize, Serialize};

/// The ranks of several arms over data sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranks {
    /// The average rank of each arm, 1 for one that is always best.
    pub average: Vec<f64>,
    /// Friedman's test that all arms are equal; `None` if all of them tie on every set.
    pub friedman: Option<Friedman>,
    /// Every arm against every other.
    pub pairs: Vec<RankedPair>,
    /// How many data sets.
    pub sets: usize,
}

/// Friedman's test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Friedman {
    /// Chi^2 with k - 1 degrees of freedom, corrected for ties.
    pub chi_squared: f64,
    /// Its p, by the F of Iman and Davenport.
    pub p: f64,
}

/// Two arms over all data sets.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankedPair {
    /// Index of an arm.
    pub first: usize,
    /// Index of another.
    pub second: usize,
    /// p of the signed-rank test over the data sets, Holm's correction over all pairs; `None` if the arms are
    /// equal on all sets, or there are more sets than that test takes.
    pub p_holm: Option<f64>,
}

impl Ranks {
    /// Ranks values, a row for each data set with a number for each arm. `None` without a set or with fewer
    /// than two arms.
    ///
    /// # Panics
    /// If a value is not finite, or rows differ in their length.
    #[track_caller]
    pub fn of(values: &[Vec<f64>], higher_is_better: bool) -> Option<Self> {
        let arms = values.first()?.len();
        for row in values {
            let usable = row.len() == arms && row.iter().all(|v| v.is_finite());
            assert!(usable, "ranks: values {row:?}, expected {arms} finite numbers");
        }
        if arms < 2 {
            return None;
        }
        let ranks: Vec<Vec<f64>> = values.iter().map(|row| ranked(row, higher_is_better)).collect();
        let sum = |arm: usize| ranks.iter().map(|row| row[arm]).sum::<f64>();
        Some(Self {
            average: (0..arms).map(|arm| sum(arm) / values.len() as f64).collect(),
            friedman: friedman(&ranks, arms),
            pairs: pairs(values, arms),
            sets: values.len(),
        })
    }

    /// The arms by their average rank, the best first.
    pub fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.average.len()).collect();
        order.sort_by(|&a, &b| self.average[a].total_cmp(&self.average[b]));
        order
    }

    /// The p of two arms.
    pub fn p_of(&self, a: usize, b: usize) -> Option<f64> {
        let (first, second) = (a.min(b), a.max(b));
        self.pairs.iter().find(|pair| (pair.first, pair.second) == (first, second))?.p_holm
    }

    /// The longest runs of neighbours in [`order`](Self::order) of which no two are told apart at `alpha`:
    /// what a critical-difference diagram joins by bars. Arms alone are left out.
    pub fn alike(&self, alpha: f64) -> Vec<Vec<usize>> {
        let order = self.order();
        let apart = |a: usize, b: usize| self.p_of(a, b).is_some_and(|p| p <= alpha);
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for start in 0..order.len() {
            let mut end = start + 1;
            while end < order.len() && order[start..end].iter().all(|&arm| !apart(arm, order[end])) {
                end += 1;
            }
            let longer_than_last = runs.last().is_none_or(|&(_, last)| end > last);
            if end - start > 1 && longer_than_last {
                runs.push((start, end));
            }
        }
        runs.into_iter().map(|(start, end)| order[start..end].to_vec()).collect()
    }
}

/// The fewest data sets with which this test can tell any two of so many arms apart: the least p of n sets,
/// 2^(1 - n), times the number of pairs is at most `alpha`.
pub fn sets_needed(arms: usize, alpha: f64) -> usize {
    let pairs = (arms * arms.saturating_sub(1) / 2) as f64;
    (1..).find(|&n| pairs * smallest_p(n) <= alpha).unwrap_or(usize::MAX)
}

/// Rank 1 for the best; equals, but for rounding, share the mean of their ranks.
fn ranked(row: &[f64], higher_is_better: bool) -> Vec<f64> {
    let rounding = tolerance(row);
    let better = |a: f64, b: f64| if higher_is_better { a - b > rounding } else { b - a > rounding };
    let rank = |&value: &f64| {
        let ahead = row.iter().filter(|&&other| better(other, value)).count() as f64;
        let behind = row.iter().filter(|&&other| better(value, other)).count() as f64;
        let equal = row.len() as f64 - ahead - behind;
        ahead + 0.5 * (equal + 1.0)
    };
    row.iter().map(rank).collect()
}

/// Friedman's test on the ranks of n sets and k arms. With A the sum of all squared ranks, C = n k (k + 1)^2
/// / 4 and R_j the sum of the ranks of arm j
///
/// ```text
/// chi^2 = (k - 1) (sum_j R_j^2 - n C) / (A - C)
/// F     = (n - 1) chi^2 / (n (k - 1) - chi^2),   df = k - 1 and (k - 1) (n - 1)
/// ```
///
/// (Friedman 1937 with the correction for ties of Conover 1999, section 5.8; Iman and Davenport 1980). Where
/// all sets have the same ranks F is infinite, and p is the probability of that if every order of the ranks
/// is equally likely.
fn friedman(ranks: &[Vec<f64>], arms: usize) -> Option<Friedman> {
    let (n, k) = (ranks.len() as f64, arms as f64);
    let squares: f64 = ranks.iter().flatten().map(|rank| rank * rank).sum();
    let expected = 0.25 * n * k * (k + 1.0) * (k + 1.0);
    let of_arm = |arm: usize| ranks.iter().map(|row| row[arm]).sum::<f64>();
    let between: f64 = (0..arms).map(|arm| of_arm(arm) * of_arm(arm)).sum::<f64>() - n * expected;
    if squares == expected {
        return None;
    }
    let chi_squared = (k - 1.0) * between / (squares - expected);
    let rest = n * (k - 1.0) - chi_squared;
    let p = if ranks.iter().all(|row| *row == ranks[0]) {
        orders(&ranks[0]).powi(1 - ranks.len() as i32)
    } else {
        let f = (n - 1.0) * chi_squared / rest;
        f_tail(f, k - 1.0, (k - 1.0) * (n - 1.0))
    };
    Some(Friedman { chi_squared, p })
}

/// In how many orders these ranks can come: k! over the factorials of the ties.
fn orders(ranks: &[f64]) -> f64 {
    let equal_so_far = |i: usize| ranks[..=i].iter().filter(|&&rank| rank == ranks[i]).count();
    (0..ranks.len()).map(|i| (i + 1) as f64 / equal_so_far(i) as f64).product()
}

/// P(F > f) of Fisher's F: I_x(b/2, a/2) at x = b / (b + a f) (DLMF 8.17; Johnson, Kotz and Balakrishnan
/// 1995, eq. 27.4).
fn f_tail(f: f64, a: f64, b: f64) -> f64 {
    let ratio = a * f / b;
    incomplete_beta(0.5 * b, 0.5 * a, 1.0 / (1.0 + ratio), ratio / (1.0 + ratio))
}

fn pairs(values: &[Vec<f64>], arms: usize) -> Vec<RankedPair> {
    let all: Vec<(usize, usize)> = (0..arms).flat_map(|a| (a + 1..arms).map(move |b| (a, b))).collect();
    let p: Vec<Option<f64>> = all.iter().map(|&(a, b)| signed_rank(values, a, b)).collect();
    let corrected = holm(&p);
    all.into_iter()
        .zip(corrected)
        .map(|((first, second), p_holm)| RankedPair { first, second, p_holm })
        .collect()
}

/// The p of two arms alone.
fn signed_rank(values: &[Vec<f64>], a: usize, b: usize) -> Option<f64> {
    let differences: Vec<f64> = values.iter().map(|row| row[a] - row[b]).collect();
    let rounding = tolerance(values.iter().flat_map(|row| [&row[a], &row[b]]));
    wilcoxon(&settled(&differences, rounding)).map(|test| test.p)
}
