//! The convolution layer.

use crate::linear::layer_of;
use losslab_autograd::{Conv2d, Param, Tape, Var};
use losslab_tensor::init::Init;
use losslab_tensor::rng::Rng;
use losslab_tensor::{Float, Shape, Tensor};

/// A square convolution, padded so that an image of `H x W` pixels gives
/// `ceil(H / stride) x ceil(W / stride)` cells:
/// `x [N, H, W, inputs] -> [N, ceil(H / stride), ceil(W / stride), outputs]`.
///
/// The weight is `[kernel, kernel, inputs, outputs]`, the bias `[outputs]`. See [`Conv2d`] for the equation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv {
    /// The weight.
    pub weight: Param,
    /// The bias; without it 0, as before a norm, which would take it away again.
    pub bias: Option<Param>,
    /// How the window moves.
    pub conv: Conv2d,
}

impl Conv {
    /// Adds the layer's parameters to the tape, as `NAME.weight` and `NAME.bias`; the bias starts at 0.
    ///
    /// # Panics
    /// If the kernel is even: its padding would not be the same on both sides.
    #[track_caller]
    pub fn new<T: Float>(
        tape: &mut Tape<T>,
        name: &str,
        size: ConvSize,
        bias: bool,
        init: Init,
        rng: &mut Rng,
    ) -> Self {
        let ConvSize { kernel, stride, inputs, outputs } = size;
        assert!(kernel % 2 == 1, "{name}: a kernel of {kernel} x {kernel}, expected an odd size");
        let mut weight = Tensor::zeros([kernel, kernel, inputs, outputs]);
        let taps = kernel * kernel;
        init.fill(inputs * taps, outputs * taps, weight.data_mut(), rng);
        let weight = tape.param(format!("{name}.weight"), weight);
        let bias = bias.then(|| tape.param(format!("{name}.bias"), Tensor::zeros(Shape::from([outputs]))));
        let conv = Conv2d { stride: [stride; 2], padding: [kernel / 2; 2], ..Conv2d::default() };
        Self { weight, bias, conv }
    }

    /// The layer's output.
    ///
    /// # Panics
    /// If x is not `[N, H, W, inputs]`; the message names the layer.
    #[track_caller]
    pub fn forward<'t, T: Float>(&self, x: Var<'t, T>) -> Var<'t, T> {
        let [weight, bias] = self.operands(x);
        x.conv2d(weight, bias, self.conv)
    }

    /// The ReLU of the layer's output.
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    #[track_caller]
    pub fn forward_relu<'t, T: Float>(&self, x: Var<'t, T>) -> Var<'t, T> {
        let [weight, bias] = self.operands(x);
        x.conv2d_relu(weight, bias, self.conv)
    }

    #[track_caller]
    fn operands<'t, T: Float>(&self, x: Var<'t, T>) -> [Var<'t, T>; 2] {
        let tape = x.tape();
        let weight = tape.var(self.weight);
        let inputs = weight.shape().dims()[2];
        assert!(
            x.shape().rank() == 4 && x.shape().dims()[3] == inputs,
            "{}: conv2d: images {}, weight {}, expected images [N, H, W, {inputs}]",
            layer_of(&tape.name(self.weight)),
            x.shape(),
            weight.shape()
        );
        let bias = match self.bias {
            Some(bias) => tape.var(bias),
            None => tape.constant_with([weight.shape().dims()[3]], |bias| bias.fill(T::default())),
        };
        [weight, bias]
    }
}

/// The sizes of a [`Conv`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvSize {
    /// Height and width of the window; odd.
    pub kernel: usize,
    /// Steps of the window.
    pub stride: usize,
    /// Channels of x.
    pub inputs: usize,
    /// Channels of the output.
    pub outputs: usize,
}
