//! The sigmoid head on soft targets: the equation is one in the logit and the target.

use crate::Pt;
use crate::criterion::Scalar;
use crate::equation::{SoftEquation, SoftPoints};
use crate::sigmoid::{Affine, Part, Weighing};
use losslab_tensor::{Float, Kernel, Lane};

/// What a block goes through.
pub(crate) struct Stages<'a, T> {
    pub equation: &'a dyn SoftEquation,
    pub params: &'a [f64],
    pub shift: Option<Affine>,
    pub weighing: Weighing<T>,
}

/// Buffers of a block; all are overwritten.
pub(crate) struct Buffers<'a, T> {
    pub logit: &'a mut [T],
    pub target: &'a mut [T],
    pub value: &'a mut [T],
    pub hardness: Option<&'a mut [T]>,
    pub grad: &'a mut [T],
}

/// Evaluates a block, or returns the place and value of a target outside [0, 1].
pub(crate) fn evaluate<T: Scalar>(
    part: Part<'_, T>,
    stages: Stages<'_, T>,
    out: Buffers<'_, T>,
) -> Result<(), (usize, f64)> {
    let (zero, one) = (T::default(), T::lift(1.0));
    let [add, scale] = stages.shift.map_or([0.0, 1.0], |s| [s.add, s.scale]).map(T::from_f64);
    for i in 0..part.logits.len() {
        let valid = part.valid.is_none_or(|valid| valid[i] != zero);
        let y = part.targets[i];
        if valid && !(y >= zero && y <= one) {
            return Err((i, y.to_f64()));
        }
        out.logit[i] = if valid { scale * part.logits[i] + add } else { zero };
        out.target[i] = if valid { y } else { zero };
    }
    let (logit, target) = (&*out.logit, &*out.target);
    if let Some(hardness) = out.hardness {
        T::dispatch(Hardness { logit, target, hardness });
    }
    let points = SoftPoints { logit, target };
    T::soft_slopes(stages.equation, stages.params, points, out.value, out.grad);
    T::dispatch(Weigh { part, target, weighing: stages.weighing, value: out.value, grad: out.grad });
    Ok(())
}

/// |y - p|.
struct Hardness<'a, T> {
    logit: &'a [T],
    target: &'a [T],
    hardness: &'a mut [T],
}

impl<T: Float> Kernel<T> for Hardness<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        for ((hardness, &z), &y) in self.hardness.iter_mut().zip(self.logit).zip(self.target) {
            *hardness = (R::load(y) - Pt::at(R::load(z)).p).abs().store();
        }
    }
}

/// Weighs values and slopes by the mean of the class weights that the target asks for.
struct Weigh<'a, T> {
    part: Part<'a, T>,
    target: &'a [T],
    weighing: Weighing<T>,
    value: &'a mut [T],
    grad: &'a mut [T],
}

impl<T: Float> Kernel<T> for Weigh<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let (zero, one) = (R::lift(0.0), R::lift(1.0));
        let [negative, positive] = self.weighing.class_weights.map(R::load);
        let scale = R::load(self.weighing.scale);
        for (i, (value, grad)) in self.value.iter_mut().zip(self.grad).enumerate() {
            let y = R::load(self.target[i]);
            let own = self.part.weights.map_or(one, |weights| R::load(weights[i]));
            let weight = (y * positive + (one - y) * negative) * own;
            let out = self.part.valid.is_some_and(|valid| R::load(valid[i]) == zero);
            *value = R::select(out, zero, R::load(*value) * weight).store();
            *grad = R::select(out, zero, R::load(*grad) * weight * scale).store();
        }
    }
}
