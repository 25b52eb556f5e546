//! The calibration of one model: as it reports, after temperature scaling, and with the bias of its loss
//! inverted.

use super::super::check::MetricError;
use super::super::probability::{self, ECE_BINS};
use super::super::{classes, logits};
use super::reliability::{Binning, Reliability};
use super::temperature::fit_temperature;
use serde::{Deserialize, Serialize};

/// Logits with the truth: one logit a row, for class 1, with two classes; else one per class.
#[derive(Clone, Copy, Debug)]
pub struct Scored<'a> {
    /// The logits, row by row.
    pub logits: &'a [f32],
    /// The class of each row.
    pub labels: &'a [u32],
}

/// How good one set of probabilities is.
///
/// With two classes the event is the positive class; with more it is that the most probable class is the true
/// one, as in Guo et al. 2017, while [log loss](classes::log_loss) and [Brier score](classes::brier) are over
/// all classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Log loss in nats.
    pub log_loss: f64,
    /// Brier score.
    pub brier: f64,
    /// ECE over 15 bins of equal width.
    pub ece: f64,
    /// ECE over 15 bins of equal mass.
    pub ece_mass: f64,
    /// The curve over bins of equal width, with the parts of the Brier score of the event.
    pub equal_width: Reliability,
    /// The curve over bins of equal mass, with the same.
    pub equal_mass: Reliability,
}

/// The calibration of one model on test rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// As the network reports.
    pub raw: Measured,
    /// The temperature fitted on validation rows; `None` where they do not determine one.
    pub temperature: Option<f64>,
    /// With that temperature.
    pub temperature_scaled: Option<Measured>,
    /// With the bias of the loss inverted, where the inverse is known and not the identity.
    pub inverted: Option<Measured>,
}

/// Judges the probabilities of a model on `test`; a temperature is fitted on `validation`.
///
/// `inverted` are the probabilities of the test rows with the bias of the loss inverted, where that is known.
///
/// `None` if there are no test rows.
///
/// # Errors
/// A NaN or infinite logit, or an inverted probability outside [0, 1].
///
/// # Panics
/// If the numbers of logits, labels and inverted probabilities do not fit, or a label is no class.
#[track_caller]
pub fn assess(
    classes: usize,
    validation: Scored<'_>,
    test: Scored<'_>,
    inverted: Option<&[f64]>,
) -> Result<Option<Calibration>, MetricError> {
    let temperature = fit_temperature(validation.logits, classes, validation.labels)?;
    let at = |inverse: f64| -> Result<Option<Measured>, MetricError> {
        let logits: Vec<f64> = test.logits.iter().map(|&z| inverse * f64::from(z)).collect();
        let mut probabilities = Vec::with_capacity(logits.len());
        logits::probabilities(&logits, classes, &mut probabilities);
        let mut measured = measure(&probabilities, classes, test.labels)?;
        // Exact also where the probability rounds to 0 or 1.
        if let (2, Some(measured)) = (classes, &mut measured) {
            let exact = probability::log_loss_from_logits(&logits, &positives(test.labels))?;
            measured.log_loss = exact.unwrap_or(measured.log_loss);
        }
        Ok(measured)
    };
    let Some(raw) = at(1.0)? else { return Ok(None) };
    let temperature_scaled = match temperature {
        Some(temperature) => at(1.0 / temperature)?,
        None => None,
    };
    let inverted = match inverted {
        Some(inverted) => measure(inverted, classes, test.labels)?,
        None => None,
    };
    Ok(Some(Calibration { raw, temperature, temperature_scaled, inverted }))
}

/// `None` without rows. `count` is the number of classes.
#[track_caller]
fn measure(p: &[f64], count: usize, labels: &[u32]) -> Result<Option<Measured>, MetricError> {
    let (event, happened, log_loss, brier) = if count == 2 {
        let positives = positives(labels);
        let (log_loss, brier) = (probability::log_loss(p, &positives)?, probability::brier(p, &positives)?);
        (p.to_vec(), positives, log_loss, brier)
    } else {
        let (log_loss, brier) = (classes::log_loss(p, count, labels)?, classes::brier(p, count, labels)?);
        let predicted = classes::predicted_classes(p, count);
        let confidence = p.chunks_exact(count).zip(&predicted).map(|(row, &k)| row[k as usize]).collect();
        let correct = predicted.iter().zip(labels).map(|(a, b)| a == b).collect();
        (confidence, correct, log_loss, brier)
    };
    let curve = |binning| Reliability::new(&event, &happened, binning, ECE_BINS);
    let (width, mass) = (curve(Binning::EqualWidth)?, curve(Binning::EqualMass)?);
    let (Some(log_loss), Some(brier), Some(equal_width), Some(equal_mass)) = (log_loss, brier, width, mass)
    else {
        return Ok(None);
    };
    let (ece, ece_mass) = (equal_width.ece(), equal_mass.ece());
    Ok(Some(Measured { log_loss, brier, ece, ece_mass, equal_width, equal_mass }))
}

fn positives(labels: &[u32]) -> Vec<bool> {
    labels.iter().map(|&label| label == 1).collect()
}
