//! The top-down pyramid: coarse cells, which see more of the image, lend their view to the fine ones.

use super::backbone::Backbone;
use super::config::DetectorConfig;
use crate::block::Builder;
use crate::conv::{Conv, ConvSize};
use losslab_autograd::Var;
use losslab_tensor::Float;
use losslab_tensor::init::Init;

/// Most levels.
pub(super) const MAX_LEVELS: usize = 3;

/// The cells of each level, finest first; places behind the last level hold something arbitrary.
pub(super) type Levels<'t, T> = [Var<'t, T>; MAX_LEVELS];

/// Feature pyramid (Lin et al. 2017, "Feature Pyramid Networks", sec. 3): with c_l the backbone's cells at
/// level l,
///
/// `m_l = lateral_l(c_l) + up(m_{l+1})`, without the sum at the coarsest, and `p_l = smooth_l(m_l)`,
///
/// where lateral is a convolution of 1x1, up repeats each cell 2x2 (cut to the size of m_l where that is
/// odd), and smooth is a convolution of 3x3; none of them has a norm or ReLU, as in the paper. They start by
/// Glorot & Bengio 2010.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pyramid {
    lateral: Vec<Conv>,
    smooth: Vec<Conv>,
}

impl Pyramid {
    pub(super) fn new<T: Float>(
        builder: &mut Builder<'_, T>,
        backbone: &Backbone,
        config: &DetectorConfig,
    ) -> Self {
        let outputs = config.head_width;
        let mut conv = |name: String, kernel, inputs| {
            let size = ConvSize { kernel, stride: 1, inputs, outputs };
            builder.conv(&name, size, Init::XavierNormal)
        };
        let lateral = backbone.taps.iter().enumerate();
        let lateral = lateral.map(|(l, tap)| conv(format!("pyramid.lateral{l}"), 1, tap.channels)).collect();
        let smooth = (0..config.levels).map(|l| conv(format!("pyramid.smooth{l}"), 3, outputs)).collect();
        Self { lateral, smooth }
    }

    /// The levels of the backbone, each with the coarser ones mixed in: `[N, h, w, head_width]`.
    pub(super) fn forward<'t, T: Float>(&self, mut levels: Levels<'t, T>) -> Levels<'t, T> {
        let mut coarser: Option<Var<'t, T>> = None;
        for ((level, lateral), smooth) in levels.iter_mut().zip(&self.lateral).zip(&self.smooth).rev() {
            let own = lateral.forward(*level);
            let merged = coarser.map_or(own, |coarser| own + cut(coarser.upsample(2), own));
            coarser = Some(merged);
            *level = smooth.forward(merged);
        }
        levels
    }
}

/// The upper left part of `x` that has as many rows and columns as `like`.
fn cut<'t, T: Float>(mut x: Var<'t, T>, like: Var<'t, T>) -> Var<'t, T> {
    for axis in [1, 2] {
        let wanted = like.shape().dims()[axis];
        if x.shape().dims()[axis] > wanted {
            x = x.slice(axis, 0..wanted);
        }
    }
    x
}
