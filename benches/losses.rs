//! Value and gradient of losses over many logits, through the slices of `Criterion::evaluate_on`.
//!
//! `cargo bench --bench losses`; `RAYON_NUM_THREADS` sets the threads. Divide the median by the number of
//! logits for the figure of the README. `by_hand` is the yardstick: focal loss at gamma = 2, derivative
//! worked out on paper, nothing general about it.

#[path = "steps/losses.rs"]
mod steps;

use divan::Bencher;
use divan::counter::ItemsCount;
use losslab_tensor::{Float, Kernel, Lane};

fn main() {
    divan::main();
}

fn threads() -> usize {
    rayon::current_num_threads()
}

#[divan::bench(
    args = ["ce", "focal:gamma=2,alpha=0.25", "focal:gamma=1.5,alpha=0.25"],
    consts = [10_000, 1_000_000, 16_000_000]
)]
fn sigmoid<const N: usize>(bencher: Bencher, spec: &str) {
    bencher.counter(ItemsCount::new(N)).bench_local(steps::sigmoid(spec, N, threads()));
}

#[divan::bench(consts = [10_000, 1_000_000])]
fn by_hand<const N: usize>(bencher: Bencher) {
    let [logits, targets, mut grad] = steps::sigmoid_data(N);
    bencher
        .counter(ItemsCount::new(N))
        .bench_local(move || f32::dispatch(ByHand { logits: &logits, targets: &targets, grad: &mut grad }));
}

#[divan::bench(args = [(65_536, 10), (8192, 1000)])]
fn softmax_ce(bencher: Bencher, shape: (usize, usize)) {
    bencher.counter(ItemsCount::new(shape.0 * shape.1)).bench_local(steps::softmax_ce(shape, threads()));
}

/// Focal loss with gamma = 2 and alpha = 0.25, mean over the elements.
///
/// d/dx [-q^2 log p] = q^2 (2 p log p - q).
struct ByHand<'a> {
    logits: &'a [f32],
    targets: &'a [f32],
    grad: &'a mut [f32],
}

impl Kernel<f32> for ByHand<'_> {
    type Output = f32;
    #[inline(always)]
    fn run<R: Lane<f32>>(self) -> f32 {
        let (zero, one) = (R::lift(0.0), R::lift(1.0));
        let scale = R::lift(1.0 / self.logits.len() as f64);
        let mut lanes = [zero; 32];
        let blocks = self.logits.chunks_exact(32).zip(self.targets.chunks_exact(32));
        for ((z, y), grad) in blocks.zip(self.grad.chunks_exact_mut(32)) {
            for i in 0..32 {
                let (z, y) = (R::load(z[i]), R::load(y[i]));
                let x = R::select(y == one, z, -z);
                let e = (-x.abs()).exp();
                let l = e.ln_1p_unit();
                let likely = one / (one + e);
                let unlikely = e * likely;
                let wrong = x < zero;
                let (p, q) = (R::select(wrong, unlikely, likely), R::select(wrong, likely, unlikely));
                let log_p = R::select(wrong, x - l, -l);
                let alpha = R::select(y == one, R::lift(0.25), R::lift(0.75));
                let q2 = alpha * q * q;
                let slope = q2 * ((p + p) * log_p - q) * scale;
                grad[i] = R::select(y == one, slope, -slope).store();
                lanes[i] = lanes[i] - q2 * log_p;
            }
        }
        (lanes.into_iter().fold(zero, |sum, lane| sum + lane) * scale).store()
    }
}
