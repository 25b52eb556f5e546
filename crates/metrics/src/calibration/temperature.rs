//! Temperature scaling: softmax(z / T) or sigmoid(z / T), one T for all (Guo et al. 2017, section 4.2).
//!
//! It leaves the order of scores and the predicted classes alone, so that it repairs over- and
//! underconfidence and nothing else: not a shift of the logits, as class weights bring, and only roughly the
//! bend that the focal loss brings.

use super::super::check::{self, MetricError};
use losslab_base::math::exp_f64;

/// Temperatures that are looked for: beyond, the data do not say.
const RANGE: (f64, f64) = (1e-3, 1e3);

/// The temperature of the least log loss on these logits, which must not be those it is judged on.
///
/// Two classes have one logit a row, for class 1; more have a logit per class. In b = 1/T the log loss is
/// convex with the derivative
///
/// ```text
/// mean of (sum_j softmax_j(b z) z_j - z_label),   binary: mean of (sigmoid(b z) - y) z
/// ```
///
/// whose zero is found by bisection of ln b, to 1e-12.
///
/// `None` if it has no zero for T in [0.001, 1000]: without rows, if all logits of a row are equal, if the
/// classes are perfectly separated (T = 0 is best), or if the logits rank no better than chance (T is
/// infinite or negative).
///
/// # Errors
/// A NaN or infinite logit.
///
/// # Panics
/// If there are not as many logits as the labels ask for, or a label is no class.
#[track_caller]
pub fn fit_temperature(logits: &[f32], classes: usize, labels: &[u32]) -> Result<Option<f64>, MetricError> {
    let columns = if classes == 2 { 1 } else { classes };
    assert!(
        logits.len() == columns * labels.len() && labels.iter().all(|&label| (label as usize) < classes),
        "fit_temperature: {} logits and {} labels of {classes} classes",
        logits.len(),
        labels.len()
    );
    let logits: Vec<f64> = logits.iter().map(|&z| f64::from(z)).collect();
    check::finite(&logits)?;
    let rising = |inverse: f64| derivative(&logits, columns, labels, inverse) > 0.0;
    let (mut low, mut high) = (1.0 / RANGE.1, 1.0 / RANGE.0);
    if rising(low) || !rising(high) {
        return Ok(None);
    }
    while high / low > 1.0 + 1e-12 {
        let middle = (low * high).sqrt();
        if rising(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(Some(1.0 / low))
}

/// The sum over rows of the derivative of the log loss in the inverse temperature.
fn derivative(logits: &[f64], columns: usize, labels: &[u32], inverse: f64) -> f64 {
    let row = |(row, &label): (&[f64], &u32)| {
        if columns == 1 {
            return (crate::logits::sigmoid(inverse * row[0]) - f64::from(label)) * row[0];
        }
        let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (mut total, mut weighted) = (0.0, 0.0);
        for &z in row {
            let e = exp_f64(inverse * (z - max));
            total += e;
            weighted += e * z;
        }
        weighted / total - row[label as usize]
    };
    logits.chunks_exact(columns).zip(labels).map(row).sum()
}
