//! The softmax head: the margin of a row is its true logit minus logsumexp of the others.
//!
//! With x = z_t - logsumexp_{j != t}(z_j), p_t = sigmoid(x) is the softmax probability of the true class, and
//! dL/dz_t = f'(x), dL/dz_j = -f'(x) * softmax over j != t. No division by 1 - p_t occurs.
//!
//! Rows of up to [`narrow::CLASSES`] classes go through [`narrow`], many at a time; longer ones through
//! [`wide`], one after the other. An infinite logit counts as the largest finite number.

mod narrow;
pub(crate) mod wide;

use crate::Pt;
use crate::batch::{Batch, BatchError};
use crate::criterion::{Criterion, Scalar};
use crate::equation::Points;
use crate::evaluate::Outputs;
use losslab_tensor::{Kernel, Lane};

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
    /// The side of each row, for losses that know one; returns the first row that counts and names no class.
    fn signs(&self, sign: &mut PerRow<T>) -> Option<usize> {
        let largest = T::dispatch(Signs { targets: self.targets, sign });
        let stranger = |&row: &usize| self.targets[row] as usize >= self.classes && self.is_valid(row);
        if (largest as usize) < self.classes { None } else { (0..self.targets.len()).find(stranger) }
    }

    fn is_valid(&self, row: usize) -> bool {
        self.valid.is_none_or(|valid| valid[row] != T::default())
    }
}

/// Which class counts as positive matters for two classes only: class 1. Returns the largest class. (Of all
/// rows, so that nobody looks at each: the rest of a row of ten classes takes about as long as its
/// exponentials.)
struct Signs<'a, T> {
    targets: &'a [u32],
    sign: &'a mut PerRow<T>,
}

impl<T: Scalar> Kernel<T> for Signs<'_, T> {
    type Output = u32;
    #[inline(always)]
    fn run<R: Lane<T>>(self) -> u32 {
        let mut largest = 0;
        for (sign, &target) in self.sign.iter_mut().zip(self.targets) {
            largest = target.max(largest);
            *sign = R::select(target > 0, R::lift(1.0), -R::lift(1.0)).store();
        }
        largest
    }
}

/// One number per row of a block.
type PerRow<T> = [T; BLOCK];

/// Evaluates a chunk of the batch; returns the sum of the weighted losses, and scales the gradient by
/// `scale`.
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
    // Not returned by those that fill them: 4 % of rows of ten classes were copies.
    let [mut sign, mut margin, mut value, mut slope] = [[T::default(); BLOCK]; 4];
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
        if let Some(row) = block.signs(&mut sign) {
            return Err(BatchError::Class { index: start + row, class: block.targets[row], classes });
        }
        let grad = &mut out.grad[start * classes..][..n * classes];
        match narrow {
            true => short.margins(block, criterion.shift.as_ref(), &mut margin),
            false => rows.margins(block, grad, out.far, &mut margin),
        }
        if let Some(hardness) = out.hardness.as_deref_mut() {
            for (hardness, &x) in hardness[range.clone()].iter_mut().zip(&margin) {
                *hardness = Pt::at(x).q;
            }
        }
        slopes(criterion, block, Points { margin: &margin, sign: &sign }, scale, (&mut value, &mut slope));
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

/// The weighted losses of a block, and their derivatives in the margin, scaled; both 0 for rows that are not
/// valid.
fn slopes<T: Scalar>(
    criterion: &Criterion,
    block: Block<'_, T>,
    points: Points<'_, T>,
    scale: T,
    (value, slope): (&mut PerRow<T>, &mut PerRow<T>),
) {
    // All rows, of a short block, too: a fixed number leaves no rest behind the lanes. The others are not
    // read.
    T::slopes(&*criterion.equation, &criterion.params, points, value, slope);
    if block.even {
        return slope.iter_mut().for_each(|slope| *slope = *slope * scale);
    }
    for row in 0..block.targets.len() {
        let weight = match block.is_valid(row) {
            true => class_weight(criterion, block, row),
            false => T::default(),
        };
        (value[row], slope[row]) = (value[row] * weight, slope[row] * weight * scale);
    }
}

/// The weight of a valid row: that of its class times its own.
fn class_weight<T: Scalar>(criterion: &Criterion, block: Block<'_, T>, row: usize) -> T {
    let weight = T::from_f64(criterion.class_weights[block.targets[row] as usize]);
    block.weights.map_or(weight, |weights| weight * weights[row])
}
