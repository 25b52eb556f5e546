//! The evaluation of a criterion: lengths are compared, the head runs, the normaliser divides.

use crate::batch::{Batch, BatchError, Targets};
use crate::criterion::{Criterion, Normalizer, Reduction, Scalar};
use crate::info::Head;
use crate::{chunks, mining, set, sigmoid, softmax};
use losslab_tensor::Workers;

/// Where the head of a loss writes.
pub(crate) struct Outputs<'a, T> {
    /// The weighted loss of each element or row.
    pub values: Option<&'a mut [T]>,
    /// How wrong each element or row is: 1 - p_t, or |y - p| for a soft target.
    pub hardness: Option<&'a mut [T]>,
    /// The gradient in each logit.
    pub grad: &'a mut [T],
    /// Whether the batch is so large that a cache holds none of it when its turn comes.
    pub far: bool,
}

impl Criterion {
    /// The loss of a batch, and its gradient.
    ///
    /// Returns the reduced loss (the sum, if the reduction is `None`) and overwrites `grad` with its
    /// derivative in each logit. `values`, if given, is overwritten with the weighted loss of each element
    /// (sigmoid) or sample (softmax), not normalised. A NaN logit gives NaN, unless it is not valid. An
    /// infinite logit counts as the largest finite number: loss and gradient stay finite, unless weights or
    /// sums overflow.
    ///
    /// With soft targets the weight of an element is y times that of positives plus 1 - y times that of
    /// negatives.
    ///
    /// # Errors
    /// If lengths differ, a target is not one that the loss takes, weights sum to too little to divide by, or
    /// `values` is asked of a loss of a whole batch.
    pub fn evaluate<T: Scalar>(
        &self,
        batch: &Batch<'_, T>,
        values: Option<&mut [T]>,
        grad: &mut [T],
    ) -> Result<T, BatchError> {
        self.evaluate_on(chunks::shared(), batch, values, grad)
    }

    /// As [`evaluate`](Self::evaluate), by these threads. The bits do not depend on how many there are.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn evaluate_on<T: Scalar>(
        &self,
        workers: &Workers,
        batch: &Batch<'_, T>,
        values: Option<&mut [T]>,
        grad: &mut [T],
    ) -> Result<T, BatchError> {
        self.check(batch, values.as_deref(), grad)?;
        if let Some(set) = self.equation.set() {
            return set::evaluate(self, set, batch, values, grad);
        }
        if let Some(stage) = self.batch_weights {
            return mining::evaluate(self, stage, workers, batch, values, grad);
        }
        let scale = self.scale(batch, None)?;
        let sum =
            self.run_head(workers, batch, scale, Outputs { values, hardness: None, grad, far: false })?;
        Ok(T::from_f64(sum * scale))
    }

    /// Runs everything up to the element weights; returns the sum of the weighted losses, and scales the
    /// gradient.
    pub(crate) fn run_head<T: Scalar>(
        &self,
        workers: &Workers,
        batch: &Batch<'_, T>,
        scale: f64,
        out: Outputs<'_, T>,
    ) -> Result<f64, BatchError> {
        chunks::sum(workers, batch, out, |part, out| match part.targets {
            Targets::Sigmoid { targets, .. } => sigmoid::evaluate(self, part, targets, scale, out),
            Targets::Softmax { targets, classes } => {
                softmax::evaluate(self, part, targets, classes, scale, out)
            }
        })
    }

    /// Compares all lengths; returns the number of losses.
    pub(crate) fn check<T: Scalar>(
        &self,
        batch: &Batch<'_, T>,
        values: Option<&[T]>,
        grad: &[T],
    ) -> Result<usize, BatchError> {
        let classes = self.class_weights.len();
        let losses = batch.targets.len();
        let describe = |head, classes| match head {
            Head::Sigmoid => "a sigmoid head".into(),
            Head::Softmax => format!("a softmax head of {classes} classes"),
        };
        let found = batch.targets.classes();
        if batch.targets.head() != self.head || found.is_some_and(|found| found != classes) {
            return Err(BatchError::Head {
                found: describe(batch.targets.head(), found.unwrap_or(2)),
                expected: describe(self.head, classes),
            });
        }
        let logits = if self.head == Head::Softmax { losses * classes } else { losses };
        let lengths = [
            ("logits", Some(batch.logits.len()), logits),
            ("gradient elements", Some(grad.len()), logits),
            ("losses", values.map(<[T]>::len), losses),
            ("weights", batch.weights.map(<[T]>::len), losses),
            ("validity marks", batch.valid.map(<[T]>::len), losses),
        ];
        for (what, found, expected) in lengths {
            if let Some(found) = found.filter(|&found| found != expected) {
                return Err(BatchError::Length { what, found, expected });
            }
        }
        Ok(losses)
    }

    /// What the sum of the losses is multiplied by. `kept`, if given, holds batch weights, 0 for what does
    /// not count.
    ///
    /// # Errors
    /// If its weights sum to so little that it overflows.
    pub(crate) fn scale<T: Scalar>(
        &self,
        batch: &Batch<'_, T>,
        kept: Option<&[f64]>,
    ) -> Result<f64, BatchError> {
        let Reduction::Mean(normalizer) = self.reduction else {
            return Ok(1.0);
        };
        let count = self.count(normalizer, batch, kept);
        let scale = if count > 0.0 { 1.0 / count } else { 1.0 };
        match T::from_f64(scale).is_finite() {
            true => Ok(scale),
            false => Err(BatchError::Weights { sum: count, float: T::NAME }),
        }
    }

    /// What a mean divides by.
    fn count<T: Scalar>(&self, normalizer: Normalizer, batch: &Batch<'_, T>, kept: Option<&[f64]>) -> f64 {
        let losses = batch.targets.len();
        let counts = |i: usize| match kept {
            Some(kept) => kept[i] != 0.0,
            None => batch.is_valid(i),
        };
        match normalizer {
            Normalizer::Elements if batch.valid.is_none() && kept.is_none() => losses as f64,
            Normalizer::Elements => (0..losses).filter(|&i| counts(i)).count() as f64,
            Normalizer::Samples => {
                let columns = match batch.targets {
                    Targets::Sigmoid { columns, .. } => columns.max(1),
                    Targets::Softmax { .. } => 1,
                };
                (0..losses.div_ceil(columns))
                    .filter(|row| (row * columns..((row + 1) * columns).min(losses)).any(counts))
                    .count() as f64
            }
            Normalizer::Positives => {
                (0..losses).filter(|&i| counts(i) && batch.targets.is_positive(i)).count() as f64
            }
            Normalizer::WeightSum => {
                let weight =
                    |i: usize| self.weight(&self.class_weights, batch, i) * kept.map_or(1.0, |k| k[i]);
                (0..losses).filter(|&i| counts(i)).map(weight).sum()
            }
        }
    }

    /// The weight of an element: that of its class, from `class_weights`, times its own.
    pub(crate) fn weight<T: Scalar>(&self, class_weights: &[f64], batch: &Batch<'_, T>, i: usize) -> f64 {
        let class_weight = match batch.targets {
            Targets::Sigmoid { targets, .. } => {
                let y = targets[i].to_f64();
                y * class_weights[1] + (1.0 - y) * class_weights[0]
            }
            Targets::Softmax { targets, .. } => {
                class_weights.get(targets[i] as usize).copied().unwrap_or_default()
            }
        };
        class_weight * batch.weights.map_or(1.0, |w| w[i].to_f64())
    }
}
