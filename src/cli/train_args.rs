//! The arguments that say how models are trained, shared by the commands that train.

use super::at_least_one;
use clap::Args;
use losslab_train::experiment::{OptimizerKind, TrainConfig};

/// How models are trained. What is not given is the default of rows or of detectors.
#[derive(Args, Clone, Debug)]
pub struct TrainArguments {
    /// Most epochs of a training; the best on the validation part counts [default: 60; detectors by the number of images]
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Stop after so many epochs without a better validation average precision [default: 15; detectors never]
    #[arg(long, value_name = "N")]
    patience: Option<usize>,
    /// Widths of the hidden layers [default: 64,64; not for detectors]
    #[arg(long, value_name = "N,..", value_delimiter = ',')]
    hidden: Option<Vec<usize>>,
    /// Rows or images per training step [default: 128; detectors 16]
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// Learning rate [default: 0.001; detectors 0.002, the peak of one cycle]
    #[arg(long, value_name = "X")]
    lr: Option<f64>,
    /// sgd (momentum 0.9), adam or adamw (rows: weight decay 0.01) [default: adam; detectors adamw]
    #[arg(long, value_name = "NAME")]
    optimizer: Option<OptimizerKind>,
}

impl TrainArguments {
    /// The settings of a training on rows, checked.
    pub fn config(&self) -> anyhow::Result<TrainConfig> {
        let default = TrainConfig::default();
        at_least_one("--patience", self.patience.unwrap_or(1))?;
        let hidden = self.hidden.clone().unwrap_or(default.hidden);
        hidden.iter().try_for_each(|&width| at_least_one("--hidden", width))?;
        Ok(TrainConfig {
            epochs: self.epochs()?.unwrap_or(default.epochs),
            patience: self.patience.unwrap_or(default.patience),
            hidden,
            batch: self.batch()?.unwrap_or(default.batch),
            learning_rate: self.learning_rate()?.unwrap_or(default.learning_rate),
            optimizer: self.optimizer.unwrap_or(default.optimizer),
        })
    }

    /// Epochs, if given.
    pub fn epochs(&self) -> anyhow::Result<Option<usize>> {
        at_least_one("--epochs", self.epochs.unwrap_or(1))?;
        Ok(self.epochs)
    }

    /// Rows or images per step, if given.
    pub fn batch(&self) -> anyhow::Result<Option<usize>> {
        at_least_one("--batch", self.batch.unwrap_or(1))?;
        Ok(self.batch)
    }

    /// The learning rate, if given.
    pub fn learning_rate(&self) -> anyhow::Result<Option<f64>> {
        match self.lr {
            Some(lr) if !(lr > 0.0 && lr.is_finite()) => {
                anyhow::bail!("--lr {lr}: expected a positive number")
            }
            lr => Ok(lr),
        }
    }

    /// The optimiser, if given.
    pub fn optimizer(&self) -> Option<OptimizerKind> {
        self.optimizer
    }

    /// Says so if something is given that detectors do not have.
    pub fn refuse_for_detectors(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.patience.is_none(),
            "--patience: detectors run all epochs of their learning rate's cycle"
        );
        anyhow::ensure!(self.hidden.is_none(), "--hidden: detectors have no hidden layers, see --width");
        Ok(())
    }

    /// Without what only rows have: for the short comparison of detectors beside one on rows.
    pub fn for_scenes(&self) -> TrainArguments {
        TrainArguments { patience: None, hidden: None, batch: None, lr: None, ..self.clone() }
    }
}
