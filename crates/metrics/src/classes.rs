//! Metrics of classifiers of more than two classes, from one probability per class.
//!
//! `probabilities` holds one row of K numbers per example, row-major; `labels[i]` is the true class of example i. The
//! predicted class is the most probable one, the first of several. A **macro** average is the plain mean over classes of
//! a one-against-the-rest metric, so that a rare class counts as much as a frequent one; classes for which the metric is
//! undefined (no example of theirs) are left out.

use super::check::{self, MetricError};
use super::probability;
use super::ranking::Ranking;
use super::registry::{Compute, Metric};
use super::summary::Summary;
use super::threshold::Confusion;

/// What the entries of [`CLASS_METRICS`] compute from.
pub(super) struct Inputs<'a> {
    probabilities: &'a [f64],
    labels: &'a [u32],
    classes: usize,
    /// One ranking per class, that class against the rest.
    rankings: Vec<Ranking>,
    /// The decisions on each class against the rest.
    confusions: Vec<Confusion>,
    /// The probability of the predicted class.
    confidence: Vec<f64>,
    /// Whether the predicted class is the true one.
    correct: Vec<bool>,
}

const NO_CLASS: Option<&str> = Some("no class has both examples and non-examples");
const CONSTANT: Option<&str> = Some("all labels or all decisions are equal");

/// The metrics of problems with more than two classes, in the order in which results and reports show them.
pub static CLASS_METRICS: &[Metric] = &[
    Metric {
        name: "macro_average_precision",
        title: "Macro average precision",
        meaning: "average precision of each class against the rest, mean over classes",
        undefined: NO_CLASS,
        higher_is_better: true,
        compute: Compute::Classes(|x| Ok(mean(x.rankings.iter().map(Ranking::average_precision)))),
    },
    Metric {
        name: "macro_roc_auc",
        title: "Macro ROC AUC",
        meaning: "ROC AUC of each class against the rest, mean over classes; 0.5 is random",
        undefined: NO_CLASS,
        higher_is_better: true,
        compute: Compute::Classes(|x| Ok(mean(x.rankings.iter().map(Ranking::roc_auc)))),
    },
    Metric {
        name: "log_loss",
        title: "Log loss",
        meaning: "mean negative log of the probability given to the true class, in nats",
        undefined: None,
        higher_is_better: false,
        compute: Compute::Classes(|x| Ok(log_loss(x))),
    },
    Metric {
        name: "brier",
        title: "Brier score",
        meaning: "squared error of the probabilities, summed over classes; 0 to 2",
        undefined: None,
        higher_is_better: false,
        compute: Compute::Classes(|x| Ok(brier(x))),
    },
    Metric {
        name: "ece",
        title: "ECE, equal width",
        meaning: "expected calibration error of the predicted class: gap of confidence and accuracy, 15 equal bins",
        undefined: None,
        higher_is_better: false,
        compute: Compute::Classes(|x| probability::ece(&x.confidence, &x.correct)),
    },
    Metric {
        name: "ece_mass",
        title: "ECE, equal mass",
        meaning: "the same over 15 bins of equally many examples",
        undefined: None,
        higher_is_better: false,
        compute: Compute::Classes(|x| probability::ece_mass(&x.confidence, &x.correct)),
    },
    Metric {
        name: "accuracy",
        title: "Accuracy",
        meaning: "share of examples whose predicted class is the true one; frequent classes dominate it",
        undefined: None,
        higher_is_better: true,
        compute: Compute::Classes(|x| Ok(mean(x.correct.iter().map(|&c| Some(f64::from(u8::from(c))))))),
    },
    Metric {
        name: "balanced_accuracy",
        title: "Balanced accuracy",
        meaning: "recall of each class, mean over classes",
        undefined: None,
        higher_is_better: true,
        compute: Compute::Classes(|x| Ok(mean(x.confusions.iter().map(Confusion::recall)))),
    },
    Metric {
        name: "macro_f1",
        title: "Macro F1",
        meaning: "F1 of each class against the rest, mean over the classes that occur or are predicted",
        undefined: None,
        higher_is_better: true,
        compute: Compute::Classes(|x| Ok(mean(x.confusions.iter().map(Confusion::f1)))),
    },
    Metric {
        name: "mcc",
        title: "MCC",
        meaning: "correlation of predicted and true classes (Gorodkin 2004, R_K); 0 is unrelated",
        undefined: CONSTANT,
        higher_is_better: true,
        compute: Compute::Classes(|x| Ok(correlation(x))),
    },
];

/// All metrics of more than two classes, as (name, value) in the order of [`CLASS_METRICS`].
///
/// They agree with scikit-learn's `average_precision_score`, `roc_auc_score(multi_class="ovr")` (both
/// `average="macro"`), `log_loss`, `brier_score_loss(scale_by_half=False)`, `accuracy_score`,
/// `balanced_accuracy_score`, `f1_score(average="macro")` and `matthews_corrcoef`. A value is `None` where the metric is
/// undefined; on empty input all are.
///
/// # Errors
/// A probability that is NaN, infinite or outside [0, 1].
///
/// # Panics
/// If there is not one row of `classes` probabilities per label, or a label is no class.
#[track_caller]
pub fn evaluate_classes(
    probabilities: &[f64],
    classes: usize,
    labels: &[u32],
) -> Result<Vec<(&'static str, Option<f64>)>, MetricError> {
    let inputs = Inputs::new(probabilities, classes, labels)?;
    CLASS_METRICS.iter().map(|metric| Ok((metric.name, metric.compute.of_classes(&inputs)?))).collect()
}

