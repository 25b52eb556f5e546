//! Second derivatives of a criterion: of each logit with itself, and of each logit with each parameter; in
//! f64.
//!
//! With w all that a loss is multiplied by (weights and normaliser), s the factor of the logits and d_j,
//! d_jj the derivatives of its margin x (see [`margins`](crate::margins)), the chain rule gives for both
//! heads
//!
//! ```text
//! dL/dz_j         = w s d_j f'(x)
//! d2L/dz_j2       = w s^2 (d_j^2 f''(x) + d_jj f'(x))
//! d2L/(dz_j da)   = w (s d_j (df'/da + f''(x) dx/da) + ds/da f'(x) (d_j + s dd_j/ds))
//! ```
//!
//! for a parameter a of the loss, on which the equation, the margin and s may depend. f'' and df'/da are
//! those of the equation on nested dual numbers.

use crate::batch::{Batch, BatchError};
use crate::criterion::{Criterion, Normalizer, Reduction};
use crate::equation::{Equation, Points, SoftPoints};
use crate::erased::Soft;
use crate::loss::Shift;
use crate::margins::{ByLogit, Margins};
use crate::zoo::Ce;
use std::marker::PhantomData;

/// The second derivatives of a reduced loss that [`Criterion::second_derivatives`] finds.
#[derive(Clone, Debug, PartialEq)]
pub struct SecondDerivatives {
    /// d2L/dz_j^2 for each logit z_j: the diagonal of the Hessian.
    pub diagonal: Vec<f64>,
    /// For each parameter of the loss, and alpha if it is given: its name, and d2L/(dz_j dparameter) for
    /// each logit.
    pub mixed: Vec<(&'static str, Vec<f64>)>,
}

impl Criterion {
    /// The second derivatives of the number that [`Criterion::evaluate`] returns (of the sum, if the
    /// reduction is `None`).
    ///
    /// Shifts, label smoothing, weights and normaliser are in them. Batch weights (hard example mining) are
    /// constants, as they are to the gradient, and the parameters of modifiers are not among those
    /// differentiated by. Where the slope jumps, the derivatives are those of the side that the equation
    /// takes there; see what the loss declares, [`Curvature`](crate::Curvature).
    ///
    /// # Errors
    /// As [`Criterion::evaluate`], and for a loss of a whole batch (Dice), which has no margin.
    pub fn second_derivatives(&self, batch: &Batch<'_, f64>) -> Result<SecondDerivatives, BatchError> {
        let mut grad = vec![0.0; batch.logits.len()];
        self.check(batch, None, &grad)?;
        if self.equation.set().is_some() {
            return Err(BatchError::NoMargin { loss: self.equation.name() });
        }
        self.evaluate(batch, None, &mut grad)?;
        let plain = self.unweighted(batch)?;
        let kept = self.kept(batch, &plain);
        let scale = self.scale(batch, Some(&kept))?;
        let weights = |class_weights: &[f64]| -> Vec<f64> {
            self.weights(class_weights, batch, &kept).into_iter().map(|w| w * scale).collect()
        };
        let all = weights(&self.class_weights);
        let margins = self.margins(batch);

        let diagonal = expand(&kept, &all, &margins, &self.diagonal(&margins));
        let params = self.spec.loss.params().iter().enumerate();
        let mut mixed: Vec<_> = params
            .map(|(k, info)| (info.name, expand(&kept, &all, &margins, &self.mixed(&margins, k))))
            .collect();
        if let Some(slopes) = &self.alpha_slopes {
            let slopes = weights(slopes);
            let of_sum = match self.reduction == Reduction::Mean(Normalizer::WeightSum)
                && all.iter().sum::<f64>() > 0.0
            {
                true => slopes.iter().sum::<f64>(),
                false => 0.0,
            };
            mixed.push(("alpha", by_alpha(&kept, &slopes, of_sum, &plain.grad, &grad)));
        }
        Ok(SecondDerivatives { diagonal, mixed })
    }

    /// d2L/dz_j^2 of each loss without its weights.
    fn diagonal(&self, margins: &Margins) -> Vec<Terms> {
        let s = self.shift.as_ref().map_or(1.0, |shift| shift.scale);
        // Label smoothing adds a linear function of the logits. Of softmax rows it is no function of p_t,
        // so that the second derivatives are taken of cross-entropy itself.
        let plain: (&dyn Equation, &[f64]) = (&Soft::<Ce, 0>(PhantomData), &[]);
        let smoothed = self.smooth.is_some() && !margins.soft;
        let (equation, params) = if smoothed { plain } else { (&*self.equation, &self.params[..]) };
        let slopes = slopes(equation, params, margins);
        let second = second(equation, params, None, margins);
        let terms = slopes.into_iter().zip(second);
        terms.map(|(f1, f2)| Terms { squared: s * s * f2, second: s * s * f1, ..Terms::default() }).collect()
    }

