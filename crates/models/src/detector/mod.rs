//! A one-stage detector in RetinaNet's form (Lin et al. 2017, "Focal Loss for Dense Object Detection", fig.
//! 3).

mod backbone;
mod config;
mod head;
mod pyramid;
mod size;

pub use config::{ConfigError, DetectorConfig, Stage, feature_size};

use crate::block::{Builder, Phase};
use crate::norms::BatchNorms;
use crate::prior_bias;
use backbone::Backbone;
use head::Subnet;
use losslab_autograd::{Tape, Var};
use losslab_tensor::Float;
use losslab_tensor::rng::Rng;
use pyramid::Pyramid;

/// Images in, for each anchor one logit per class and one coded box out: backbone, top-down pyramid where
/// there are several levels, a class subnet and a box subnet that share nothing.
///
/// Like every model it holds no numbers: parameters stand on the tape, running statistics in [`BatchNorms`].
///
/// ```
/// use losslab_autograd::Tape;
/// use losslab_models::{Detector, DetectorConfig};
/// use losslab_tensor::rng::Rng;
///
/// let config = DetectorConfig { anchors_per_cell: 2, ..DetectorConfig::small(1, 3, 8, 1) };
/// let mut tape = Tape::<f32>::new();
/// let detector = Detector::new(&mut tape, &config, &mut Rng::seed(1));
/// let mut buffers = detector.buffers();
///
/// // A step of training: 4 grey images of 20 x 36 pixels, 3 x 5 cells.
/// tape.rewind();
/// let images = tape.constant_with([4, 20, 36, 1], |x| x.fill(0.5));
/// let output = detector.forward_train(images, &mut buffers);
/// assert_eq!(output.class_logits.shape().dims(), [4, 3 * 5 * 2, 3]);
/// assert_eq!(output.boxes.shape().dims(), [4, 3 * 5 * 2, 4]);
/// // ... the loss of both, backward, optimizer.step(&mut tape, rate).
///
/// // Inference, with the statistics of training.
/// tape.rewind();
/// let images = tape.constant_with([1, 20, 36, 1], |x| x.fill(0.5));
/// let output = detector.forward_eval(images, &buffers);
/// assert_eq!(output.class_logits.shape().dims(), [1, 30, 3]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Detector {
    config: DetectorConfig,
    backbone: Backbone,
    pyramid: Option<Pyramid>,
    class_subnet: Subnet,
    box_subnet: Subnet,
    /// Name and channels of each running statistics.
    norms: Vec<(String, usize)>,
}

/// What a detector says of a batch of N images. Anchors stand level by level, finest first; within a level
/// row by row; within a cell anchor by anchor: the order of [`Anchors`](crate::detection::Anchors).
#[derive(Clone, Copy)]
pub struct Output<'t, T> {
    /// `[N, anchors, classes]`: the logit of each class, for a sigmoid.
    pub class_logits: Var<'t, T>,
    /// `[N, anchors, 4]`: see [`encode`](crate::detection::encode).
    pub boxes: Var<'t, T>,
}

impl Detector {
    /// A detector, its parameters added to the tape: `backbone.0.weight` and so on,
    /// `pyramid.lateral0.weight`, `class.0.weight`, `class.last.bias`, `box.0.weight`.
    ///
    /// The bias of the last class layer starts at [`prior_bias`]`(config.prior)`.
    ///
    /// # Panics
    /// If [`DetectorConfig::check`] refuses the configuration.
    #[track_caller]
    pub fn new<T: Float>(tape: &mut Tape<T>, config: &DetectorConfig, rng: &mut Rng) -> Self {
        if let Err(error) = config.check() {
            panic!("{error}");
        }
        let builder = &mut Builder { tape, rng, norm: config.norm, norms: Vec::new() };
        let backbone = Backbone::new(builder, config);
        let pyramid = (config.levels > 1).then(|| Pyramid::new(builder, &backbone, config));
        let inputs = if pyramid.is_some() { config.head_width } else { backbone.taps[0].channels };
        let class_subnet = Subnet::new(builder, "class", inputs, config.classes, config);
        let box_subnet = Subnet::new(builder, "box", inputs, 4, config);
        let norms = std::mem::take(&mut builder.norms);
        let detector = Self { config: config.clone(), backbone, pyramid, class_subnet, box_subnet, norms };
        detector.set_class_bias(tape, prior_bias(config.prior));
        detector
    }

    /// What it was made from.
    pub fn config(&self) -> &DetectorConfig {
        &self.config
    }

    /// The running statistics of an untrained detector.
    pub fn buffers<T: Float>(&self) -> BatchNorms<T> {
        BatchNorms::new(&self.norms)
    }

    /// Training: `images [N, H, W, channels]`, any H and W of at least 1; batch norm by the statistics of the
    /// batch, which also move the running ones.
    ///
    /// # Panics
    /// If the images are of another shape, or the buffers another detector's.
    #[track_caller]
    pub fn forward_train<'t, T: Float>(
        &self,
        images: Var<'t, T>,
        buffers: &mut BatchNorms<T>,
    ) -> Output<'t, T> {
        self.forward(images, Phase::Train(buffers))
    }

    /// Inference: the same, batch norm by the running statistics. What it says of an image does not depend on
    /// the others.
    ///
    /// # Panics
    /// If the images are of another shape, or the buffers another detector's.
    #[track_caller]
    pub fn forward_eval<'t, T: Float>(&self, images: Var<'t, T>, buffers: &BatchNorms<T>) -> Output<'t, T> {
        self.forward(images, Phase::Eval(buffers))
    }

    #[track_caller]
    fn forward<'t, T: Float>(&self, images: Var<'t, T>, mut phase: Phase<'_, T>) -> Output<'t, T> {
        let shape = images.shape();
        let channels = self.config.channels;
        assert!(
            matches!(*shape.dims(), [_, h, w, c] if h > 0 && w > 0 && c == channels),
            "detector: images {shape}, expected [N, H, W, {channels}] with at least one pixel"
        );
        let phase = &mut phase;
        let levels = self.backbone.forward(images, phase);
        let levels = self.pyramid.as_ref().map_or(levels, |pyramid| pyramid.forward(levels));
        let mut subnet = |subnet: &Subnet| {
            let mut outputs = levels;
            let outputs = &mut outputs[..self.config.levels];
            for (level, x) in outputs.iter_mut().enumerate() {
                *x = subnet.forward(*x, level, phase);
            }
            match outputs {
                [only] => *only,
                [first, others @ ..] => first.concat(others, 1),
                [] => unreachable!("a detector has at least one level"),
            }
        };
        Output { class_logits: subnet(&self.class_subnet), boxes: subnet(&self.box_subnet) }
    }

    /// Sets the bias of the last class layer, the same for all anchors and classes.
    pub fn set_class_bias<T: Float>(&self, tape: &mut Tape<T>, bias: f64) {
        if let Some(param) = self.class_subnet.last.bias {
            tape.value_mut(param).fill(T::from_f64(bias));
        }
    }
}
