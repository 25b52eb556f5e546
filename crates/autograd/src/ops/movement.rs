//! Operations that move numbers: `transpose`, `slice` and `concat`. Backward, the gradient moves back.

use super::axes::Axes;
use super::broadcast::{Row, Rows};
use crate::op::{Args, At, Op};
use losslab_tensor::{Float, MAX_RANK, Shape};
use std::ops::Range;

/// `y` with the axes of `x` in another order: axis k of `y` is axis `axes[k]` of `x`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transpose(pub(crate) Axes);

impl Transpose {
    /// Row by row of `y`, where its numbers stand in `x`.
    fn rows(&self, x: Shape) -> Rows<1> {
        let (mut dims, mut strides) = ([0; MAX_RANK], [0; MAX_RANK]);
        for (k, &axis) in self.0.list().iter().enumerate() {
            dims[k] = x.dims()[axis];
            strides[k] = x.dims()[axis + 1..].iter().product();
        }
        Rows::over(Shape::new(&dims[..x.rank()]), [strides])
    }
}

impl<T: Float> Op<T> for Transpose {
    fn name(&self) -> &'static str {
        "transpose"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (x, axes) = (inputs[0], self.0.list());
        self.0.check(x)?;
        if axes.len() != x.rank() {
            return Err(format!("axes {axes:?}, expected each axis of shape {x} once"));
        }
        let mut dims = [0; MAX_RANK];
        axes.iter().zip(&mut dims).for_each(|(&axis, dim)| *dim = x.dims()[axis]);
        Ok(Shape::new(&dims[..axes.len()]))
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], _: &mut Vec<T>) {
        for Row { out, len, start: [start], step: [step] } in self.rows(x.shape(0)) {
            (0..len).for_each(|j| y[out + j] = x.value(0)[start + j * step]);
        }
    }
    fn vjp(&self, _: usize, at: At<'_, T>, dx: &mut [T]) {
        for Row { out, len, start: [start], step: [step] } in self.rows(at.x.shape(0)) {
            (0..len).for_each(|j| dx[start + j * step] = at.dy[out + j]);
        }
    }
}

/// `x` seen along one axis: the product of the axes before it, its length, the product of those behind.
fn around(x: Shape, axis: usize) -> (usize, usize, usize) {
    let dims = x.dims();
    (dims[..axis].iter().product(), dims[axis], dims[axis + 1..].iter().product())
}

/// `x` with this axis made `length` long.
fn with_length(x: Shape, axis: usize, length: usize) -> Shape {
    let mut dims = [0; MAX_RANK];
    dims[..x.rank()].copy_from_slice(x.dims());
    dims[axis] = length;
    Shape::new(&dims[..x.rank()])
}

/// `y = x[.., range, ..]`: a part of one axis.
///
/// dx = dy within the range, 0 outside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slice {
    axis: usize,
    start: usize,
    end: usize,
}

impl Slice {
    pub(crate) fn new(axis: usize, range: Range<usize>) -> Self {
        Self { axis, start: range.start, end: range.end }
    }
    /// Each contiguous piece: where it lies in `x`.
    fn pieces(&self, x: Shape) -> impl Iterator<Item = Range<usize>> + use<> {
        let (outer, length, inner) = around(x, self.axis);
        let (start, end) = (self.start * inner, self.end * inner);
        (0..outer).map(move |i| i * length * inner + start..i * length * inner + end)
    }
}

impl<T: Float> Op<T> for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (x, Self { axis, start, end }) = (inputs[0], *self);
        match x.dims().get(axis) {
            Some(&length) if start <= end && end <= length => Ok(with_length(x, axis, end - start)),
            Some(length) => Err(format!("{start}..{end} of axis {axis} of shape {x}, which has {length}")),
            None => Err(format!("axis {axis} of a value of shape {x}")),
        }
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], _: &mut Vec<T>) {
        let mut out = 0;
        for piece in self.pieces(x.shape(0)) {
            y[out..out + piece.len()].copy_from_slice(&x.value(0)[piece.clone()]);
            out += piece.len();
        }
    }
    fn vjp(&self, _: usize, at: At<'_, T>, dx: &mut [T]) {
        dx.fill(T::default());
        let mut out = 0;
        for piece in self.pieces(at.x.shape(0)) {
            let dy = &at.dy[out..out + piece.len()];
            out += piece.len();
            dx[piece].copy_from_slice(dy);
        }
    }
}

/// `y` = the inputs one behind the other along one axis.
///
/// The gradient of input i is its part of `dy`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Concat {
    pub(crate) axis: usize,
}

impl Concat {
    /// Each contiguous piece that input `i` gives to `y`, whose axis has `length`: where it lies in `y`.
    fn pieces<T: Float>(
        &self,
        x: Args<'_, T>,
        i: usize,
        length: usize,
    ) -> impl Iterator<Item = Range<usize>> {
        let before: usize = (0..i).map(|k| x.shape(k).dims()[self.axis]).sum();
        let (outer, own, inner) = around(x.shape(i), self.axis);
        (0..outer).map(move |row| {
            let start = (row * length + before) * inner;
            start..start + own * inner
        })
    }
}

impl<T: Float> Op<T> for Concat {
    fn name(&self) -> &'static str {
        "concat"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (first, axis) = (inputs[0], self.axis);
        if axis >= first.rank() {
            return Err(format!("axis {axis} of a value of shape {first}"));
        }
        let mut length = 0;
        for (i, &x) in inputs.iter().enumerate() {
            if x.rank() != first.rank() || x.reduced(&[axis]) != first.reduced(&[axis]) {
                return Err(format!("shapes {first} and {x} (input {i}) differ in more than axis {axis}"));
            }
            length += x.dims()[axis];
        }
        Ok(with_length(first, axis, length))
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], _: &mut Vec<T>) {
        let length = (0..x.len()).map(|i| x.shape(i).dims()[self.axis]).sum();
        for i in 0..x.len() {
            let mut from = 0;
            for piece in self.pieces(x, i, length) {
                let part = &x.value(i)[from..from + piece.len()];
                from += piece.len();
                y[piece].copy_from_slice(part);
            }
        }
    }
    fn vjp(&self, i: usize, at: At<'_, T>, dx: &mut [T]) {
        let mut to = 0;
        for piece in self.pieces(at.x, i, at.shape.dims()[self.axis]) {
            dx[to..to + piece.len()].copy_from_slice(&at.dy[piece.clone()]);
            to += piece.len();
        }
    }
}