/// Mean over classes of the average precision of each class against the rest.
///
/// # Errors
/// As [`evaluate_classes`], and so are the panics.
#[track_caller]
pub fn macro_average_precision(
    probabilities: &[f64],
    classes: usize,
    labels: &[u32],
) -> Result<Option<f64>, MetricError> {
    check(probabilities, classes, labels)?;
    Ok(mean(rankings(probabilities, classes, labels)?.iter().map(Ranking::average_precision)))
}

/// The most probable class of each example, the first of several.
pub fn predicted_classes(probabilities: &[f64], classes: usize) -> Vec<u32> {
    let first_largest =
        |row: &[f64]| (1..classes).fold(0, |best, k| if row[k] > row[best] { k } else { best });
    probabilities.chunks_exact(classes).map(|row| first_largest(row) as u32).collect()
}

impl<'a> Inputs<'a> {
    #[track_caller]
    fn new(probabilities: &'a [f64], classes: usize, labels: &'a [u32]) -> Result<Self, MetricError> {
        check(probabilities, classes, labels)?;
        let predicted = predicted_classes(probabilities, classes);
        let row = |i: usize| &probabilities[i * classes..][..classes];
        let confusions = (0..classes as u32).map(|class| {
            let called: Vec<f64> = predicted.iter().map(|&p| f64::from(u8::from(p == class))).collect();
            let truth: Vec<bool> = labels.iter().map(|&label| label == class).collect();
            Confusion::at_threshold(&called, &truth, 0.5)
        });
        Ok(Inputs {
            probabilities,
            labels,
            classes,
            rankings: rankings(probabilities, classes, labels)?,
            confusions: confusions.collect::<Result<_, _>>()?,
            confidence: predicted.iter().enumerate().map(|(i, &p)| row(i)[p as usize]).collect(),
            correct: predicted.iter().zip(labels).map(|(p, label)| p == label).collect(),
        })
    }
}

#[track_caller]
fn check(probabilities: &[f64], classes: usize, labels: &[u32]) -> Result<(), MetricError> {
    assert!(
        classes > 0 && probabilities.len() == classes * labels.len(),
        "metrics: {} probabilities for {} labels of {classes} classes",
        probabilities.len(),
        labels.len()
    );
    if let Some(label) = labels.iter().find(|&&label| label as usize >= classes) {
        panic!("metrics: label {label} of {classes} classes");
    }
    check::probabilities(probabilities)
}

fn rankings(probabilities: &[f64], classes: usize, labels: &[u32]) -> Result<Vec<Ranking>, MetricError> {
    let of_class = |class: usize| {
        let scores: Vec<f64> = probabilities.iter().skip(class).step_by(classes).copied().collect();
        let truth: Vec<bool> = labels.iter().map(|&label| label as usize == class).collect();
        Ranking::new(&scores, &truth)
    };
    (0..classes).map(of_class).collect()
}

fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    Summary::of(values).mean
}

/// -(1/n) sum_i ln p_i of the true class, p_i clipped to [eps, 1 - eps] as [`probability::log_loss`] does.
fn log_loss(x: &Inputs) -> Option<f64> {
    let cost =
        |(row, &label): (&[f64], &u32)| -row[label as usize].clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln();
    let total: f64 = x.probabilities.chunks_exact(x.classes).zip(x.labels).map(cost).sum();
    (!x.labels.is_empty()).then(|| total / x.labels.len() as f64)
}

/// (1/n) sum_i sum_k (p_ik - y_ik)^2 (Brier 1950).
fn brier(x: &Inputs) -> Option<f64> {
    let error = |(row, &label): (&[f64], &u32)| {
        let of_class = |(k, p): (usize, &f64)| (p - f64::from(u8::from(k == label as usize))).powi(2);
        row.iter().enumerate().map(of_class).sum::<f64>()
    };
    let total: f64 = x.probabilities.chunks_exact(x.classes).zip(x.labels).map(error).sum();
    (!x.labels.is_empty()).then(|| total / x.labels.len() as f64)
}

/// R_K = (c s - sum_k t_k p_k) / sqrt( (s^2 - sum_k p_k^2) (s^2 - sum_k t_k^2) ) with s examples, c correct ones, t_k
/// of class k and p_k predicted as k (Gorodkin 2004).
fn correlation(x: &Inputs) -> Option<f64> {
    let truth = |c: &Confusion| (c.true_positives + c.false_negatives) as f64;
    let called = |c: &Confusion| (c.true_positives + c.false_positives) as f64;
    let sum = |f: &dyn Fn(&Confusion) -> f64| x.confusions.iter().map(f).sum::<f64>();
    let s = x.labels.len() as f64;
    let c = sum(&|c| c.true_positives as f64);
    let product = (s * s - sum(&|c| called(c).powi(2))) * (s * s - sum(&|c| truth(c).powi(2)));
    (product > 0.0).then(|| (c * s - sum(&|c| truth(c) * called(c))) / product.sqrt())
}
