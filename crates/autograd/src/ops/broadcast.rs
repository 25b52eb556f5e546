//! Walking over several arrays in step, run by run of the output: broadcasting, and any other fixed stride.

use crate::op::Args;
use losslab_tensor::{Float, MAX_RANK, Shape};

/// A run of the output along its last axis, and where the `N` operands of it start.
pub(crate) struct Row<const N: usize> {
    pub(crate) out: usize,
    pub(crate) len: usize,
    pub(crate) start: [usize; N],
    pub(crate) step: [usize; N],
}

impl<const N: usize> Row<N> {
    /// Where operand `i` lies: `len` elements, or the one that the whole run shares.
    pub(crate) fn range(&self, i: usize) -> std::ops::Range<usize> {
        self.start[i]..self.start[i] + if self.step[i] == 0 { 1 } else { self.len }
    }
    pub(crate) fn operand<'a, T: Float>(&self, x: Args<'a, T>, i: usize) -> &'a [T] {
        &x.value(i)[self.range(i)]
    }
}

/// All runs of the output, in its order.
pub(crate) struct Rows<const N: usize> {
    shape: Shape,
    strides: [[usize; MAX_RANK]; N],
    columns: usize,
    next: usize,
    rows: usize,
}

impl<const N: usize> Rows<N> {
    /// The first `N` inputs, broadcast to `shape`.
    pub(crate) fn new<T: Float>(x: Args<'_, T>, shape: Shape) -> Self {
        let shapes: [Shape; N] = std::array::from_fn(|i| x.shape(i));
        if shapes.iter().all(|&input| input == shape) && shape.elements() > 0 {
            // The common case is one long run.
            let shape = Shape::from([shape.elements()]);
            return Self::over(shape, [shape.strides_in(shape); N]);
        }
        Self::over(shape, shapes.map(|input| input.strides_in(shape)))
    }

    /// Operands that advance by these strides along the axes of `shape`.
    pub(crate) fn over(shape: Shape, strides: [[usize; MAX_RANK]; N]) -> Self {
        let (rows, columns) = shape.rows_and_columns();
        Self { shape, strides, columns, next: 0, rows: if columns == 0 { 0 } else { rows } }
    }
}

impl<const N: usize> Iterator for Rows<N> {
    type Item = Row<N>;
    fn next(&mut self) -> Option<Row<N>> {
        if self.next == self.rows {
            return None;
        }
        let mut start = [0; N];
        let mut rest = self.next;
        let last = self.shape.rank().saturating_sub(1);
        for axis in (0..last).rev() {
            let dim = self.shape.dims()[axis];
            for (start, strides) in start.iter_mut().zip(&self.strides) {
                *start += (rest % dim) * strides[axis];
            }
            rest /= dim;
        }
        let step = self.strides.map(|strides| strides[last]);
        self.next += 1;
        Some(Row { out: (self.next - 1) * self.columns, len: self.columns, start, step })
    }
}
