//! A matrix product of ours on this thread.

use losslab_tensor::Lines;
use losslab_tensor::gemm::{Matrix, Store, gemm};

/// So many numbers, which begin with a line of the cache, as those of a tape and of the peers do.
pub fn matrix(numbers: usize, x: f32) -> Lines<f32> {
    let mut lines = Lines::new();
    lines.resize(numbers);
    lines.fill(x);
    lines
}

/// `m x k` times `k x n`, each of both as it is or transposed.
pub fn ours((m, k, n): (usize, usize, usize), transposed: [bool; 2]) -> impl FnMut() {
    let (a, b, mut c) = (matrix(m * k, 0.5), matrix(k * n, 0.25), matrix(m * n, 0.0));
    move || {
        let a = if transposed[0] { Matrix::new(&a, k, m).t() } else { Matrix::new(&a, m, k) };
        let b = if transposed[1] { Matrix::new(&b, n, k).t() } else { Matrix::new(&b, k, n) };
        gemm(a, b, &mut c, Store::Overwrite);
    }
}
