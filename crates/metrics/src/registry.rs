//! The list of all metrics of binary classifiers: names, meanings and computation, from which results, reports and docs
//! are made. Those of more classes and of detectors are
//! [`CLASS_METRICS`](super::CLASS_METRICS) and [`BOX_METRICS`](super::BOX_METRICS).
//!
//! A new metric is one entry of its list.

use super::check::{self, MetricError};
use super::classes;
use super::probability;
use super::ranking::Ranking;
use super::threshold::Confusion;
use crate::boxes::CocoResults;

/// What the entries of [`METRICS`] compute from: the examples, sorted and counted once.
pub(super) struct Inputs<'a> {
    scores: &'a [f64],
    labels: &'a [bool],
    ranking: Ranking,
    decided: Confusion,
    tuned: Option<Confusion>,
}

/// One metric.
pub struct Metric {
    /// Stable snake_case name, as in `results.json`.
    pub name: &'static str,
    /// Name for people, as in tables.
    pub title: &'static str,
    /// What it tells, in one line.
    pub meaning: &'static str,
    /// When it has no value (null in `results.json`), besides on empty data.
    pub undefined: Option<&'static str>,
    /// True if more is better, false if less is.
    pub higher_is_better: bool,
    pub(super) compute: Compute,
}

/// How a metric is computed, by the kind of problem that it is for.
pub(super) enum Compute {
    Binary(fn(&Inputs) -> Result<Option<f64>, MetricError>),
    Classes(fn(&classes::Inputs) -> Result<Option<f64>, MetricError>),
    Boxes(fn(&CocoResults) -> Option<f64>),
}

impl Compute {
    fn of_binary(&self, inputs: &Inputs) -> Result<Option<f64>, MetricError> {
        match self {
            Compute::Binary(compute) => compute(inputs),
            Compute::Classes(_) | Compute::Boxes(_) => Ok(None),
        }
    }

    pub(super) fn of_classes(&self, inputs: &classes::Inputs) -> Result<Option<f64>, MetricError> {
        match self {
            Compute::Binary(_) | Compute::Boxes(_) => Ok(None),
            Compute::Classes(compute) => compute(inputs),
        }
    }

    pub(super) fn of_boxes(&self, results: &CocoResults) -> Option<f64> {
        match self {
            Compute::Boxes(compute) => compute(results),
            Compute::Binary(_) | Compute::Classes(_) => None,
        }
    }
}

impl std::fmt::Debug for Metric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metric").field("name", &self.name).finish_non_exhaustive()
    }
}

const NO_POSITIVES: Option<&str> = Some("there are no positives");
const ONE_CLASS: Option<&str> = Some("only one class is present");
const NONE_CALLED: Option<&str> = Some("no example is called positive");
const NEITHER: Option<&str> = Some("there are no positives and none is called positive");
const CONSTANT: Option<&str> = Some("all labels or all decisions are equal");

