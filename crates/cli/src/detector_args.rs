//! The arguments that say how detectors are built, trained and read out.

use super::at_least_zero;
use super::train_args::TrainArguments;
use anyhow::bail;
use clap::Args;
use losslab_base::shown_number;
use losslab_models::DetectorConfig;
use losslab_train::tasks::boxes::{DetectorSettings, NormKind, NormalizerKind};

/// How detectors are built, trained and read out.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Detectors")]
pub struct DetectorArguments {
    /// Pixels between cells of the finest level: 2, 4, 8 or 16 [default: by the smallest training boxes]
    #[arg(long, value_name = "N")]
    stride: Option<usize>,
    /// Levels of the top-down pyramid, 1 to 3 [default: 1, no pyramid]
    #[arg(long, value_name = "N")]
    levels: Option<usize>,
    /// Channels of the first convolution; later ones have two and three times as many [default: 24]
    #[arg(long, value_name = "N")]
    width: Option<usize>,
    /// Anchors per cell, fitted to the training boxes [default: 9]
    #[arg(long, value_name = "N")]
    anchors: Option<usize>,
    /// What follows convolutions: batch, group or none [default: batch]
    #[arg(long, value_name = "NAME")]
    norm: Option<NormKind>,
    /// Probability that every anchor starts with, whatever the loss [default: 0.01]
    #[arg(long, value_name = "P")]
    prior: Option<f64>,
    /// What the class loss is divided by: positives, elements, anchors or weights [default: positives]
    #[arg(long, value_name = "NAME")]
    normalizer: Option<NormalizerKind>,
    /// Longest gradient, longer ones are shortened to it; 0 for no limit [default: 10]
    #[arg(long, value_name = "X")]
    clip: Option<f64>,
    /// Weight of the box loss in the sum with the class loss [default: 1]
    #[arg(long, value_name = "X")]
    box_weight: Option<f64>,
    /// Do not mirror training images
    #[arg(long)]
    no_flips: bool,
    /// Drop detections below this score; not neutral between losses [default: none]
    #[arg(long, value_name = "P")]
    score_cut: Option<f64>,
}

impl DetectorArguments {
    /// The settings, checked, with these defaults; what both kinds of training have comes from `train`.
    pub fn settings(
        &self,
        train: &TrainArguments,
        default: DetectorSettings,
    ) -> anyhow::Result<DetectorSettings> {
        if let Some(stride) = self.stride.filter(|stride| !DetectorConfig::STRIDES.contains(stride)) {
            bail!("--stride {stride}: expected 2, 4, 8 or 16");
        }
        for (flag, p) in [("--prior", self.prior), ("--score-cut", self.score_cut)] {
            if let Some(p) = p.filter(|p| !(*p > 0.0 && *p < 1.0)) {
                bail!("{flag} {}: expected a probability between 0 and 1", shown_number(p));
            }
        }
        at_least_zero("--clip", self.clip)?;
        if let Some(weight) = self.box_weight.filter(|weight| !(*weight > 0.0 && weight.is_finite())) {
            bail!("--box-weight {}: expected a positive number", shown_number(weight));
        }
        Ok(DetectorSettings {
            epochs: train.epochs().or(default.epochs),
            batch: train.batch().unwrap_or(default.batch),
            learning_rate: train.learning_rate()?.unwrap_or(default.learning_rate),
            optimizer: train.optimizer().unwrap_or(default.optimizer),
            weight_decay: train.weight_decay()?.unwrap_or(default.weight_decay),
            clip: self.clip.map_or(default.clip, |clip| (clip > 0.0).then_some(clip)),
            stride: self.stride,
            levels: self.levels.unwrap_or(default.levels),
            width: self.width.unwrap_or(default.width),
            anchors: self.anchors.unwrap_or(default.anchors),
            norm: self.norm.unwrap_or(default.norm),
            prior: self.prior.unwrap_or(default.prior),
            normalizer: self.normalizer.unwrap_or(default.normalizer),
            flips: !self.no_flips,
            shift: train.shift().unwrap_or(default.shift),
            box_weight: self.box_weight.unwrap_or(default.box_weight),
            score_cut: self.score_cut,
        })
    }

    /// Says so if any of these is given where rows are learnt from.
    pub fn refuse_for_rows(&self) -> anyhow::Result<()> {
        let given = [
            ("--stride", self.stride.is_some()),
            ("--levels", self.levels.is_some()),
            ("--width", self.width.is_some()),
            ("--anchors", self.anchors.is_some()),
            ("--norm", self.norm.is_some()),
            ("--prior", self.prior.is_some()),
            ("--normalizer", self.normalizer.is_some()),
            ("--clip", self.clip.is_some()),
            ("--box-weight", self.box_weight.is_some()),
            ("--no-flips", self.no_flips),
            ("--score-cut", self.score_cut.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((flag, _)) => bail!("{flag}: a setting of detectors; rows are learnt from here"),
            None => Ok(()),
        }
    }
}
