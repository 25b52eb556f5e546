//! The one-stage detector in RetinaNet's form (Lin et al. 2017): every anchor is classified, and the compared
//! loss acts on all of them.

use super::detector::{DetectorKind, EachOutput, InputForm, ObjectDetector, StepLosses};
use super::loss::{DetectorLoss, bind_detector};
use super::margins::Margins;
use super::network_file::NetworkDescription;
use super::shares::ShareSums;
use super::targets::{Targets, assign_objects};
use super::{DetectionProblem, DetectorSettings};
use crate::TrainError;
use losslab_autograd::Tape;
use losslab_base::math::exp_f64;
use losslab_base::rng::Rng;
use losslab_data::images::{LabelledImage, Normalisation, Placement};
use losslab_losses::{self as losses, Criterion, Spec, SpecError};
use losslab_metrics::boxes::{BoundingBox, Category, Detection};
use losslab_models::detection::{Anchors, Assigned, DecodeConfig, ScoredBox, decode_detections};
use losslab_models::{BatchNorms, Detector, DetectorConfig, ModelInfo, Params, State, prior_bias};
use serde_json::Value;
use std::sync::Arc;

/// Images that are scored at a time.
pub(super) const SCORING_BATCH: usize = 8;

/// The registry's entry.
pub struct RetinaNet;

impl DetectorKind for RetinaNet {
    fn info(&self) -> ModelInfo {
        ModelInfo {
            name: "retinanet",
            title: "RetinaNet",
            description: "one stage: a class logit and a coded box for every anchor; smooth L1 for the boxes \
                          of positives",
            source: "Lin et al. 2017, fig. 3",
            params: &[],
        }
    }

    fn bind(
        &self,
        loss: &Spec,
        _: &Params,
        problem: &DetectionProblem,
        settings: &DetectorSettings,
    ) -> Result<Criterion, SpecError> {
        bind_detector(loss, problem, settings)
    }

    fn build(
        &self,
        _: &Params,
        problem: &DetectionProblem,
        settings: &DetectorSettings,
        rng: &mut Rng,
    ) -> Result<Box<dyn ObjectDetector>, String> {
        let decode = DecodeConfig { score_cut: settings.score_cut, ..DecodeConfig::default() };
        let (anchors, pixels) = (problem.anchors.clone(), problem.pixels.clone());
        Ok(Box::new(Network::new(&problem.network, anchors, pixels, decode, rng)))
    }

    fn describe(&self, _: &Params, problem: &DetectionProblem, settings: &DetectorSettings) -> Value {
        // Plain data always have a form as JSON.
        serde_json::to_value(NetworkDescription::of(problem, settings)).unwrap_or_default()
    }

    fn load(
        &self,
        input: &InputForm,
        description: Value,
        weights: &State,
    ) -> Result<Box<dyn ObjectDetector>, String> {
        let description: NetworkDescription = serde_json::from_value(description)
            .map_err(|error| format!("a damaged description ({error})"))?;
        let mut network = description.network(input, weights)?;
        network.set_weights(weights)?;
        Ok(Box::new(network))
    }
}

/// A network with its tape, its anchors, and how pixels become its inputs.
pub struct Network {
    tape: Tape<f32>,
    model: Detector,
    buffers: BatchNorms<f32>,
    anchors: Anchors,
    pixels: Normalisation,
    decode: DecodeConfig,
    /// What the anchors of a batch are to learn; kept for the next batch, as is what follows.
    targets: Targets,
    /// Loss and gradient of each class logit, for the shares.
    losses: Vec<f32>,
    gradient: Vec<f32>,
}

impl Network {
    /// A network with random weights drawn from `rng`.
    pub(super) fn new(
        config: &DetectorConfig,
        anchors: Anchors,
        pixels: Normalisation,
        decode: DecodeConfig,
        rng: &mut Rng,
    ) -> Self {
        let mut tape = Tape::new();
        let model = Detector::new(&mut tape, config, rng);
        let buffers = model.buffers();
        let (targets, losses, gradient) = (Targets::default(), Vec::new(), Vec::new());
        Self { tape, model, buffers, anchors, pixels, decode, targets, losses, gradient }
    }

