//! The sigmoid head: margins are signed logits, and the gradient is the slope with its sign back.

use crate::batch::{Batch, BatchError};
use crate::criterion::{Criterion, LogitShift, Scalar};
use crate::equation::{Block, BySide, Points};
use crate::evaluate::Outputs;
use crate::{Pt, soft};
use losslab_tensor::{Float, Kernel, Lane, OnLines};

/// Elements handled at a time: five buffers of 1024 f32 are 20 KB of first-level cache.
const BLOCK: usize = 1024;

/// Evaluates a chunk of the batch; returns the sum of the weighted losses, and scales the gradient by
/// `scale`.
pub(crate) fn evaluate<T: Scalar>(
    criterion: &Criterion,
    batch: &Batch<'_, T>,
    targets: &[T],
    scale: f64,
    mut out: Outputs<'_, T>,
) -> Result<f64, BatchError> {
    let class_weights = [0, 1].map(|class| T::from_f64(criterion.class_weights[class]));
    let shift = criterion.shift.as_ref().map(Affine::new);
    let weighing = Weighing { class_weights, scale: T::from_f64(scale * shift.map_or(1.0, |s| s.scale)) };
    let plain = shift.is_none() && batch.weights.is_none() && batch.valid.is_none() && out.hardness.is_none();
    let mut buffers = OnLines([[T::default(); BLOCK]; 3]);
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
        let [margin, sign, value] = buffers.0.each_mut().map(|buffer| &mut buffer[..n]);
        let grad = &mut out.grad[range.clone()];
        let done = plain && fused(criterion, part, weighing, (&mut *value, &mut *grad), out.far);
        if !done {
            let hardness = out.hardness.as_deref_mut().map(|h| &mut h[range.clone()]);
            let buffers = Buffers { margin, sign, value, hardness, grad };
            staged(criterion, part, shift, weighing, buffers).map_err(|(i, value)| {
                let index = start + i;
                match criterion.equation.soft() {
                    Some(_) => BatchError::SoftTarget { index, value },
                    None => BatchError::Target { index, value },
                }
            })?;
        }
        sum += losslab_tensor::sum(value).to_f64();
        if let Some(values) = out.values.as_deref_mut() {
            values[range].copy_from_slice(value);
        }
    }
    Ok(sum)
}

/// A block in one go; false, with arbitrary outputs, if not all targets are 0 or 1.
fn fused<T: Scalar>(
    criterion: &Criterion,
    part: Part<'_, T>,
    weighing: Weighing<T>,
    (value, grad): (&mut [T], &mut [T]),
    far: bool,
) -> bool {
    let Weighing { class_weights: [negative, positive], scale } = weighing;
    let weights = BySide { negative, positive };
    let slope_weights = BySide { negative: -(negative * scale), positive: positive * scale };
    let block =
        Block { logits: part.logits, targets: part.targets, weights, slope_weights, value, grad, far };
    T::fused(&*criterion.equation, &criterion.params, block)
}

/// Buffers of a block; all are overwritten.
struct Buffers<'a, T> {
    margin: &'a mut [T],
    sign: &'a mut [T],
    value: &'a mut [T],
    hardness: Option<&'a mut [T]>,
    grad: &'a mut [T],
}

/// A block stage by stage; or the place and value of a target that the loss does not take.
fn staged<T: Scalar>(
    criterion: &Criterion,
    part: Part<'_, T>,
    shift: Option<Affine>,
    weighing: Weighing<T>,
    out: Buffers<'_, T>,
) -> Result<(), (usize, f64)> {
    let Buffers { margin, sign, value, hardness, grad } = out;
    if T::dispatch(Margins { part, margin, sign }) {
        if let Some(shift) = shift {
            T::dispatch(ShiftMargins { shift, margin, sign });
        }
        if let Some(hardness) = hardness {
            T::dispatch(Hardness { margin, hardness });
        }
        T::slopes(&*criterion.equation, &criterion.params, Points { margin, sign }, value, grad);
        T::dispatch(Weigh { part, sign, weighing, value, grad });
        return Ok(());
    }
    let Some(equation) = criterion.equation.soft() else {
        return Err(bad_target(part));
    };
    let buffers = soft::Buffers { logit: margin, target: sign, value, hardness, grad };
    soft::evaluate(part, soft::Stages { equation, params: &criterion.params, shift, weighing }, buffers)
}

