//! Value and gradient of losses over many logits, through the slices of `Criterion::evaluate`.
//!
//! `cargo bench --bench losses`; `RAYON_NUM_THREADS` sets the threads. Divide the median by the number of logits for the figure of
//! the README. `by_hand` is the yardstick: focal loss at gamma = 2, derivative worked out on paper, nothing general
//! about it.

use divan::Bencher;
use divan::counter::ItemsCount;
use losslab_losses::{Batch, Criterion, Head, Normalizer, Reduction, Registry, Spec, Targets};
use losslab_tensor::rng::Rng;
use losslab_tensor::{Float, Kernel, Lane, Lines};

fn main() {
    divan::main();
}

fn criterion(spec: &str, head: Head, classes: usize) -> Criterion {
    let spec = Spec::parse(spec, &Registry::standard()).expect("a loss of the registry");
    let mean = Reduction::Mean(Normalizer::Elements);
    Criterion::new(&spec, head, &vec![1; classes], mean).expect("fits the head")
}

/// Logits of a model in training, one positive in a hundred, and room for the gradient.
fn sigmoid_data(n: usize) -> [Lines<f32>; 3] {
    let mut rng = Rng::seed(1);
    let logits = lines((0..n).map(|_| 2.0 * rng.normal() as f32));
    [logits, lines((0..n).map(|_| f32::from(rng.uniform() < 0.01))), lines((0..n).map(|_| 0.0))]
}

/// Numbers that begin with a line of the cache, as those of a tape do, and those of the peers. (Those of a `Vec` begin 16 bytes behind one:
/// a million logits of focal loss take a tenth longer.)
fn lines(numbers: impl ExactSizeIterator<Item = f32>) -> Lines<f32> {
    let mut lines = Lines::new();
    lines.resize(numbers.len());
    lines.iter_mut().zip(numbers).for_each(|(to, number)| *to = number);
    lines
}

#[divan::bench(args = ["ce", "focal:gamma=2,alpha=0.25", "focal:gamma=1.5,alpha=0.25"], consts = [10_000, 1_000_000, 16_000_000])]
fn sigmoid<const N: usize>(bencher: Bencher, spec: &str) {
    let criterion = criterion(spec, Head::Sigmoid, 2);
    let [logits, targets, mut grad] = sigmoid_data(N);
    bencher.counter(ItemsCount::new(N)).bench_local(move || {
        let targets = Targets::Sigmoid { targets: &targets, columns: 1 };
        let batch = Batch { logits: &logits, targets, weights: None, valid: None };
        criterion.evaluate(&batch, None, &mut grad).expect("a valid batch")
    });
}

#[divan::bench(consts = [10_000, 1_000_000])]
fn by_hand<const N: usize>(bencher: Bencher) {
    let [logits, targets, mut grad] = sigmoid_data(N);
    bencher
        .counter(ItemsCount::new(N))
        .bench_local(move || f32::dispatch(ByHand { logits: &logits, targets: &targets, grad: &mut grad }));
}

#[divan::bench(args = [(65_536, 10), (8192, 1000)])]
fn softmax_ce(bencher: Bencher, (rows, classes): (usize, usize)) {
    let criterion = criterion("ce", Head::Softmax, classes);
    let mut rng = Rng::seed(1);
    let logits = lines((0..rows * classes).map(|_| rng.normal() as f32));
    let targets: Vec<u32> = (0..rows).map(|_| rng.below(classes as u64) as u32).collect();
    let mut grad = lines((0..rows * classes).map(|_| 0.0));
    bencher.counter(ItemsCount::new(rows * classes)).bench_local(move || {
        let targets = Targets::Softmax { targets: &targets, classes };
        let batch = Batch { logits: &logits, targets, weights: None, valid: None };
        criterion.evaluate(&batch, None, &mut grad).expect("a valid batch")
    });
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
