//! A training step of a small one-stage detector.
//!
//! `cargo bench --bench detector`; the argument is the number of threads. The last line is the peak memory of
//! the process, which the system counts.

#[path = "steps/detector.rs"]
mod steps;

use divan::Bencher;

fn main() {
    divan::main();
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        status.lines().filter(|line| line.starts_with("VmHWM")).for_each(|line| println!("{line}"));
    }
}

#[divan::bench(args = [1, 2])]
fn detector_b16(bencher: Bencher, threads: usize) {
    bencher.bench_local(steps::detector(threads));
}
