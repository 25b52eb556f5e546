//! The logarithm of the softmax over the last axis.

use crate::op::{Args, At, Op};
use losslab_tensor::{Float, Kernel, Lane, Shape};

/// `y_j = x_j - max - ln(sum_k exp(x_k - max))` in each row.
///
/// dx_j = dy_j - softmax_j * sum_k dy_k, with softmax = e^y. Subtracting the largest logit keeps
/// every exponential in (0, 1]: no overflow, and the sum is at least 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogSoftmax;

impl<T: Float> Op<T> for LogSoftmax {
    fn name(&self) -> &'static str {
        "log_softmax"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        match inputs[0].dims().last() {
            Some(&columns) if columns > 0 => Ok(inputs[0]),
            _ => Err(format!("shape {} has no classes along its last axis", inputs[0])),
        }
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], _: &mut Vec<T>) {
        let columns = x.shape(0).rows_and_columns().1;
        T::dispatch(Forward { columns, x: x.value(0), y });
    }
    fn vjp(&self, _: usize, at: At<'_, T>, dx: &mut [T]) {
        let columns = at.shape.rows_and_columns().1;
        T::dispatch(Backward { columns, y: at.y, dy: at.dy, dx });
    }
}

struct Forward<'a, T> {
    columns: usize,
    x: &'a [T],
    y: &'a mut [T],
}

impl<T: Float> Kernel<T> for Forward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        for (x, y) in self.x.chunks_exact(self.columns).zip(self.y.chunks_exact_mut(self.columns)) {
            // A NaN need not win here: it comes back in the sum.
            let max = x.iter().fold(R::load(x[0]), |max, &x| max.at_least(R::load(x)));
            let mut sum = R::lift(0.0);
            for (y, &x) in y.iter_mut().zip(x) {
                let shifted = R::load(x) - max;
                *y = shifted.store();
                sum = sum + shifted.exp();
            }
            let ln_sum = sum.ln();
            y.iter_mut().for_each(|y| *y = (R::load(*y) - ln_sum).store());
        }
    }
}

struct Backward<'a, T> {
    columns: usize,
    y: &'a [T],
    dy: &'a [T],
    dx: &'a mut [T],
}

impl<T: Float> Kernel<T> for Backward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let rows = self.y.chunks_exact(self.columns).zip(self.dy.chunks_exact(self.columns));
        for ((y, dy), dx) in rows.zip(self.dx.chunks_exact_mut(self.columns)) {
            let total = dy.iter().fold(R::lift(0.0), |sum, &dy| sum + R::load(dy));
            for ((dx, &y), &dy) in dx.iter_mut().zip(y).zip(dy) {
                *dx = (R::load(dy) - R::load(y).exp() * total).store();
            }
        }
    }
}
