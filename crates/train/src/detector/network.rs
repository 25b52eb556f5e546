//! A detector with its tape: finds objects in images, hands its weights out and takes them back.

use super::{DetectionProblem, DetectorError, DetectorSettings};
use losslab_autograd::Tape;
use losslab_base::math::exp_f64;
use losslab_base::rng::Rng;
use losslab_data::images::{LabelledImage, Normalisation, Placement};
use losslab_metrics::boxes::{BoundingBox, Category, Detection};
use losslab_models::detection::{Anchors, DecodeConfig, ScoredBox, decode_detections};
use losslab_models::{Detector, DetectorBuffers, DetectorConfig};

/// Images that are scored at a time.
const SCORING_BATCH: usize = 8;

/// A network, its anchors, and how pixels become its inputs.
pub struct Network {
    pub(super) tape: Tape<f32>,
    pub(super) model: Detector,
    pub(super) buffers: DetectorBuffers<f32>,
    pub(super) anchors: Anchors,
    pub(super) pixels: Normalisation,
    decode: DecodeConfig,
}

/// The numbers of a network: parameters in the order of the tape, then buffers.
pub type Weights = Vec<Vec<f32>>;

impl Network {
    /// A network for this problem, with random weights drawn from `rng`.
    pub fn new(problem: &DetectionProblem, settings: &DetectorSettings, rng: &mut Rng) -> Self {
        let decode = DecodeConfig { score_cut: settings.score_cut, ..DecodeConfig::default() };
        Self::from_parts(&problem.network, problem.anchors.clone(), problem.pixels.clone(), decode, rng)
    }

    /// The same from its parts, as a file has them.
    pub fn from_parts(
        config: &DetectorConfig,
        anchors: Anchors,
        pixels: Normalisation,
        decode: DecodeConfig,
        rng: &mut Rng,
    ) -> Self {
        let mut tape = Tape::new();
        let model = Detector::new(&mut tape, config, rng);
        let buffers = model.buffers();
        Self { tape, model, buffers, anchors, pixels, decode }
    }

    /// What the network finds in these images, in pixels of the originals, best first in each image.
    ///
    /// The score is the sigmoid of the logit, in f64: it ties only above logits of 36.
    ///
    /// # Errors
    /// If the network's outputs for an image are not finite.
    pub fn detect(
        &mut self,
        images: &[LabelledImage],
        categories: &[Category],
    ) -> Result<Vec<Detection>, DetectorError> {
        let mut detections = Vec::new();
        self.score(images, |anchors, decode, image, logits, codes| {
            let size = [image.image.height, image.image.width];
            let found = decode_detections(logits, codes, anchors, size, decode);
            detections.extend(found.iter().map(|found| detection(found, image, categories)));
        })?;
        Ok(detections)
    }

    /// Hands the class logits and box codes of each image to `each`.
    ///
    /// # Errors
    /// If the network's outputs for an image are not finite.
    pub(super) fn score(
        &mut self,
        images: &[LabelledImage],
        mut each: impl FnMut(&Anchors, &DecodeConfig, &LabelledImage, &[f32], &[f32]),
    ) -> Result<(), DetectorError> {
        for batch in images.chunks(SCORING_BATCH) {
            let Self { tape, model, buffers, anchors, pixels, decode } = self;
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
                    return Err(DetectorError::Output { image, epoch: None, first });
                }
                each(anchors, decode, image, logits, codes);
            }
        }
        Ok(())
    }

    /// Copies all numbers, reusing the buffers of an earlier copy.
    pub fn save(&self, weights: &mut Weights) {
        let params = self.tape.params();
        weights.resize(params + self.buffers.named().count(), Vec::new());
        let (values, statistics) = weights.split_at_mut(params);
        for (param, copy) in self.tape.param_ids().zip(values) {
            copy.clear();
            copy.extend_from_slice(&self.tape.value(param));
        }
        for ((_, numbers), copy) in self.buffers.named().zip(statistics) {
            copy.clear();
            copy.extend_from_slice(numbers);
        }
    }

    /// Takes back what [`save`](Network::save) copied.
    ///
    /// # Panics
    /// If the weights are those of a network of another shape.
    #[track_caller]
    pub fn restore(&mut self, weights: &Weights) {
        let (params, buffers) = (self.tape.params(), self.buffers.named().count());
        assert!(weights.len() == params + buffers, "{} tensors for {params} + {buffers}", weights.len());
        for (param, copy) in self.tape.param_ids().zip(weights) {
            self.tape.value_mut(param).copy_from_slice(copy);
        }
        for ((_, numbers), copy) in self.buffers.named_mut().zip(&weights[params..]) {
            numbers.copy_from_slice(copy);
        }
    }

    /// Names and shapes of the numbers that [`save`](Network::save) copies, in their order.
    pub fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let params = self.tape.param_ids().map(|p| (self.tape.name(p), self.tape.shape(p).dims().to_vec()));
        let buffers = self.buffers.named().map(|(name, numbers)| (name.to_string(), vec![numbers.len()]));
        params.chain(buffers).collect()
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
