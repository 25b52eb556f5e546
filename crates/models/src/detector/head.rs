//! A subnet: what turns the cells of a level into numbers per anchor.

use super::config::DetectorConfig;
use crate::block::{Builder, ConvBlock, Phase};
use crate::conv::{Conv, ConvSize};
use losslab_autograd::Var;
use losslab_tensor::Float;
use losslab_tensor::init::Init;

/// `head_depth` blocks of 3x3 and a last convolution of 3x3 to `anchors_per_cell * numbers` channels, shared
/// by all levels (Lin et al. 2017, sec. 4). All weights start from N(0, .01^2), all biases at 0 (sec. 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subnet {
    blocks: Vec<ConvBlock>,
    pub(super) last: Conv,
    /// Numbers per anchor: the classes, or the 4 of a box.
    numbers: usize,
}

impl Subnet {
    /// The subnet `NAME.0`, `NAME.1`, ..., `NAME.last` on cells of `inputs` channels.
    pub(super) fn new<T: Float>(
        builder: &mut Builder<'_, T>,
        name: &str,
        inputs: usize,
        numbers: usize,
        config: &DetectorConfig,
    ) -> Self {
        const INIT: Init = Init::Normal { std: 0.01 };
        let size = |inputs, outputs| ConvSize { kernel: 3, stride: 1, inputs, outputs };
        let mut width = inputs;
        let blocks = (0..config.head_depth).map(|i| {
            let size = size(std::mem::replace(&mut width, config.head_width), config.head_width);
            builder.block(&format!("{name}.{i}"), size, INIT, config.levels)
        });
        let blocks = blocks.collect();
        let outputs = config.anchors_per_cell * numbers;
        let last = builder.conv(&format!("{name}.last"), size(width, outputs), INIT);
        Self { blocks, last, numbers }
    }

    /// `[N, h, w, C] -> [N, h * w * anchors_per_cell, numbers]`. Channels last, this is the convolution's
    /// output as it stands: row by row, cell by cell, anchor by anchor.
    pub(super) fn forward<'t, T: Float>(
        &self,
        mut x: Var<'t, T>,
        level: usize,
        phase: &mut Phase<'_, T>,
    ) -> Var<'t, T> {
        for block in &self.blocks {
            x = block.forward(x, level, phase);
        }
        let y = self.last.forward(x);
        let shape = y.shape();
        let &[images, height, width, channels] = shape.dims() else {
            unreachable!("a convolution gives [N, H, W, C], found {shape}")
        };
        y.reshape([images, height * width * channels / self.numbers, self.numbers])
    }
}
