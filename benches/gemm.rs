//! Matrix products beside matrixmultiply's, one thread: squares, the skinny shapes of the peers' benches, and
//! those of the MLPs.
//!
//! `cargo bench --bench gemm`; prints GFLOP/s, medians.

#[path = "steps/gemm.rs"]
mod gemm;
#[path = "steps/matrixmultiply.rs"]
mod matrixmultiply_step;

use gemm::ours;
use matrixmultiply_step::theirs;
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
    for shape @ (m, k, n) in SHAPES {
        let [plain, left, right, theirs] = gflops(shape);
        let shape = format!("{m}, {k}, {n}");
        println!("{shape:<18} {plain:>8.1} {left:>8.1} {right:>8.1} {theirs:>16.1} {:>7.2}", plain / theirs);
    }
}

/// Ours with A and B as they are, with A transposed, with B transposed; theirs. The medians of two seconds of
/// samples, taken in turns: on a shared machine the speed changes from second to second.
fn gflops(shape @ (m, k, n): (usize, usize, usize)) -> [f64; 4] {
    let (mut plain, mut left, mut right) =
        (ours(shape, [false, false]), ours(shape, [true, false]), ours(shape, [false, true]));
    let mut theirs = theirs(shape);
    let mut ways: [&mut dyn FnMut(); 4] = [&mut plain, &mut left, &mut right, &mut theirs];
    let calls = (50_000_000 / (m * k * n)).max(1);
    let (mut seconds, begun) = ([const { Vec::new() }; 4], Instant::now());
    while seconds[0].len() < 7 || begun.elapsed().as_secs_f64() < 2.0 {
        for (run, seconds) in ways.iter_mut().zip(&mut seconds) {
            // What the one before has left in the caches is not to count.
            run();
            let start = Instant::now();
            (0..calls).for_each(|_| run());
            seconds.push(start.elapsed().as_secs_f64() / calls as f64);
        }
    }
    seconds.map(|mut seconds: Vec<f64>| {
        seconds.sort_by(f64::total_cmp);
        2.0 * (m * k * n) as f64 / seconds[seconds.len() / 2] / 1e9
    })
}
