//! Logistic and softmax regression: the baseline that every comparison should have.

use crate::{Linear, ModelInfo, Network, Params, Phase, Shape};
use losslab_autograd::{Param, Tape, Var};
use losslab_tensor::Float;
use losslab_tensor::init::Init;
use losslab_tensor::rng::Rng;

/// `[rows, columns] -> [rows, outputs]`: z = x W + b and nothing else, so that its loss is convex wherever
/// the loss is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinearModel(Linear);

impl Network for LinearModel {
    const INFO: ModelInfo = ModelInfo {
        name: "linear",
        title: "linear model",
        description: "z = x W + b: logistic regression for two classes, softmax regression for more",
        source: "Cox 1958",
        params: &[],
    };

    fn size(_: &Params, shape: &Shape) -> Result<usize, String> {
        Ok(shape.columns.saturating_mul(shape.outputs))
    }

    fn new<T: Float>(tape: &mut Tape<T>, _: &Params, shape: &Shape, rng: &mut Rng) -> Result<Self, String> {
        Ok(Self(Linear::new(tape, "layer0", shape.columns, shape.outputs, Init::XavierNormal, rng)))
    }

    fn forward<'t, T: Float>(&self, x: Var<'t, T>, _: &mut Phase<'_, T>) -> Var<'t, T> {
        self.0.forward(x)
    }

    fn output_bias(&self) -> Option<Param> {
        Some(self.0.bias)
    }
}
