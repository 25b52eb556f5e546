//! What every metric checks before it computes: equal lengths, finite scores, probabilities, a usable
//! threshold.

/// Why a metric could not be computed. A metric that is merely undefined on the data is `None`, not an error.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum MetricError {
    /// A score is NaN or infinite; usually the training diverged.
    #[error("score {index} (counted from 0) is {value}, expected a finite number; did the training diverge?")]
    NotFinite {
        /// Position of the first such score, counted from 0.
        index: usize,
        /// The score found there.
        value: f64,
    },
    /// A score that has to be a probability lies outside [0, 1].
    #[error("score {index} (counted from 0) is {value}, expected a probability in [0, 1]; is it a logit?")]
    NotProbability {
        /// Position of the first such score, counted from 0.
        index: usize,
        /// The score found there.
        value: f64,
    },
    /// The decision threshold is NaN, so that no score would compare with it.
    #[error("the decision threshold is NaN, expected a number")]
    NanThreshold,
    /// A metric of logits was asked of probabilities.
    #[error("a metric needs logits, but only probabilities are known")]
    NoLogits,
    /// A metric gave a number that is none: a mistake in that metric.
    #[error("metric '{metric}' is {value}, expected a finite number, or none where it is undefined")]
    Value {
        /// Name of the metric.
        metric: &'static str,
        /// What it gave.
        value: f64,
    },
}

/// Panics unless there is one label for each score.
#[track_caller]
pub(super) fn same_length(scores: &[f64], labels: &[bool]) {
    assert!(
        scores.len() == labels.len(),
        "metrics: {} scores but {} labels, expected one label for each score",
        scores.len(),
        labels.len()
    );
}

/// Refuses the first NaN or infinite score.
pub(super) fn finite(scores: &[f64]) -> Result<(), MetricError> {
    match scores.iter().position(|s| !s.is_finite()) {
        Some(index) => Err(MetricError::NotFinite { index, value: scores[index] }),
        None => Ok(()),
    }
}

/// Refuses the first score that is not finite, then the first outside [0, 1].
pub(super) fn probabilities(scores: &[f64]) -> Result<(), MetricError> {
    finite(scores)?;
    match scores.iter().position(|s| !(0.0..=1.0).contains(s)) {
        Some(index) => Err(MetricError::NotProbability { index, value: scores[index] }),
        None => Ok(()),
    }
}

/// Refuses a NaN threshold. Infinite ones are fine: all or none are predicted positive.
pub(super) fn threshold(t: f64) -> Result<(), MetricError> {
    if t.is_nan() { Err(MetricError::NanThreshold) } else { Ok(()) }
}
