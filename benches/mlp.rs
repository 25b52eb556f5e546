//! Training steps of small MLPs, on one thread and two.
//!
//! `cargo bench --bench mlp`

#[path = "steps/mlp.rs"]
mod steps;

use divan::Bencher;

fn main() {
    divan::main();
}

#[divan::bench(args = ["momentum", "adam"], consts = [1, 2])]
fn mlp_32_64_64_1_b256<const THREADS: usize>(bencher: Bencher, optimizer: &str) {
    bencher.bench_local(steps::mlp(&[32, 64, 64, 1], 256, optimizer, THREADS));
}

#[divan::bench(args = ["momentum", "adam"], consts = [1, 2])]
fn mlp_784_256_128_10_b128<const THREADS: usize>(bencher: Bencher, optimizer: &str) {
    bencher.bench_local(steps::mlp(&[784, 256, 128, 10], 128, optimizer, THREADS));
}
