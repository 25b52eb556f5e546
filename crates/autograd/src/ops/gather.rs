//! Rows picked by number.

use crate::op::{Args, At, Op};
use crate::{Indices, Var};
use losslab_tensor::{Float, Shape};

/// `y[k, ..] = x[row_k, ..]` for `x [n, ..]` and a list of rows; a row may be picked more than once.
///
/// dx[r, ..] = the sum of dy[k, ..] over all k with row_k = r, in ascending k.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gather(());

impl Gather {
    /// The operation, once every row has been found to exist.
    #[track_caller]
    pub(crate) fn checked<T: Float>(x: Var<'_, T>, rows: Indices<'_, T>) -> Self {
        let shape = x.shape();
        let Some(&n) = shape.dims().first() else { panic!("gather: a value of shape {shape} has no rows") };
        let rows = rows.values();
        if let Some(k) = rows.iter().position(|&row| row as usize >= n) {
            panic!("gather: index {} at position {k}, but shape {shape} has {n} rows", rows[k]);
        }
        Self(())
    }
}

/// The elements of row `row`, with `length` elements a row.
fn elements(row: u32, length: usize) -> std::ops::Range<usize> {
    row as usize * length..(row as usize + 1) * length
}

impl<T: Float> Op<T> for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (x, rows) = (inputs[0], inputs[1]);
        let mut dims = [0; losslab_tensor::MAX_RANK];
        dims[..x.rank()].copy_from_slice(x.dims());
        dims[0] = rows.elements();
        Ok(Shape::new(&dims[..x.rank()]))
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], _: &mut Vec<T>) {
        let length: usize = x.shape(0).dims()[1..].iter().product();
        for (y, &row) in y.chunks_exact_mut(length.max(1)).zip(x.indices(1)) {
            y.copy_from_slice(&x.value(0)[elements(row, length)]);
        }
    }
    fn vjp(&self, _: usize, at: At<'_, T>, dx: &mut [T]) {
        dx.fill(T::default());
        let length: usize = at.shape.dims()[1..].iter().product();
        for (dy, &row) in at.dy.chunks_exact(length.max(1)).zip(at.x.indices(1)) {
            let dx = &mut dx[elements(row, length)];
            dx.iter_mut().zip(dy).for_each(|(sum, &dy)| *sum += dy);
        }
    }
}
