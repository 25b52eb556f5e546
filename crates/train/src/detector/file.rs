//! A trained detector as a thing of its own: saved as a safetensors file, loaded, used on new images.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

use super::{DetectionProblem, DetectorError, DetectorSettings, Network, NormKind, TrainedDetector};
use crate::model::{Shapes, load_tensors, read_tensors, save_tensors};
use losslab_base::DataError;
use losslab_base::rng::Rng;
use losslab_data::images::{ImageOptions, LabelledImage, MAX_PIXELS, Normalisation};
use losslab_losses::Spec;
use losslab_metrics::Metrics;
use losslab_metrics::boxes::{Category, Detection};
use losslab_models::detection::{AnchorConfig, DecodeConfig};
use losslab_models::{DetectorConfig, Norm, Stage};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// What the description of a detector is called in the file.
const KIND: &str = "detector";
/// Larger sides, counts and widths are not those of a detector of ours.
const MOST: usize = 16_384;
/// More anchors (16 bytes each) are not those of a detector of ours: 9 per cell of 4 x 4 pixels fill 5400 x 5400 pixels.
const MOST_ANCHORS: usize = 1 << 24;

/// Everything that a detector knows beside its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetectorInfo {
    /// The class loss that it was trained with, as a spec.
    pub loss: String,
    /// The seed of the training.
    pub seed: u64,
    /// Width and height that images are fitted into, in pixels.
    pub size: [usize; 2],
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// Mean and 1 / deviation of each channel, by which pixels are scaled.
    pub mean: Vec<f32>,
    /// See `mean`.
    pub scale: Vec<f32>,
    /// What it finds.
    pub categories: Vec<Category>,
    /// Width and depth of each stage of the backbone.
    pub stages: Vec<[usize; 2]>,
    /// Channels and depth of the subnets.
    pub head: [usize; 2],
    /// What follows convolutions.
    pub norm: NormKind,
    /// The number of groups, with group norm.
    pub groups: Option<usize>,
    /// Pixels between cells of each level.
    pub strides: Vec<usize>,
    /// Width and height of the anchors of each level.
    pub anchor_shapes: Vec<Vec<[f64; 2]>>,
    /// Detections below this score are dropped.
    pub score_cut: Option<f64>,
    /// What the training set was called, and its fingerprint.
    pub trained_on: (String, String),
    /// Metrics on the test images.
    pub test_metrics: BTreeMap<String, Option<f64>>,
}

/// A trained detector.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectorModel {
    /// Everything but the weights.
    pub info: DetectorInfo,
    /// The weights, in the order of [`Network::save`].
    weights: Vec<Vec<f32>>,
}

impl DetectorModel {
    /// What a training left behind.
    pub fn new(
        problem: &DetectionProblem,
        spec: &Spec,
        settings: &DetectorSettings,
        seed: u64,
        trained: &TrainedDetector,
    ) -> Self {
        let (train, network) = (&problem.parts.train, &problem.network);
        let info = DetectorInfo {
            loss: spec.to_string(),
            seed,
            size: [train.width, train.height],
            channels: train.channels,
            mean: problem.pixels.mean.clone(),
            scale: problem.pixels.scale.clone(),
            categories: train.categories.clone(),
            stages: network.stages.iter().map(|stage| [stage.width, stage.depth]).collect(),
            head: [network.head_width, network.head_depth],
            norm: settings.norm,
            groups: if let Norm::Group(groups) = network.norm { Some(groups) } else { None },
            strides: problem.anchor_shapes.strides.clone(),
            anchor_shapes: problem.anchor_shapes.shapes.clone(),
            score_cut: settings.score_cut,
            trained_on: (train.name.clone(), train.fingerprint()),
            test_metrics: Metrics::standard()
                .boxes()
                .map(|metric| (metric.info().name.to_string(), metric.value(&trained.results)))
                .collect(),
        };
        Self { info, weights: trained.weights.clone() }
    }

