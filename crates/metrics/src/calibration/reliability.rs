//! The reliability curve: in bins of like probabilities, how often the event happened.

use super::super::check::{self, MetricError};
use serde::{Deserialize, Serialize};

/// How probabilities are put into bins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binning {
    /// Edges m/M, bins (lo, hi], 0 in the first: as [`ece`](crate::ece) and as
    /// `sklearn.calibration.calibration_curve(strategy="uniform")`.
    EqualWidth,
    /// Bins of (nearly) equally many examples, equal probabilities together: as
    /// [`ece_mass`](crate::ece_mass).
    EqualMass,
}

/// One bin that is not empty.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Number of examples.
    pub count: usize,
    /// Mean of their probabilities.
    pub mean_predicted: f64,
    /// Share of them for which the event happened.
    pub observed_rate: f64,
}

/// The parts of the Brier score over bins (Murphy 1973; the last of Stephenson, Coelho and Jolliffe 2008, eq.
/// 8)
///
/// ```text
/// Brier = reliability - resolution + uncertainty + within
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BrierParts {
    /// sum_m n_m/n (mean predicted - observed rate)^2: 0 if calibrated. What recalibration can gain.
    pub reliability: f64,
    /// sum_m n_m/n (observed rate - base rate)^2: how far the bins differ in truth. Higher is better.
    pub resolution: f64,
    /// r (1 - r) for the base rate r: belongs to the data, not to the model.
    pub uncertainty: f64,
    /// (1/n) sum_m sum_{i in m} [ (p_i - mean p)^2 - 2 (y_i - mean y) (p_i - mean p) ]: what happens within
    /// bins, which Murphy's three parts, made for forecasts of few values, leave out. 0 if all p of a bin are
    /// equal.
    pub within: f64,
}

/// A reliability curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    /// How it was binned.
    pub binning: Binning,
    /// The bins that are not empty, lowest probabilities first.
    pub bins: Vec<ReliabilityBin>,
    /// The parts of the Brier score over these bins.
    pub brier: BrierParts,
}

impl Reliability {
    /// Bins the probabilities `p` of events into at most `bins` bins; `happened` says which came true.
    ///
    /// `None` on empty input.
    ///
    /// # Errors
    /// A probability that is NaN, infinite or outside [0, 1].
    ///
    /// # Panics
    /// If the lengths differ or `bins` is 0.
    #[track_caller]
    pub fn new(
        p: &[f64],
        happened: &[bool],
        binning: Binning,
        bins: usize,
    ) -> Result<Option<Self>, MetricError> {
        assert!(bins > 0, "a reliability curve of 0 bins");
        check::same_length(p, happened);
        check::probabilities(p)?;
        if p.is_empty() {
            return Ok(None);
        }
        let upper = upper_edges(p, binning, bins);
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); bins];
        for (i, &p) in p.iter().enumerate() {
            members[upper.partition_point(|&edge| edge < p)].push(i);
        }
        members.retain(|bin| !bin.is_empty());
        let outcome = |i: usize| f64::from(u8::from(happened[i]));
        let bin = |members: &Vec<usize>| {
            let mean = |of: &dyn Fn(usize) -> f64| {
                members.iter().map(|&i| of(i)).sum::<f64>() / members.len() as f64
            };
            ReliabilityBin {
                count: members.len(),
                mean_predicted: mean(&|i| p[i]),
                observed_rate: mean(&outcome),
            }
        };
        let bins: Vec<ReliabilityBin> = members.iter().map(bin).collect();
        let within = bins.iter().zip(&members).flat_map(|(bin, members)| {
            members.iter().map(|&i| {
                let deviation = p[i] - bin.mean_predicted;
                deviation * deviation - 2.0 * (outcome(i) - bin.observed_rate) * deviation
            })
        });
        let within = within.sum::<f64>() / p.len() as f64;
        let base_rate = happened.iter().filter(|h| **h).count() as f64 / p.len() as f64;
        let brier = parts(&bins, base_rate, within);
        Ok(Some(Self { binning, bins, brier }))
    }

    /// sum_m n_m/n |observed rate - mean predicted|: the expected calibration error (Guo et al. 2017, eq. 3).
    pub fn ece(&self) -> f64 {
        weighted_mean(&self.bins, |bin| (bin.observed_rate - bin.mean_predicted).abs())
    }
}

fn parts(bins: &[ReliabilityBin], base_rate: f64, within: f64) -> BrierParts {
    let square = |x: f64| x * x;
    BrierParts {
        reliability: weighted_mean(bins, |bin| square(bin.mean_predicted - bin.observed_rate)),
        resolution: weighted_mean(bins, |bin| square(bin.observed_rate - base_rate)),
        uncertainty: base_rate * (1.0 - base_rate),
        within,
    }
}

fn weighted_mean(bins: &[ReliabilityBin], of: impl Fn(&ReliabilityBin) -> f64) -> f64 {
    let examples: usize = bins.iter().map(|bin| bin.count).sum();
    bins.iter().map(|bin| bin.count as f64 * of(bin)).sum::<f64>() / examples as f64
}

/// The upper edge of each bin, which belongs to it; the last is at least the highest probability.
pub fn upper_edges(p: &[f64], binning: Binning, bins: usize) -> Vec<f64> {
    match binning {
        Binning::EqualWidth => (1..=bins).map(|m| m as f64 / bins as f64).collect(),
        Binning::EqualMass => {
            let mut sorted = p.to_vec();
            sorted.sort_unstable_by(f64::total_cmp);
            (1..=bins).map(|m| sorted[(m * p.len()).div_ceil(bins) - 1]).collect()
        }
    }
}
