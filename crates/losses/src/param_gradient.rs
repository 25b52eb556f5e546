//! The derivative of a criterion with respect to its parameters: for curves, checks and curiosity, in f64.

use crate::batch::{Batch, BatchError};
use crate::criterion::{Criterion, Normalizer, Reduction};
use crate::equation::{Points, SoftPoints};
use crate::evaluate::Outputs;
use crate::margins::Margins;
use crate::{chunks, mining, set};

/// The losses of a batch, none of them weighed.
pub(crate) struct Unweighted {
    pub values: Vec<f64>,
    hardness: Vec<f64>,
    /// The derivative of its loss in each logit.
    pub grad: Vec<f64>,
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
        self.check(batch, None, &grad)?;
        if let Some(set) = self.equation.set() {
            return set::param_gradient(self, set, batch);
        }
        let loss = self.evaluate(batch, None, &mut grad)?;

        let plain = self.unweighted(batch)?;
        let kept = self.kept(batch, &plain);
        let scale = self.scale(batch, Some(&kept))?;
        let all = self.weights(&self.class_weights, batch, &kept);
        let margins = self.margins(batch);
        let mut result = Vec::new();
        for (k, info) in self.spec.loss.params().iter().enumerate() {
            result.push((info.name, scale * dot(&all, &self.value_slopes(&margins, k))));
        }
        if let Some(slopes) = &self.alpha_slopes {
            let weights = self.weights(slopes, batch, &kept);
            let mut slope = dot(&weights, &plain.values);
            if self.reduction == Reduction::Mean(Normalizer::WeightSum) && all.iter().sum::<f64>() > 0.0 {
                slope -= loss * weights.iter().sum::<f64>();
            }
            result.push(("alpha", scale * slope));
        }
        Ok(result)
    }

    /// The losses of a checked batch without the weights of classes and samples, which may be 0.
    pub(crate) fn unweighted(&self, batch: &Batch<'_, f64>) -> Result<Unweighted, BatchError> {
        let losses = batch.targets.len();
        let mut plain = self.clone();
        plain.class_weights.fill(1.0);
        let mut found = Unweighted {
            values: vec![0.0; losses],
            hardness: vec![0.0; losses],
            grad: vec![0.0; batch.logits.len()],
        };
        let Unweighted { values, hardness, grad } = &mut found;
        let out = Outputs { values: Some(values), hardness: Some(hardness), grad, far: false };
        plain.run_head(chunks::shared(), &Batch { weights: None, ..*batch }, 1.0, out)?;
        Ok(found)
    }

    /// The batch weights: 0 for losses that do not count.
    pub(crate) fn kept(&self, batch: &Batch<'_, f64>, plain: &Unweighted) -> Vec<f64> {
        let Some(stage) = self.batch_weights else {
            return (0..plain.values.len()).map(|i| f64::from(u8::from(batch.is_valid(i)))).collect();
        };
        let weighted = |(i, value): (usize, &f64)| {
            if batch.is_valid(i) { value * self.weight(&self.class_weights, batch, i) } else { 0.0 }
        };
        let weighted: Vec<f64> = plain.values.iter().enumerate().map(weighted).collect();
        mining::weights(stage, batch, &weighted, &plain.hardness)
    }

    /// All weights of each loss, that of its class from `class_weights`.
    pub(crate) fn weights(&self, class_weights: &[f64], batch: &Batch<'_, f64>, kept: &[f64]) -> Vec<f64> {
        let weight = |(i, &kept): (usize, &f64)| {
            if kept == 0.0 { 0.0 } else { kept * self.weight(class_weights, batch, i) }
        };
        kept.iter().enumerate().map(weight).collect()
    }

    /// The derivative of each unweighted loss with respect to parameter `k`.
    fn value_slopes(&self, margins: &Margins, k: usize) -> Vec<f64> {
        let Margins { x, y, by_scale, class, soft, .. } = margins;
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
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