    /// Writes the detector; no reader ever sees a part of it.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        save_tensors(path, KIND, &self.info, self.info.network().tensors(), &self.weights)
    }

    /// Reads a detector that [`save`](DetectorModel::save) wrote.
    ///
    /// # Errors
    /// If the file cannot be read, is cut off, of another kind or of a later version, or contradicts itself.
    pub fn load(path: &Path) -> Result<DetectorModel, DataError> {
        load_tensors(path, KIND, DetectorInfo::tensors).map(|(info, weights)| DetectorModel { info, weights })
    }

    /// The same from the bytes of a file, or what is there instead.
    pub fn parse(bytes: &[u8]) -> Result<DetectorModel, String> {
        read_tensors(bytes, KIND, DetectorInfo::tensors)
            .map(|(info, weights)| DetectorModel { info, weights })
    }

    /// Size and channels that images must be loaded with.
    pub fn image_options(&self) -> ImageOptions {
        ImageOptions { size: Some(self.info.size.into()), channels: Some(self.info.channels) }
    }

    /// What the detector finds in images loaded with [`image_options`](DetectorModel::image_options).
    ///
    /// # Errors
    /// If its outputs for an image are not finite.
    pub fn detect(&self, images: &[LabelledImage]) -> Result<Vec<Detection>, DetectorError> {
        let mut network = self.info.network();
        network.restore(&self.weights);
        network.detect(images, &self.info.categories)
    }

    /// Hands the network's outputs for each image to `each`, in order: class logits `[anchors, classes]` and box codes
    /// `[anchors, 4]` (see [`encode`](losslab_models::detection::encode)), anchors in the order of [`Output`](losslab_models::Output).
    ///
    /// # Errors
    /// If the outputs for an image are not finite.
    pub fn outputs(
        &self,
        images: &[LabelledImage],
        mut each: impl FnMut(&LabelledImage, &[f32], &[f32]),
    ) -> Result<(), DetectorError> {
        let mut network = self.info.network();
        network.restore(&self.weights);
        network.score(images, |_, _, image, logits, codes| each(image, logits, codes))
    }
}

impl DetectorInfo {
    /// Names and shapes of the weights, if there is no fault in the description.
    fn tensors(&self, most_weights: usize) -> Result<Shapes, String> {
        self.check()?;
        let least = self.least_weights();
        if least > most_weights {
            return Err(format!("{least} weights or more, in a file that has room for {most_weights}"));
        }
        Ok(self.network().tensors())
    }

    /// The weights of backbone and class subnet, without norms and biases: the network has at least so many.
    fn least_weights(&self) -> usize {
        let mut sum = 0_usize;
        let mut add = |inputs: usize, outputs: usize, times: usize| {
            sum = sum.saturating_add(inputs.saturating_mul(outputs).saturating_mul(times));
            outputs
        };
        let mut inputs = self.channels;
        for &[width, depth] in &self.stages {
            add(inputs, width, 9);
            inputs = add(width, width, 9 * (depth - 1));
        }
        let [width, depth] = self.head;
        if self.strides.len() > 1 {
            inputs = add(inputs, width, 1);
        }
        if depth > 0 {
            add(inputs, width, 9);
            inputs = add(width, width, 9 * (depth - 1));
        }
        add(inputs, self.anchor_shapes.first().map_or(0, Vec::len) * self.categories.len(), 9);
        sum
    }

    /// The network, with weights that mean nothing yet.
    fn network(&self) -> Network {
        let anchors = AnchorConfig { strides: self.strides.clone(), shapes: self.anchor_shapes.clone() };
        let [width, height] = self.size;
        let decode = DecodeConfig { score_cut: self.score_cut, ..DecodeConfig::default() };
        let pixels = Normalisation { mean: self.mean.clone(), scale: self.scale.clone() };
        Network::from_parts(&self.config(), anchors.grid(height, width), pixels, decode, &mut Rng::seed(0))
    }

