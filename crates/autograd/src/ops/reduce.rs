//! Sums and means over axes.

use super::axes::{Axes, for_each_run};
use crate::op::{Args, At, Op};
use losslab_tensor::{Float, Shape};

/// `y = factor * sum of x over axes`, where the factor is 1 or, for a mean, 1 / (elements summed).
///
/// dx = factor * dy, repeated along the axes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reduce {
    axes: Axes,
    mean: bool,
}

impl Reduce {
    #[track_caller]
    pub(crate) fn new(axes: &[usize], mean: bool) -> Self {
        Self { axes: Axes::new(axes), mean }
    }

    fn factor<T: Float>(&self, x: Shape) -> T {
        let summed: usize = self.axes.list().iter().map(|&axis| x.dims()[axis]).product();
        T::lift(if self.mean { 1.0 / summed as f64 } else { 1.0 })
    }
}

impl<T: Float> Op<T> for Reduce {
    fn name(&self) -> &'static str {
        if self.mean { "mean" } else { "sum" }
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (x, axes) = (inputs[0], self.axes.list());
        self.axes.check(x)?;
        if self.mean && axes.iter().any(|&axis| x.dims()[axis] == 0) {
            return Err(format!("the mean over axes {axes:?} of shape {x} has no elements"));
        }
        Ok(x.without(axes))
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], _: &mut Vec<T>) {
        let (shape, x) = (x.shape(0), x.value(0));
        let factor = self.factor::<T>(shape);
        if let [y] = y {
            *y = factor * losslab_tensor::sum(x);
            return;
        }
        y.fill(T::default());
        for_each_run(shape, self.axes.list(), |at, step, run| {
            if step == 0 {
                y[at] += losslab_tensor::sum(&x[run]);
            } else {
                y[at..].iter_mut().zip(&x[run]).for_each(|(y, &x)| *y += x);
            }
        });
        if self.mean {
            y.iter_mut().for_each(|y| *y = factor * *y);
        }
    }
    fn vjp(&self, _: usize, at: At<'_, T>, dx: &mut [T]) {
        let shape = at.x.shape(0);
        let factor = self.factor::<T>(shape);
        for_each_run(shape, self.axes.list(), |y, step, run| {
            let dx = dx[run].iter_mut().enumerate();
            dx.for_each(|(i, dx)| *dx = factor * at.dy[y + i * step]);
        });
    }
}
