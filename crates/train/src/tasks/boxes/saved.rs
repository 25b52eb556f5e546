//! A trained detector as a file, at work on new images.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

use super::BoxTask;
use super::detector::{InputForm, ObjectDetector};
use super::found::BoxFound;
use crate::model_file::lacking;
use crate::predict::{Form, Prediction, Predictor, Scores};
use crate::task::{Judged, Start};
use crate::{Lab, TrainError};
use losslab_base::{counted, shown_json};
use losslab_data::checks::{Checks, Predicted, TrainingRows};
use losslab_data::formats::{ImageModel, ModelInput, NewData, NewImages};
use losslab_data::images::{ImageOptions, ImageSet};
use losslab_losses::Spec;
use losslab_metrics::Metrics;
use losslab_metrics::boxes::{Category, Detection, evaluate};
use losslab_models::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Larger sides and counts of channels are not those of a detector of ours.
const MOST: usize = 16_384;

/// What a model file says of a detector beside its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Description {
    /// The spec of the detector.
    detector: String,
    /// The class loss that it was trained with, as a spec.
    loss: String,
    /// The seed of the training.
    seed: u64,
    /// Width and height that images are fitted into, in pixels.
    size: [usize; 2],
    /// 1 for grey, 3 for colour.
    channels: usize,
    /// What it finds.
    categories: Vec<Category>,
    /// What its kind has to say of the network.
    network: Value,
    /// What the training set was called, and its fingerprint.
    trained_on: (String, String),
    /// Metrics on the test images.
    test_metrics: BTreeMap<String, Option<f64>>,
    /// The training images, as hashes; none in files of other programs.
    #[serde(default)]
    training_images: TrainingRows,
}

/// The description of a trained detector.
pub(super) fn describe(task: &BoxTask, start: &Start<'_, BoxTask>, judged: &Judged<BoxFound>) -> Value {
    let (problem, train) = (&task.problem, &task.problem.parts.train);
    let description = Description {
        detector: start.learner.to_string(),
        loss: start.loss.to_string(),
        seed: start.seed,
        size: [train.width, train.height],
        channels: train.channels,
        categories: train.categories.clone(),
        network: start.learner.kind.describe(&start.learner.params, problem, start.settings),
        trained_on: (task.problem.parts.name.clone(), train.fingerprint()),
        test_metrics: judged.metrics.iter().cloned().collect(),
        training_images: TrainingRows::of(train.image_hashes(), problem.parts.test.image_hashes()),
    };
    // Plain data always have a form as JSON.
    serde_json::to_value(description).unwrap_or_default()
}

/// A trained detector from a file.
pub(super) struct SavedDetector {
    about: Description,
    detector: Box<dyn ObjectDetector>,
    metrics: Metrics,
    checks: Checks,
}

impl SavedDetector {
    /// The detector of a file.
    pub fn load(lab: &Lab, description: Value, weights: &State) -> Result<Self, String> {
        let about: Description = serde_json::from_value(description)
            .map_err(|error| format!("a damaged description ({error})"))?;
        let contradicts = |what| format!("a description that contradicts itself ({what})");
        let spec = lab.detectors.parse(&about.detector).map_err(lacking)?;
        Spec::parse(&about.loss, &lab.losses).map_err(|error| lacking(error.problem))?;
        let sizes = about.size.iter().chain([&about.channels]);
        if let Some(found) = sizes.copied().find(|size| *size > MOST || *size == 0) {
            return Err(contradicts(format!("a size of {found}")));
        }
        if !about.categories.is_sorted_by(|a, b| a.id < b.id) || about.categories.is_empty() {
            return Err(contradicts("categories that are not in the order of their ids, each once".into()));
        }
        let (size, channels, categories) = (about.size, about.channels, about.categories.clone());
        let input = InputForm { size, channels, categories };
        let detector = spec.kind.load(&input, about.network.clone(), weights)?;
        about.training_images.check().map_err(contradicts)?;
        Ok(Self { about, detector, metrics: lab.metrics.clone(), checks: lab.checks.clone() })
    }

