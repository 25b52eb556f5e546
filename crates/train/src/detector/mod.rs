//! Detectors: trained with one loss after the other under equal conditions, judged as COCO does.
//!
//! | file | what it does |
//! |---|---|
//! | `settings` | how a detector is built, trained and read out |
//! | `problem` | three sets of images, anchors fitted to the training objects, and how imbalanced they are |
//! | `targets` | what the anchors of a batch are to learn |
//! | `loss` | the loss: any registered class loss, plus smooth L1 of the boxes |
//! | `shares` | whose loss and whose gradient it is: easy negatives', hard negatives', positives' |
//! | `network` | a network with its tape, and what it finds in images |
//! | `train` | one training |
//! | `error` | why it has no result |
//! | `compare` | every loss with every seed |
//! | `file` | a trained detector as a file |
//!
//! Everything but the class loss is held equal: for one seed, all losses share the initial weights, the prior of the
//! class scores, the order and the augmentation of the images, the normaliser, the box loss and the read-out without a
//! score cut.

mod compare;
mod description;
mod error;
mod file;
mod loss;
mod margins;
mod network;
mod problem;
mod settings;
mod shares;
mod targets;
mod train;

pub use compare::{DetectorComparison, DetectorOutcome, compare_detectors};
pub use description::{AnchorCounts, CategoryObjects, ImageData, ImagePart};
pub use error::DetectorError;
pub use file::{DetectorInfo, DetectorModel};
pub use loss::bind_detector;
pub use margins::Margins;
pub use network::{Network, Weights};
pub use problem::DetectionProblem;
pub use settings::{DetectorSettings, NormKind, NormalizerKind};
pub use shares::{Share, Shares};
pub use train::{DetectorEpoch, TrainedDetector, train_detector, train_detector_kept};