/// All metrics of a binary classifier, in the order in which results and reports show them.
pub static METRICS: &[Metric] = &[
    Metric {
        name: "average_precision",
        title: "Average precision",
        meaning: "area under the precision-recall curve: how clean the top of the ranking is; chance is the prevalence",
        undefined: NO_POSITIVES,
        higher_is_better: true,
        compute: Compute::Binary(|x| Ok(x.ranking.average_precision())),
    },
    Metric {
        name: "roc_auc",
        title: "ROC AUC",
        meaning: "chance that a positive is scored above a negative, ties counted half; 0.5 is random",
        undefined: ONE_CLASS,
        higher_is_better: true,
        compute: Compute::Binary(|x| Ok(x.ranking.roc_auc())),
    },
    Metric {
        name: "log_loss",
        title: "Log loss",
        meaning: "mean negative log of the probability given to the true label, in nats",
        undefined: None,
        higher_is_better: false,
        compute: Compute::Binary(|x| probability::log_loss(x.scores, x.labels)),
    },
    Metric {
        name: "brier",
        title: "Brier score",
        meaning: "mean squared error of the probability of the positive class",
        undefined: None,
        higher_is_better: false,
        compute: Compute::Binary(|x| probability::brier(x.scores, x.labels)),
    },
    Metric {
        name: "ece",
        title: "ECE, equal width",
        meaning: "expected calibration error: gap of reported probability and observed rate, 15 bins of equal width",
        undefined: None,
        higher_is_better: false,
        compute: Compute::Binary(|x| probability::ece(x.scores, x.labels)),
    },
    Metric {
        name: "ece_mass",
        title: "ECE, equal mass",
        meaning: "expected calibration error over 15 bins of equally many examples",
        undefined: None,
        higher_is_better: false,
        compute: Compute::Binary(|x| probability::ece_mass(x.scores, x.labels)),
    },
    Metric {
        name: "f1",
        title: "F1",
        meaning: "harmonic mean of precision and recall at the decision threshold, 0.5 unless `+threshold` moves it",
        undefined: NEITHER,
        higher_is_better: true,
        compute: Compute::Binary(|x| Ok(x.decided.f1())),
    },
    Metric {
        name: "mcc",
        title: "MCC",
        meaning: "Matthews correlation of decisions and labels at the decision threshold, 0.5 unless `+threshold` moves it; 0 is unrelated",
        undefined: CONSTANT,
        higher_is_better: true,
        compute: Compute::Binary(|x| Ok(x.decided.mcc())),
    },
    Metric {
        name: "balanced_accuracy",
        title: "Balanced accuracy",
        meaning: "mean of the rates at which positives and negatives are recognised, at the decision threshold, 0.5 unless `+threshold` moves it",
        undefined: ONE_CLASS,
        higher_is_better: true,
        compute: Compute::Binary(|x| Ok(x.decided.balanced_accuracy())),
    },
    Metric {
        name: "precision",
        title: "Precision",
        meaning: "share of true positives among those called positive at the decision threshold, 0.5 unless `+threshold` moves it",
        undefined: NONE_CALLED,
        higher_is_better: true,
        compute: Compute::Binary(|x| Ok(x.decided.precision())),
    },
    Metric {
        name: "recall",
        title: "Recall",
        meaning: "share of the positives that are called positive at the decision threshold, 0.5 unless `+threshold` moves it",
        undefined: NO_POSITIVES,
        higher_is_better: true,
        compute: Compute::Binary(|x| Ok(x.decided.recall())),
    },
    Metric {
        name: "f1_tuned",
        title: "F1, tuned",
        meaning: "F1 at the threshold of the best validation F1",
        undefined: NEITHER,
        higher_is_better: true,
        compute: Compute::Binary(|x| Ok(x.tuned.and_then(|c| c.f1()))),
    },
    Metric {
        name: "mcc_tuned",
        title: "MCC, tuned",
        meaning: "Matthews correlation at the threshold of the best validation F1",
        undefined: CONSTANT,
        higher_is_better: true,
        compute: Compute::Binary(|x| Ok(x.tuned.and_then(|c| c.mcc()))),
    },
    Metric {
        name: "balanced_accuracy_tuned",
        title: "Balanced accuracy, tuned",
        meaning: "balanced accuracy at the threshold of the best validation F1",
        undefined: ONE_CLASS,
        higher_is_better: true,
        compute: Compute::Binary(|x| Ok(x.tuned.and_then(|c| c.balanced_accuracy()))),
    },
    Metric {
        name: "precision_tuned",
        title: "Precision, tuned",
        meaning: "precision at the threshold of the best validation F1",
        undefined: NONE_CALLED,
        higher_is_better: true,
        compute: Compute::Binary(|x| Ok(x.tuned.and_then(|c| c.precision()))),
    },
    Metric {
        name: "recall_tuned",
        title: "Recall, tuned",
        meaning: "recall at the threshold of the best validation F1",
        undefined: NO_POSITIVES,
        higher_is_better: true,
        compute: Compute::Binary(|x| Ok(x.tuned.and_then(|c| c.recall()))),
    },
];

/// The metric of that name, or `None`.
pub fn metric(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|m| m.name == name)
}

/// All metrics of probabilities `scores` against `labels`, as (name, value) in the order of [`METRICS`].
///
/// `decision_threshold` is 0.5 unless the loss's spec says otherwise (`+threshold`). `tuned_threshold` is what [`best_f1_threshold`](super::best_f1_threshold) found on VALIDATION data; `None` (no
/// positives there) leaves the `_tuned` metrics without a value. The `log_loss` is that of the probabilities given, see
/// [`log_loss`](super::log_loss) on clipping.
///
/// A value is `None` where the metric is undefined, see [`Metric::undefined`]; on empty input all are.
///
/// # Errors
/// A score that is NaN, infinite or outside [0, 1], or a NaN threshold.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn evaluate(
    scores: &[f64],
    labels: &[bool],
    decision_threshold: f64,
    tuned_threshold: Option<f64>,
) -> Result<Vec<(&'static str, Option<f64>)>, MetricError> {
    check::same_length(scores, labels);
    check::probabilities(scores)?;
    let at = |t| Confusion::at_threshold(scores, labels, t);
    let inputs = Inputs {
        scores,
        labels,
        ranking: Ranking::new(scores, labels)?,
        decided: at(decision_threshold)?,
        tuned: tuned_threshold.map(at).transpose()?,
    };
    METRICS.iter().map(|m| Ok((m.name, m.compute.of_binary(&inputs)?))).collect()
}
