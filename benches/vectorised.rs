//! Fails if the kernel of a loss has lost its vectorisation, which costs a factor of ten and changes no
//! result.
//!
//! `cargo bench --bench vectorised`. For every loss of the registry, the time per logit with the machine's
//! best instruction set is compared with that of the baseline. A kernel whose equation was not inlined, or
//! that jumps, runs at the same speed on both; one that is vectorised runs at least twice as fast.

use losslab_losses::{Batch, Criterion, Head, Reduction, Registry, Spec, Targets};
use losslab_tensor::Isa;
use std::time::Instant;

/// Least ratio of baseline to best: lanes alone make it 2 (AVX2) or 4 (AVX-512) where memory is not the
/// limit.
const LEAST: f64 = 2.0;
const LOGITS: usize = 20_000;

fn main() {
    let best = Isa::current();
    if best == Isa::Baseline {
        println!("SKIPPED: this machine has nothing better than the baseline");
        return;
    }
    println!("{:<16} {:>12} {:>12} {:>8}", "ns per logit", "baseline", best.name(), "ratio");
    let mut lost = Vec::new();
    for loss in Registry::standard().losses().filter(|loss| loss.set().is_none()) {
        let [slow, fast] = [Isa::Baseline, best].map(|isa| nanoseconds(loss.name(), isa));
        println!("{:<16} {slow:>12.2} {fast:>12.2} {:>8.1}", loss.name(), slow / fast);
        if slow / fast < LEAST {
            lost.push(loss.name());
        }
    }
    if !lost.is_empty() {
        eprintln!("not vectorised: {}", lost.join(", "));
        std::process::exit(1);
    }
}

/// The least of many repetitions.
fn nanoseconds(loss: &str, isa: Isa) -> f64 {
    isa.force();
    let spec = Spec::parse(loss, &Registry::standard()).expect("a loss of the registry");
    let criterion =
        Criterion::new(&spec, Head::Sigmoid, &[90, 10], Reduction::Sum).expect("suits the sigmoid head");
    let logits: Vec<f32> = (0..LOGITS).map(|i| ((i * 7919) % 1009) as f32 / 100.0 - 5.0).collect();
    let targets: Vec<f32> = (0..LOGITS).map(|i| f32::from(i % 50 == 0)).collect();
    let mut grad = vec![0.0; LOGITS];
    let mut least = f64::INFINITY;
    for _ in 0..50 {
        let targets = Targets::Sigmoid { targets: &targets, columns: 1 };
        let batch = Batch { logits: &logits, targets, weights: None, valid: None };
        let start = Instant::now();
        criterion.evaluate(&batch, None, &mut grad).expect("a valid batch");
        least = least.min(start.elapsed().as_secs_f64());
    }
    least / LOGITS as f64 * 1e9
}
