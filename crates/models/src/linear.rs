//! The affine layer, and the bias that states a prior.

use losslab_autograd::{Param, Tape, Var};
use losslab_tensor::init::Init;
use losslab_tensor::math::ln_f64;
use losslab_tensor::rng::Rng;
use losslab_tensor::{Float, Shape, Tensor};

/// `y = x W + b` for `x [.., inputs]`, `W [inputs, outputs]`, `b [outputs]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linear {
    /// W.
    pub weight: Param,
    /// b.
    pub bias: Param,
}

impl Linear {
    /// Adds the layer's parameters to the tape, as `NAME.weight` and `NAME.bias`; the bias starts at 0.
    pub fn new<T: Float>(
        tape: &mut Tape<T>,
        name: &str,
        inputs: usize,
        outputs: usize,
        init: Init,
        rng: &mut Rng,
    ) -> Self {
        let mut weight = Tensor::zeros([inputs, outputs]);
        init.fill(inputs, outputs, weight.data_mut(), rng);
        Self {
            weight: tape.param(format!("{name}.weight"), weight),
            bias: tape.param(format!("{name}.bias"), Tensor::zeros(Shape::from([outputs]))),
        }
    }

    /// The layer's output.
    ///
    /// # Panics
    /// If the last axis of x is not as long as the layer has inputs; the message names the layer.
    #[track_caller]
    pub fn forward<'t, T: Float>(&self, x: Var<'t, T>) -> Var<'t, T> {
        let [weight, bias] = self.operands(x);
        x.linear(weight, bias)
    }

    /// The ReLU of the layer's output.
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    #[track_caller]
    pub fn forward_relu<'t, T: Float>(&self, x: Var<'t, T>) -> Var<'t, T> {
        let [weight, bias] = self.operands(x);
        x.linear_relu(weight, bias)
    }

    #[track_caller]
    fn operands<'t, T: Float>(&self, x: Var<'t, T>) -> [Var<'t, T>; 2] {
        let (tape, weight) = (x.tape(), x.tape().shape(self.weight));
        assert!(
            x.shape().dims().last() == weight.dims().first(),
            "{}: linear: input {}, weight {weight}, expected [.., {}]",
            layer_of(&tape.name(self.weight)),
            x.shape(),
            weight.dims()[0]
        );
        [tape.var(self.weight), tape.var(self.bias)]
    }
}

/// The path of the layer that a parameter of this name belongs to: `mlp.0` of `mlp.0.weight`.
pub(crate) fn layer_of(parameter: &str) -> &str {
    parameter.rsplit_once('.').map_or(parameter, |(layer, _)| layer)
}

/// The logit whose sigmoid is `pi`: b = -log((1 - pi) / pi) (Lin et al. 2017, sec. 4.1).
///
/// A last layer that starts with it predicts the rare class at its rate, so that the many easy
/// negatives do not dominate the first steps.
///
/// # Panics
/// If `pi` is not strictly between 0 and 1.
#[track_caller]
pub fn prior_bias(pi: f64) -> f64 {
    assert!(pi > 0.0 && pi < 1.0, "prior_bias: pi = {pi} is not strictly between 0 and 1");
    -ln_f64((1.0 - pi) / pi)
}