    /// Hands the class logits and box codes of each image to `each`.
    ///
    /// # Errors
    /// If the network's outputs for an image are not finite.
    fn score(
        &mut self,
        images: &[LabelledImage],
        mut each: impl FnMut(&Anchors, &DecodeConfig, &LabelledImage, &[f32], &[f32]),
    ) -> Result<(), TrainError> {
        for batch in images.chunks(SCORING_BATCH) {
            let Self { tape, model, buffers, anchors, pixels, decode, .. } = self;
            let (height, width, channels) =
                (batch[0].image.height, batch[0].image.width, batch[0].image.channels);
            tape.rewind();
            let x = tape.constant_with([batch.len(), height, width, channels], |out| {
                let inputs = out.chunks_exact_mut(height * width * channels);
                inputs
                    .zip(batch)
                    .for_each(|(out, image)| Placement::default().write(&image.image, pixels, out));
            });
            let output = model.forward_eval(x, buffers);
            let (logits, codes) = (output.class_logits.value(), output.boxes.value());
            let (per_image, classes) = (anchors.boxes.len(), model.config().classes);
            for (i, image) in batch.iter().enumerate() {
                let logits = &logits[i * per_image * classes..][..per_image * classes];
                let codes = &codes[i * per_image * 4..][..per_image * 4];
                if !logits.iter().chain(codes).all(|x| x.is_finite())
                    && let Some(first) = tape.first_non_finite()
                {
                    let (image, first) = (image.name.clone(), Box::new(first));
                    return Err(TrainError::Output { image, epoch: None, first });
                }
                each(anchors, decode, image, logits, codes);
            }
        }
        Ok(())
    }

    /// Names and shapes of parameters and running statistics, in the order of their names on tape and in
    /// buffers.
    fn shapes(&self) -> Vec<(String, Vec<usize>)> {
        let params = self.parameters().into_iter();
        let buffers = self.buffers.named().map(|(name, numbers)| (name.to_string(), vec![numbers.len()]));
        params.chain(buffers).collect()
    }
    /// Adds the last step to the shares of its epoch.
    fn tell_shares(&mut self, logits: &[f32], loss: &Criterion, shares: &mut ShareSums) {
        let Self { targets, losses, gradient, .. } = self;
        losses.resize(logits.len(), 0.0);
        gradient.resize(logits.len(), 0.0);
        let columns = self.model.config().classes;
        let batch = losses::Batch {
            logits,
            targets: losses::Targets::Sigmoid { targets: &targets.classes, columns },
            weights: None,
            valid: Some(&targets.valid),
        };
        // A loss of the whole batch has no parts, and says so with an error.
        if loss.evaluate(&batch, Some(losses), gradient).is_ok() {
            shares.add(logits, &targets.classes, &targets.valid, losses, gradient);
        }
    }
}

impl ObjectDetector for Network {
    fn losses(
        &mut self,
        images: &[(&LabelledImage, Placement)],
        loss: &Arc<Criterion>,
        settings: &DetectorSettings,
        shares: &mut ShareSums,
    ) -> StepLosses {
        let Self { tape, model, buffers, anchors, pixels, targets, .. } = self;
        let Some((first, _)) = images.first() else { return StepLosses { classes: 0.0, boxes: 0.0 } };
        let [height, width, channels] = [first.image.height, first.image.width, first.image.channels];
        let classes = model.config().classes;
        targets.begin(images.len(), anchors.boxes.len(), classes);
        tape.rewind();
        let x = tape.constant_with([images.len(), height, width, channels], |out| {
            let each = out.chunks_exact_mut(height * width * channels);
            for (i, (out, (image, placement))) in each.zip(images).enumerate() {
                placement.write(&image.image, pixels, out);
                let objects = placement.objects(&image.objects, width, height);
                targets.set(i, &anchors.boxes, &objects, classes);
            }
        });
        let output = model.forward_train(x, buffers);
        let parts = DetectorLoss::new(loss, tape, output, targets);
        parts.total(settings.box_weight).backward();
        let boxes = parts.boxes.map_or(0.0, |boxes| boxes.item());
        let losses = StepLosses { classes: parts.classes.item(), boxes };
        let logits = output.class_logits.value().to_vec();
        self.tell_shares(&logits, loss, shares);
        losses
    }

