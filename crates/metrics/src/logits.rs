//! From logits to probabilities.
//!
//! In f64, so that confident scores stay apart, and by losslab's own exponential: the same bits on every
//! machine.

use losslab_base::math::exp_f64;

/// 1 / (1 + e^-z), without overflow at either end.
pub fn sigmoid(z: f64) -> f64 {
    let e = exp_f64(-z.abs());
    if z < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
}

/// Appends the probabilities of these logits: of class 1 for two classes, which have one logit a row, else of
/// each class
///
/// by the sigmoid and the softmax. A NaN logit makes its row NaN.
///
/// # Panics
/// If more than two classes do not have a logit each.
#[track_caller]
pub fn probabilities<T: Copy + Into<f64>>(logits: &[T], classes: usize, out: &mut Vec<f64>) {
    let columns = columns(classes);
    assert!(
        logits.len().is_multiple_of(columns),
        "metrics: {} logits for rows of {classes} classes",
        logits.len()
    );
    if columns == 1 {
        out.extend(logits.iter().map(|&z| sigmoid(z.into())));
    } else {
        logits.chunks_exact(columns).for_each(|row| softmax(row, out));
    }
}

/// Numbers per row: one for two classes, else one per class.
pub(crate) fn columns(classes: usize) -> usize {
    if classes == 2 { 1 } else { classes }
}

/// e^(z_k - max) / sum_j e^(z_j - max).
fn softmax<T: Copy + Into<f64>>(logits: &[T], out: &mut Vec<f64>) {
    let start = out.len();
    // `max` swallows NaN, which the exponential below brings back.
    let max = logits.iter().map(|&z| z.into()).fold(f64::NEG_INFINITY, f64::max);
    out.extend(logits.iter().map(|&z| exp_f64(z.into() - max)));
    let sum: f64 = out[start..].iter().sum();
    out[start..].iter_mut().for_each(|p| *p /= sum);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(classes: usize, logits: &[f32]) -> Vec<f64> {
        let mut out = Vec::new();
        probabilities(logits, classes, &mut out);
        out
    }

    #[test]
    fn probabilities_of_known_logits() {
        assert_eq!(of(2, &[0.0, 1e4, -1e4]), [0.5, 1.0, 0.0]);
        assert_eq!(of(4, &[7.0; 8]), [0.25; 8]);
        assert_eq!(of(3, &[1e4, -1e4, -1e4]), [1.0, 0.0, 0.0]);
        assert!(of(3, &[1.0, f32::NAN, 2.0]).iter().all(|p| p.is_nan()));
        assert!(of(2, &[f32::NAN])[0].is_nan());
    }
}
