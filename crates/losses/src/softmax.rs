//! The softmax head: the margin of a row is its true logit minus logsumexp of the others.
//!
//! With x = z_t - logsumexp_{j != t}(z_j), p_t = sigmoid(x) is the softmax probability of the true class, and
//! dL/dz_t = f'(x), dL/dz_j = -f'(x) * softmax over j != t. No division by 1 - p_t occurs.

use crate::batch::{Batch, BatchError};
use crate::criterion::{Criterion, Scalar};
use crate::equation::Points;
use losslab_tensor::{Float, Kernel, Lane};

/// Rows handled at a time.
const BLOCK: usize = 128;

/// Evaluates all rows; returns the sum of the weighted losses, and scales the gradient by `scale`.
pub(crate) fn evaluate<T: Scalar>(
    criterion: &Criterion,
    batch: &Batch<'_, T>,
    targets: &[u32],
    classes: usize,
    scale: f64,
    mut values: Option<&mut [T]>,
    grad: &mut [T],
) -> Result<f64, BatchError> {
    let (mut margin, mut sign, mut value, mut slope) =
        ([T::default(); BLOCK], [T::default(); BLOCK], [T::default(); BLOCK], [T::default(); BLOCK]);
    let mut sum = 0.0;
    for start in (0..targets.len()).step_by(BLOCK) {
        let range = start..targets.len().min(start + BLOCK);
        let n = range.len();
        let valid = |row: usize| batch.valid.is_none_or(|valid| valid[start + row] != T::default());
        let rows = &targets[range.clone()];
        if let Some(row) = (0..n).find(|&row| valid(row) && rows[row] as usize >= classes) {
            return Err(BatchError::Class { index: start + row, class: rows[row], classes });
        }
        let logits = &batch.logits[start * classes..][..n * classes];
        let grad = &mut grad[start * classes..][..n * classes];
        for (row, &target) in rows.iter().enumerate() {
            // Which class counts as positive matters for two classes only: class 1.
            sign[row] = T::lift(if target > 0 { 1.0 } else { -1.0 });
            let grad = &mut grad[row * classes..][..classes];
            margin[row] = if valid(row) {
                let logits = &logits[row * classes..][..classes];
                T::dispatch(Margin { logits, target: target as usize, others: grad })
            } else {
                grad.fill(T::default());
                T::default()
            };
        }
        let points = Points { margin: &margin[..n], sign: &sign[..n] };
        T::slopes(&*criterion.spec.loss, &criterion.spec.params, points, &mut value[..n], &mut slope[..n]);
        for (row, &target) in rows.iter().enumerate() {
            if !valid(row) {
                value[row] = T::default();
                continue;
            }
            let weight = criterion.class_weights[target as usize];
            let weight = T::from_f64(weight) * batch.weights.map_or(T::lift(1.0), |w| w[start + row]);
            value[row] = value[row] * weight;
            let slope = slope[row] * weight * T::from_f64(scale);
            let grad = &mut grad[row * classes..][..classes];
            T::dispatch(Scale { x: grad, factor: -slope });
            grad[target as usize] = slope;
        }
        sum += losslab_tensor::sum(&value[..n]).to_f64();
        if let Some(values) = values.as_deref_mut() {
            values[range].copy_from_slice(&value[..n]);
        }
    }
    Ok(sum)
}

/// The margin of one row; `others` receives the softmax over the classes other than the true one.
struct Margin<'a, T> {
    logits: &'a [T],
    target: usize,
    others: &'a mut [T],
}

impl<T: Float> Kernel<T> for Margin<'_, T> {
    type Output = T;
    #[inline(always)]
    fn run<R: Lane<T>>(self) -> T {
        let floor = -R::largest();
        let mut max = floor;
        for (j, &z) in self.logits.iter().enumerate() {
            let z = R::load(z);
            max = R::select(j != self.target && z > max, z, max);
        }
        let mut sum = R::lift(0.0);
        for (j, (e, &z)) in self.others.iter_mut().zip(self.logits).enumerate() {
            let value = (R::load(z) - max).exp();
            let value = R::select(j == self.target, R::lift(0.0), value);
            sum = sum + value;
            *e = value.store();
        }
        let inverse = R::lift(1.0) / sum;
        self.others.iter_mut().for_each(|e| *e = (R::load(*e) * inverse).store());
        (R::load(self.logits[self.target]) - max - sum.ln()).store()
    }
}

/// `x = factor x`.
struct Scale<'a, T> {
    x: &'a mut [T],
    factor: T,
}

impl<T: Float> Kernel<T> for Scale<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let factor = R::load(self.factor);
        self.x.iter_mut().for_each(|x| *x = (R::load(*x) * factor).store());
    }
}
