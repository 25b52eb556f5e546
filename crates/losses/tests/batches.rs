//! Reductions, and batches of a softmax head.

use losslab_losses::{Batch, Equation, Normalizer, Reduction, Targets};

/// The mean over elements.
pub const MEAN: Reduction = Reduction::Mean(Normalizer::Elements);

/// Rows of a softmax head, all valid and of weight 1.
pub fn softmax_batch<'a, T>(logits: &'a [T], targets: &'a [u32], classes: usize) -> Batch<'a, T> {
    Batch { logits, targets: Targets::Softmax { targets, classes }, weights: None, valid: None }
}

/// The reduction that a loss is checked with where any would do.
pub fn any_reduction(loss: &dyn Equation) -> Reduction {
    if loss.set().is_some() { Reduction::Sum } else { Reduction::None }
}
