//! The metrics of more than two classes, in the order in which results and reports show them.
//!
//! They agree with scikit-learn's `average_precision_score`, `roc_auc_score(multi_class="ovr")` (both
//! `average="macro"`), `log_loss`, `brier_score_loss(scale_by_half=False)`, `accuracy_score`,
//! `balanced_accuracy_score`, `f1_score(average="macro")` and `matthews_corrcoef`.

use super::MetricInfo;
use super::metric::{Entry, Value};
use crate::check::MetricError;
use crate::classes;
use crate::probability;
use crate::ranking::Ranking;
use crate::rows::Rows;
use crate::statistics::weighted_ap::WeightedAveragePrecision;

const NO_CLASS: Option<&str> = Some("no class has both examples and non-examples");
const ONE_CLASS: Option<&str> = Some("only one class is present");

const fn entry(info: MetricInfo, value: Value) -> Entry {
    Entry { info, suits: |classes| classes > 2, value, sorted: None }
}

fn sorted(rows: &Rows<'_>) -> Result<WeightedAveragePrecision, MetricError> {
    WeightedAveragePrecision::of_classes(&rows.ranking_scores(), rows.classes(), rows.labels())
}

/// The mean over classes of a metric of each class against the rest.
fn macro_mean(rows: &Rows<'_>, of: fn(&Ranking) -> Option<f64>) -> Result<Option<f64>, MetricError> {
    Ok(classes::mean(rows.rankings()?.iter().map(of)))
}

pub(super) const ALL: [Entry; 10] = [
    Entry {
        sorted: Some(sorted),
        ..entry(
            MetricInfo::new(
                "macro_average_precision",
                "Macro average precision",
                "macro AP",
                "average precision of each class against the rest, mean over classes",
            )
            .undefined_if(NO_CLASS),
            |rows| macro_mean(rows, Ranking::average_precision),
        )
    },
    entry(
        MetricInfo::new(
            "macro_roc_auc",
            "Macro ROC AUC",
            "macro ROC AUC",
            "ROC AUC of each class against the rest, mean over classes; 0.5 is random",
        )
        .undefined_if(NO_CLASS),
        |rows| macro_mean(rows, Ranking::roc_auc),
    ),
    entry(
        MetricInfo::new(
            "log_loss",
            "Log loss",
            "log loss",
            "mean negative log of the probability given to the true class, in nats",
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
            "squared error of the probabilities, summed over classes; 0 to 2",
        )
        .in_range(0.0, 2.0)
        .lower_is_better()
        .proper(),
        |rows| classes::brier(rows.probabilities()?, rows.classes(), rows.labels()),
    ),
    entry(
        MetricInfo::new(
            "ece",
            "ECE, equal width",
            "ECE",
            "expected calibration error of the predicted class: gap of confidence and accuracy, 15 equal \
             bins",
        )
        .lower_is_better(),
        |rows| rows.decisions().and_then(|d| probability::ece(&d.confidence, &d.correct)),
    ),
    entry(
        MetricInfo::new(
            "ece_mass",
            "ECE, equal mass",
            "equal-mass ECE",
            "the same over 15 bins of equally many examples",
        )
        .lower_is_better(),
        |rows| rows.decisions().and_then(|d| probability::ece_mass(&d.confidence, &d.correct)),
    ),
    entry(
        MetricInfo::new(
            "accuracy",
            "Accuracy",
            "accuracy",
            "share of examples whose predicted class is the true one; frequent classes dominate it",
        ),
        |rows| Ok(rows.decisions()?.accuracy()),
    ),
    entry(
        MetricInfo::new(
            "balanced_accuracy",
            "Balanced accuracy",
            "balanced accuracy",
            "recall of each class, mean over classes",
        ),
        |rows| Ok(rows.decisions()?.balanced_accuracy()),
    ),
    entry(
        MetricInfo::new(
            "macro_f1",
            "Macro F1",
            "macro F1",
            "F1 of each class against the rest, mean over the classes that occur or are predicted",
        ),
        |rows| Ok(rows.decisions()?.macro_f1()),
    ),
    entry(
        MetricInfo::new(
            "mcc",
            "MCC",
            "MCC",
            "correlation of predicted and true classes (Gorodkin 2004, R_K); 0 is unrelated",
        )
        .in_range(-1.0, 1.0)
        .undefined_if(ONE_CLASS),
        |rows| Ok(rows.decisions()?.mcc()),
    ),
];