    fn config(&self) -> DetectorConfig {
        DetectorConfig {
            channels: self.channels,
            classes: self.categories.len(),
            stages: self.stages.iter().map(|&[width, depth]| Stage { width, depth }).collect(),
            stride: self.strides.first().copied().unwrap_or_default(),
            levels: self.strides.len(),
            head_width: self.head[0],
            head_depth: self.head[1],
            anchors_per_cell: self.anchor_shapes.first().map_or(0, Vec::len),
            norm: match (self.norm, self.groups) {
                (NormKind::Batch, _) => Norm::Batch,
                (NormKind::Group, groups) => Norm::Group(groups.unwrap_or_default()),
                (NormKind::None, _) => Norm::None,
            },
            prior: 0.5,
        }
    }

    /// What in a description cannot be, if anything.
    fn check(&self) -> Result<(), String> {
        let config = self.config();
        let widths = self.stages.iter().flatten().chain(&self.head).chain(&self.size);
        let counts = [self.categories.len(), config.anchors_per_cell, self.channels, self.stages.len()];
        if let Some(found) = widths.chain(&counts).find(|&&count| count > MOST) {
            return Err(format!("a size of {found}"));
        }
        config.check().map_err(|error| error.to_string())?;
        if self.strides != config.strides() || self.anchor_shapes.len() != self.strides.len() {
            return Err(format!("strides {:?}, {} lists of anchors", self.strides, self.anchor_shapes.len()));
        }
        let equal = self.anchor_shapes.iter().all(|level| level.len() == config.anchors_per_cell);
        let positive = |side: &f64| *side > 0.0 && side.is_finite();
        if !equal || !self.anchor_shapes.iter().flatten().flatten().all(positive) {
            return Err("anchors that are not as many at each level, or have no size".into());
        }
        let finite = self.mean.iter().chain(&self.scale).all(|x| x.is_finite());
        if self.mean.len() != self.channels || self.scale.len() != self.channels || !finite {
            return Err(format!("the scaling of {} channels", self.mean.len()));
        }
        if !self.categories.is_sorted_by(|a, b| a.id < b.id) {
            return Err("categories that are not in the order of their ids, each once".into());
        }
        if self.size.contains(&0) || self.score_cut.is_some_and(|cut| !(cut > 0.0 && cut < 1.0)) {
            return Err(format!("images of {:?} pixels, score cut {:?}", self.size, self.score_cut));
        }
        let [width, height] = self.size;
        let cells: usize =
            config.feature_sizes(height, width).iter().map(|[rows, columns]| rows * columns).sum();
        if width * height > MAX_PIXELS || cells * config.anchors_per_cell > MOST_ANCHORS {
            return Err(format!("images of {width} x {height} pixels with {cells} cells of anchors"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_cannot_ask_for_much_memory() {
        let file = include_bytes!("../../../../tests/fixtures/fuzz/model/detector.safetensors");
        let info = DetectorModel::parse(file).unwrap().info;
        let weights: usize = info
            .tensors(file.len() / 4)
            .unwrap()
            .iter()
            .map(|(_, shape)| shape.iter().product::<usize>())
            .sum();
        assert!(info.least_weights() <= weights, "{} {weights}", info.least_weights());
        let absurd: [fn(&mut DetectorInfo); 5] = [
            |info| info.size = [MOST, MOST],
            |info| info.anchor_shapes[0] = vec![[1.0; 2]; MOST],
            |info| info.stages[1] = [MOST, 1],
            |info| info.stages[1] = [1, MOST],
            |info| info.head = [MOST, 1],
        ];
        for (i, change) in absurd.into_iter().enumerate() {
            let mut info = info.clone();
            change(&mut info);
            assert!(info.tensors(file.len() / 4).is_err(), "change {i}");
        }
    }
}
