//! What all test programs of this crate share: a criterion from a spec, batches of a sigmoid head.
//! `batches.rs` has what `main.rs` needs beside.

use losslab_losses::{Batch, Criterion, Equation, Head, Reduction, Registry, Scalar, Spec, Targets};

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

/// Loss and gradient.
#[track_caller]
pub fn evaluate<T: Scalar>(criterion: &Criterion, batch: &Batch<'_, T>) -> (T, Vec<T>) {
    let mut grad = vec![T::lift(f64::NAN); batch.logits.len()];
    let loss = criterion.evaluate(batch, None, &mut grad);
    (loss.unwrap_or_else(|e| panic!("{}: {e}", criterion.spec())), grad)
}

/// Losses that are functions of a margin, i.e. all but those of a whole batch.
pub fn pointwise(registry: &Registry) -> impl Iterator<Item = &dyn Equation> {
    registry.losses().map(|loss| &**loss).filter(|loss| loss.set().is_none())
}
