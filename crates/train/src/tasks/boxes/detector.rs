//! What a detector is to a training, and the registry of detectors.

use super::margins::Margins;
use super::retinanet::RetinaNet;
use super::shares::ShareSums;
use super::{DetectionProblem, DetectorSettings};
use crate::TrainError;
use losslab_autograd::Tape;
use losslab_base::rng::Rng;
use losslab_data::images::{LabelledImage, Placement};
use losslab_losses::{Criterion, Spec, SpecError};
use losslab_metrics::boxes::{Category, Detection};
use losslab_models::{ModelInfo, Params, State, spec_name};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// A kind of detector: an entry of the registry. Backbone, data, augmentation, optimiser, schedule and
/// evaluation are the same for all kinds; what differs is how anchors are assigned, what the outputs are, and
/// where the compared loss acts.
pub trait DetectorKind: Send + Sync {
    /// What it declares of itself.
    fn info(&self) -> ModelInfo;

    /// Says so if the parameters of a spec make no sense, whatever the images.
    ///
    /// # Errors
    /// What is wrong with them.
    fn check(&self, params: &Params) -> Result<(), String> {
        let _ = params;
        Ok(())
    }

    /// The compared loss as this detector is trained with it.
    ///
    /// # Errors
    /// If the detector cannot take the loss; the message says which it takes.
    fn bind(
        &self,
        loss: &Spec,
        params: &Params,
        problem: &DetectionProblem,
        settings: &DetectorSettings,
    ) -> Result<Criterion, SpecError>;

    /// An untrained detector, its first weights drawn from `rng`.
    ///
    /// # Errors
    /// What is wrong with the parameters.
    fn build(
        &self,
        params: &Params,
        problem: &DetectionProblem,
        settings: &DetectorSettings,
        rng: &mut Rng,
    ) -> Result<Box<dyn ObjectDetector>, String>;

    /// What a model file has to say of such a detector, beside its weights, for [`load`](DetectorKind::load).
    fn describe(&self, params: &Params, problem: &DetectionProblem, settings: &DetectorSettings) -> Value;

    /// A trained detector from a model file.
    ///
    /// # Errors
    /// What in the description contradicts itself, or which tensor does not fit. A description from a file
    /// must not make it take more memory than the weights justify.
    fn load(
        &self,
        input: &InputForm,
        description: Value,
        weights: &State,
    ) -> Result<Box<dyn ObjectDetector>, String>;
}

/// The images that a saved detector takes, and what it finds.
#[derive(Clone, Debug)]
pub struct InputForm {
    /// Width and height in pixels.
    pub size: [usize; 2],
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// What it finds.
    pub categories: Vec<Category>,
}

/// Takes the class logits and box codes of an image.
pub type EachOutput<'a> = dyn FnMut(&LabelledImage, &[f32], &[f32]) + 'a;

/// A detector in training, or trained.
pub trait ObjectDetector {
    /// Computes the losses of a batch of training images, each placed as augmentation has drawn it, and
    /// leaves the gradient of their sum on the tape. `shares` is told whose class loss it was.
    fn losses(
        &mut self,
        images: &[(&LabelledImage, Placement)],
        loss: &Arc<Criterion>,
        settings: &DetectorSettings,
        shares: &mut ShareSums,
    ) -> StepLosses;

    /// The tape with its parameters.
    fn tape(&mut self) -> &mut Tape<f32>;

    /// Makes the classifier start from this probability of an object at every place.
    fn start_from(&mut self, prior: f64);

    /// What it finds in these images, in pixels of the originals, best first in each image.
    ///
    /// # Errors
    /// If its outputs for an image are not finite.
    fn detect(
        &mut self,
        images: &[LabelledImage],
        categories: &[Category],
    ) -> Result<Vec<Detection>, TrainError>;

    /// How sure it is at every place of these images.
    ///
    /// # Errors
    /// If its outputs for an image are not finite.
    fn margins(&mut self, images: &[LabelledImage]) -> Result<Margins, TrainError>;

    /// Hands class logits `[anchors, classes]` and box codes `[anchors, 4]` of each image to `each`, in
    /// order.
    ///
    /// # Errors
    /// If its outputs for an image are not finite.
    fn outputs(&mut self, images: &[LabelledImage], each: &mut EachOutput<'_>) -> Result<(), TrainError>;

    /// Bytes that it takes to score images of this width and height, about; 0 where that is not known.
    fn scoring_bytes(&self, size: [usize; 2]) -> u64 {
        let _ = size;
        0
    }

    /// Names and shapes of the parameters, which come first in [`weights`](ObjectDetector::weights).
    fn parameters(&self) -> Vec<(String, Vec<usize>)>;

    /// All that detections depend on: parameters and running statistics.
    fn weights(&self) -> State;

    /// Takes back what [`weights`](ObjectDetector::weights) returned.
    ///
    /// # Errors
    /// Which tensor does not fit.
    fn set_weights(&mut self, weights: &State) -> Result<(), String>;
}

/// The class loss and the box loss of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepLosses {
    /// The compared loss, divided by its normaliser.
    pub classes: f32,
    /// The loss of the boxes, before its weight.
    pub boxes: f32,
}

/// The kinds of detector that specs are resolved against. It is a value: a crate extends it by its own.
#[derive(Clone)]
pub struct Detectors {
    kinds: Vec<Arc<dyn DetectorKind>>,
}

impl Detectors {
    /// The detectors of losslab; the first is the default.
    pub fn standard() -> Self {
        Self { kinds: Vec::new() }.with(RetinaNet)
    }

    /// This registry and one kind of detector more.
    ///
    /// # Panics
    /// If there is a detector of this name.
    #[must_use]
    #[track_caller]
    pub fn with(mut self, kind: impl DetectorKind + 'static) -> Self {
        let name = kind.info().name;
        assert!(self.find(name).is_none(), "a detector named '{name}' is in the registry already");
        self.kinds.push(Arc::new(kind));
        self
    }

    /// All kinds, in the order of registration.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn DetectorKind>> {
        self.kinds.iter()
    }

    /// The kind of this name.
    pub fn find(&self, name: &str) -> Option<&Arc<dyn DetectorKind>> {
        self.kinds.iter().find(|kind| kind.info().name == name)
    }

    /// The detector that a spec names.
    ///
    /// # Errors
    /// If there is no such detector or parameter, where the message lists what there is, or a value makes no
    /// sense.
    pub fn parse(&self, text: &str) -> Result<DetectorSpec, String> {
        let name = spec_name(text);
        let kind = self.find(name).ok_or_else(|| {
            losslab_base::unknown("detector", name, self.kinds.iter().map(|kind| kind.info().name))
        })?;
        let params = Params::parse(&kind.info(), text)?;
        kind.check(&params).map_err(|problem| format!("{text}: {problem}"))?;
        Ok(DetectorSpec { kind: kind.clone(), params })
    }
}

/// A kind of detector with its parameters; prints as the text that it is parsed from.
#[derive(Clone)]
pub struct DetectorSpec {
    /// The kind.
    pub kind: Arc<dyn DetectorKind>,
    /// Its parameters.
    pub params: Params,
}

impl fmt::Display for DetectorSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind.info().name, self.params)
    }
}