    fn tape(&mut self) -> &mut Tape<f32> {
        &mut self.tape
    }

    fn start_from(&mut self, prior: f64) {
        self.model.set_class_bias(&mut self.tape, prior_bias(prior));
    }

    /// The score is the sigmoid of the logit, in f64: it ties only above logits of 36.
    fn detect(
        &mut self,
        images: &[LabelledImage],
        categories: &[Category],
    ) -> Result<Vec<Detection>, TrainError> {
        let mut detections = Vec::new();
        self.score(images, |anchors, decode, image, logits, codes| {
            let size = [image.image.height, image.image.width];
            let found = decode_detections(logits, codes, anchors, size, decode);
            detections.extend(found.iter().map(|found| detection(found, image, categories)));
        })?;
        Ok(detections)
    }

    fn margins(&mut self, images: &[LabelledImage]) -> Result<Margins, TrainError> {
        let mut margins = Margins::default();
        self.score(images, |anchors, _, image, logits, _| {
            let (assigned, objects) = assign_objects(&anchors.boxes, &image.objects);
            let classes = logits.len() / assigned.len().max(1);
            for (assigned, logits) in assigned.into_iter().zip(logits.chunks_exact(classes.max(1))) {
                let class = match assigned {
                    Assigned::Ignored => continue,
                    Assigned::Negative => None,
                    Assigned::Positive(object) => Some(objects[object].category),
                };
                logits.iter().enumerate().for_each(|(k, &logit)| margins.add(logit, class == Some(k)));
            }
        })?;
        Ok(margins)
    }

    fn outputs(&mut self, images: &[LabelledImage], each: &mut EachOutput<'_>) -> Result<(), TrainError> {
        self.score(images, |_, _, image, logits, codes| each(image, logits, codes))
    }

    fn scoring_bytes(&self, [width, height]: [usize; 2]) -> u64 {
        self.model.config().size(height, width).scoring_bytes(SCORING_BATCH)
    }

    fn parameters(&self) -> Vec<(String, Vec<usize>)> {
        let tape = &self.tape;
        tape.param_ids().map(|param| (tape.name(param), tape.shape(param).dims().to_vec())).collect()
    }

    fn weights(&self) -> State {
        let parameters = self.tape.param_ids().map(|param| self.tape.value(param).to_vec());
        let statistics = self.buffers.named().map(|(_, numbers)| numbers.to_vec());
        let mut state = State::default();
        state.put("", &self.shapes(), parameters.chain(statistics));
        state
    }

    fn set_weights(&mut self, weights: &State) -> Result<(), String> {
        let lists = weights.weights(&self.shapes())?;
        let (parameters, statistics) = lists.split_at(self.tape.params());
        for (param, list) in self.tape.param_ids().zip(parameters) {
            self.tape.value_mut(param).copy_from_slice(list);
        }
        for ((_, numbers), list) in self.buffers.named_mut().zip(statistics) {
            numbers.copy_from_slice(list);
        }
        Ok(())
    }
}

/// What COCO's files call it.
fn detection(found: &ScoredBox, image: &LabelledImage, categories: &[Category]) -> Detection {
    let [x1, y1, x2, y2] = found.bbox.map(f64::from);
    let fitted = BoundingBox { x: x1, y: y1, width: x2 - x1, height: y2 - y1 };
    Detection {
        image_id: image.id,
        category_id: categories[found.class].id,
        bbox: image.fit.to_original(&fitted),
        score: 1.0 / (1.0 + exp_f64(-f64::from(found.score))),
    }
}
