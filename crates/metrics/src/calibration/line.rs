//! Logistic regression on a logit: logit P(y = 1) = a + b z, by maximum likelihood. It is Platt scaling where
//! it is used to mend probabilities, and Cox's calibration line where it measures how wrong they are.

use super::super::check::{self, MetricError};
use super::super::logits::sigmoid;
use losslab_base::math::{exp_f64, ln_1p_f64};
use serde::{Deserialize, Serialize};

/// Steps of Newton's method; a handful is usual.
const STEPS: usize = 100;
/// Slopes beyond this, in standard deviations of the logits, are those of separated classes: there is no
/// maximum.
const STEEPEST: f64 = 1e4;

/// logit P(y = 1) = a + b z.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// a.
    pub intercept: f64,
    /// b.
    pub slope: f64,
}

impl Line {
    /// The logit that the line makes of one.
    pub fn at(&self, z: f64) -> f64 {
        self.intercept + self.slope * z
    }
}

/// The calibration line of these logits (Cox 1958, "Two further applications of a model for binary
/// regression"): slope 1 and intercept 0 for calibrated probabilities, a slope below 1 for overconfident
/// ones, above 1 for those that are too moderate.
///
/// `None` where the labels do not determine it: without rows of both classes, with equal logits, or where the
/// logits separate the classes.
///
/// # Errors
/// A NaN or infinite logit.
///
/// # Panics
/// If the numbers of logits and labels differ.
#[track_caller]
pub fn calibration_line(logits: &[f64], positives: &[bool]) -> Result<Option<Line>, MetricError> {
    let targets: Vec<f64> = positives.iter().map(|&positive| f64::from(u8::from(positive))).collect();
    fit(logits, &targets)
}

/// The intercept of the calibration line with the slope held at 1, "calibration in the large": 0 where the
/// mean probability is the share of positives, negative where it is too high, in log-odds.
///
/// `None` without rows of both classes.
///
/// # Errors
/// A NaN or infinite logit.
///
/// # Panics
/// If the numbers of logits and labels differ.
#[track_caller]
pub fn calibration_in_the_large(logits: &[f64], positives: &[bool]) -> Result<Option<f64>, MetricError> {
    check_lengths(logits, positives.len());
    check::finite(logits)?;
    let wanted = positives.iter().filter(|&&positive| positive).count() as f64;
    if wanted == 0.0 || wanted == positives.len() as f64 {
        return Ok(None);
    }
    let excess = |a: f64| logits.iter().map(|&z| sigmoid(a + z)).sum::<f64>() - wanted;
    let most = logits.iter().fold(0.0_f64, |most, z| most.max(z.abs()));
    let (mut low, mut high) = (-most - 50.0, most + 50.0);
    while high - low > 1e-13 * (1.0 + low.abs().max(high.abs())) {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if excess(middle) > 0.0 { high = middle } else { low = middle }
    }
    Ok(Some(0.5 * (low + high)))
}

/// The line of Platt scaling (Platt 1999, "Probabilistic outputs for support vector machines", section 2.2).
///
/// It is fitted to targets of (n_1 + 1) / (n_1 + 2) for the n_1 positives and 1 / (n_0 + 2) for the n_0
/// negatives, so that separated classes have a line, too.
///
/// `None` without rows of both classes, or if all logits are equal, or if its slope is not positive: it would
/// turn the order of rows around.
///
/// # Errors
/// A NaN or infinite logit.
///
/// # Panics
/// If the numbers of logits and labels differ.
#[track_caller]
pub fn fit_platt(logits: &[f64], positives: &[bool]) -> Result<Option<Line>, MetricError> {
    let ones = positives.iter().filter(|&&positive| positive).count();
    let zeros = positives.len() - ones;
    if ones == 0 || zeros == 0 {
        return Ok(None);
    }
    let (high, low) = ((ones as f64 + 1.0) / (ones as f64 + 2.0), 1.0 / (zeros as f64 + 2.0));
    let targets: Vec<f64> = positives.iter().map(|&positive| if positive { high } else { low }).collect();
    Ok(fit(logits, &targets)?.filter(|line| line.slope > 0.0))
}

#[track_caller]
fn check_lengths(logits: &[f64], labels: usize) {
    assert!(logits.len() == labels, "calibration line: {} logits and {labels} labels", logits.len());
}

