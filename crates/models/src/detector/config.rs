//! What a detector is made of, and which of it is refused.

use super::pyramid::MAX_LEVELS;
use crate::norms::Norm;
use losslab_base::Bounds;
use std::fmt;

/// A run of convolutions of 3x3 of one width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Channels of each.
    pub width: usize,
    /// How many.
    pub depth: usize,
}

/// The shape of a [`Detector`](crate::Detector).
///
/// With `h` = log2(stride) + levels - 1 halvings, the first convolution of each of the first h stages has
/// stride 2, all others stride 1. The levels stand on the last stages of their strides: the coarsest on the
/// last stage, each finer one on the stage before the halving.
///
/// ```
/// use losslab_models::DetectorConfig;
/// let config = DetectorConfig::small(3, 6, 8, 1);
/// assert_eq!(config.strides(), [8]);
/// assert_eq!(config.feature_sizes(100, 60), [[13, 8]]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct DetectorConfig {
    /// Channels of the images: 1 for grey, 3 for RGB.
    pub channels: usize,
    /// Classes, without a background class.
    pub classes: usize,
    /// The backbone.
    pub stages: Vec<Stage>,
    /// Pixels from one cell of the finest level to the next: 2, 4, 8 or 16.
    pub stride: usize,
    /// 1 to 3 levels, each of twice the stride of the one before. From 2 on they are joined by a top-down
    /// pyramid.
    pub levels: usize,
    /// Channels of the two subnets' hidden convolutions, and of the pyramid.
    pub head_width: usize,
    /// Hidden convolutions of each subnet; may be 0 (RetinaNet: 4).
    pub head_depth: usize,
    /// Anchors at each cell, the same number on all levels.
    pub anchors_per_cell: usize,
    /// What follows the convolutions of backbone and subnets.
    pub norm: Norm,
    /// The probability that every class of every anchor starts with (Lin et al. 2017, sec. 4.1: .01); .5 is a
    /// bias of 0.
    pub prior: f64,
}

impl DetectorConfig {
    /// What the finest stride may be.
    pub const STRIDES: [usize; 4] = [2, 4, 8, 16];
    /// Levels of the pyramid.
    pub const LEVELS: Bounds = Bounds::new(1, MAX_LEVELS);

    /// The default net: 24, 48, 48, 72, 72 channels with batch norm, one hidden convolution of 72 per subnet,
    /// 9 anchors a cell, prior .01: 244,527 parameters for 3 channels, 3 classes, stride 4 or 8.
    ///
    /// Where stride and levels need more than three halvings, stages of 72, 72 are added.
    pub fn small(channels: usize, classes: usize, stride: usize, levels: usize) -> Self {
        let mut stages =
            vec![Stage { width: 24, depth: 1 }, Stage { width: 48, depth: 2 }, Stage { width: 72, depth: 2 }];
        let mut config = Self {
            channels,
            classes,
            stages: Vec::new(),
            stride,
            levels,
            head_width: 72,
            head_depth: 1,
            anchors_per_cell: 9,
            norm: Norm::Batch,
            prior: 0.01,
        };
        while stages.len() < config.halvings() {
            stages.push(Stage { width: 72, depth: 2 });
        }
        config.stages = stages;
        config
    }

    /// The stride of each level, finest first.
    pub fn strides(&self) -> Vec<usize> {
        (0..self.levels).map(|level| self.stride << level).collect()
    }

    /// Rows and columns of cells of each level for images of this many pixels: see [`feature_size`].
    pub fn feature_sizes(&self, height: usize, width: usize) -> Vec<[usize; 2]> {
        self.strides().into_iter().map(|stride| feature_size(height, width, stride)).collect()
    }

    /// How often the backbone halves its input.
    pub(super) fn halvings(&self) -> usize {
        (self.stride.trailing_zeros() as usize + self.levels).saturating_sub(1)
    }

    /// Whether such a detector can be built.
    ///
    /// # Errors
    /// The first field that is out of its range, with what was found and what was expected.
    pub fn check(&self) -> Result<(), ConfigError> {
        let refuse = |field, found: String, expected: &str| {
            Err(ConfigError { field, found, expected: expected.to_owned() })
        };
        let counts = [
            ("channels", self.channels),
            ("classes", self.classes),
            ("head_width", self.head_width),
            ("anchors_per_cell", self.anchors_per_cell),
        ];
        if let Some((field, _)) = counts.iter().find(|(_, count)| *count == 0) {
            return refuse(field, "0".to_owned(), "at least 1");
        }
        if !Self::STRIDES.contains(&self.stride) {
            return refuse("stride", self.stride.to_string(), "2, 4, 8 or 16");
        }
        if !Self::LEVELS.contains(self.levels) {
            return refuse("levels", self.levels.to_string(), "1, 2 or 3");
        }
        if self.stages.iter().any(|stage| stage.width == 0 || stage.depth == 0) {
            return refuse("stages", format!("{:?}", self.stages), "widths and depths of at least 1");
        }
        if self.stages.len() < self.halvings() {
            let expected = format!(
                "at least {}, each halving the image once: stride {}, {} levels",
                self.halvings(),
                self.stride,
                self.levels
            );
            return refuse("stages", format!("{} stages", self.stages.len()), &expected);
        }
        if let Norm::Group(groups) = self.norm {
            let hidden = (self.head_depth > 0).then_some(self.head_width);
            let mut widths = self.stages.iter().map(|stage| stage.width).chain(hidden);
            if let Some(width) = widths.find(|width| groups == 0 || width % groups != 0) {
                return refuse("norm", format!("{groups} groups"), &format!("a divisor of width {width}"));
            }
        }
        if !(self.prior > 0.0 && self.prior < 1.0) {
            return refuse("prior", self.prior.to_string(), "a probability strictly between 0 and 1");
        }
        Ok(())
    }
}

/// Rows and columns of cells that cover an image of `height x width` pixels at this stride: `ceil(height /
/// stride)` and `ceil(width / stride)`, because every halving convolution is padded and rounds up.
pub fn feature_size(height: usize, width: usize, stride: usize) -> [usize; 2] {
    [height.div_ceil(stride), width.div_ceil(stride)]
}

/// A field of a [`DetectorConfig`] that is out of its range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Its name.
    pub field: &'static str,
    /// What stands there.
    pub found: String,
    /// What should.
    pub expected: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "detector: {} is {}, expected {}", self.field, self.found, self.expected)
    }
}

impl std::error::Error for ConfigError {}