    fn scores(&self, new: &NewImages, detections: &[Detection]) -> Result<Scores, String> {
        let results =
            evaluate(&new.set.truth, "detections", detections).map_err(|error| error.to_string())?;
        let metrics = self.metrics.boxes().map(|metric| (metric.info(), metric.value(&results)));
        Ok(Scores { of: "all images", loss: self.about.loss.clone(), metrics: metrics.collect() })
    }

    /// The outputs for all images of a set, in its order, as JSON.
    fn outputs(&mut self, set: &ImageSet) -> Result<String, String> {
        let classes = self.about.categories.len();
        let rows = |numbers: &[f32], width| numbers.chunks(width).map(<[f32]>::to_vec).collect();
        let mut all = Vec::new();
        let mut each = |image: &losslab_data::images::LabelledImage, logits: &[f32], codes: &[f32]| {
            all.push(Outputs {
                file_name: image.name.clone(),
                class_logits: rows(logits, classes),
                box_codes: rows(codes, 4),
            });
        };
        self.detector.outputs(&set.images, &mut each).map_err(|error| error.to_string())?;
        json(&all)
    }
}

impl Predictor for SavedDetector {
    fn input<'a>(&'a self, name: &'a str) -> ModelInput<'a> {
        let options = ImageOptions {
            size: Some(self.about.size.into()),
            channels: Some(self.about.channels),
            most_bytes: None,
        };
        ModelInput::Images(ImageModel { name, options, categories: &self.about.categories })
    }

    fn scoring_bytes(&self) -> u64 {
        self.detector.scoring_bytes(self.about.size)
    }

    fn predict(&mut self, data: &NewData, form: Form) -> Result<Prediction, String> {
        let NewData::Images(new) = data else { return Err("rows for a detector".into()) };
        let mut notes = new.set.notes.clone();
        if form == Form::Logits {
            let text = self.outputs(&new.set)?;
            return Ok(Prediction { text, notes, warnings: Vec::new(), scores: None });
        }
        let found = self.detector.detect(&new.set.images, &self.about.categories);
        let detections = found.map_err(|error: TrainError| error.to_string())?;
        let (count, images) = (detections.len(), new.set.images.len());
        let (count, images) = (counted(count, "detection"), counted(images, "image"));
        notes.push(format!("{count} in {images}, the best first in each"));
        let text = json(&named(&detections, &new.set, &self.about.categories))?;
        if !new.has_truth {
            return Ok(Prediction { text, notes, warnings: Vec::new(), scores: None });
        }
        let (hashes, trained_on) = (new.set.image_hashes(), &self.about.training_images);
        let warnings = self.checks.predicted(&Predicted { what: "image", hashes: &hashes, trained_on });
        Ok(Prediction { text, notes, warnings, scores: Some(self.scores(new, &detections)?) })
    }
}

fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, String> {
    let text = serde_json::to_string(value).map_err(|error| error.to_string())?;
    Ok(format!("{}\n", shown_json(&text)))
}

/// A detection with names for people; programs that read COCO's form pass over them.
#[derive(Serialize)]
struct Named<'a> {
    #[serde(flatten)]
    detection: &'a Detection,
    file_name: &'a str,
    category: &'a str,
}

/// What the network says of an image, anchor by anchor.
#[derive(Serialize)]
struct Outputs {
    file_name: String,
    class_logits: Vec<Vec<f32>>,
    box_codes: Vec<Vec<f32>>,
}

/// The detections with the names of their images and categories.
fn named<'a>(detections: &'a [Detection], set: &'a ImageSet, categories: &'a [Category]) -> Vec<Named<'a>> {
    let name = |detection: &'a Detection| {
        // Both lists are in the order of their ids.
        let image = set.images.binary_search_by_key(&detection.image_id, |image| image.id);
        let category = categories.binary_search_by_key(&detection.category_id, |category| category.id);
        Named {
            detection,
            file_name: image.ok().and_then(|at| set.images.get(at)).map_or("", |image| &image.name),
            category: category.ok().and_then(|at| categories.get(at)).map_or("", |category| &category.name),
        }
    };
    detections.iter().map(name).collect()
}
