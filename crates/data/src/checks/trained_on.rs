//! Predictions that are judged on what the model was trained on.

use super::{Check, CheckInfo, Predicted, Severity};

/// Rows or images that a saved model is judged on, and was trained on.
pub(super) struct TrainedOn;

impl Check for TrainedOn {
    fn info(&self) -> CheckInfo {
        CheckInfo {
            kind: "scored-on-training-rows",
            severity: Severity::Severe,
            finds: "predict with labels on rows or images that the model was trained on: more than its own \
                    test part shares with its training part by chance (three standard deviations)",
        }
    }

    fn predicted(&self, new: &Predicted<'_>) -> Option<String> {
        let Predicted { what, hashes, trained_on } = *new;
        let (all, seen) = (hashes.len(), hashes.iter().filter(|hash| trained_on.contains(**hash)).count());
        // Rows of few coarse columns are often the same: so were those of the test part, which were not
        // trained on.
        let share = trained_on.test_share();
        let expected = share * all as f64;
        let most = expected + 3.0 * (expected * (1.0 - share)).sqrt();
        (seen as f64 > most).then(|| {
            format!(
                "{seen} of {all} {what}s are among those that the model was trained on: the metrics say \
                 nothing about new {what}s"
            )
        })
    }
}
