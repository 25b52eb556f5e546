//! What a model file says of RetinaNet's network, and the network that is made of it.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

use super::detector::InputForm;
use super::retinanet::Network;
use super::{DetectionProblem, DetectorSettings, NormKind};
use crate::limits;
use losslab_base::rng::Rng;
use losslab_data::images::{MAX_PIXELS, Normalisation};
use losslab_models::detection::{AnchorConfig, DecodeConfig};
use losslab_models::{DetectorConfig, Norm, Stage, State};
use serde::{Deserialize, Serialize};

/// Larger sides, counts and depths are not those of a detector of ours.
const MOST: usize = 16_384;

/// The network of a trained detector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkDescription {
    /// Mean and 1 / deviation of each channel, by which pixels are scaled.
    mean: Vec<f32>,
    /// See `mean`.
    scale: Vec<f32>,
    /// Width and depth of each stage of the backbone.
    stages: Vec<[usize; 2]>,
    /// Channels and depth of the subnets.
    head: [usize; 2],
    /// What follows convolutions.
    norm: NormKind,
    /// The number of groups, with group norm.
    groups: Option<usize>,
    /// Pixels between cells of each level.
    strides: Vec<usize>,
    /// Width and height of the anchors of each level.
    anchor_shapes: Vec<Vec<[f64; 2]>>,
    /// Detections below this score are dropped.
    score_cut: Option<f64>,
}

impl NetworkDescription {
    /// The network of these settings for this problem.
    pub fn of(problem: &DetectionProblem, settings: &DetectorSettings) -> Self {
        let network = &problem.network;
        Self {
            mean: problem.pixels.mean.clone(),
            scale: problem.pixels.scale.clone(),
            stages: network.stages.iter().map(|stage| [stage.width, stage.depth]).collect(),
            head: [network.head_width, network.head_depth],
            norm: settings.norm,
            groups: if let Norm::Group(groups) = network.norm { Some(groups) } else { None },
            strides: problem.anchor_shapes.strides.clone(),
            anchor_shapes: problem.anchor_shapes.shapes.clone(),
            score_cut: settings.score_cut,
        }
    }

    /// The network, with weights that mean nothing yet, if the description does not contradict itself and
    /// `weights` holds as many as it needs at least.
    pub(super) fn network(&self, input: &InputForm, weights: &State) -> Result<Network, String> {
        self.check(input)
            .and_then(|()| {
                let stored = weights.0.iter().map(|tensor| tensor.numbers.len()).sum();
                match self.least_weights(input) {
                    least if least > stored => {
                        Err(format!("{least} weights or more, in a file that has room for {stored}"))
                    }
                    _ => Ok(()),
                }
            })
            .map_err(|what| format!("a description that contradicts itself ({what})"))?;
        let anchors = AnchorConfig { strides: self.strides.clone(), shapes: self.anchor_shapes.clone() };
        let [width, height] = input.size;
        let decode = DecodeConfig { score_cut: self.score_cut, ..DecodeConfig::default() };
        let pixels = Normalisation { mean: self.mean.clone(), scale: self.scale.clone() };
        let anchors = anchors.grid(height, width);
        Ok(Network::new(&self.config(input), anchors, pixels, decode, &mut Rng::seed(0)))
    }

    /// The weights of backbone and class subnet, without norms and biases: the network has at least so many.
    fn least_weights(&self, input: &InputForm) -> usize {
        let mut sum = 0_usize;
        let mut add = |inputs: usize, outputs: usize, times: usize| {
            sum = sum.saturating_add(inputs.saturating_mul(outputs).saturating_mul(times));
            outputs
        };
        let mut inputs = input.channels;
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
        add(inputs, self.anchor_shapes.first().map_or(0, Vec::len) * input.categories.len(), 9);
        sum
    }

