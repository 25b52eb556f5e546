//! The margins of a batch in f64, with their derivatives in logits and shift: what derivatives of a loss in
//! its parameters, and its second derivatives, are put together from.
//!
//! With u = s z + a, s and a the shift of the logits, the margin of a row is u_t - logsumexp_{j != t}(u_j)
//! less the shift of its class. With pi_j = softmax over j != t, its derivatives in u are
//!
//! ```text
//! d_t = 1,  d_j = -pi_j,  d_tt = 0,  d_jj = -pi_j (1 - pi_j),  and in s  dx/ds = sum_j d_j z_j
//! ```
//!
//! With a sigmoid head the margin is linear: d = 1 for positives, -1 for negatives.

use crate::batch::{Batch, Targets};
use crate::criterion::Criterion;
use crate::sigmoid::Affine;
use crate::softmax;

/// Every loss of a batch, as the equation sees it.
pub(crate) struct Margins {
    /// Margins, or logits where the equation takes soft targets; 0 for losses that do not count.
    pub x: Vec<f64>,
    /// Signs, or soft targets.
    pub y: Vec<f64>,
    /// The derivative of each margin with respect to the factor of the logits, s.
    pub by_scale: Vec<f64>,
    /// The true class, where the target is hard.
    pub class: Vec<usize>,
    /// Whether the equation takes soft targets.
    pub soft: bool,
    /// For each logit, what its margin does.
    pub by_logit: Vec<ByLogit>,
}

/// The derivatives of a margin in one of its logits, the factor s apart.
#[derive(Clone, Copy, Default)]
pub(crate) struct ByLogit {
    /// d_j.
    pub first: f64,
    /// d_jj.
    pub second: f64,
    /// The derivative of d_j with respect to s.
    pub by_scale: f64,
}

impl Criterion {
    /// Margins of a checked batch.
    pub(crate) fn margins(&self, batch: &Batch<'_, f64>) -> Margins {
        let n = batch.targets.len();
        let mut all = Margins {
            x: vec![0.0; n],
            y: vec![-1.0; n],
            by_scale: vec![0.0; n],
            class: vec![0; n],
            soft: self.equation.soft().is_some() && matches!(batch.targets, Targets::Sigmoid { .. }),
            by_logit: vec![ByLogit::default(); batch.logits.len()],
        };
        match batch.targets {
            Targets::Sigmoid { targets, .. } => self.sigmoid_margins(batch, targets, &mut all),
            Targets::Softmax { targets, classes } => self.softmax_margins(batch, targets, classes, &mut all),
        }
        all
    }

    fn sigmoid_margins(&self, batch: &Batch<'_, f64>, targets: &[f64], all: &mut Margins) {
        let shift = self.shift.as_ref().map(Affine::new);
        let (scale, add) = shift.map_or((1.0, 0.0), |s| (s.scale, s.add));
        let offsets = shift.map_or([0.0, 0.0], |s| s.offsets());
        for i in (0..targets.len()).filter(|&i| batch.is_valid(i)) {
            let (z, y) = (batch.logits[i], targets[i]);
            all.class[i] = usize::from(y > 0.0);
            let sign = if y > 0.0 { 1.0 } else { -1.0 };
            all.by_scale[i] = sign * finite(z);
            let first;
            (all.x[i], all.y[i], first) = if all.soft {
                (scale * z + add, y, 1.0)
            } else {
                (scale * sign * z + offsets[all.class[i]], sign, sign)
            };
            all.by_logit[i].first = first;
        }
    }

    fn softmax_margins(&self, batch: &Batch<'_, f64>, targets: &[u32], classes: usize, all: &mut Margins) {
        let mut rows = softmax::wide::Rows::new(self, classes);
        let mut others = vec![0.0; classes];
        for i in (0..targets.len()).filter(|&i| batch.is_valid(i)) {
            let class = targets[i] as usize;
            let logits = &batch.logits[i * classes..][..classes];
            let row = rows.row(logits, class, &mut others, None);
            let mean = mean(logits, &others, row.inverse);
            all.x[i] = row.margin;
            all.y[i] = if class > 0 { 1.0 } else { -1.0 };
            all.class[i] = class;
            all.by_scale[i] = finite(finite(logits[class]) - mean);
            for (j, by_logit) in all.by_logit[i * classes..][..classes].iter_mut().enumerate() {
                *by_logit = if j == class {
                    ByLogit { first: 1.0, ..ByLogit::default() }
                } else {
                    let share = others[j] * row.inverse;
                    let second = -share * rest(&others, j, row.inverse);
                    ByLogit { first: -share, second, by_scale: -share * finite(finite(logits[j]) - mean) }
                };
            }
        }
    }
}

/// 1 - pi_j, where pi are these weights times `inverse`: a sum where pi_j is so large that the difference
/// has lost digits.
fn rest(weights: &[f64], j: usize, inverse: f64) -> f64 {
    let share = weights[j] * inverse;
    if share < 0.5 {
        return 1.0 - share;
    }
    let (before, after) = (&weights[..j], &weights[j + 1..]);
    before.iter().chain(after).sum::<f64>() * inverse
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