    /// d2L/(dz_j da) of each loss without its weights, where a is parameter `k`.
    fn mixed(&self, margins: &Margins, k: usize) -> Vec<Terms> {
        let s = self.shift.as_ref().map_or(1.0, |shift| shift.scale);
        let by_param = second(&*self.equation, &self.params, Some(k), margins);
        if !self.spec.loss.needs_counts() {
            return by_param.into_iter().map(|f1| Terms { first: s * f1, ..Terms::default() }).collect();
        }
        let shift = self.spec.loss.shift(&self.spec.params, Some(k), &self.counts);
        let Shift { scale, target } = shift.expect("`new` asked for the same shift");
        let slopes = slopes(&*self.equation, &self.params, margins);
        let second = second(&*self.equation, &self.params, None, margins);
        let terms = |(i, by_param): (usize, f64)| {
            let x = scale * margins.by_scale[i] - target[margins.class[i]];
            let first = s * (by_param + second[i] * x) + scale * slopes[i];
            Terms { first, by_scale: s * scale * slopes[i], ..Terms::default() }
        };
        by_param.into_iter().enumerate().map(terms).collect()
    }
}

/// What the derivatives of the margin of one loss are multiplied by.
#[derive(Clone, Copy, Default)]
struct Terms {
    /// d_j.
    first: f64,
    /// d_j^2.
    squared: f64,
    /// d_jj.
    second: f64,
    /// dd_j/ds.
    by_scale: f64,
}

/// From losses to logits: 0 for losses that do not count.
fn expand(kept: &[f64], weights: &[f64], margins: &Margins, terms: &[Terms]) -> Vec<f64> {
    let of_logit = |i: usize, d: ByLogit| {
        let Terms { first, squared, second, by_scale } = terms[i];
        let sum = first * d.first + squared * d.first * d.first + second * d.second + by_scale * d.by_scale;
        if kept[i] == 0.0 { 0.0 } else { weights[i] * sum }
    };
    let logits = (margins.by_logit.len() / kept.len().max(1)).max(1);
    margins.by_logit.iter().enumerate().map(|(j, &d)| of_logit(j / logits, d)).collect()
}

/// d2L/(dz_j dalpha), from the derivatives of the weights, that of their sum where it is divided by, and
/// the gradients of losses without weights and of the reduced loss.
fn by_alpha(kept: &[f64], slopes: &[f64], of_sum: f64, plain: &[f64], grad: &[f64]) -> Vec<f64> {
    let logits = (plain.len() / kept.len().max(1)).max(1);
    let of_logit = |(j, (plain, grad)): (usize, (&f64, &f64))| match kept[j / logits] {
        0.0 => 0.0,
        _ => slopes[j / logits] * plain - of_sum * grad,
    };
    plain.iter().zip(grad).enumerate().map(of_logit).collect()
}

/// f' of each loss.
fn slopes(equation: &dyn Equation, params: &[f64], margins: &Margins) -> Vec<f64> {
    let Margins { x, y, soft, .. } = margins;
    let (mut value, mut slope) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    match equation.soft() {
        Some(equation) if *soft => {
            let points = SoftPoints { logit: x, target: y };
            equation.soft_slopes_f64(params, points, &mut value, &mut slope);
        }
        _ => equation.slopes_f64(params, Points { margin: x, sign: y }, &mut value, &mut slope),
    }
    slope
}

/// The derivative of f' of each loss, see [`Equation::second_derivatives`].
fn second(equation: &dyn Equation, params: &[f64], k: Option<usize>, margins: &Margins) -> Vec<f64> {
    let Margins { x, y, soft, .. } = margins;
    let mut second = vec![0.0; x.len()];
    match equation.soft() {
        Some(equation) if *soft => {
            let points = SoftPoints { logit: x, target: y };
            equation.soft_second_derivatives(params, k, points, &mut second);
        }
        _ => equation.second_derivatives(params, k, Points { margin: x, sign: y }, &mut second),
    }
    second
}
