//! How a detector is built, trained and read out: everything that is held equal between losses.

use crate::OptimizerKind;
use crate::task::{Settings, Tunable};
use losslab_losses::Normalizer;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// Images that a training shows unless told otherwise: 40 epochs of up to 600 images, 30 of 800.
const DEFAULT_IMAGES_SHOWN: usize = 24_000;
/// Most epochs by default.
const MOST_DEFAULT_EPOCHS: usize = 40;

/// The settings of a detector's training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetectorSettings {
    /// Epochs; none: as many as show 24 000 images, at most 40 and at least 1.
    pub epochs: Option<usize>,
    /// Images per step.
    pub batch: usize,
    /// Peak of the one-cycle learning rate.
    pub learning_rate: f64,
    /// The optimiser.
    pub optimizer: OptimizerKind,
    /// Weight decay.
    pub weight_decay: f64,
    /// Largest norm of the gradient of all parameters; longer ones are shortened to it. None: no limit.
    pub clip: Option<f64>,
    /// Pixels between cells of the finest level; none: by the smallest training boxes.
    pub stride: Option<usize>,
    /// Levels of the pyramid; one is no pyramid.
    pub levels: usize,
    /// Channels of the first convolution; later stages have two and three times as many.
    pub width: usize,
    /// Anchors per cell.
    pub anchors: usize,
    /// What follows the convolutions.
    pub norm: NormKind,
    /// pi, the probability that every anchor starts with, whatever the loss (Lin et al. 2017, section 4.1).
    pub prior: f64,
    /// What the sum of the class loss is divided by.
    pub normalizer: NormalizerKind,
    /// Weight of the box loss in the sum with the class loss.
    pub box_weight: f64,
    /// Whether training images are mirrored at random, left to right and top to bottom.
    pub flips: bool,
    /// Training images are moved by up to so many pixels in both directions.
    pub shift: usize,
    /// Detections below this score are dropped; none: all are ranked, up to the limits per level and image. A
    /// cut is not neutral: a score of .05 of FL(2, .25) stands for a probability of .001.
    pub score_cut: Option<f64>,
}

impl Default for DetectorSettings {
    fn default() -> Self {
        Self {
            epochs: None,
            batch: 16,
            learning_rate: 2e-3,
            optimizer: OptimizerKind::AdamW,
            weight_decay: 1e-4,
            clip: Some(10.0),
            stride: None,
            levels: 1,
            width: 24,
            anchors: 9,
            norm: NormKind::Batch,
            prior: 0.01,
            normalizer: NormalizerKind::Positives,
            box_weight: 1.0,
            flips: true,
            shift: 0,
            score_cut: None,
        }
    }
}

impl Settings for DetectorSettings {
    const TUNABLE: &'static [Tunable<Self>] = &[
        Tunable::learning_rate(
            |settings| settings.learning_rate,
            |settings, rate| settings.learning_rate = rate,
        ),
        Tunable::weight_decay(
            |settings| settings.weight_decay,
            |settings, decay| settings.weight_decay = decay,
        ),
        Tunable::batch(
            |settings| settings.batch as f64,
            |settings, images| settings.batch = (images.round() as usize).max(1),
        ),
        Tunable {
            name: "box-weight",
            title: "weight of the box loss",
            flag: "--box-weight",
            factor: 10.0,
            get: |settings| settings.box_weight,
            set: |settings, weight| settings.box_weight = weight,
        },
    ];

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }
}

impl DetectorSettings {
    /// The number of epochs on so many training images.
    pub fn epochs_on(&self, images: usize) -> usize {
        let shown = (DEFAULT_IMAGES_SHOWN + images / 2) / images.max(1);
        self.epochs.unwrap_or(shown.clamp(1, MOST_DEFAULT_EPOCHS))
    }
}

/// An enum whose values have names on the command line.
macro_rules! named {
    ($(#[$meta:meta])* $type:ident, $what:literal, $($(#[$doc:meta])* $variant:ident = $name:literal),+) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $type { $($(#[$doc])* $variant),+ }

        impl $type {
            /// All of them, with the name on the command line.
            pub const ALL: &[(&str, $type)] = &[$(($name, $type::$variant)),+];
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $($type::$variant => $name),+ })
            }
        }

        impl FromStr for $type {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                let found = Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind);
                let names = Self::ALL.iter().map(|(name, _)| *name);
                found.ok_or_else(|| losslab_base::unknown($what, text, names))
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

named! {
    /// What follows a convolution.
    NormKind, "norm",
    /// Batch norm: statistics of the batch in training, running averages afterwards.
    Batch = "batch",
    /// Group norm with 8 channels a group: each image by itself.
    Group = "group",
    /// Nothing but a bias.
    None = "none"
}

named! {
    /// What the sum of the class loss over all anchors of a batch is divided by.
    NormalizerKind, "normalizer",
    /// The anchors assigned to an object, at least 1 (Lin et al. 2017).
    Positives = "positives",
    /// The anchors of the batch times the classes, those ignored left out.
    Elements = "elements",
    /// The anchors of the batch.
    Anchors = "anchors",
    /// The sum of the weights that alpha and class weights give.
    Weights = "weights"
}

impl NormalizerKind {
    /// What the losses call it.
    pub fn normalizer(self) -> Normalizer {
        match self {
            NormalizerKind::Positives => Normalizer::Positives,
            NormalizerKind::Elements => Normalizer::Elements,
            NormalizerKind::Anchors => Normalizer::Samples,
            NormalizerKind::Weights => Normalizer::WeightSum,
        }
    }
}
