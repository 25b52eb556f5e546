//! Matrix products beside matrixmultiply's, one thread: squares, the skinny shapes of the peers' benches, and those of the MLPs.
//!
//! `cargo bench --bench gemm`; prints GFLOP/s, medians.
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

/// Ours with A and B as they are, with A transposed, with B transposed; theirs.
const WAYS: usize = 4;

fn main() {
    println!(
        "{:<18} {:>8} {:>8} {:>8} {:>16} {:>7}",
        "m, k, n", "A B", "A^T B", "A B^T", "matrixmultiply", "ratio"
    );
    for shape @ (m, k, n) in SHAPES {
        let [plain, left, right, theirs] = gflops(shape);
        let shape = format!("{m}, {k}, {n}");
        println!("{shape:<18} {plain:>8.1} {left:>8.1} {right:>8.1} {theirs:>16.1} {:>7.2}", plain / theirs);
    }
}

/// The medians of two seconds of samples, taken in turns: on a shared machine the speed changes from second to second.
fn gflops((m, k, n): (usize, usize, usize)) -> [f64; WAYS] {
    let (a, b) = (vec![0.5f32; m * k], vec![0.25f32; k * n]);
    let mut c = vec![0.0f32; m * n];
    let mut run = |way: usize| match way {
        0 => gemm(Matrix::new(&a, m, k), Matrix::new(&b, k, n), &mut c, Store::Overwrite),
        1 => gemm(Matrix::new(&a, k, m).t(), Matrix::new(&b, k, n), &mut c, Store::Overwrite),
        2 => gemm(Matrix::new(&a, m, k), Matrix::new(&b, n, k).t(), &mut c, Store::Overwrite),
        _ => {
            let (a, b, c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
            let (k_stride, n_stride) = (k as isize, n as isize);
            // SAFETY: the buffers hold m*k, k*n and m*n numbers with these strides.
            unsafe {
                matrixmultiply::sgemm(m, k, n, 1.0, a, k_stride, 1, b, n_stride, 1, 0.0, c, n_stride, 1)
            }
        }
    };
    let calls = (50_000_000 / (m * k * n)).max(1);
    let (mut seconds, begun) = ([const { Vec::new() }; WAYS], Instant::now());
    while seconds[0].len() < 7 || begun.elapsed().as_secs_f64() < 2.0 {
        for (way, seconds) in seconds.iter_mut().enumerate() {
            // What the one before has left in the caches is not to count.
            run(way);
            let start = Instant::now();
            (0..calls).for_each(|_| run(way));
            seconds.push(start.elapsed().as_secs_f64() / calls as f64);
        }
    }
    seconds.map(|mut seconds: Vec<f64>| {
        seconds.sort_by(f64::total_cmp);
        2.0 * (m * k * n) as f64 / seconds[seconds.len() / 2] / 1e9
    })
}
