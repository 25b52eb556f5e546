//! Metrics of scores read as probabilities p_i of the positive class; y_i is 1 for a positive, 0 for a
//! negative.
//!
//! Log loss and Brier score are proper scores: on average no report beats the true probability. ECE measures
//! calibration alone: a model that always reports the prevalence has ECE 0 and ranks nothing. A loss that is
//! not a proper score, such as the focal loss, can rank well and still do badly here until its probabilities
//! are mapped back.

use super::calibration::reliability::{Binning, upper_edges};
use super::check::{self, MetricError};
use super::logits::softplus;

/// Number of bins of [`ece`] and [`ece_mass`], as in the experiments of Guo et al. 2017 (table 1).
pub const ECE_BINS: usize = 15;

/// Log loss in nats: -(1/n) sum_i ln q_i, q_i = p_i for a positive and 1 - p_i for a negative (Good 1952)
///
/// also called binary cross-entropy. As `sklearn.metrics.log_loss` on `f64`: q_i is clipped to [eps, 1 - eps]
/// with eps = `f64::EPSILON` = 2^-52, so an example costs at most 36.04. Lower is better; always reporting
/// 0.5 costs ln 2.
///
/// Probabilities rounded to `f32` have lost what log loss is most sensitive to: from a logit of about 17 up
/// they are exactly 1, and a mistake there is charged 36.04 whatever the logit. Where the logits are at hand,
/// use
/// [`log_loss_from_logits`].
///
/// Undefined (`None`) only on empty input; one class is enough (scikit-learn then asks for the `labels`
/// argument).
///
/// # Errors
/// A score that is NaN, infinite or outside [0, 1].
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn log_loss(scores: &[f64], labels: &[bool]) -> Result<Option<f64>, MetricError> {
    check::same_length(scores, labels);
    check::probabilities(scores)?;
    Ok(mean(scores, labels, |p, positive| {
        let q = if positive { p } else { 1.0 - p };
        -q.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
    }))
}

/// Log loss in nats of p_i = 1 / (1 + e^{-z_i}), from the logits z_i: (1/n) sum_i softplus(-z_i or z_i)
///
/// with -z_i for a positive, z_i for a negative, and softplus(x) = ln(1 + e^x) = max(x, 0) + ln(1 +
/// e^{-|x|}). No probability is formed, so nothing is clipped and nothing cancels: each term is good to a few
/// ulps at every logit.
///
/// Undefined (`None`) only on empty input.
///
/// # Errors
/// A NaN or infinite logit.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn log_loss_from_logits(logits: &[f64], labels: &[bool]) -> Result<Option<f64>, MetricError> {
    check::same_length(logits, labels);
    check::finite(logits)?;
    Ok(mean(logits, labels, |z, positive| softplus(if positive { -z } else { z })))
}

/// Brier score: (1/n) sum_i (p_i - y_i)^2 (Brier 1950, for one of the two classes: half of Brier's own sum
/// over both)
///
/// as `sklearn.metrics.brier_score_loss`. Range [0, 1], lower is better; always reporting the prevalence r
/// gives r (1 - r), so under imbalance even a useless model looks small.
///
/// Undefined (`None`) only on empty input.
///
/// # Errors
/// A score that is NaN, infinite or outside [0, 1].
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn brier(scores: &[f64], labels: &[bool]) -> Result<Option<f64>, MetricError> {
    check::same_length(scores, labels);
    check::probabilities(scores)?;
    Ok(mean(scores, labels, |p, positive| {
        let error = p - f64::from(u8::from(positive));
        error * error
    }))
}

/// Expected calibration error: sum_m |B_m|/n | acc(B_m) - conf(B_m) | (Guo et al. 2017, eq. 3), bins of equal
/// width
///
/// over M = 15 bins B_m = { i : e_{m-1} < p_i <= e_m }, m = 1..M, with the edges e_m = m/M rounded to `f64`.
/// The bins are (lo, hi]; p = 0 belongs to the first. acc is the fraction of positives in the bin, conf the
/// mean of its p_i. An empty bin adds nothing. Range [0, 1], lower is better.
///
/// Here p_i is the probability of the POSITIVE class, the binary form of Naeini et al. 2015 ("Obtaining well
/// calibrated probabilities using Bayesian binning"), not that of the predicted class as for the many classes
/// of Guo et al.: it shows whether rare positives are reported too often or too seldom. Under imbalance most
/// examples share the lowest bin; see [`ece_mass`].
///
/// Undefined (`None`) only on empty input. scikit-learn has no ECE.
///
/// # Errors
/// A score that is NaN, infinite or outside [0, 1].
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn ece(scores: &[f64], labels: &[bool]) -> Result<Option<f64>, MetricError> {
    check::same_length(scores, labels);
    check::probabilities(scores)?;
    let upper = upper_edges(scores, Binning::EqualWidth, ECE_BINS);
    Ok(calibration_error(scores, labels, &upper))
}

/// Expected calibration error as [`ece`], over bins that hold (nearly) equally many examples
///
/// so that the crowded low probabilities of imbalanced data get bins of their own (Nguyen & O'Connor 2015,
/// "Posterior calibration and exploratory analysis for natural language processing models"). With the scores
/// in ascending order s_1 <= ... <= s_n, the edges are e_m = s_k with k = ceil(m n / M), m = 1..M, and e_0
/// below all scores; the bins are again (lo, hi]. Equal scores therefore never part: a score repeated across
/// several edges fills one bin and leaves the others empty, which makes the result independent of the order
/// of the examples. An empty bin adds nothing.
///
/// Undefined (`None`) only on empty input. Of up to 15 examples each distinct score gets a bin of its own.
///
/// # Errors
/// A score that is NaN, infinite or outside [0, 1].
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn ece_mass(scores: &[f64], labels: &[bool]) -> Result<Option<f64>, MetricError> {
    check::same_length(scores, labels);
    check::probabilities(scores)?;
    if scores.is_empty() {
        return Ok(None);
    }
    let upper = upper_edges(scores, Binning::EqualMass, ECE_BINS);
    Ok(calibration_error(scores, labels, &upper))
}

/// sum_m |B_m|/n |acc - conf| = (1/n) sum_m | sum_{i in B_m} (y_i - p_i) |, bin m ending at `upper[m]`
/// inclusively.
///
/// `upper` ascends and its last edge is at least the highest score.
fn calibration_error(scores: &[f64], labels: &[bool], upper: &[f64]) -> Option<f64> {
    let mut gaps = vec![0.0; upper.len()];
    for (&p, &positive) in scores.iter().zip(labels) {
        let bin = upper.partition_point(|&edge| edge < p);
        gaps[bin] += f64::from(u8::from(positive)) - p;
    }
    let total: f64 = gaps.iter().map(|gap| gap.abs()).sum();
    (!scores.is_empty()).then(|| total / scores.len() as f64)
}

/// The mean of `cost(score, is_positive)`, or `None` without examples.
fn mean(scores: &[f64], labels: &[bool], cost: impl Fn(f64, bool) -> f64) -> Option<f64> {
    let total: f64 = scores.iter().zip(labels).map(|(&s, &positive)| cost(s, positive)).sum();
    (!scores.is_empty()).then(|| total / scores.len() as f64)
}
