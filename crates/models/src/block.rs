//! Convolution, norm, ReLU: what networks for images consist of.

use crate::conv::{Conv, ConvSize};
use crate::norms::{BatchNorms, Norm};
use losslab_autograd::{Param, Tape, Var};
use losslab_tensor::init::Init;
use losslab_tensor::rng::Rng;
use losslab_tensor::{Float, Shape, Tensor};

/// Added to the variance, as in PyTorch.
const EPSILON: f64 = 1e-5;

/// Where the statistics of batch norm come from.
pub enum Phase<'a, T> {
    /// From the batch, which also moves the running ones.
    Train(&'a mut BatchNorms<T>),
    /// From training.
    Eval(&'a BatchNorms<T>),
}

/// What building such a network needs everywhere: the tape and the random numbers, and the norms met so far.
pub(crate) struct Builder<'a, T> {
    pub(crate) tape: &'a mut Tape<T>,
    pub(crate) rng: &'a mut Rng,
    pub(crate) norm: Norm,
    /// Name and channels of each running statistics.
    pub(crate) norms: Vec<(String, usize)>,
}

impl<T: Float> Builder<'_, T> {
    /// A convolution with bias and nothing behind it.
    pub(crate) fn conv(&mut self, name: &str, size: ConvSize, init: Init) -> Conv {
        Conv::new(self.tape, name, size, true, init, self.rng)
    }

    /// A block whose statistics are kept apart for each of `levels` levels.
    pub(crate) fn block(&mut self, name: &str, size: ConvSize, init: Init, levels: usize) -> ConvBlock {
        let conv = Conv::new(self.tape, name, size, self.norm == Norm::None, init, self.rng);
        let mut affine = || {
            let mut param = |what, value| {
                let value = Tensor::from_fn(Shape::from([size.outputs]), |_| T::from_f64(value));
                self.tape.param(format!("{name}.{what}"), value)
            };
            [param("gamma", 1.0), param("beta", 0.0)]
        };
        let norm = match self.norm {
            Norm::None => BlockNorm::None,
            Norm::Group(groups) => BlockNorm::Group { groups, affine: affine() },
            Norm::Batch => BlockNorm::Batch { first: self.norms.len(), affine: affine() },
        };
        if self.norm == Norm::Batch {
            let names = (0..levels).map(|level| match levels {
                1 => name.to_owned(),
                _ => format!("{name}.level{level}"),
            });
            self.norms.extend(names.map(|name| (name, size.outputs)));
        }
        ConvBlock { conv, norm }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BlockNorm {
    None,
    /// `affine`: gamma and beta.
    Group {
        groups: usize,
        affine: [Param; 2],
    },
    /// `first`: the buffer of the first level.
    Batch {
        first: usize,
        affine: [Param; 2],
    },
}

/// A convolution and its norm. Parameters: `NAME.weight`, and `NAME.gamma` and `NAME.beta` of the norm, or `NAME.bias`
/// without.
///
/// Where a block is shared by the levels of a pyramid, so are all its parameters; the statistics of batch norm are not,
/// because each level is normalised by its own batch in training, and a mixture would fit none in evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConvBlock {
    conv: Conv,
    norm: BlockNorm,
}

impl ConvBlock {
    /// `relu(norm(conv(x)))`.
    pub(crate) fn forward<'t, T: Float>(
        &self,
        x: Var<'t, T>,
        level: usize,
        phase: &mut Phase<'_, T>,
    ) -> Var<'t, T> {
        self.apply(x, level, phase, true)
    }

    /// `norm(conv(x))`, as at the end of a residual branch.
    pub(crate) fn forward_without_relu<'t, T: Float>(
        &self,
        x: Var<'t, T>,
        phase: &mut Phase<'_, T>,
    ) -> Var<'t, T> {
        self.apply(x, 0, phase, false)
    }

    fn apply<'t, T: Float>(
        &self,
        x: Var<'t, T>,
        level: usize,
        phase: &mut Phase<'_, T>,
        relu: bool,
    ) -> Var<'t, T> {
        let tape = x.tape();
        let y = match self.norm {
            BlockNorm::None if relu => return self.conv.forward_relu(x),
            BlockNorm::None => self.conv.forward(x),
            BlockNorm::Group { groups, affine } => {
                let [gamma, beta] = affine.map(|param| tape.var(param));
                self.conv.forward(x).group_norm(gamma, beta, groups, EPSILON)
            }
            BlockNorm::Batch { first, affine } => {
                let [gamma, beta] = affine.map(|param| tape.var(param));
                match phase {
                    Phase::Train(buffers) => {
                        let y = self.conv.forward(x).batch_norm(gamma, beta, EPSILON);
                        buffers.update(first + level, y);
                        y
                    }
                    Phase::Eval(buffers) => {
                        // The norm is affine now: scaling the weights' columns spares three passes over the cells.
                        let statistics = buffers.statistics(first + level);
                        let mean = tape.constant(gamma.shape(), &statistics.mean);
                        let variance = tape.constant(gamma.shape(), &statistics.variance);
                        let scale = gamma / (variance + tape.constant([], &[T::lift(EPSILON)])).sqrt();
                        let (weight, bias) = (tape.var(self.conv.weight) * scale, beta - mean * scale);
                        return match relu {
                            true => x.conv2d_relu(weight, bias, self.conv.conv),
                            false => x.conv2d(weight, bias, self.conv.conv),
                        };
                    }
                }
            }
        };
        if relu { y.relu() } else { y }
    }
}
