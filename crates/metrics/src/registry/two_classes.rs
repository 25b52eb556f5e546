//! The metrics of two classes, in the order in which results and reports show them.

use super::MetricInfo;
use super::metric::{Entry, Value};
use crate::check::MetricError;
use crate::probability;
use crate::rows::Rows;
use crate::statistics::weighted_ap::WeightedAveragePrecision;
use crate::threshold::Confusion;

const NO_POSITIVES: Option<&str> = Some("there are no positives");
const ONE_CLASS: Option<&str> = Some("only one class is present");
const NONE_CALLED: Option<&str> = Some("no example is called positive");
const NEITHER: Option<&str> = Some("there are no positives and none is called positive");

const fn entry(info: MetricInfo, value: Value) -> Entry {
    Entry { info, suits: |classes| classes == 2, value, sorted: None }
}

/// A metric of the decisions at the tuned threshold; none without one.
fn tuned(rows: &Rows<'_>, of: fn(&Confusion) -> Option<f64>) -> Result<Option<f64>, MetricError> {
    Ok(rows.tuned_confusion()?.and_then(|confusion| of(&confusion)))
}

/// By the scores that [`Rows::ranking`] ranks by.
fn sorted(rows: &Rows<'_>) -> Result<WeightedAveragePrecision, MetricError> {
    WeightedAveragePrecision::new(&rows.ranking_scores(), rows.positives())
}

pub(super) const ALL: [Entry; 16] = [
    Entry {
        sorted: Some(sorted),
        ..entry(
            MetricInfo::new(
                "average_precision",
                "Average precision",
                "AP",
                "area under the precision-recall curve: how clean the top of the ranking is; chance is the \
                 prevalence",
            )
            .undefined_if(NO_POSITIVES),
            |rows| Ok(rows.ranking()?.average_precision()),
        )
    },
    entry(
        MetricInfo::new(
            "roc_auc",
            "ROC AUC",
            "ROC AUC",
            "chance that a positive is scored above a negative, ties counted half; 0.5 is random",
        )
        .undefined_if(ONE_CLASS),
        |rows| Ok(rows.ranking()?.roc_auc()),
    ),
    entry(
        MetricInfo::new(
            "log_loss",
            "Log loss",
            "log loss",
            "mean negative log of the probability given to the true label, in nats",
        )
        .in_range(0.0, f64::INFINITY)
        .lower_is_better()
        .proper(),
        |rows| rows.log_loss(),
    ),
    entry(
        MetricInfo::new(
            "brier",
            "Brier score",
            "Brier score",
            "mean squared error of the probability of the positive class",
        )
        .lower_is_better()
        .proper(),
        |rows| probability::brier(rows.probabilities()?, rows.positives()),
    ),
    entry(
        MetricInfo::new(
            "ece",
            "ECE, equal width",
            "ECE",
            "expected calibration error: gap of reported probability and observed rate, 15 bins of equal \
             width",
        )
        .lower_is_better(),
        |rows| probability::ece(rows.probabilities()?, rows.positives()),
    ),
    entry(
        MetricInfo::new(
            "ece_mass",
            "ECE, equal mass",
            "equal-mass ECE",
            "expected calibration error over 15 bins of equally many examples",
        )
        .lower_is_better(),
        |rows| probability::ece_mass(rows.probabilities()?, rows.positives()),
    ),
    entry(
        MetricInfo::new(
            "f1",
            "F1",
            "F1",
            "harmonic mean of precision and recall at the decision threshold, 0.5 unless `+threshold` moves \
             it",
        )
        .undefined_if(NEITHER),
        |rows| Ok(rows.confusion()?.f1()),
    ),
    entry(
        MetricInfo::new(
            "mcc",
            "MCC",
            "MCC",
            "Matthews correlation of decisions and labels at the decision threshold, 0.5 unless `+threshold` \
             moves it; 0 is unrelated",
        )
        .in_range(-1.0, 1.0)
        .undefined_if(ONE_CLASS),
        |rows| Ok(rows.confusion()?.mcc()),
    ),
    entry(
        MetricInfo::new(
            "balanced_accuracy",
            "Balanced accuracy",
            "balanced accuracy",
            "mean of the rates at which positives and negatives are recognised, at the decision threshold, \
             0.5 unless `+threshold` moves it",
        )
        .undefined_if(ONE_CLASS),
        |rows| Ok(rows.confusion()?.balanced_accuracy()),
    ),
    entry(
        MetricInfo::new(
            "precision",
            "Precision",
            "precision",
            "share of true positives among those called positive at the decision threshold, 0.5 unless \
             `+threshold` moves it",
        )
        .undefined_if(NONE_CALLED),
        |rows| Ok(rows.confusion()?.precision()),
    ),
    entry(
        MetricInfo::new(
            "recall",
            "Recall",
            "recall",
            "share of the positives that are called positive at the decision threshold, 0.5 unless \
             `+threshold` moves it",
        )
        .undefined_if(NO_POSITIVES),
        |rows| Ok(rows.confusion()?.recall()),
    ),
    entry(
        MetricInfo::new("f1_tuned", "F1, tuned", "tuned F1", "F1 at the threshold of the best validation F1")
            .undefined_if(NEITHER)
            .at_tuned_threshold(),
        |rows| tuned(rows, Confusion::f1),
    ),
    entry(
        MetricInfo::new(
            "mcc_tuned",
            "MCC, tuned",
            "tuned MCC",
            "Matthews correlation at the threshold of the best validation F1",
        )
        .in_range(-1.0, 1.0)
        .undefined_if(ONE_CLASS)
        .at_tuned_threshold(),
        |rows| tuned(rows, Confusion::mcc),
    ),
    entry(
        MetricInfo::new(
            "balanced_accuracy_tuned",
            "Balanced accuracy, tuned",
            "tuned balanced accuracy",
            "balanced accuracy at the threshold of the best validation F1",
        )
        .undefined_if(ONE_CLASS)
        .at_tuned_threshold(),
        |rows| tuned(rows, Confusion::balanced_accuracy),
    ),
    entry(
        MetricInfo::new(
            "precision_tuned",
            "Precision, tuned",
            "tuned precision",
            "precision at the threshold of the best validation F1",
        )
        .undefined_if(NONE_CALLED)
        .at_tuned_threshold(),
        |rows| tuned(rows, Confusion::precision),
    ),
    entry(
        MetricInfo::new(
            "recall_tuned",
            "Recall, tuned",
            "tuned recall",
            "recall at the threshold of the best validation F1",
        )
        .undefined_if(NO_POSITIVES)
        .at_tuned_threshold(),
        |rows| tuned(rows, Confusion::recall),
    ),
];
