//! Metrics of classifiers of more than two classes, from one probability per class.
//!
//! `probabilities` holds one row of K numbers per example, row-major; `labels[i]` is the true class of
//! example i. The predicted class is the most probable one, the first of several. A **macro** average is the
//! plain mean over classes of a one-against-the-rest metric, so that a rare class counts as much as a
//! frequent one; classes for which the metric is undefined (no example of theirs) are left out.

use super::check::{self, MetricError};
use super::logits::{margin, softplus};
use super::ranking::Ranking;
use super::summary::Summary;
use super::threshold::Confusion;

/// Mean over classes of the average precision of each class against the rest.
///
/// # Errors
/// A probability that is NaN, infinite or outside [0, 1].
///
/// # Panics
/// If there is not one row of `classes` probabilities per label, or a label is no class.
#[track_caller]
pub fn macro_average_precision(
    probabilities: &[f64],
    classes: usize,
    labels: &[u32],
) -> Result<Option<f64>, MetricError> {
    check(probabilities, classes, labels)?;
    Ok(mean(rankings(probabilities, classes, labels)?.iter().map(Ranking::average_precision)))
}

/// -(1/n) sum_i ln p_i of the true class, p_i clipped to [eps, 1 - eps] as by [`log_loss`](crate::log_loss).
///
/// # Errors
/// As [`macro_average_precision`], and so are the panics.
#[track_caller]
pub fn log_loss(probabilities: &[f64], classes: usize, labels: &[u32]) -> Result<Option<f64>, MetricError> {
    check(probabilities, classes, labels)?;
    let cost =
        |(row, &label): (&[f64], &u32)| -row[label as usize].clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln();
    let total: f64 = probabilities.chunks_exact(classes).zip(labels).map(cost).sum();
    Ok((!labels.is_empty()).then(|| total / labels.len() as f64))
}

/// The same from logits, (1/n) sum_i ln(1 + e^-x_i) with x_i the log-odds of the true class: nothing is
/// clipped.
///
/// # Errors
/// A NaN or infinite logit.
///
/// # Panics
/// As [`macro_average_precision`].
#[track_caller]
pub fn log_loss_from_logits(
    logits: &[f64],
    classes: usize,
    labels: &[u32],
) -> Result<Option<f64>, MetricError> {
    check_shape("logits", logits.len(), classes, classes, labels);
    check::finite(logits)?;
    let rows = logits.chunks_exact(classes).zip(labels);
    let total: f64 = rows.map(|(row, &label)| softplus(-margin(row, label as usize))).sum();
    Ok((!labels.is_empty()).then(|| total / labels.len() as f64))
}

/// (1/n) sum_i sum_k (p_ik - y_ik)^2 (Brier 1950), y_ik 1 for the true class and 0 for the others.
///
/// # Errors
/// As [`macro_average_precision`], and so are the panics.
#[track_caller]
pub fn brier(probabilities: &[f64], classes: usize, labels: &[u32]) -> Result<Option<f64>, MetricError> {
    check(probabilities, classes, labels)?;
    let error = |(row, &label): (&[f64], &u32)| {
        let of_class = |(k, p): (usize, &f64)| (p - f64::from(u8::from(k == label as usize))).powi(2);
        row.iter().enumerate().map(of_class).sum::<f64>()
    };
    let total: f64 = probabilities.chunks_exact(classes).zip(labels).map(error).sum();
    Ok((!labels.is_empty()).then(|| total / labels.len() as f64))
}

/// The most probable class of each example, the first of several.
pub fn predicted_classes(probabilities: &[f64], classes: usize) -> Vec<u32> {
    let first_largest =
        |row: &[f64]| (1..classes).fold(0, |best, k| if row[k] > row[best] { k } else { best });
    probabilities.chunks_exact(classes).map(|row| first_largest(row) as u32).collect()
}

/// Each example decided for its most probable class.
#[derive(Clone, Debug, PartialEq)]
pub struct Decisions {
    /// The predicted class.
    pub predicted: Vec<u32>,
    /// Its probability.
    pub confidence: Vec<f64>,
    /// Whether it is the true one.
    pub correct: Vec<bool>,
    /// The decisions on each class against the rest.
    pub confusions: Vec<Confusion>,
}

