//! Losses of a whole batch: the counts are summed, the equation is differentiated in them, and the chain rule
//! goes on to each logit through dp = p (1 - p) dz.

use crate::Pt;
use crate::batch::{Batch, BatchError, Targets};
use crate::criterion::{Criterion, Scalar};
use crate::equation::SetEquation;
use crate::loss::Confusion;
use crate::sigmoid::Affine;
use losslab_tensor::{Float, Kernel, Lane};

/// Evaluates the loss and its gradient in each logit.
pub(crate) fn evaluate<T: Scalar>(
    criterion: &Criterion,
    set: &dyn SetEquation,
    batch: &Batch<'_, T>,
    values: Option<&mut [T]>,
    grad: &mut [T],
) -> Result<T, BatchError> {
    if values.is_some() {
        return Err(BatchError::Undivided { loss: criterion.equation.name() });
    }
    let (targets, weights) = elements(criterion, batch)?;
    let scale = criterion.shift.as_ref().map_or(1.0, |shift| shift.scale);
    let counts = confusion(criterion, batch, targets, &weights, grad);
    let (value, partials) = set.value_and_partials(&criterion.params, counts);
    // dTP = w y dp, dFP = w (1 - y) dp, dFN = -w y dp.
    let positive = T::from_f64((partials.true_positive - partials.false_negative) * scale);
    let negative = T::from_f64(partials.false_positive * scale);
    for ((grad, &y), &weight) in grad.iter_mut().zip(targets).zip(&weights) {
        let partial = if y == T::default() { negative } else { positive };
        *grad = if weight == T::default() { T::default() } else { *grad * weight * partial };
    }
    Ok(T::from_f64(value))
}

/// The derivative of the loss with respect to each of its parameters.
pub(crate) fn param_gradient(
    criterion: &Criterion,
    set: &dyn SetEquation,
    batch: &Batch<'_, f64>,
) -> Result<Vec<(&'static str, f64)>, BatchError> {
    let (targets, weights) = elements(criterion, batch)?;
    let mut slopes = vec![0.0; targets.len()];
    let counts = confusion(criterion, batch, targets, &weights, &mut slopes);
    let infos = criterion.equation.params().iter().enumerate();
    Ok(infos.map(|(k, info)| (info.name, set.set_param_slope(&criterion.params, k, counts))).collect())
}

/// The targets, all 0 or 1 where they count, and the weights, 0 for elements that do not count.
fn elements<'a, T: Scalar>(
    criterion: &Criterion,
    batch: &Batch<'a, T>,
) -> Result<(&'a [T], Vec<T>), BatchError> {
    let Targets::Sigmoid { targets, .. } = batch.targets else {
        unreachable!("the registry takes no set loss with a softmax head")
    };
    let hard = |y: T| y == T::default() || y == T::lift(1.0);
    if let Some(index) = (0..targets.len()).find(|&i| batch.is_valid(i) && !hard(targets[i])) {
        return Err(BatchError::Target { index, value: targets[index].to_f64() });
    }
    let weight = |i: usize| {
        let weight = criterion.weight(&criterion.class_weights, batch, i);
        if batch.is_valid(i) { T::from_f64(weight) } else { T::default() }
    };
    Ok((targets, (0..targets.len()).map(weight).collect()))
}

/// The counts; `slopes` is overwritten with p (1 - p).
fn confusion<T: Scalar>(
    criterion: &Criterion,
    batch: &Batch<'_, T>,
    targets: &[T],
    weights: &[T],
    slopes: &mut [T],
) -> Confusion<f64> {
    let shift = criterion.shift.as_ref().map(Affine::new);
    let (mut right, mut wrong) = (vec![T::default(); targets.len()], vec![T::default(); targets.len()]);
    let logits = batch.logits;
    T::dispatch(Predict { logits, targets, shift, right: &mut right, wrong: &mut wrong, slopes });
    let sum = |x: &[T], positive: bool| {
        let counts = |i: usize| weights[i] != T::default() && (targets[i] != T::default()) == positive;
        let weighted = |i: usize| if counts(i) { x[i] * weights[i] } else { T::default() };
        losslab_tensor::sum(&(0..x.len()).map(weighted).collect::<Vec<T>>()).to_f64()
    };
    Confusion {
        true_positive: sum(&right, true),
        false_positive: sum(&wrong, false),
        false_negative: sum(&wrong, true),
    }
}

/// The probability of the true class, one minus it, and their product.
struct Predict<'a, T> {
    logits: &'a [T],
    targets: &'a [T],
    shift: Option<Affine>,
    right: &'a mut [T],
    wrong: &'a mut [T],
    slopes: &'a mut [T],
}

impl<T: Float> Kernel<T> for Predict<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let [scale, add] = self.shift.map_or([1.0, 0.0], |s| [s.scale, s.add]).map(R::lift);
        for (i, (&z, &y)) in self.logits.iter().zip(self.targets).enumerate() {
            let z = scale * R::load(z) + add;
            let x = R::select(R::load(y) == R::lift(0.0), -z, z);
            let Pt { p, q, .. } = Pt::at(x);
            self.right[i] = p.store();
            self.wrong[i] = q.store();
            self.slopes[i] = (p * q).store();
        }
    }
}