/// The line of the least cross-entropy to these targets, by Newton's method on centred and scaled logits.
#[track_caller]
fn fit(logits: &[f64], targets: &[f64]) -> Result<Option<Line>, MetricError> {
    check_lengths(logits, targets.len());
    check::finite(logits)?;
    let n = logits.len() as f64;
    let mean = logits.iter().sum::<f64>() / n;
    let scale = (logits.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / n).sqrt();
    let share = targets.iter().sum::<f64>() / n;
    if !(scale > 0.0 && share > 0.0 && share < 1.0) {
        return Ok(None);
    }
    let scaled: Vec<f64> = logits.iter().map(|z| (z - mean) / scale).collect();
    let loss = |line: Line| {
        let rows = scaled.iter().zip(targets);
        rows.map(|(&z, t)| softplus(line.at(z)) - t * line.at(z)).sum::<f64>()
    };
    let mut line = Line { intercept: 0.0, slope: 0.0 };
    let mut least = loss(line);
    for _ in 0..STEPS {
        let Some(step) = newton(line, &scaled, targets) else { return Ok(None) };
        let taken = |share: f64| Line {
            intercept: line.intercept - share * step.intercept,
            slope: line.slope - share * step.slope,
        };
        // Halved until it is no step upwards; rounding ends the descent.
        let halved = (0..60).map(|half| taken(0.5_f64.powi(half))).find(|&next| loss(next) < least);
        let Some(next) = halved else { break };
        (line, least) = (next, loss(next));
        if line.slope.abs() > STEEPEST {
            return Ok(None);
        }
    }
    // A last step gains digits that the loss, a sum near its minimum, does not show.
    if let Some(step) = newton(line, &scaled, targets) {
        line = Line { intercept: line.intercept - step.intercept, slope: line.slope - step.slope };
    }
    let slope = line.slope / scale;
    let found = Line { intercept: line.intercept - slope * mean, slope };
    Ok(Some(found).filter(|line| line.slope.is_finite() && line.intercept.is_finite()))
}

/// The inverse of the second derivatives times the first ones; `None` where the former are singular.
fn newton(line: Line, logits: &[f64], targets: &[f64]) -> Option<Line> {
    let (mut g, mut h) = ([0.0; 2], [0.0; 3]);
    for (&z, t) in logits.iter().zip(targets) {
        let p = sigmoid(line.at(z));
        let (error, weight) = (p - t, p * (1.0 - p));
        g = [g[0] + error, g[1] + error * z];
        h = [h[0] + weight, h[1] + weight * z, h[2] + weight * z * z];
    }
    let determinant = h[0] * h[2] - h[1] * h[1];
    (determinant > 1e-14 * h[0] * h[2]).then(|| Line {
        intercept: (h[2] * g[0] - h[1] * g[1]) / determinant,
        slope: (h[0] * g[1] - h[1] * g[0]) / determinant,
    })
}

/// log(1 + e^x).
fn softplus(x: f64) -> f64 {
    let positive = if x > 0.0 { x } else { 0.0 };
    positive + ln_1p_f64(exp_f64(-x.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f64; 14] = [-3.0, -2.5, -2.0, -1.5, -1.0, -0.5, -0.25, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 4.0];
    const LABELS: [u8; 14] = [0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1];

    fn close(line: Option<Line>, intercept: f64, slope: f64) {
        let found = line.unwrap();
        let off = (found.intercept - intercept).abs().max((found.slope - slope).abs());
        assert!(off < 1e-12, "{found:?}, not {intercept} and {slope}");
    }

    /// `statsmodels.api.Logit(y, add_constant(z)).fit()`, `GLM(t, add_constant(z), Binomial())` with Platt's
    /// targets, and `GLM(y, ones, Binomial(), offset=z)` of statsmodels 0.14.
    #[test]
    fn lines_are_those_of_logistic_regression() {
        let labels = LABELS.map(|label| label == 1);
        close(calibration_line(&LOGITS, &labels).unwrap(), -0.3557774182918087, 0.4790874026789817);
        close(fit_platt(&LOGITS, &labels).unwrap(), -0.3154311868243861, 0.3498248366120469);
        let large = calibration_in_the_large(&LOGITS, &labels).unwrap().unwrap();
        assert!((large + 0.47224749783013625).abs() < 1e-12, "{large}");
    }

    #[test]
    fn separated_classes_have_a_line_of_platt_alone() {
        let labels = LOGITS.map(|z| z > 0.2);
        assert_eq!(calibration_line(&LOGITS, &labels).unwrap(), None);
        close(fit_platt(&LOGITS, &labels).unwrap(), -0.4615446294236878, 1.0607113708175582);
    }

    #[test]
    fn what_is_not_determined_is_none_and_nan_is_an_error() {
        let both = [true, false, true];
        assert_eq!(calibration_line(&[1.0; 3], &both).unwrap(), None);
        assert_eq!(fit_platt(&[1.0, 2.0, 3.0], &[true; 3]).unwrap(), None);
        assert_eq!(calibration_in_the_large(&[1.0, 2.0, 3.0], &[false; 3]).unwrap(), None);
        assert_eq!(fit_platt(&[3.0, 2.0, 1.0], &[false, true, true]).unwrap(), None, "upside down");
        assert_eq!(calibration_line(&[], &[]).unwrap(), None);
        assert!(calibration_line(&[1.0, f64::NAN, 3.0], &both).is_err());
        assert!(fit_platt(&[1.0, f64::INFINITY, 3.0], &both).is_err());
    }

    /// Logits of any size: those of a network that was trained too long, and of one that says nothing.
    #[test]
    fn large_and_small_logits_have_the_same_line_in_their_own_units() {
        let labels = LABELS.map(|label| label == 1);
        for unit in [1e-6, 1e6] {
            let logits = LOGITS.map(|z| unit * z);
            let Line { intercept, slope } = calibration_line(&logits, &labels).unwrap().unwrap();
            assert!((intercept + 0.3557774182918087).abs() < 1e-9, "{unit}: {intercept}");
            assert!((unit * slope - 0.4790874026789817).abs() < 1e-9, "{unit}: {slope}");
        }
    }
}
