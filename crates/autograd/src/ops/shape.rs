//! Operations that move no numbers: `reshape` and `detach`.

use crate::op::{Args, At, Op};
use losslab_tensor::{Float, Shape};

/// The same numbers under another shape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reshape(pub Shape);

impl<T: Float> Op<T> for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        if inputs[0].elements() == self.0.elements() {
            return Ok(self.0);
        }
        Err(format!(
            "shape {} has {} elements, {} has {}",
            inputs[0],
            inputs[0].elements(),
            self.0,
            self.0.elements()
        ))
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], _: &mut Vec<T>) {
        y.copy_from_slice(x.value(0));
    }
    fn vjp(&self, _: usize, at: At<'_, T>, dx: &mut [T]) {
        dx.copy_from_slice(at.dy);
    }
}

/// The same numbers as a constant: no gradient flows back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Detach;

impl<T: Float> Op<T> for Detach {
    fn name(&self) -> &'static str {
        "detach"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(inputs[0])
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], _: &mut Vec<T>) {
        y.copy_from_slice(x.value(0));
    }
    fn vjp(&self, _: usize, _: At<'_, T>, dx: &mut [T]) {
        dx.fill(T::default());
    }
    fn is_differentiable(&self) -> bool {
        false
    }
}
