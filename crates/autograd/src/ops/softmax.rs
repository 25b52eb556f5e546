//! The softmax over the last axis, its logarithm, and the logarithm of its denominator.

use super::pointwise::chain;
use crate::op::{Args, At, Op};
use losslab_tensor::{Float, Kernel, Lane, Shape};

/// `y_j = exp(x_j - max) / sum_k exp(x_k - max)` in each row.
///
/// dx_j = y_j (dy_j - sum_k y_k dy_k).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Softmax;

impl<T: Float> Op<T> for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        classes(inputs[0])
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], saved: &mut Vec<T>) {
        let (rows, columns) = x.shape(0).rows_and_columns();
        saved.resize(rows, T::default());
        T::dispatch(Normalise { columns, x: x.value(0), softmax: y, logsumexp: saved });
    }
    fn vjp(&self, _: usize, at: At<'_, T>, dx: &mut [T]) {
        let columns = at.shape.rows_and_columns().1;
        T::dispatch(Jacobian { columns, y: at.y, dy: at.dy, dx });
    }
}

/// `y = max + ln(sum_k exp(x_k - max))` in each row; the last axis disappears from the shape.
///
/// dx_j = dy softmax_j, saved by the forward pass: exp(x_j - y) would lose the digits that rounding y costs
/// (5e-4 of the gradient in f32 at 1e4). A row of -inf alone is -inf, its gradient 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogSumExp;

impl<T: Float> Op<T> for LogSumExp {
    fn name(&self) -> &'static str {
        "logsumexp"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let x = classes(inputs[0])?;
        Ok(x.without(&[x.rank() - 1]))
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], saved: &mut Vec<T>) {
        let columns = x.shape(0).rows_and_columns().1;
        saved.resize(x.value(0).len(), T::default());
        T::dispatch(Normalise { columns, x: x.value(0), softmax: saved, logsumexp: y });
    }
    fn vjp(&self, _: usize, at: At<'_, T>, dx: &mut [T]) {
        let columns = at.x.shape(0).rows_and_columns().1;
        let rows = dx.chunks_exact_mut(columns).zip(at.saved.chunks_exact(columns));
        for ((dx, softmax), (&dy, &y)) in rows.zip(at.dy.iter().zip(at.y)) {
            let empty = y < -T::largest();
            for (dx, &p) in dx.iter_mut().zip(softmax) {
                *dx = chain(dy, T::select(empty, T::default(), p));
            }
        }
    }
}

/// The shape itself, if it has classes along its last axis.
fn classes(shape: Shape) -> Result<Shape, String> {
    match shape.dims().last() {
        Some(&columns) if columns > 0 => Ok(shape),
        _ => Err(format!("shape {shape} has no classes along its last axis")),
    }
}

/// The largest number of a row. A NaN need not win here: it comes back in the sum.
#[inline(always)]
fn row_max<T: Float, R: Lane<T>>(row: &[T]) -> R {
    row.iter().fold(R::load(row[0]), |max, &x| max.at_least(R::load(x)))
}

/// Both functions of each row, from the same exponentials.
struct Normalise<'a, T> {
    columns: usize,
    x: &'a [T],
    softmax: &'a mut [T],
    logsumexp: &'a mut [T],
}

impl<T: Float> Kernel<T> for Normalise<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let rows = self.x.chunks_exact(self.columns).zip(self.softmax.chunks_exact_mut(self.columns));
        for ((x, shifted), shift) in rows.zip(&mut *self.logsumexp) {
            let max = row_max::<T, R>(x);
            // Infinity minus infinity is NaN: an infinite maximum is not subtracted.
            let max = R::select(max.abs() <= R::largest(), max, R::lift(0.0));
            shifted.iter_mut().zip(x).for_each(|(y, &x)| *y = (R::load(x) - max).store());
            *shift = max.store();
        }
        // All rows at once: one short row would not fill the lanes.
        self.softmax.iter_mut().for_each(|e| *e = R::load(*e).exp().store());
        for (e, y) in self.softmax.chunks_exact_mut(self.columns).zip(self.logsumexp) {
            let sum = R::load(losslab_tensor::sum(e));
            e.iter_mut().for_each(|e| *e = (R::load(*e) / sum).store());
            *y = (R::load(*y) + sum.ln()).store();
        }
    }
}

struct Jacobian<'a, T> {
    columns: usize,
    y: &'a [T],
    dy: &'a [T],
    dx: &'a mut [T],
}

impl<T: Float> Kernel<T> for Jacobian<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let rows = self.y.chunks_exact(self.columns).zip(self.dy.chunks_exact(self.columns));
        for ((y, dy), dx) in rows.zip(self.dx.chunks_exact_mut(self.columns)) {
            let pairs = y.iter().zip(dy).map(|(&y, &dy)| (R::load(y), R::load(dy)));
            let mean = pairs.clone().fold(R::lift(0.0), |sum, (y, dy)| y.mul_add(dy, sum));
            dx.iter_mut().zip(pairs).for_each(|(dx, (y, dy))| *dx = (y * (dy - mean)).store());
        }
    }
}

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
        classes(inputs[0])
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
            let max = row_max::<T, R>(x);
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
