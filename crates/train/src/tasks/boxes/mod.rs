//! Images with boxes: detectors, judged as COCO does.
//!
//! | file | what |
//! |---|---|
//! | [`BoxTask`] | the images, and what decides |
//! | `detector` | what a detector is to a training, and the registry of detectors |
//! | `retinanet`, `network_file` | the one-stage detector in RetinaNet's form, and what its model file says |
//! | `training` | one training |
//! | `settings` | how detectors are built, trained and read out |
//! | `problem` | three sets of images, anchors fitted to the training objects, and how imbalanced they are |
//! | `targets`, `loss` | what anchors are to learn; the compared loss and the loss of the boxes |
//! | `shares`, `margins` | whose loss and gradient it is; how sure a detector is at every place |
//! | `found` | what a training leaves in its record |
//! | `description` | the images as results describe them |
//! | `pictures` | sheets of test images with true and found boxes |
//! | `saved` | a trained detector as a file, at work on new images |
//!
//! Everything but the compared loss is held equal: for one seed, all losses share the initial weights, the
//! prior of the class scores, the order and the augmentation of the images, the normaliser, the box loss and
//! the read-out without a score cut.

mod description;
mod detector;
mod found;
mod loss;
mod margins;
mod network_file;
mod pictures;
mod problem;
mod retinanet;
mod saved;
mod settings;
mod shares;
mod targets;
mod training;

pub use description::{AnchorCounts, CategoryObjects, ImageData, ImagePart};
pub use detector::{
    DetectorKind, DetectorSpec, Detectors, EachOutput, InputForm, ObjectDetector, StepLosses,
};
pub use found::{BoxFound, EpochDetail};
pub use loss::bind_detector;
pub use margins::Margins;
pub use problem::DetectionProblem;
pub use retinanet::RetinaNet;
pub use settings::{DetectorSettings, NormKind, NormalizerKind};
pub use shares::{Share, ShareSums, Shares};

use crate::predict::Predictor;
use crate::task::{Judged, Start, Task, Training};
use crate::{Lab, Memory, TrainError};
use losslab_base::{DataError, counted};
use losslab_data::checks::{Checks, Warning};
use losslab_data::images::ImageParts;
use losslab_losses::{Spec, SpecError};
use losslab_metrics::boxes::{CocoResults, Detection, VocRule};
use losslab_metrics::{BoxMetric, MetricInfo, Metrics};
use losslab_models::State;
use retinanet::SCORING_BATCH;
use serde_json::Value;
use std::sync::Arc;
use training::BoxTraining;

/// A comparison's images, and the metrics that detectors are judged by.
pub struct BoxTask {
    problem: DetectionProblem,
    metric: Arc<dyn BoxMetric>,
    metrics: Metrics,
    voc_rule: Option<VocRule>,
    checks: Checks,
}

impl BoxTask {
    /// The task on these images. `metric` is the name of the deciding metric, by default the first of the
    /// lab.
    ///
    /// # Errors
    /// If no training image has an object to learn, the settings describe no network, or there is no such
    /// metric.
    pub fn new(
        lab: &Lab,
        parts: ImageParts,
        voc_rule: Option<VocRule>,
        settings: &DetectorSettings,
        metric: Option<&str>,
    ) -> Result<Self, DataError> {
        let found = match metric {
            Some(name) => {
                lab.metrics.find_boxes(name).map_err(|error| DataError::Flags(format!("--metric: {error}")))
            }
            None => {
                let first = lab.metrics.boxes().next();
                first.ok_or_else(|| DataError::Flags("the lab has no metric for boxes".into()))
            }
        };
        let metric = found.cloned()?;
        let problem = DetectionProblem::new(parts, settings)?;
        Ok(Self { problem, metric, metrics: lab.metrics.clone(), voc_rule, checks: lab.checks.clone() })
    }

    /// The images, and what follows from them.
    pub fn problem(&self) -> &DetectionProblem {
        &self.problem
    }

    /// All metrics of these results, in their order.
    fn evaluate(&self, results: &CocoResults) -> Vec<(String, Option<f64>)> {
        let value = |metric: &Arc<dyn BoxMetric>| (metric.info().name.to_owned(), metric.value(results));
        self.metrics.boxes().map(value).collect()
    }
}

/// The folder of the files with detections, beside the records.
pub const DETECTIONS: &str = "detections";
/// The file with the true objects of the test images.
pub const TRUTH: &str = "truth.json";