/// The first valid target that is neither 0 nor 1.
fn bad_target<T: Float>(part: Part<'_, T>) -> (usize, f64) {
    let counts = |i: usize| part.valid.is_none_or(|valid| valid[i] != T::default());
    let allowed = |y: T| y == T::default() || y == T::lift(1.0);
    let index = (0..part.targets.len()).find(|&i| counts(i) && !allowed(part.targets[i])).unwrap_or(0);
    (index, part.targets[index].to_f64())
}

/// The weights of the classes and the factor of the gradient.
#[derive(Clone, Copy)]
pub(crate) struct Weighing<T> {
    /// Of negatives and of positives.
    pub class_weights: [T; 2],
    pub scale: T,
}

/// x = scale x + the offset of its side.
#[derive(Clone, Copy)]
pub(crate) struct Affine {
    pub scale: f64,
    /// What is added to logits.
    pub add: f64,
    /// What is subtracted from margins of negatives and of positives.
    target: [f64; 2],
}

impl Affine {
    pub(crate) fn new(shift: &LogitShift) -> Self {
        Self {
            scale: shift.scale,
            add: shift.add[1] - shift.add[0],
            target: [shift.target[0], shift.target[1]],
        }
    }

    /// What is added to scaled margins of negatives and of positives.
    pub(crate) fn offsets(&self) -> [f64; 2] {
        [-self.add - self.target[0], self.add - self.target[1]]
    }
}

/// Shifts margins in place.
struct ShiftMargins<'a, T> {
    shift: Affine,
    margin: &'a mut [T],
    sign: &'a [T],
}

impl<T: Float> Kernel<T> for ShiftMargins<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let (zero, scale) = (R::lift(0.0), R::lift(self.shift.scale));
        let [negative, positive] = self.shift.offsets().map(R::lift);
        for (margin, &sign) in self.margin.iter_mut().zip(self.sign) {
            let offset = R::select(R::load(sign) > zero, positive, negative);
            *margin = (scale * R::load(*margin) + offset).store();
        }
    }
}

/// 1 - p_t of each margin.
struct Hardness<'a, T> {
    margin: &'a [T],
    hardness: &'a mut [T],
}

impl<T: Float> Kernel<T> for Hardness<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        for (hardness, &x) in self.hardness.iter_mut().zip(self.margin) {
            *hardness = Pt::at(R::load(x)).q.store();
        }
    }
}

/// A block of the batch.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a, T> {
    pub logits: &'a [T],
    pub targets: &'a [T],
    pub weights: Option<&'a [T]>,
    pub valid: Option<&'a [T]>,
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
        let allowed = |y: R| (y == one) | (y == zero);
        let mut fine = true;
        let out = self.margin.iter_mut().zip(self.sign.iter_mut());
        for ((margin, sign), (&z, &y)) in out.zip(self.part.logits.iter().zip(self.part.targets)) {
            let (z, y) = (R::load(z), R::load(y));
            let s = R::select(y == one, one, -one);
            fine &= allowed(y);
            *sign = s.store();
            *margin = (s * z).store();
        }
        let Some(valid) = self.part.valid else {
            return fine;
        };
        fine = true;
        let marks = valid.iter().zip(self.part.targets);
        for ((margin, sign), (&valid, &y)) in self.margin.iter_mut().zip(self.sign).zip(marks) {
            let out = R::load(valid) == zero;
            fine &= out | allowed(R::load(y));
            *margin = R::select(out, zero, R::load(*margin)).store();
            *sign = R::select(out, -one, R::load(*sign)).store();
        }
        fine
    }
}

/// Turns values and slopes in the margin into weighted values and the gradient in the logit.
struct Weigh<'a, T> {
    part: Part<'a, T>,
    sign: &'a [T],
    weighing: Weighing<T>,
    value: &'a mut [T],
    grad: &'a mut [T],
}

impl<T: Float> Kernel<T> for Weigh<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let zero = R::lift(0.0);
        let [negative, positive] = self.weighing.class_weights.map(R::load);
        let scale = R::load(self.weighing.scale);
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
