//! Matrix products beside matrixmultiply's, one thread: squares, the skinny shapes of the peers' benches, and those of the MLPs.
//!
//! `cargo bench --bench gemm`; prints GFLOP/s, the median of half a second.
#![allow(unsafe_code)]

use losslab_tensor::gemm::{Matrix, Store, gemm};
use std::time::Instant;

const SHAPES: [(usize, usize, usize); 13] = [
    (256, 256, 256),
    (512, 512, 512),
    (1024, 1024, 1024),
    (2048, 2048, 2048),
    (1024, 64, 64),
    (64, 576, 4096),
    (256, 784, 128),
    (256, 64, 64),
    (64, 256, 64),
    (256, 32, 64),
    (128, 784, 256),
    (128, 128, 10),
    (256, 64, 1),
];

fn main() {
    println!(
        "{:<18} {:>8} {:>8} {:>8} {:>16} {:>7}",
        "m, k, n", "A B", "A^T B", "A B^T", "matrixmultiply", "ratio"
    );
    for (m, k, n) in SHAPES {
        let (a, b) = (vec![0.5f32; m * k], vec![0.25f32; k * n]);
        let mut c = vec![0.0f32; m * n];
        let ours = [
            (Matrix::new(&a, m, k), Matrix::new(&b, k, n)),
            (Matrix::new(&a, k, m).t(), Matrix::new(&b, k, n)),
            (Matrix::new(&a, m, k), Matrix::new(&b, n, k).t()),
        ]
        .map(|(a, b)| gflops(m * k * n, || gemm(a, b, &mut c, Store::Overwrite)));
        let theirs = gflops(m * k * n, || {
            let (a, b, c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
            let (k_stride, n_stride) = (k as isize, n as isize);
            // SAFETY: the buffers hold m*k, k*n and m*n numbers with these strides.
            unsafe {
                matrixmultiply::sgemm(m, k, n, 1.0, a, k_stride, 1, b, n_stride, 1, 0.0, c, n_stride, 1)
            }
        });
        let [plain, left, right] = ours;
        let shape = format!("{m}, {k}, {n}");
        println!("{shape:<18} {plain:>8.1} {left:>8.1} {right:>8.1} {theirs:>16.1} {:>7.2}", plain / theirs);
    }
}

/// 2 * `products` floating-point operations a call: the median of half a second of samples.
fn gflops(products: usize, mut f: impl FnMut()) -> f64 {
    let calls = (50_000_000 / products).max(1);
    let (mut seconds, begun) = (Vec::new(), Instant::now());
    while seconds.len() < 15 || begun.elapsed().as_secs_f64() < 0.5 {
        let start = Instant::now();
        (0..calls).for_each(|_| f());
        seconds.push(start.elapsed().as_secs_f64() / calls as f64);
    }
    seconds.sort_by(f64::total_cmp);
    2.0 * products as f64 / seconds[seconds.len() / 2] / 1e9
}
