//! What the machine itself can do: multiply-adds in registers, numbers from memory, on one thread and on two
//! at once.
//!
//! `cargo bench --bench limits`; the best of several rounds. Ratios to these figures are what docs/speed.md
//! calls a limit.
#![allow(unsafe_code)]

use std::sync::Barrier;
use std::time::Instant;

const ROUNDS: usize = 400;
/// Independent chains of multiply-adds: 12 and two factors fit into 16 registers.
const CHAINS: usize = 12;
/// Multiply-adds of a chain and round.
const STEPS: usize = 400_000;
/// Numbers that are read: 64 MB a thread, more than second-level caches hold.
const NUMBERS: usize = 16 << 20;

fn main() {
    for threads in [1, 2] {
        let numbers = vec![0.5f32; NUMBERS];
        let read = per_second(threads, 4 * NUMBERS, || {
            std::hint::black_box(losslab_tensor::sum(&numbers));
        });
        print!("threads {threads}: reading {:.1} GB/s", read / 1e9);
        #[cfg(target_arch = "x86_64")]
        if let Some((lanes, multiply_adds)) = multiply_adds() {
            let flops = per_second(threads, 2 * CHAINS * lanes * STEPS, || {
                // SAFETY: the machine has the instruction set.
                std::hint::black_box(unsafe { multiply_adds() });
            });
            print!(", {:.0} GFLOP/s", flops / 1e9);
        }
        println!();
    }
}

/// Units of work per second, all threads together, in the best round: of many, since neighbours on a shared
/// machine come and go.
fn per_second(threads: usize, units: usize, work: impl Fn() + Sync) -> f64 {
    let barrier = Barrier::new(threads);
    let times = || {
        let rounds = (0..ROUNDS).map(|_| {
            barrier.wait();
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        });
        rounds.collect::<Vec<_>>()
    };
    let all: Vec<Vec<f64>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(times)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let slowest = |round: usize| all.iter().map(|times| times[round]).fold(0.0, f64::max);
    let fastest = (0..ROUNDS).map(slowest).fold(f64::INFINITY, f64::min);
    (threads * units) as f64 / fastest
}

/// Lanes, and the loop of multiply-adds, of the widest instruction set that the machine has.
#[cfg(target_arch = "x86_64")]
fn multiply_adds() -> Option<(usize, unsafe fn() -> f32)> {
    if is_x86_feature_detected!("avx512f") {
        return Some((16, avx512));
    }
    (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some((8, avx2))
}

/// A loop of multiply-adds in registers, in chains enough for two units with a latency of 4 or 5 cycles.
#[cfg(target_arch = "x86_64")]
macro_rules! chains {
    ($name:ident, $feature:literal, $splat:ident, $fma:ident, $sum:expr) => {
        #[target_feature(enable = $feature)]
        fn $name() -> f32 {
            use std::arch::x86_64::*;
            let [a, b] = [0.999, 0.001].map(|x| $splat(std::hint::black_box(x)));
            let mut sums = [$splat(1.0); CHAINS];
            for _ in 0..STEPS {
                for sum in &mut sums {
                    *sum = $fma(*sum, a, b);
                }
            }
            sums.into_iter().map($sum).sum()
        }
    };
}

#[cfg(target_arch = "x86_64")]
chains!(avx512, "avx512f", _mm512_set1_ps, _mm512_fmadd_ps, |sum| _mm512_reduce_add_ps(sum));
#[cfg(target_arch = "x86_64")]
chains!(avx2, "avx2,fma", _mm256_set1_ps, _mm256_fmadd_ps, |sum| {
    // SAFETY: both are 32 bytes, and any bits are numbers.
    let lanes: [f32; 8] = unsafe { std::mem::transmute(sum) };
    lanes.into_iter().sum::<f32>()
});
