//! How models of rows are trained: everything that is held equal between arms.

use crate::OptimizerKind;
use crate::task::{Settings, Tunable};
use serde::{Deserialize, Serialize};

/// The settings of a training on rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableSettings {
    /// Most epochs; where not said, [`DEFAULT_EPOCHS`](super::DEFAULT_EPOCHS), or as many as make
    /// [`LEAST_STEPS`](super::LEAST_STEPS) optimiser steps.
    pub epochs: Option<usize>,
    /// Epochs without a better validation metric after which training stops, if that metric is better than
    /// chance; where not said, [`DEFAULT_PATIENCE`](super::DEFAULT_PATIENCE), or as many as make
    /// [`LEAST_PATIENCE`](super::LEAST_PATIENCE) optimiser steps.
    pub patience: Option<usize>,
    /// Rows per step; the last batch of an epoch may be smaller.
    pub batch: usize,
    /// Learning rate.
    pub learning_rate: f64,
    /// The optimiser.
    pub optimizer: OptimizerKind,
    /// Weight decay; where not said, that of the optimiser
    /// ([`OptimizerKind::default_decay`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f64>,
    /// Mirror training images left and right, every other time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flips: bool,
    /// Move training images by up to so many pixels along each axis; inputs that move in are 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub shift: usize,
}

/// Whether nothing is moved: then it is not written.
fn is_zero(shift: &usize) -> bool {
    *shift == 0
}

impl Default for TableSettings {
    fn default() -> Self {
        Self {
            epochs: None,
            patience: None,
            batch: 128,
            learning_rate: 1e-3,
            optimizer: OptimizerKind::Adam,
            weight_decay: None,
            flips: false,
            shift: 0,
        }
    }
}

impl TableSettings {
    /// The weight decay.
    pub fn decay(&self) -> f64 {
        self.weight_decay.unwrap_or(self.optimizer.default_decay())
    }
}

impl Settings for TableSettings {
    const TUNABLE: &'static [Tunable<Self>] = &[
        Tunable::learning_rate(
            |settings| settings.learning_rate,
            |settings, rate| settings.learning_rate = rate,
        ),
        Tunable::weight_decay(TableSettings::decay, |settings, decay| settings.weight_decay = Some(decay)),
        Tunable::batch(
            |settings| settings.batch as f64,
            |settings, rows| settings.batch = (rows.round() as usize).max(1),
        ),
    ];

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }
}
