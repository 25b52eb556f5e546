//! A detector of one's own: RetinaNet whose box loss has a weight in its spec, so that weights can be
//! compared.
//!
//! ```sh
//! cargo run --release --example my_detector -- compare --scenes images=40 --seeds 2 --epochs 4 --loss ce \
//!     --detector retinanet --detector my-retinanet --detector my-retinanet:box-weight=4
//! ```
//!
//! A detector is two things: its kind, an entry of the registry that builds it and reads it from model files,
//! and the detector itself, which trains and detects. This one hands all to RetinaNet but the weight. One
//! with a network or an assignment of its own fills in the same functions;
//! `crates/train/src/tasks/boxes/retinanet.rs` is the one to read.

use losslab::autograd::Tape;
use losslab::base::rng::Rng;
use losslab::data::images::{LabelledImage, Placement};
use losslab::losses::{Criterion, Spec, SpecError};
use losslab::metrics::boxes::{Category, Detection};
use losslab::models::{ModelInfo, ModelParam, Params, State};
use losslab::train::tasks::boxes::{
    DetectionProblem, DetectorKind, DetectorSettings, EachOutput, InputForm, Margins, ObjectDetector,
    RetinaNet, ShareSums, StepLosses,
};
use losslab::train::{TrainError, Value};
use losslab::{Lab, run_with};
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    run_with(Lab::standard().with_detector(MyRetinaNet), std::env::args_os())
}

/// The kind, for the registry.
struct MyRetinaNet;

impl MyRetinaNet {
    /// The weight that a spec gives.
    fn box_weight(params: &Params) -> Result<f64, String> {
        let weight: f64 = params.number("box-weight")?;
        match weight >= 0.0 && weight.is_finite() {
            true => Ok(weight),
            false => Err(format!("box-weight={weight}: expected a finite number of at least 0")),
        }
    }
}

impl DetectorKind for MyRetinaNet {
    fn info(&self) -> ModelInfo {
        ModelInfo {
            name: "my-retinanet",
            title: "RetinaNet with a weight of its boxes",
            description: "RetinaNet; its box loss counts box-weight times",
            source: "Lin et al. 2017, fig. 3",
            params: &[ModelParam { name: "box-weight", default: "2", meaning: "weight of the box loss" }],
        }
    }

    /// A spec whose weight makes no sense is refused before anything is read.
    fn check(&self, params: &Params) -> Result<(), String> {
        Self::box_weight(params).map(drop)
    }

    fn bind(
        &self,
        loss: &Spec,
        params: &Params,
        problem: &DetectionProblem,
        settings: &DetectorSettings,
    ) -> Result<Criterion, SpecError> {
        RetinaNet.bind(loss, params, problem, settings)
    }

    fn build(
        &self,
        params: &Params,
        problem: &DetectionProblem,
        settings: &DetectorSettings,
        rng: &mut Rng,
    ) -> Result<Box<dyn ObjectDetector>, String> {
        let box_weight = Self::box_weight(params)?;
        Ok(Box::new(Weighted { inner: RetinaNet.build(params, problem, settings, rng)?, box_weight }))
    }

    /// The weight matters to trainings alone: a trained detector is RetinaNet.
    fn describe(&self, params: &Params, problem: &DetectionProblem, settings: &DetectorSettings) -> Value {
        RetinaNet.describe(params, problem, settings)
    }

    fn load(
        &self,
        input: &InputForm,
        description: Value,
        weights: &State,
    ) -> Result<Box<dyn ObjectDetector>, String> {
        RetinaNet.load(input, description, weights)
    }
}

/// A detector in training, with its weight of the box loss.
struct Weighted {
    inner: Box<dyn ObjectDetector>,
    box_weight: f64,
}

impl ObjectDetector for Weighted {
    /// The one function that differs.
    fn losses(
        &mut self,
        images: &[(&LabelledImage, Placement)],
        loss: &Arc<Criterion>,
        settings: &DetectorSettings,
        shares: &mut ShareSums,
    ) -> StepLosses {
        let settings = DetectorSettings { box_weight: self.box_weight, ..settings.clone() };
        self.inner.losses(images, loss, &settings, shares)
    }

    fn tape(&mut self) -> &mut Tape<f32> {
        self.inner.tape()
    }

    fn start_from(&mut self, prior: f64) {
        self.inner.start_from(prior);
    }

    fn detect(
        &mut self,
        images: &[LabelledImage],
        categories: &[Category],
    ) -> Result<Vec<Detection>, TrainError> {
        self.inner.detect(images, categories)
    }

    fn margins(&mut self, images: &[LabelledImage]) -> Result<Margins, TrainError> {
        self.inner.margins(images)
    }

    fn outputs(&mut self, images: &[LabelledImage], each: &mut EachOutput<'_>) -> Result<(), TrainError> {
        self.inner.outputs(images, each)
    }

    fn parameters(&self) -> Vec<(String, Vec<usize>)> {
        self.inner.parameters()
    }

    fn weights(&self) -> State {
        self.inner.weights()
    }

    fn set_weights(&mut self, weights: &State) -> Result<(), String> {
        self.inner.set_weights(weights)
    }
}
