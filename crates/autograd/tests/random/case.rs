//! A random use of an operation.

use losslab_autograd::{Tape, Var};
use losslab_tensor::{Shape, Tensor};

/// A computation to check at these inputs.
pub struct Case {
    pub inputs: Vec<Tensor<f64>>,
    pub call: Call,
    /// What to print if it fails, beside the shapes.
    pub what: String,
}

pub type Call = Box<dyn for<'t> Fn(&'t Tape<f64>, &[Var<'t, f64>]) -> Var<'t, f64>>;

impl Case {
    pub fn new(
        inputs: Vec<Tensor<f64>>,
        what: String,
        call: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64> + 'static,
    ) -> Self {
        Self { inputs, what, call: Box::new(move |_, x| call(x)) }
    }

    pub fn shapes(&self) -> Vec<Shape> {
        self.inputs.iter().map(Tensor::shape).collect()
    }
}
