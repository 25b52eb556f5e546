//! How a training went: its epochs, and which one was best on the validation part.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is known after an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Mean of the losses of the steps.
    pub train_loss: f64,
    /// The deciding metric on the validation part, where it was evaluated.
    pub validation: Option<f64>,
    /// What the task tells beside, such as the parts of the loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Value>,
}

/// The epochs so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// All of them, in order.
    pub epochs: Vec<EpochRecord>,
    /// The one whose weights are kept; 0 before the first validation.
    pub best_epoch: usize,
    /// The deciding metric of that epoch; none where it is undefined.
    pub best: Option<f64>,
}

impl History {
    /// Takes in a validation of the last epoch; returns whether its weights are to be kept: the first of the
    /// best, or the last where the metric is undefined.
    pub(crate) fn validated(&mut self, value: Option<f64>, higher_is_better: bool) -> bool {
        let better = match (self.best, value) {
            (Some(best), Some(value)) if higher_is_better => value > best,
            (Some(best), Some(value)) => value < best,
            _ => true,
        };
        if better {
            (self.best_epoch, self.best) = (self.epochs.len(), value);
        }
        better
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(values: &[Option<f64>], higher: bool) -> usize {
        let mut history = History::default();
        for (i, value) in values.iter().enumerate() {
            let record = EpochRecord { epoch: i + 1, train_loss: 1.0, validation: *value, detail: None };
            history.epochs.push(record);
            history.validated(*value, higher);
        }
        history.best_epoch
    }

    #[test]
    fn the_first_of_the_best_is_kept_in_the_direction_of_the_metric() {
        let values = [0.5, 0.7, 0.7, 0.2, 0.2].map(Some);
        assert_eq!((best(&values, true), best(&values, false)), (2, 4));
    }

    #[test]
    fn without_a_value_the_last_weights_are_kept() {
        assert_eq!(best(&[None, None, None], true), 3);
    }
}
