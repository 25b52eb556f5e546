//! A criterion as an operation on a tape: the gradient is computed with the value and kept.

use crate::batch::{Batch, Targets};
use crate::criterion::{Criterion, Reduction, Scalar};
use losslab_autograd::{Args, At, Indices, Op, Tape, Var};
use losslab_tensor::{Shape, Workers};
use std::sync::Arc;

/// The inputs of a loss on a tape.
#[derive(Clone, Copy)]
pub struct TapeBatch<'t, T> {
    /// `[..]` for a sigmoid head, `[rows, classes]` for softmax.
    pub logits: Var<'t, T>,
    /// The truth.
    pub targets: TapeTargets<'t, T>,
    /// A weight per loss, or 1 for all.
    pub weights: Option<Var<'t, T>>,
    /// 0 takes a loss out of value, gradient and normaliser.
    pub valid: Option<Var<'t, T>>,
}

/// The truth, on a tape.
#[derive(Clone, Copy)]
pub enum TapeTargets<'t, T> {
    /// 0 or 1 for each logit, or between where the loss takes soft targets; the last of two or more axes
    /// holds the logits of one sample.
    Sigmoid(Var<'t, T>),
    /// The class of each row.
    Softmax(Indices<'t, T>),
}

/// Evaluates a criterion on a tape: one number, or with [`Reduction::None`] one per loss.
///
/// The gradient flows to the logits; targets, weights and marks are constants.
///
/// # Panics
/// If shapes or targets do not fit the criterion; the message says which and where.
#[track_caller]
pub fn criterion<'t, T: Scalar>(criterion: &Arc<Criterion>, batch: TapeBatch<'t, T>) -> Var<'t, T> {
    let tape: &Tape<T> = batch.logits.tape();
    let targets = match batch.targets {
        TapeTargets::Sigmoid(targets) => targets,
        TapeTargets::Softmax(targets) => targets.operand(),
    };
    let op = LossOp {
        criterion: criterion.clone(),
        weights: batch.weights.map(|_| 2),
        valid: batch.valid.map(|_| 2 + usize::from(batch.weights.is_some())),
        softmax: matches!(batch.targets, TapeTargets::Softmax(_)),
    };
    let optional = [batch.weights, batch.valid];
    let mut inputs = [batch.logits; 4];
    inputs[1] = targets;
    let mut len = 2;
    for var in optional.into_iter().flatten() {
        inputs[len] = var;
        len += 1;
    }
    tape.push(op, &inputs[..len])
}

/// The loss; its inputs are logits, targets and, where present, weights and marks.
#[derive(Clone, Debug)]
struct LossOp {
    criterion: Arc<Criterion>,
    /// Which input holds the weights.
    weights: Option<usize>,
    /// Which input holds the marks.
    valid: Option<usize>,
    softmax: bool,
}

impl<T: Scalar> Op<T> for LossOp {
    fn name(&self) -> &'static str {
        self.criterion.spec.loss.name()
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (logits, targets) = (inputs[0], inputs[1]);
        let losses = if self.softmax {
            logits.dims().split_last().map(|(_, rows)| Shape::new(rows))
        } else {
            Some(logits)
        };
        let Some(losses) = losses.filter(|l| *l == targets) else {
            let expected = if self.softmax { "[rows, classes] and [rows]" } else { "equal shapes" };
            return Err(format!("logits {logits} and targets {targets}, expected {expected}"));
        };
        for &extra in &inputs[2..] {
            if extra != losses {
                return Err(format!("weights or marks {extra} for losses of shape {losses}"));
            }
        }
        Ok(if self.criterion.reduction == Reduction::None { losses } else { Shape::SCALAR })
    }

    fn forward(&self, x: Args<'_, T>, y: &mut [T], saved: &mut Vec<T>) {
        let columns = x.shape(0).rows_and_columns().1;
        let targets = if self.softmax {
            Targets::Softmax { targets: x.indices(1), classes: columns }
        } else {
            let columns = if x.shape(0).rank() < 2 { 1 } else { columns };
            Targets::Sigmoid { targets: x.value(1), columns }
        };
        let batch = Batch {
            logits: x.value(0),
            targets,
            weights: self.weights.map(|i| x.value(i)),
            valid: self.valid.map(|i| x.value(i)),
        };
        saved.resize(batch.logits.len(), T::default());
        let result = if self.criterion.reduction == Reduction::None {
            self.criterion.evaluate_on(x.workers(), &batch, Some(y), saved)
        } else {
            self.criterion.evaluate_on(x.workers(), &batch, None, saved).inspect(|&loss| y[0] = loss)
        };
        if let Err(error) = result {
            panic!("{}: {error}", self.criterion.spec);
        }
    }

    fn vjp(&self, i: usize, at: At<'_, T>, dx: &mut [T]) {
        if i > 0 {
            // Targets, weights and marks are constants, wherever they come from.
            return dx.fill(T::default());
        }
        // One upstream number for all, or one per loss, which a softmax row shares.
        let per_loss = dx.len().checked_div(at.dy.len()).unwrap_or(1).max(1);
        let (workers, whole) = (at.x.workers(), if at.dy.len() > 1 { per_loss } else { 1 });
        workers.chunks([dx], workers.share(at.saved.len(), whole, Workers::NUMBERS), |start, [dx]| {
            let losses = dx.chunks_mut(per_loss).zip(at.saved[start..].chunks(per_loss));
            for ((dx, dz), &dy) in losses.zip(&at.dy[start / per_loss..]) {
                dx.iter_mut().zip(dz).for_each(|(dx, &dz)| *dx = dy * dz);
            }
        });
    }
}
