//! The derivative of a criterion with respect to its parameters: for curves, checks and curiosity, in f64.

use crate::batch::{Batch, BatchError, Targets};
use crate::criterion::{Criterion, Normalizer, Reduction};
use crate::equation::{Points, SoftPoints};
use crate::evaluate::Outputs;
use crate::sigmoid::Affine;
use crate::{chunks, mining, set, softmax};

/// Every loss of a batch, as the equation sees it.
struct Elements {
    /// Margins, or logits where the equation takes soft targets.
    x: Vec<f64>,
    /// Signs, or soft targets.
    y: Vec<f64>,
    /// The derivative of the margin with respect to the factor of the logits.
    by_scale: Vec<f64>,
    /// The true class, where the target is hard.
    class: Vec<usize>,
    soft: bool,
}

impl Criterion {
    /// The derivative of the reduced loss with respect to each parameter of the loss, and to alpha if it is
    /// given.
    ///
    /// It is that of the number which [`Criterion::evaluate`] returns; the parameters of modifiers are not
    /// among them, and batch weights (hard example mining) are constants, as they are to the gradient.
    ///
    /// # Errors
    /// As [`Criterion::evaluate`].
    pub fn param_gradient(&self, batch: &Batch<'_, f64>) -> Result<Vec<(&'static str, f64)>, BatchError> {
        let mut grad = vec![0.0; batch.logits.len()];
        let losses = self.check(batch, None, &grad)?;
        if let Some(set) = self.equation.set() {
            return set::param_gradient(self, set, batch);
        }
        let loss = self.evaluate(batch, None, &mut grad)?;

        // The losses without the weights of classes and samples, which may be 0.
        let mut plain = self.clone();
        plain.class_weights.fill(1.0);
        let (mut values, mut hardness) = (vec![0.0; losses], vec![0.0; losses]);
        let out =
            Outputs { values: Some(&mut values), hardness: Some(&mut hardness), grad: &mut grad, far: false };
        plain.run_head(chunks::shared(), &Batch { weights: None, ..*batch }, 1.0, out)?;

        let kept = self.kept(batch, &values, &hardness);
        let weights = |class_weights: &[f64]| -> Vec<f64> {
            let weight = |(i, &kept): (usize, &f64)| {
                if kept == 0.0 { 0.0 } else { kept * self.weight(class_weights, batch, i) }
            };
            kept.iter().enumerate().map(weight).collect()
        };
        let scale = self.scale(batch, Some(&kept))?;
        let all = weights(&self.class_weights);

        let elements = self.elements(batch);
        let mut result = Vec::new();
        for (k, info) in self.spec.loss.params().iter().enumerate() {
            result.push((info.name, scale * dot(&all, &self.value_slopes(&elements, k))));
        }
        if let Some(slopes) = &self.alpha_slopes {
            let weights = weights(slopes);
            let mut slope = dot(&weights, &values);
            if self.reduction == Reduction::Mean(Normalizer::WeightSum) && all.iter().sum::<f64>() > 0.0 {
                slope -= loss * weights.iter().sum::<f64>();
            }
            result.push(("alpha", scale * slope));
        }
        Ok(result)
    }

    /// The batch weights: 0 for losses that do not count.
    fn kept(&self, batch: &Batch<'_, f64>, values: &[f64], hardness: &[f64]) -> Vec<f64> {
        let Some(stage) = self.batch_weights else {
            return (0..values.len()).map(|i| f64::from(u8::from(batch.is_valid(i)))).collect();
        };
        let weighted = |(i, value): (usize, &f64)| {
            if batch.is_valid(i) { value * self.weight(&self.class_weights, batch, i) } else { 0.0 }
        };
        let weighted: Vec<f64> = values.iter().enumerate().map(weighted).collect();
        mining::weights(stage, batch, &weighted, hardness)
    }

