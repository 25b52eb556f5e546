//! What the tests of this crate share: batches, and a criterion from a spec.

use losslab_losses::{
    Batch, Criterion, Equation, Head, Normalizer, Reduction, Registry, Scalar, Spec, Targets,
};

/// The mean over elements.
pub const MEAN: Reduction = Reduction::Mean(Normalizer::Elements);

/// A criterion, or a panic with what is wrong.
#[track_caller]
pub fn build(spec: &str, head: Head, counts: &[u64], reduction: Reduction) -> Criterion {
    let spec = Spec::parse(spec, &Registry::standard()).unwrap_or_else(|e| panic!("{e}"));
    Criterion::new(&spec, head, counts, reduction).unwrap_or_else(|e| panic!("{e}"))
}

/// Elements of a sigmoid head, all valid and of weight 1.
pub fn sigmoid_batch<'a, T>(logits: &'a [T], targets: &'a [T]) -> Batch<'a, T> {
    Batch { logits, targets: Targets::Sigmoid { targets, columns: 1 }, weights: None, valid: None }
}

/// Rows of a softmax head, all valid and of weight 1.
pub fn softmax_batch<'a, T>(logits: &'a [T], targets: &'a [u32], classes: usize) -> Batch<'a, T> {
    Batch { logits, targets: Targets::Softmax { targets, classes }, weights: None, valid: None }
}

/// Loss and gradient.
#[track_caller]
pub fn evaluate<T: Scalar>(criterion: &Criterion, batch: &Batch<'_, T>) -> (T, Vec<T>) {
    let mut grad = vec![T::lift(f64::NAN); batch.logits.len()];
    let loss = criterion.evaluate(batch, None, &mut grad);
    (loss.unwrap_or_else(|e| panic!("{}: {e}", criterion.spec())), grad)
}

/// The reduction that a loss is checked with where any would do.
pub fn any_reduction(loss: &dyn Equation) -> Reduction {
    if loss.set().is_some() { Reduction::Sum } else { Reduction::None }
}

/// Losses that are functions of a margin, i.e. all but those of a whole batch.
pub fn pointwise(registry: &Registry) -> impl Iterator<Item = &dyn Equation> {
    registry.losses().map(|loss| &**loss).filter(|loss| loss.set().is_none())
}
