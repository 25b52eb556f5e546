//! Sums and means over axes.

use crate::op::{Args, At, Op};
use losslab_tensor::{Float, MAX_RANK, Shape};

/// `y = factor * sum of x over axes`, where the factor is 1 or, for a mean, 1 / (elements summed).
///
/// dx = factor * dy, repeated along the axes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reduce {
    axes: [usize; MAX_RANK],
    count: usize,
    mean: bool,
}

impl Reduce {
    #[track_caller]
    pub(crate) fn new(axes: &[usize], mean: bool) -> Self {
        assert!(axes.len() <= MAX_RANK, "a shape has at most {MAX_RANK} axes, found {axes:?}");
        let mut all = [0; MAX_RANK];
        all[..axes.len()].copy_from_slice(axes);
        Self { axes: all, count: axes.len(), mean }
    }

    fn axes(&self) -> &[usize] {
        &self.axes[..self.count]
    }

    fn factor<T: Float>(&self, x: Shape) -> T {
        let summed: usize = self.axes().iter().map(|&axis| x.dims()[axis]).product();
        T::lift(if self.mean { 1.0 / summed as f64 } else { 1.0 })
    }
}

impl<T: Float> Op<T> for Reduce {
    fn name(&self) -> &'static str {
        if self.mean { "mean" } else { "sum" }
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (x, axes) = (inputs[0], self.axes());
        if let Some(axis) = axes.iter().find(|&&axis| axis >= x.rank()) {
            return Err(format!("axis {axis} of a value of shape {x}"));
        }
        if let Some(i) = (1..axes.len()).find(|&i| axes[..i].contains(&axes[i])) {
            return Err(format!("axis {} is named twice in {axes:?}", axes[i]));
        }
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
        for_each_run(shape, self.axes(), |at, step, run| {
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
        for_each_run(shape, self.axes(), |y, step, run| {
            let dx = dx[run].iter_mut().enumerate();
            dx.for_each(|(i, dx)| *dx = factor * at.dy[y + i * step]);
        });
    }
}

/// For each run of `x` along its last axis: where it starts in the reduced array, whether it
/// advances there (step 1) or all goes to one element (step 0), and which elements of `x` it is.
fn for_each_run(x: Shape, axes: &[usize], mut f: impl FnMut(usize, usize, std::ops::Range<usize>)) {
    let strides = x.reduced(axes).strides_in(x);
    let (rows, columns) = x.rows_and_columns();
    let last = x.rank().saturating_sub(1);
    for row in 0..rows {
        let (mut rest, mut start) = (row, 0);
        for axis in (0..last).rev() {
            start += (rest % x.dims()[axis]) * strides[axis];
            rest /= x.dims()[axis];
        }
        f(start, strides[last], row * columns..(row + 1) * columns);
    }
}
