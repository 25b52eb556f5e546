//! The backbone: runs of convolutions that halve the image, and the cells that the levels are made from.

use super::config::DetectorConfig;
use super::pyramid::{Levels, MAX_LEVELS};
use crate::block::{Builder, ConvBlock, Phase};
use crate::conv::ConvSize;
use losslab_autograd::Var;
use losslab_tensor::Float;
use losslab_tensor::init::Init;

/// Blocks of 3x3, `backbone.0`, `backbone.1` and so on, initialised by He et al. 2015.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Backbone {
    blocks: Vec<ConvBlock>,
    /// For each level, the block that it is taken behind, and its channels.
    pub(super) taps: Vec<Tap>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tap {
    block: usize,
    pub(super) channels: usize,
}

impl Backbone {
    pub(super) fn new<T: Float>(builder: &mut Builder<'_, T>, config: &DetectorConfig) -> Self {
        let (mut blocks, mut taps) = (Vec::new(), Vec::new());
        let (halvings, last) = (config.halvings(), config.stages.len() - 1);
        let mut inputs = config.channels;
        for (number, stage) in config.stages.iter().enumerate() {
            for i in 0..stage.depth {
                let stride = if i == 0 && number < halvings { 2 } else { 1 };
                let size = ConvSize { kernel: 3, stride, inputs, outputs: stage.width };
                blocks.push(builder.block(&format!("backbone.{}", blocks.len()), size, Init::HeNormal, 1));
                inputs = stage.width;
            }
            // The finer levels stand before their halving, the coarsest behind everything.
            let is_finer = number + config.levels >= halvings && number + 1 < halvings;
            if is_finer || number == last {
                taps.push(Tap { block: blocks.len() - 1, channels: inputs });
            }
        }
        Self { blocks, taps }
    }

    /// The cells of each level, finest first: `[N, ceil(H / stride), ceil(W / stride), channels]`.
    pub(super) fn forward<'t, T: Float>(&self, x: Var<'t, T>, phase: &mut Phase<'_, T>) -> Levels<'t, T> {
        let mut levels = [x; MAX_LEVELS];
        let mut x = x;
        for (i, block) in self.blocks.iter().enumerate() {
            x = block.forward(x, 0, phase);
            if let Some(level) = self.taps.iter().position(|tap| tap.block == i) {
                levels[level] = x;
            }
        }
        levels
    }
}
