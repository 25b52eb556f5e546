//! A layer and the ReLU behind it as one operation: `Y = max(X W + b, 0)`.
//!
//! The product stores its sums as their ReLU, and the backward pass begins with `dZ = dY where Y > 0` and the
//! sum of its rows, which is the gradient of the bias: two passes over the layer's output instead of five,
//! and two jobs for all threads instead of four.

use super::rows::relu_gradient;
use crate::op::{Args, At, Op};
use losslab_tensor::gemm::Finish;
use losslab_tensor::{Float, Lines, Shape};

/// An operation of three inputs, data, weight and bias, whose sums may be stored as their ReLU.
pub(crate) trait Layer<T: Float>: Op<T> {
    /// The name with a ReLU behind it.
    const WITH_RELU: &'static str;

    /// The forward pass.
    fn layer(&self, x: Args<'_, T>, finish: Finish, y: &mut [T], saved: &mut Vec<T>);
}

/// The layer with a ReLU behind it. Value and gradients have the bits of the two operations one after the
/// other.
///
/// dZ = dY where Y > 0, db = sum of the rows of dZ; dX and dW are those of the layer for dZ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WithRelu<L>(pub(crate) L);

impl<T: Float, L: Layer<T>> Op<T> for WithRelu<L> {
    fn name(&self) -> &'static str {
        L::WITH_RELU
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        self.0.shape(inputs)
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], saved: &mut Vec<T>) {
        self.0.layer(x, Finish::Relu, y, saved);
    }
    fn prepare(&self, at: At<'_, T>, room: &mut Lines<T>) {
        room.resize(at.dy.len() + at.x.value(2).len());
        let (dz, bias) = room.split_at_mut(at.dy.len());
        relu_gradient(at.x.workers(), at.y, at.dy, dz, bias);
    }
    fn vjp(&self, i: usize, at: At<'_, T>, dx: &mut [T]) {
        let (dz, bias) = at.room.split_at(at.dy.len());
        match i {
            2 => dx.copy_from_slice(bias),
            _ => self.0.vjp(i, At { dy: dz, ..at }, dx),
        }
    }
}
