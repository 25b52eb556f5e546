//! A matrix product of matrixmultiply on this thread.
#![allow(unsafe_code)]

use super::gemm::matrix;

/// `m x k` times `k x n` .
pub fn theirs((m, k, n): (usize, usize, usize)) -> impl FnMut() {
    let (a, b, mut c) = (matrix(m * k, 0.5), matrix(k * n, 0.25), matrix(m * n, 0.0));
    move || {
        let (a, b, c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
        let (k_stride, n_stride) = (k as isize, n as isize);
        // SAFETY: the buffers hold m*k, k*n and m*n numbers with these strides.
        unsafe { matrixmultiply::sgemm(m, k, n, 1.0, a, k_stride, 1, b, n_stride, 1, 0.0, c, n_stride, 1) }
    }
}
