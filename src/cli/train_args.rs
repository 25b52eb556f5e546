//! The arguments that say how models are trained, shared by the commands that train.

use super::at_least_one;
use crate::experiment::{OptimizerKind, TrainConfig};
use clap::Args;

/// How models are trained.
#[derive(Args, Debug)]
pub struct TrainArguments {
    /// Most epochs of a training; the best on the validation part counts
    #[arg(long, value_name = "N", default_value_t = TrainConfig::default().epochs)]
    epochs: usize,
    /// Stop after so many epochs without a better validation average precision
    #[arg(long, value_name = "N", default_value_t = TrainConfig::default().patience)]
    patience: usize,
    /// Widths of the hidden layers
    #[arg(long, value_name = "N,..", value_delimiter = ',', default_values_t = TrainConfig::default().hidden)]
    hidden: Vec<usize>,
    /// Rows per training step
    #[arg(long, value_name = "N", default_value_t = TrainConfig::default().batch)]
    batch: usize,
    /// Learning rate
    #[arg(long, value_name = "X", default_value_t = TrainConfig::default().learning_rate)]
    lr: f64,
    /// sgd (momentum 0.9), adam or adamw (weight decay 0.01)
    #[arg(long, value_name = "NAME", default_value_t = TrainConfig::default().optimizer)]
    optimizer: OptimizerKind,
}

impl TrainArguments {
    /// The settings, checked.
    pub fn config(&self) -> anyhow::Result<TrainConfig> {
        at_least_one("--epochs", self.epochs)?;
        at_least_one("--patience", self.patience)?;
        at_least_one("--batch", self.batch)?;
        self.hidden.iter().try_for_each(|&width| at_least_one("--hidden", width))?;
        if !(self.lr > 0.0 && self.lr.is_finite()) {
            anyhow::bail!("--lr {}: expected a positive number", self.lr);
        }
        Ok(TrainConfig {
            epochs: self.epochs,
            patience: self.patience,
            hidden: self.hidden.clone(),
            batch: self.batch,
            learning_rate: self.lr,
            optimizer: self.optimizer,
        })
    }
}
