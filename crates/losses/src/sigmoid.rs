//! The sigmoid head: margins are signed logits, and the gradient is the slope with its sign back.

use crate::batch::{Batch, BatchError};
use crate::criterion::{Criterion, Scalar};
use crate::equation::Points;
use losslab_tensor::{Float, Kernel, Lane};

/// Elements handled at a time: five buffers of 512 f32 stay in the first-level cache.
const BLOCK: usize = 512;

/// Evaluates all elements; returns the sum of the weighted losses, and scales the gradient by `scale`.
pub(crate) fn evaluate<T: Scalar>(
    criterion: &Criterion,
    batch: &Batch<'_, T>,
    targets: &[T],
    scale: f64,
    mut values: Option<&mut [T]>,
    grad: &mut [T],
) -> Result<f64, BatchError> {
    let [negative, positive] = [0, 1].map(|class| T::from_f64(criterion.class_weights[class]));
    let (mut margin, mut sign, mut value) =
        ([T::default(); BLOCK], [T::default(); BLOCK], [T::default(); BLOCK]);
    let mut sum = 0.0;
    for start in (0..targets.len()).step_by(BLOCK) {
        let range = start..targets.len().min(start + BLOCK);
        let n = range.len();
        let part = Part {
            logits: &batch.logits[range.clone()],
            targets: &targets[range.clone()],
            weights: batch.weights.map(|w| &w[range.clone()]),
            valid: batch.valid.map(|v| &v[range.clone()]),
        };
        let (margin, sign, value) = (&mut margin[..n], &mut sign[..n], &mut value[..n]);
        let grad = &mut grad[range.clone()];
        if !T::dispatch(Margins { part, margin, sign }) {
            return Err(bad_target(targets, part.valid, start));
        }
        T::slopes(&*criterion.spec.loss, &criterion.spec.params, Points { margin, sign }, value, grad);
        let scale = T::from_f64(scale);
        T::dispatch(Weigh { part, sign, negative, positive, scale, value, grad });
        sum += losslab_tensor::sum(value).to_f64();
        if let Some(values) = values.as_deref_mut() {
            values[range].copy_from_slice(value);
        }
    }
    Ok(sum)
}

/// The first valid target from `start` on that is neither 0 nor 1.
fn bad_target<T: Float>(targets: &[T], valid: Option<&[T]>, start: usize) -> BatchError {
    let counts = |i: usize| valid.is_none_or(|valid| valid[i - start] != T::default());
    let allowed = |y: T| y == T::default() || y == T::lift(1.0);
    let index = (start..targets.len()).find(|&i| counts(i) && !allowed(targets[i])).unwrap_or(start);
    BatchError::Target { index, value: targets[index].to_f64() }
}

/// A block of the batch.
#[derive(Clone, Copy)]
struct Part<'a, T> {
    logits: &'a [T],
    targets: &'a [T],
    weights: Option<&'a [T]>,
    valid: Option<&'a [T]>,
}

/// Margins and signs of a block; false if a target is neither 0 nor 1.
struct Margins<'a, T> {
    part: Part<'a, T>,
    margin: &'a mut [T],
    sign: &'a mut [T],
}

impl<T: Float> Kernel<T> for Margins<'_, T> {
    type Output = bool;
    #[inline(always)]
    fn run<R: Lane<T>>(self) -> bool {
        let (zero, one) = (R::lift(0.0), R::lift(1.0));
        let mut wrong = zero;
        let out = self.margin.iter_mut().zip(self.sign.iter_mut());
        for ((margin, sign), (&z, &y)) in out.zip(self.part.logits.iter().zip(self.part.targets)) {
            let (z, y) = (R::load(z), R::load(y));
            let s = R::select(y == one, one, -one);
            // Counts targets other than 0 and 1, NaN among them.
            wrong = wrong + R::select(y == one, zero, R::select(y == zero, zero, one));
            *sign = s.store();
            *margin = (s * z).store();
        }
        let Some(valid) = self.part.valid else {
            return wrong == zero;
        };
        wrong = zero;
        let marks = valid.iter().zip(self.part.targets);
        for ((margin, sign), (&valid, &y)) in self.margin.iter_mut().zip(self.sign).zip(marks) {
            let out = R::load(valid) == zero;
            let y = R::load(y);
            let odd = R::select(y == one, zero, R::select(y == zero, zero, one));
            wrong = wrong + R::select(out, zero, odd);
            *margin = R::select(out, zero, R::load(*margin)).store();
            *sign = R::select(out, -one, R::load(*sign)).store();
        }
        wrong == zero
    }
}

/// Turns values and slopes in the margin into weighted values and the gradient in the logit.
struct Weigh<'a, T> {
    part: Part<'a, T>,
    sign: &'a [T],
    negative: T,
    positive: T,
    scale: T,
    value: &'a mut [T],
    grad: &'a mut [T],
}

impl<T: Float> Kernel<T> for Weigh<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let zero = R::lift(0.0);
        let [negative, positive, scale] = [self.negative, self.positive, self.scale].map(R::load);
        for (i, (value, grad)) in self.value.iter_mut().zip(self.grad).enumerate() {
            let sign = R::load(self.sign[i]);
            let mut weight = R::select(sign > zero, positive, negative);
            if let Some(weights) = self.part.weights {
                weight = weight * R::load(weights[i]);
            }
            let mut v = R::load(*value) * weight;
            let mut g = R::load(*grad) * sign * weight * scale;
            if let Some(valid) = self.part.valid {
                let out = R::load(valid[i]) == zero;
                v = R::select(out, zero, v);
                g = R::select(out, zero, g);
            }
            *value = v.store();
            *grad = g.store();
        }
    }
}