    /// The derivative of each unweighted loss with respect to parameter `k`.
    fn value_slopes(&self, elements: &Elements, k: usize) -> Vec<f64> {
        let Elements { x, y, by_scale, class, soft } = elements;
        let mut slopes = vec![0.0; x.len()];
        match self.equation.soft() {
            Some(equation) if *soft => {
                let points = SoftPoints { logit: x, target: y };
                equation.soft_param_slopes(&self.params, k, points, &mut slopes);
            }
            _ => self.equation.param_slopes(&self.params, k, Points { margin: x, sign: y }, &mut slopes),
        }
        if !self.spec.loss.needs_counts() {
            return slopes;
        }
        // The parameter also moves the margin: df/dx dx/dparameter.
        let shift = self.spec.loss.shift(&self.spec.params, Some(k), &self.counts);
        let shift = shift.expect("`new` asked for the same shift");
        let (mut value, mut by_margin) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        let points = Points { margin: x, sign: y };
        self.equation.slopes_f64(&self.params, points, &mut value, &mut by_margin);
        for (i, slope) in slopes.iter_mut().enumerate() {
            *slope += by_margin[i] * (shift.scale * by_scale[i] - shift.target[class[i]]);
        }
        slopes
    }

    /// Margins of a checked batch; those of losses that do not count are 0.
    fn elements(&self, batch: &Batch<'_, f64>) -> Elements {
        let n = batch.targets.len();
        let soft = self.equation.soft().is_some() && matches!(batch.targets, Targets::Sigmoid { .. });
        let mut all =
            Elements { x: vec![0.0; n], y: vec![-1.0; n], by_scale: vec![0.0; n], class: vec![0; n], soft };
        match batch.targets {
            Targets::Sigmoid { targets, .. } => {
                let shift = self.shift.as_ref().map(Affine::new);
                let (scale, add) = shift.map_or((1.0, 0.0), |s| (s.scale, s.add));
                let offsets = shift.map_or([0.0, 0.0], |s| s.offsets());
                for i in (0..n).filter(|&i| batch.is_valid(i)) {
                    let (z, y) = (batch.logits[i], targets[i]);
                    all.class[i] = usize::from(y > 0.0);
                    let sign = if y > 0.0 { 1.0 } else { -1.0 };
                    all.by_scale[i] = sign * finite(z);
                    (all.x[i], all.y[i]) = if soft {
                        (scale * z + add, y)
                    } else {
                        (scale * sign * z + offsets[all.class[i]], sign)
                    };
                }
            }
            Targets::Softmax { targets, classes } => {
                let mut rows = softmax::wide::Rows::new(self, classes);
                let mut others = vec![0.0; classes];
                for i in (0..n).filter(|&i| batch.is_valid(i)) {
                    let class = targets[i] as usize;
                    let logits = &batch.logits[i * classes..][..classes];
                    let row = rows.row(logits, class, &mut others, None);
                    all.x[i] = row.margin;
                    all.y[i] = if class > 0 { 1.0 } else { -1.0 };
                    all.class[i] = class;
                    all.by_scale[i] = finite(finite(logits[class]) - mean(logits, &others, row.inverse));
                }
            }
        }
        all
    }
}

/// The number itself, or the largest finite one of its sign: what an infinite logit counts as. NaN stays NaN.
fn finite(z: f64) -> f64 {
    z.clamp(-f64::MAX, f64::MAX)
}

/// The mean of logits with these weights, whose sum is 1 / `inverse`. A logit of weight 0 does not count,
/// however large.
fn mean(logits: &[f64], weights: &[f64], inverse: f64) -> f64 {
    let pairs = || logits.iter().zip(weights).map(|(&z, &weight)| (finite(z), weight));
    let sum: f64 = pairs().map(|(z, weight)| z * weight).sum();
    if sum.is_finite() {
        return sum * inverse;
    }
    // The sum overflows where the mean need not.
    finite(pairs().map(|(z, weight)| z * (weight * inverse)).sum())
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
