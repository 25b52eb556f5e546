//! Convolutions of the peers' bench, on one thread and two.
//!
//! `cargo bench --bench conv`

#[path = "steps/conv.rs"]
mod steps;

use divan::Bencher;
use steps::{CASES, conv};

fn main() {
    divan::main();
}

#[divan::bench(args = 0..CASES.len(), consts = [1, 2])]
fn forward<const THREADS: usize>(bencher: Bencher, case: usize) {
    bencher.bench_local(conv(case, THREADS, false));
}

#[divan::bench(args = 0..CASES.len(), consts = [1, 2])]
fn forward_and_backward<const THREADS: usize>(bencher: Bencher, case: usize) {
    bencher.bench_local(conv(case, THREADS, true));
}
