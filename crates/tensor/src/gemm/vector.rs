//! Products with a matrix of one column: a tile would waste 31 of its 32 lanes.

use super::part::Part;
use super::{Finish, Start};
use crate::{Float, Kernel, Lane};

/// `c = start + a b`, finished, for some rows of A.
pub(super) fn multiply<T: Float>(a: Part<'_, T>, b: &[T], c: &mut [T], start: Start<'_, T>, finish: Finish) {
    match start {
        Start::Zero => c.fill(T::default()),
        Start::Old => {}
        Start::Bias(bias) => c.fill(bias[0]),
    }
    T::dispatch(MatrixVector { a, b, c: &mut *c });
    finish.apply(c);
}

struct MatrixVector<'a, T> {
    a: Part<'a, T>,
    b: &'a [T],
    c: &'a mut [T],
}

impl<T: Float> Kernel<T> for MatrixVector<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let Part { a, first, rows } = self.a;
        if a.transposed {
            // Rows of A's storage are scaled and added: contiguous in A and in C.
            for (row, &x) in a.data.chunks_exact(a.stride).zip(self.b) {
                for (c, &a) in self.c.iter_mut().zip(&row[first..first + rows]) {
                    *c = R::load(a).mul_add(R::load(x), R::load(*c)).store();
                }
            }
        } else if a.columns > 0 {
            let rows = a.data[first * a.stride..].chunks(a.stride);
            for (c, row) in self.c.iter_mut().zip(rows) {
                *c = (R::load(*c) + dot::<T, R>(&row[..a.columns], self.b)).store();
            }
        }
    }
}

/// Sixteen lanes, then pairwise: a single chain would wait for each addition.
#[inline(always)]
fn dot<T: Float, R: Lane<T>>(a: &[T], b: &[T]) -> R {
    let mut lanes = [R::lift(0.0); 16];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    for (a, b) in a.iter().zip(b) {
        for i in 0..16 {
            lanes[i] = R::load(a[i]).mul_add(R::load(b[i]), lanes[i]);
        }
    }
    if !a_rest.is_empty() {
        for (lane, (&a, &b)) in lanes.iter_mut().zip(a_rest.iter().zip(b_rest)) {
            *lane = R::load(a).mul_add(R::load(b), *lane);
        }
    }
    let eight: [R; 8] = std::array::from_fn(|i| lanes[i] + lanes[i + 8]);
    let four: [R; 4] = std::array::from_fn(|i| eight[i] + eight[i + 4]);
    let two: [R; 2] = std::array::from_fn(|i| four[i] + four[i + 2]);
    two[0] + two[1]
}