    fn config(&self, input: &InputForm) -> DetectorConfig {
        DetectorConfig {
            channels: input.channels,
            classes: input.categories.len(),
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
    fn check(&self, input: &InputForm) -> Result<(), String> {
        let config = self.config(input);
        let widths = self.stages.iter().flatten().chain(&self.head).chain(&input.size);
        let counts = [input.categories.len(), config.anchors_per_cell, input.channels, self.stages.len()];
        if let Some(found) = widths.chain(&counts).find(|&&count| count > MOST) {
            return Err(format!("a size of {found}"));
        }
        limits::ANCHORS.check("anchors per cell", config.anchors_per_cell)?;
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
        if self.mean.len() != input.channels || self.scale.len() != input.channels || !finite {
            return Err(format!("the scaling of {} channels", self.mean.len()));
        }
        if !input.categories.is_sorted_by(|a, b| a.id < b.id) {
            return Err("categories that are not in the order of their ids, each once".into());
        }
        if input.size.contains(&0) || self.score_cut.is_some_and(|cut| !(cut > 0.0 && cut < 1.0)) {
            return Err(format!("images of {:?} pixels, score cut {:?}", input.size, self.score_cut));
        }
        let [width, height] = input.size;
        let cells: usize =
            config.feature_sizes(height, width).iter().map(|[rows, columns]| rows * columns).sum();
        if width * height > MAX_PIXELS || cells * config.anchors_per_cell > limits::MOST_ANCHORS {
            return Err(format!("images of {width} x {height} pixels with {cells} cells of anchors"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use losslab_metrics::boxes::Category;

    /// A small network as a file describes it, and the images that it takes.
    fn small() -> (NetworkDescription, InputForm) {
        let description = NetworkDescription {
            mean: vec![0.5],
            scale: vec![2.0],
            stages: vec![[4, 1], [8, 2]],
            head: [8, 1],
            norm: NormKind::Batch,
            groups: None,
            strides: vec![4],
            anchor_shapes: vec![vec![[6.0, 6.0], [9.0, 9.0]]],
            score_cut: None,
        };
        let categories = vec![Category { id: 1, name: "disc".into() }];
        (description, InputForm { size: [24, 16], channels: 1, categories })
    }

    fn trained(description: &NetworkDescription, input: &InputForm) -> State {
        let config = description.config(input);
        let anchors =
            AnchorConfig { strides: description.strides.clone(), shapes: description.anchor_shapes.clone() };
        let pixels = Normalisation { mean: vec![0.5], scale: vec![2.0] };
        let grid = anchors.grid(16, 24);
        use super::super::detector::ObjectDetector;
        Network::new(&config, grid, pixels, DecodeConfig::default(), &mut Rng::seed(1)).weights()
    }

    #[test]
    fn a_small_file_cannot_ask_for_much_memory() {
        let (description, input) = small();
        let weights = trained(&description, &input);
        let numbers: usize = weights.0.iter().map(|tensor| tensor.numbers.len()).sum();
        let least = description.least_weights(&input);
        assert!(least <= numbers, "{least} {numbers}");
        assert!(description.network(&input, &weights).is_ok());
        let absurd: [fn(&mut NetworkDescription, &mut InputForm); 7] = [
            |_, input| input.size = [MOST, MOST],
            // More anchors than an image may have.
            |info, input| {
                input.size = [MOST, MOST / 8];
                info.anchor_shapes.iter_mut().for_each(|level| *level = vec![[1.0; 2]; 16]);
            },
            |info, _| info.anchor_shapes[0] = vec![[1.0; 2]; limits::ANCHORS.most + 1],
            |info, _| info.anchor_shapes[0] = vec![[1.0; 2]; MOST],
            |info, _| info.stages[1] = [MOST, 1],
            |info, _| info.stages[1] = [1, MOST],
            |info, _| info.head = [MOST, 1],
        ];
        for (i, change) in absurd.into_iter().enumerate() {
            let (mut description, mut input) = small();
            change(&mut description, &mut input);
            assert!(description.network(&input, &weights).is_err(), "change {i}");
        }
    }
}
