//! The arguments that say how models are trained, shared by the commands that train.

use super::at_least_zero;
use clap::Args;
use losslab_base::shown_number;
use losslab_models::Mlp;
use losslab_train::OptimizerKind;
use losslab_train::tasks::table::TableSettings;

/// How models are trained. What is not given is the default of rows or of detectors.
#[derive(Args, Clone, Debug)]
pub struct TrainArguments {
    /// Most epochs of a training; the best on the validation part counts [default: 60, and for
    /// small tables as many as make 1500 steps; detectors by the number of images]
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Stop after so many epochs without a better validation metric [default: 15, and for
    /// small tables as many as make 500 steps; detectors never]. A validation metric that is not better than
    /// chance stops no training
    #[arg(long, value_name = "N")]
    patience: Option<usize>,
    /// Widths of the hidden layers of models that have some, or none [default: 64,64; not for detectors]
    #[arg(long, value_name = "N,..")]
    hidden: Option<String>,
    /// Rows or images per training step [default: 128; detectors 16]
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// Learning rate [default: 0.001; detectors 0.002, the peak of one cycle]
    #[arg(long, value_name = "X")]
    lr: Option<f64>,
    /// sgd (momentum 0.9), adam or adamw [default: adam; detectors adamw]
    #[arg(long, value_name = "NAME")]
    optimizer: Option<OptimizerKind>,
    /// Weight decay [default: 0, with adamw 0.01; detectors 0.0001]
    #[arg(long, value_name = "X")]
    weight_decay: Option<f64>,
    /// Mirror training images left and right, every other time; for rows that are images, detectors do it
    /// anyway
    #[arg(long)]
    flips: bool,
    /// Move training images by up to so many pixels along each axis; inputs that move in are 0 [default: 0]
    #[arg(long, value_name = "N")]
    shift: Option<usize>,
}

impl TrainArguments {
    /// The settings of a training on rows, checked.
    pub fn table_settings(&self) -> anyhow::Result<TableSettings> {
        let default = TableSettings::default();
        Ok(TableSettings {
            epochs: self.epochs,
            patience: self.patience,
            batch: self.batch.unwrap_or(default.batch),
            learning_rate: self.learning_rate()?.unwrap_or(default.learning_rate),
            optimizer: self.optimizer.unwrap_or(default.optimizer),
            weight_decay: self.weight_decay()?,
            flips: self.flips,
            shift: self.shift.unwrap_or(default.shift),
        })
    }

    /// Widths of hidden layers as the parameter of a model, if given.
    pub fn hidden(&self) -> anyhow::Result<Option<String>> {
        let Some(hidden) = &self.hidden else { return Ok(None) };
        if hidden == "none" {
            return Ok(Some(hidden.clone()));
        }
        for width in hidden.split(',') {
            let (width, widths) = (width.trim(), Mlp::WIDTHS);
            if widths.parse(width).is_err() {
                anyhow::bail!(
                    "--hidden {hidden}: found '{width}', expected {widths} for each layer, or none"
                );
            }
        }
        Ok(Some(hidden.replace(' ', "").replace(',', "x")))
    }

    /// Epochs, if given.
    pub fn epochs(&self) -> Option<usize> {
        self.epochs
    }

    /// Rows or images per step, if given.
    pub fn batch(&self) -> Option<usize> {
        self.batch
    }

    /// The learning rate, if given.
    pub fn learning_rate(&self) -> anyhow::Result<Option<f64>> {
        match self.lr {
            Some(lr) if !(lr > 0.0 && lr.is_finite()) => {
                anyhow::bail!("--lr {}: expected a positive number", shown_number(lr))
            }
            lr => Ok(lr),
        }
    }

    /// The optimiser, if given.
    pub fn optimizer(&self) -> Option<OptimizerKind> {
        self.optimizer
    }

    /// The weight decay, if given.
    pub fn weight_decay(&self) -> anyhow::Result<Option<f64>> {
        at_least_zero("--weight-decay", self.weight_decay)?;
        Ok(self.weight_decay)
    }

    /// Most pixels that training images are moved by, if given.
    pub fn shift(&self) -> Option<usize> {
        self.shift
    }

    /// Says so if something is given that detectors do not have.
    pub fn refuse_for_detectors(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.patience.is_none(),
            "--patience: detectors run all epochs of their learning rate's cycle"
        );
        anyhow::ensure!(self.hidden.is_none(), "--hidden: detectors have no hidden layers, see --width");
        anyhow::ensure!(!self.flips, "--flips: detectors mirror training images anyway, unless --no-flips");
        Ok(())
    }

    /// Without what only rows have: for the short comparison of detectors beside one on rows.
    pub fn for_scenes(&self) -> TrainArguments {
        TrainArguments {
            patience: None,
            hidden: None,
            batch: None,
            lr: None,
            weight_decay: None,
            flips: false,
            ..self.clone()
        }
    }
}
