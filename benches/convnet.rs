//! A training step of the convnet on images of 28x28.
//!
//! `cargo bench --bench convnet`; the argument is the number of threads.

#[path = "steps/convnet.rs"]
mod steps;

use divan::Bencher;

fn main() {
    divan::main();
}

#[divan::bench(args = [1, 2])]
fn convnet_b128(bencher: Bencher, threads: usize) {
    bencher.bench_local(steps::convnet(threads));
}