impl Decisions {
    /// Decides; the probabilities have been checked.
    pub(crate) fn new(probabilities: &[f64], classes: usize, labels: &[u32]) -> Self {
        let predicted = predicted_classes(probabilities, classes);
        let row = |i: usize| &probabilities[i * classes..][..classes];
        let (mut right, mut called, mut truth) = (vec![0; classes], vec![0; classes], vec![0; classes]);
        for (&predicted, &label) in predicted.iter().zip(labels) {
            right[label as usize] += u64::from(predicted == label);
            called[predicted as usize] += 1;
            truth[label as usize] += 1;
        }
        let confusion = |k: usize| Confusion {
            true_positives: right[k],
            false_positives: called[k] - right[k],
            false_negatives: truth[k] - right[k],
            true_negatives: labels.len() as u64 + right[k] - called[k] - truth[k],
        };
        Self {
            confidence: predicted.iter().enumerate().map(|(i, &p)| row(i)[p as usize]).collect(),
            correct: predicted.iter().zip(labels).map(|(p, label)| p == label).collect(),
            confusions: (0..classes).map(confusion).collect(),
            predicted,
        }
    }

    /// The share of examples whose predicted class is the true one.
    pub fn accuracy(&self) -> Option<f64> {
        mean(self.correct.iter().map(|&correct| Some(f64::from(u8::from(correct)))))
    }

    /// The mean over classes of their recall.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        mean(self.confusions.iter().map(Confusion::recall))
    }

    /// The mean of the F1 of each class against the rest, over the classes that occur or are predicted.
    pub fn macro_f1(&self) -> Option<f64> {
        mean(self.confusions.iter().map(Confusion::f1))
    }

    /// R_K = (c s - sum_k t_k p_k) / sqrt( (s^2 - sum_k p_k^2) (s^2 - sum_k t_k^2) ) with s examples, c
    /// correct ones, t_k of class k and p_k predicted as k (Gorodkin 2004). 0 if all decisions are equal, as
    /// in scikit-learn: they tell nothing of the classes. Undefined if all labels are equal, where
    /// scikit-learn returns 0.
    pub fn mcc(&self) -> Option<f64> {
        let truth = |c: &Confusion| (c.true_positives + c.false_negatives) as f64;
        let called = |c: &Confusion| (c.true_positives + c.false_positives) as f64;
        let sum = |f: &dyn Fn(&Confusion) -> f64| self.confusions.iter().map(f).sum::<f64>();
        let s = self.predicted.len() as f64;
        let c = sum(&|c| c.true_positives as f64);
        let (of_decisions, of_labels) =
            (s * s - sum(&|c| called(c).powi(2)), s * s - sum(&|c| truth(c).powi(2)));
        let covariance = c * s - sum(&|c| truth(c) * called(c));
        let correlation =
            || if of_decisions > 0.0 { covariance / (of_decisions * of_labels).sqrt() } else { 0.0 };
        (of_labels > 0.0).then(correlation)
    }
}

/// Refuses rows that do not fit together: `found` numbers, `columns` expected per label.
#[track_caller]
pub(crate) fn check_shape(what: &str, found: usize, classes: usize, columns: usize, labels: &[u32]) {
    assert!(
        classes > 1 && found == columns * labels.len(),
        "metrics: {found} {what} for {} labels of {classes} classes",
        labels.len()
    );
    if let Some(label) = labels.iter().find(|&&label| label as usize >= classes) {
        panic!("metrics: label {label} of {classes} classes");
    }
}

#[track_caller]
fn check(probabilities: &[f64], classes: usize, labels: &[u32]) -> Result<(), MetricError> {
    check_shape("probabilities", probabilities.len(), classes, classes, labels);
    check::probabilities(probabilities)
}

/// One ranking per class, that class against the rest, by any score that rises with its probability.
pub(crate) fn rankings(scores: &[f64], classes: usize, labels: &[u32]) -> Result<Vec<Ranking>, MetricError> {
    let of_class = |class: usize| {
        let scores: Vec<f64> = scores.iter().skip(class).step_by(classes).copied().collect();
        let truth: Vec<bool> = labels.iter().map(|&label| label as usize == class).collect();
        Ranking::new(&scores, &truth)
    };
    (0..classes).map(of_class).collect()
}

/// The mean of the values that are defined.
pub(crate) fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    Summary::of(values).mean
}
