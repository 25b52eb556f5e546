//! From logits to probabilities, and to the numbers that do not round to 1 as those do.
//!
//! In f64, so that confident scores stay apart, and by losslab's own exponential: the same bits on every
//! machine.

use losslab_base::math::{exp_f64, ln_1p_f64, ln_f64};

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

/// ln(1 + e^x), without overflow: the log loss of a margin of -x.
pub(crate) fn softplus(x: f64) -> f64 {
    // A comparison, not `max`, which swallows NaN.
    (if x < 0.0 { 0.0 } else { x }) + ln_1p_f64(exp_f64(-x.abs()))
}

/// z_k - log sum_{j != k} e^(z_j): the log-odds of class k, which rise with its probability and go on rising
/// where that rounds to 1. A NaN in the row gives NaN.
pub(crate) fn margin(row: &[f64], k: usize) -> f64 {
    let others = || row[..k].iter().chain(&row[k + 1..]);
    let max = others().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = others().map(|z| exp_f64(z - max)).sum();
    row[k] - max - ln_f64(sum)
}

/// Appends the margin of each class of a row.
///
/// Only the largest one has to leave its own class out of the sum: below, 1 - p_k is at least 1/2.
pub(crate) fn margins(row: &[f64], out: &mut Vec<f64>) {
    let top = (1..row.len()).fold(0, |top, k| if row[k] > row[top] { k } else { top });
    let sum: f64 = row.iter().map(|z| exp_f64(z - row[top])).sum();
    let log_sum = ln_f64(sum);
    for (k, z) in row.iter().enumerate() {
        let log_p = z - row[top] - log_sum;
        out.push(if k == top { margin(row, k) } else { log_p - ln_1p_f64(-exp_f64(log_p)) });
    }
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

    #[test]
    fn margins_are_log_odds_also_where_probabilities_round_to_one() {
        let of = |row: &[f64]| {
            let mut out = Vec::new();
            margins(row, &mut out);
            (0..row.len()).for_each(|k| {
                let error = (margin(row, k) - out[k]).abs();
                assert!(error <= 4.0 * f64::EPSILON * (1.0 + out[k].abs()), "{row:?}: {error:e}");
            });
            out
        };
        assert!(of(&[0.0; 4]).iter().all(|x| (x + 3.0_f64.ln()).abs() < 1e-15));
        assert_eq!(of(&[90.0, 0.0, -1e4])[0], 90.0);
        assert_eq!(of(&[90.0, 0.0, -1e4])[1], -90.0);
        // Two classes share the rest: log-odds of 50 - ln 2.
        assert!((of(&[0.0, 50.0, 0.0])[1] - (50.0 - std::f64::consts::LN_2)).abs() < 1e-14);
        assert!((0..3).all(|k| margin(&[1.0, f64::NAN, 2.0], k).is_nan()));
        let mut out = Vec::new();
        margins(&[1.0, f64::NAN, 2.0], &mut out);
        assert!(out.iter().all(|x| x.is_nan()), "{out:?}");
    }

    #[test]
    fn softplus_at_the_ends() {
        assert_eq!([softplus(1e4), softplus(-1e4), softplus(0.0)], [1e4, 0.0, std::f64::consts::LN_2]);
        assert!(softplus(f64::NAN).is_nan());
    }
}
