//! Value and gradient of losses over many logits, through the slices of `Criterion::evaluate_on`.

use losslab_losses::{Batch, Criterion, Head, Normalizer, Reduction, Registry, Spec, Targets};
use losslab_tensor::{Lines, Workers, rng::Rng};

fn criterion(spec: &str, head: Head, classes: usize) -> Criterion {
    let spec = Spec::parse(spec, &Registry::standard()).expect("a loss of the registry");
    let mean = Reduction::Mean(Normalizer::Elements);
    Criterion::new(&spec, head, &vec![1; classes], mean).expect("fits the head")
}

/// Logits of a model in training, one positive in a hundred, and room for the gradient.
pub fn sigmoid_data(n: usize) -> [Lines<f32>; 3] {
    let mut rng = Rng::seed(1);
    let logits = lines((0..n).map(|_| 2.0 * rng.normal() as f32));
    [logits, lines((0..n).map(|_| f32::from(rng.uniform() < 0.01))), lines((0..n).map(|_| 0.0))]
}

/// Numbers that begin with a line of the cache, as those of a tape do, and those of the peers. (Those of a
/// `Vec` begin 16 bytes behind one: a million logits of focal loss take a tenth longer.)
fn lines(numbers: impl ExactSizeIterator<Item = f32>) -> Lines<f32> {
    let mut lines = Lines::new();
    lines.resize(numbers.len());
    lines.iter_mut().zip(numbers).for_each(|(to, number)| *to = number);
    lines
}

/// A loss of so many independent logits.
pub fn sigmoid(spec: &str, n: usize, threads: usize) -> impl FnMut() -> f32 + use<> {
    let criterion = criterion(spec, Head::Sigmoid, 2);
    let [logits, targets, mut grad] = sigmoid_data(n);
    let workers = Workers::new(threads);
    move || {
        let targets = Targets::Sigmoid { targets: &targets, columns: 1 };
        let batch = Batch { logits: &logits, targets, weights: None, valid: None };
        criterion.evaluate_on(&workers, &batch, None, &mut grad).expect("a valid batch")
    }
}

/// Cross-entropy of so many rows of so many classes.
pub fn softmax_ce((rows, classes): (usize, usize), threads: usize) -> impl FnMut() -> f32 {
    let criterion = criterion("ce", Head::Softmax, classes);
    let mut rng = Rng::seed(1);
    let logits = lines((0..rows * classes).map(|_| rng.normal() as f32));
    let targets: Vec<u32> = (0..rows).map(|_| rng.below(classes as u64) as u32).collect();
    let mut grad = lines((0..rows * classes).map(|_| 0.0));
    let workers = Workers::new(threads);
    move || {
        let targets = Targets::Softmax { targets: &targets, classes };
        let batch = Batch { logits: &logits, targets, weights: None, valid: None };
        criterion.evaluate_on(&workers, &batch, None, &mut grad).expect("a valid batch")
    }
}