impl Task for BoxTask {
    const KIND: &'static str = "boxes";
    const TEST_PART: &'static str = "test images";
    type Learner = DetectorSpec;
    type Settings = DetectorSettings;
    type Description = ImageData;
    type Found = BoxFound;

    fn describe(&self) -> ImageData {
        ImageData { voc_rule: self.voc_rule.map(|rule| rule.to_string()), ..self.problem.describe() }
    }

    fn introduction(&self) -> String {
        self.problem.describe().describe()
    }

    fn notes(&self) -> Vec<String> {
        self.problem.describe().notes
    }

    fn warnings(&self) -> Vec<Warning> {
        self.checks.boxes(&self.problem.parts)
    }

    fn outline(&self, _: usize, settings: &DetectorSettings) -> String {
        let epochs = settings.epochs_on(self.problem.parts.train.images.len());
        format!("training for {}\n", counted(epochs, "epoch"))
    }

    fn metrics(&self) -> Vec<MetricInfo> {
        self.metrics.boxes().map(|metric| metric.info()).collect()
    }

    fn deciding(&self) -> MetricInfo {
        self.metric.info()
    }

    /// Each class logit is one of two classes: there is an object of the category, or not.
    fn classes(&self) -> usize {
        2
    }

    fn split(&self, _: usize) -> String {
        self.problem.parts.test.fingerprint()
    }

    fn epochs(&self, _: usize, _: &Spec, settings: &DetectorSettings) -> usize {
        settings.epochs_on(self.problem.parts.train.images.len())
    }

    /// A spec is checked when it is parsed.
    fn check_learner(&self, _: &DetectorSpec, _: &DetectorSettings) -> Result<(), TrainError> {
        Ok(())
    }

    fn memory(&self, _: &DetectorSpec, settings: &DetectorSettings) -> Result<Memory, TrainError> {
        let DetectionProblem { parts, network, anchors, .. } = &self.problem;
        let ImageParts { train, validation, test, .. } = parts;
        let pixels = train.width * train.height * train.channels;
        let images: usize = [train, validation, test].iter().map(|set| set.images.len()).sum();
        let mut size = network.size(train.height, train.width);
        // Targets, marks, losses and gradients of each class logit and each box code.
        size.numbers += (anchors.boxes.len() * (6 * network.classes + 8)) as f64;
        let batch = settings.batch.min(train.images.len());
        let data = (images * pixels) as u64;
        Ok(Memory::of_training(data, size, settings.optimizer.moments(), batch, SCORING_BATCH))
    }

    fn check(
        &self,
        learner: &DetectorSpec,
        loss: &Spec,
        settings: &DetectorSettings,
    ) -> Result<(), SpecError> {
        learner.kind.bind(loss, &learner.params, &self.problem, settings).map(drop)
    }

    fn begin<'a>(&'a self, start: &Start<'_, Self>) -> Result<Box<dyn Training<BoxFound> + 'a>, TrainError> {
        Ok(Box::new(BoxTraining::new(self, start)?))
    }

    fn shared_file(&self) -> Option<(&'static str, String)> {
        // Plain data always have a form as JSON.
        Some((TRUTH, serde_json::to_string(&self.problem.parts.test.truth).unwrap_or_default()))
    }

    fn attachment(found: &BoxFound) -> Option<(&'static str, String)> {
        // Plain data always have a form as JSON.
        Some((DETECTIONS, serde_json::to_string(&found.detections).unwrap_or_default()))
    }

    fn pictures(&self, attachments: &[Option<String>]) -> Result<Vec<(usize, Vec<u8>)>, String> {
        let parse = |text: &String| serde_json::from_str::<Vec<Detection>>(text);
        let found: Result<Vec<_>, _> =
            attachments.iter().map(|text| text.as_ref().map(parse).transpose()).collect();
        Ok(pictures::sheets(&self.problem.parts.test, found.map_err(|error| error.to_string())?))
    }

    fn model(&self, start: &Start<'_, Self>, judged: &Judged<BoxFound>) -> Value {
        saved::describe(self, start, judged)
    }

    fn load(lab: &Lab, description: Value, weights: &State) -> Result<Box<dyn Predictor>, String> {
        Ok(Box::new(saved::SavedDetector::load(lab, description, weights)?))
    }
}
