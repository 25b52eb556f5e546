//! The softmax head: the margin of a row is its true logit minus logsumexp of the others.
//!
//! With x = z_t - logsumexp_{j != t}(z_j), p_t = sigmoid(x) is the softmax probability of the true class, and
//! dL/dz_t = f'(x), dL/dz_j = -f'(x) * softmax over j != t. No division by 1 - p_t occurs.
//!
//! Rows of up to [`narrow::CLASSES`] classes go through [`narrow`], many at a time; longer ones through [`wide`], one
//! after the other. An infinite logit counts as the largest finite number.

mod narrow;
pub(crate) mod wide;

use crate::Pt;
use crate::batch::{Batch, BatchError};
use crate::criterion::{Criterion, Scalar};
use crate::equation::Points;
use crate::evaluate::Outputs;

/// Rows handled at a time.
const BLOCK: usize = 64;

/// A block of rows.
#[derive(Clone, Copy)]
struct Block<'a, T> {
    logits: &'a [T],
    targets: &'a [u32],
    classes: usize,
    weights: Option<&'a [T]>,
    valid: Option<&'a [T]>,
    /// Every row counts once: nothing weighs, nothing is left out.
    even: bool,
}

impl<T: Scalar> Block<'_, T> {
    /// The first row that counts and names no class. (First the largest of all, which needs no look at each row: the rest of a row of ten
    /// classes takes about as long as its exponentials.)
    fn stranger(&self) -> Option<usize> {
        let largest = self.targets.iter().fold(0, |largest, &target| largest.max(target));
        let stranger = |&row: &usize| self.targets[row] as usize >= self.classes && self.is_valid(row);
        if (largest as usize) < self.classes { None } else { (0..self.targets.len()).find(stranger) }
    }

    fn is_valid(&self, row: usize) -> bool {
        self.valid.is_none_or(|valid| valid[row] != T::default())
    }
}

/// One number per row of a block.
type PerRow<T> = [T; BLOCK];

/// Evaluates a chunk of the batch; returns the sum of the weighted losses, and scales the gradient by `scale`.
pub(crate) fn evaluate<T: Scalar>(
    criterion: &Criterion,
    batch: &Batch<'_, T>,
    targets: &[u32],
    classes: usize,
    scale: f64,
    mut out: Outputs<'_, T>,
) -> Result<f64, BatchError> {
    let scale = T::from_f64(scale * criterion.shift.as_ref().map_or(1.0, |shift| shift.scale));
    let narrow = classes <= narrow::CLASSES && criterion.smooth.is_none();
    let mut rows = wide::Rows::new(criterion, if narrow { 0 } else { classes });
    let mut short = narrow::Rows::new(classes.clamp(1, narrow::CLASSES));
    let weighs = batch.weights.is_some() || criterion.class_weights.iter().any(|&weight| weight != 1.0);
    let even = !weighs && batch.valid.is_none();
    let mut sum = 0.0;
    for start in (0..targets.len()).step_by(BLOCK) {
        let range = start..targets.len().min(start + BLOCK);
        let n = range.len();
        let block = Block {
            logits: &batch.logits[start * classes..][..n * classes],
            targets: &targets[range.clone()],
            classes,
            weights: batch.weights.map(|weights| &weights[range.clone()]),
            valid: batch.valid.map(|valid| &valid[range.clone()]),
            even,
        };
        if let Some(row) = block.stranger() {
            return Err(BatchError::Class { index: start + row, class: block.targets[row], classes });
        }
        let grad = &mut out.grad[start * classes..][..n * classes];
        let margin = match narrow {
            true => short.margins(block, criterion.shift.as_ref()),
            false => rows.margins(block, grad, out.far),
        };
        if let Some(hardness) = out.hardness.as_deref_mut() {
            for (hardness, &x) in hardness[range.clone()].iter_mut().zip(&margin) {
                *hardness = Pt::at(x).q;
            }
        }
        let (mut value, slope) = slopes(criterion, block, &margin, scale);
        if narrow {
            short.gradients(block, &slope, grad);
        } else {
            rows.gradients(block, &slope, scale, &mut value, grad);
        }
        sum += losslab_tensor::sum(&value[..n]).to_f64();
        if let Some(values) = out.values.as_deref_mut() {
            values[range].copy_from_slice(&value[..n]);
        }
    }
    Ok(sum)
}

/// The weighted losses of a block, and their derivatives in the margin, scaled; both 0 for rows that are not valid.
fn slopes<T: Scalar>(
    criterion: &Criterion,
    block: Block<'_, T>,
    margin: &PerRow<T>,
    scale: T,
) -> (PerRow<T>, PerRow<T>) {
    let zero = T::default();
    let (mut sign, mut value, mut slope) = ([zero; BLOCK], [zero; BLOCK], [zero; BLOCK]);
    // Which class counts as positive matters for two classes only: class 1.
    for (sign, &target) in sign.iter_mut().zip(block.targets) {
        *sign = T::lift(if target > 0 { 1.0 } else { -1.0 });
    }
    // All rows, of a short block, too: a fixed number leaves no rest behind the lanes. The others are not read.
    let points = Points { margin, sign: &sign };
    T::slopes(&*criterion.equation, &criterion.params, points, &mut value, &mut slope);
    if block.even {
        slope.iter_mut().for_each(|slope| *slope = *slope * scale);
        return (value, slope);
    }
    for row in 0..block.targets.len() {
        let weight = match block.is_valid(row) {
            true => class_weight(criterion, block, row),
            false => zero,
        };
        (value[row], slope[row]) = (value[row] * weight, slope[row] * weight * scale);
    }
    (value, slope)
}

/// The weight of a valid row: that of its class times its own.
fn class_weight<T: Scalar>(criterion: &Criterion, block: Block<'_, T>, row: usize) -> T {
    let weight = T::from_f64(criterion.class_weights[block.targets[row] as usize]);
    block.weights.map_or(weight, |weights| weight * weights[row])
}
