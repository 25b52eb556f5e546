//! Matrix products: `matmul` and the affine map of a layer.

use super::relu::Layer;
use super::rows::sum_rows;
use crate::op::{Args, At, Op};
use losslab_tensor::gemm::{Finish, Matrix, Start, product};
use losslab_tensor::{Float, Shape};

/// `Y = A B` for `A [m, k]`, `B [k, n]`.
///
/// dA = dY B^T, dB = A^T dY.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MatMul;

/// The matrix that input `i` is; `shape` has checked that it has two dimensions.
fn matrix<T: Float>(x: Args<'_, T>, i: usize) -> Matrix<'_, T> {
    let (rows, columns) = x.shape(i).rows_and_columns();
    Matrix::new(x.value(i), rows, columns)
}

impl<T: Float> Op<T> for MatMul {
    fn name(&self) -> &'static str {
        "matmul"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        match (inputs[0].dims(), inputs[1].dims()) {
            (&[m, k], &[k2, n]) if k == k2 => Ok(Shape::from([m, n])),
            (a, b) => Err(format!("shapes {a:?} and {b:?}, expected [m, k] and [k, n]")),
        }
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], _: &mut Vec<T>) {
        product(x.workers(), matrix(x, 0), matrix(x, 1), y, Start::Zero, Finish::Keep);
    }
    fn vjp(&self, i: usize, at: At<'_, T>, dx: &mut [T]) {
        let (rows, columns) = at.shape.rows_and_columns();
        let dy = Matrix::new(at.dy, rows, columns);
        match i {
            0 => product(at.x.workers(), dy, matrix(at.x, 1).t(), dx, Start::Zero, Finish::Keep),
            _ => product(at.x.workers(), matrix(at.x, 0).t(), dy, dx, Start::Zero, Finish::Keep),
        }
    }
}

/// `Y = X W + b` for `X [.., in]`, `W [in, out]`, `b [out]`: all axes of X but the last are rows.
///
/// dX = dY W^T, dW = X^T dY, db = sum of the rows of dY.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Linear;

impl<T: Float> Op<T> for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        match (inputs[0].dims().split_last(), inputs[1].dims(), inputs[2].dims()) {
            (Some((k, rows)), &[k2, n], &[n2]) if *k == k2 && n == n2 => {
                let mut dims = [0; losslab_tensor::MAX_RANK];
                dims[..rows.len()].copy_from_slice(rows);
                dims[rows.len()] = n;
                Ok(Shape::new(&dims[..=rows.len()]))
            }
            _ => Err(format!(
                "input {}, weight {}, bias {}, expected [.., in], [in, out], [out]",
                inputs[0], inputs[1], inputs[2]
            )),
        }
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], saved: &mut Vec<T>) {
        self.layer(x, Finish::Keep, y, saved);
    }
    fn vjp(&self, i: usize, at: At<'_, T>, dx: &mut [T]) {
        let (rows, columns) = at.shape.rows_and_columns();
        let dy = Matrix::new(at.dy, rows, columns);
        match i {
            0 => product(at.x.workers(), dy, matrix(at.x, 1).t(), dx, Start::Zero, Finish::Keep),
            1 => product(at.x.workers(), matrix(at.x, 0).t(), dy, dx, Start::Zero, Finish::Keep),
            _ => sum_rows(at.x.workers(), at.dy, dx),
        }
    }
}

impl<T: Float> Layer<T> for Linear {
    const WITH_RELU: &'static str = "linear_relu";

    fn layer(&self, x: Args<'_, T>, finish: Finish, y: &mut [T], _: &mut Vec<T>) {
        product(x.workers(), matrix(x, 0), matrix(x, 1), y, Start::Bias(x.value(2)), finish);
    }
}
