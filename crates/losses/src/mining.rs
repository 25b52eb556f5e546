//! Batch weights: weights that depend on the losses of the whole batch, and are constants to the gradient.

use crate::batch::{Batch, BatchError};
use crate::criterion::{Criterion, Scalar};
use crate::evaluate::Outputs;
use crate::modifiers::{BatchWeights, gradient_density_weights, hardest};
use losslab_tensor::Workers;

/// Evaluates a criterion that has batch weights. Its buffers, two numbers per loss, are allocated anew each
/// time.
pub(crate) fn evaluate<T: Scalar>(
    criterion: &Criterion,
    stage: BatchWeights,
    workers: &Workers,
    batch: &Batch<'_, T>,
    values: Option<&mut [T]>,
    grad: &mut [T],
) -> Result<T, BatchError> {
    let losses = batch.targets.len();
    let (mut value, mut hardness) = (vec![T::default(); losses], vec![T::default(); losses]);
    let out = Outputs { values: Some(&mut value), hardness: Some(&mut hardness), grad, far: false };
    criterion.run_head(workers, batch, 1.0, out)?;
    let weights = weights(stage, batch, &value, &hardness);
    let scale = criterion.scale(batch, Some(&weights))?;
    let logits = grad.len().checked_div(losses).unwrap_or(1).max(1);
    for (i, (&weight, value)) in weights.iter().zip(&mut value).enumerate() {
        let grad = &mut grad[i * logits..][..logits];
        if weight == 0.0 {
            *value = T::default();
            grad.fill(T::default());
        } else {
            *value = *value * T::from_f64(weight);
            grad.iter_mut().for_each(|g| *g = *g * T::from_f64(weight * scale));
        }
    }
    let sum = losslab_tensor::sum(&value).to_f64();
    if let Some(values) = values {
        values.copy_from_slice(&value);
    }
    Ok(T::from_f64(sum * scale))
}

/// The weight of each loss: 0 for those that do not count.
pub(crate) fn weights<T: Scalar>(
    stage: BatchWeights,
    batch: &Batch<'_, T>,
    values: &[T],
    hardness: &[T],
) -> Vec<f64> {
    let mut weights: Vec<f64> = (0..values.len()).map(|i| f64::from(u8::from(batch.is_valid(i)))).collect();
    let wide = |x: &[T]| x.iter().map(|x| x.to_f64()).collect::<Vec<f64>>();
    match stage {
        BatchWeights::Hardest(keep) => {
            hardest(keep, &wide(values), |i| batch.targets.is_positive(i), &mut weights);
        }
        BatchWeights::GradientDensity(bins) => {
            gradient_density_weights(bins, &wide(hardness), &mut weights);
        }
    }
    weights
}
