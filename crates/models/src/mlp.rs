//! The multi-layer perceptron.

use crate::{Linear, ModelInfo, ModelParam, Network, Params, Phase, Shape};
use losslab_autograd::{Param, Tape, Var};
use losslab_base::Bounds;
use losslab_tensor::Float;
use losslab_tensor::init::Init;
use losslab_tensor::rng::Rng;

/// The nonlinearity between two layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// max(x, 0); weights start by He et al. 2015.
    Relu,
    /// Hyperbolic tangent; weights start by Glorot & Bengio 2010.
    Tanh,
}

impl Activation {
    /// The layer with this activation behind it.
    #[track_caller]
    fn after<'t, T: Float>(self, layer: &Linear, x: Var<'t, T>) -> Var<'t, T> {
        match self {
            Activation::Relu => layer.forward_relu(x),
            Activation::Tanh => layer.forward(x).tanh(),
        }
    }

    fn init(self) -> Init {
        match self {
            Activation::Relu => Init::HeNormal,
            Activation::Tanh => Init::XavierNormal,
        }
    }
}

/// Affine layers with an activation between them: `[rows, inputs] -> [rows, outputs]`.
///
/// ```
/// use losslab_autograd::Tape;
/// use losslab_models::{Activation, Mlp};
/// use losslab_tensor::rng::Rng;
///
/// let mut tape = Tape::<f32>::new();
/// let model = Mlp::new(&mut tape, &[2, 16, 1], Activation::Relu, &mut Rng::seed(7));
/// let logits = model.forward(tape.constant([3, 2], &[0.5; 6]));
/// assert_eq!(logits.shape().dims(), [3, 1]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mlp {
    layers: Vec<Linear>,
    activation: Activation,
}

impl Mlp {
    /// The width of a hidden layer.
    pub const WIDTHS: Bounds = Bounds::new(1, 1 << 16);
    /// The number of hidden layers.
    pub const LAYERS: Bounds = Bounds::new(0, 100);

    /// A model of these layer widths, inputs first, outputs last. Its parameters are added to the tape, as
    /// `layer0.weight`, `layer0.bias`, `layer1.weight` and so on.
    ///
    /// # Panics
    /// If there are fewer than two widths, or one is 0.
    #[track_caller]
    pub fn new<T: Float>(tape: &mut Tape<T>, sizes: &[usize], activation: Activation, rng: &mut Rng) -> Self {
        assert!(
            sizes.len() >= 2 && !sizes.contains(&0),
            "an MLP needs at least two widths above 0, found {sizes:?}"
        );
        let last = sizes.len() - 2;
        let layers = sizes.windows(2).enumerate().map(|(i, pair)| {
            // The last layer is followed by no activation; Xavier keeps the first logits moderate.
            let init = if i == last { Init::XavierNormal } else { activation.init() };
            Linear::new(tape, &format!("layer{i}"), pair[0], pair[1], init, rng)
        });
        Self { layers: layers.collect(), activation }
    }

    /// The logits of these rows.
    #[track_caller]
    pub fn forward<'t, T: Float>(&self, x: Var<'t, T>) -> Var<'t, T> {
        let mut x = x;
        for (i, layer) in self.layers.iter().enumerate() {
            let is_last = i + 1 == self.layers.len();
            x = if is_last { layer.forward(x) } else { self.activation.after(layer, x) };
        }
        x
    }

    /// Sets the bias of the last layer, the same for all outputs, e.g. to [`prior_bias`](crate::prior_bias).
    pub fn set_last_bias<T: Float>(&self, tape: &mut Tape<T>, bias: f64) {
        if let Some(last) = self.layers.last() {
            tape.value_mut(last.bias).fill(T::from_f64(bias));
        }
    }
}

impl Network for Mlp {
    const INFO: ModelInfo = ModelInfo {
        name: "mlp",
        title: "multi-layer perceptron",
        description: "affine layers with a ReLU between them",
        source: "Rumelhart et al. 1986; He et al. 2015 for the first weights",
        params: &[ModelParam {
            name: "hidden",
            default: "64x64",
            meaning: "widths of the hidden layers, or none",
        }],
    };

    fn size(params: &Params, shape: &Shape) -> Result<usize, String> {
        let sizes = sizes(params, shape)?;
        let products = sizes.windows(2).map(|pair| pair[0].saturating_mul(pair[1]));
        Ok(products.fold(0, usize::saturating_add))
    }

    /// The inputs, and the outputs of each layer: its ReLU is part of the same operation.
    fn numbers(params: &Params, shape: &Shape) -> Result<f64, String> {
        Ok(sizes(params, shape)?.into_iter().map(|width| width as f64).sum())
    }

    fn new<T: Float>(
        tape: &mut Tape<T>,
        params: &Params,
        shape: &Shape,
        rng: &mut Rng,
    ) -> Result<Self, String> {
        Ok(Self::new(tape, &sizes(params, shape)?, Activation::Relu, rng))
    }

    fn forward<'t, T: Float>(&self, x: Var<'t, T>, _: &mut Phase<'_, T>) -> Var<'t, T> {
        Mlp::forward(self, x)
    }

    fn output_bias(&self) -> Option<Param> {
        self.layers.last().map(|layer| layer.bias)
    }
}

/// The widths of the layers, inputs first, outputs last.
fn sizes(params: &Params, shape: &Shape) -> Result<Vec<usize>, String> {
    let mut sizes = vec![shape.columns];
    let hidden = params.counts("hidden")?;
    hidden.iter().try_for_each(|&width| Mlp::WIDTHS.check("hidden", width))?;
    Mlp::LAYERS.check("hidden layers", hidden.len())?;
    sizes.extend(hidden);
    sizes.push(shape.outputs);
    Ok(sizes)
}
