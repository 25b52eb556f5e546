//! The calibration of one model: as it reports, after temperature and Platt scaling, and with the bias of its
//! loss inverted.

use super::super::check::MetricError;
use super::super::probability::{self, ECE_BINS};
use super::super::{classes, logits};
use super::line::{Line, calibration_in_the_large, calibration_line, fit_platt};
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
    /// The slope of the calibration line: 1 for calibrated probabilities, less for overconfident ones. `None`
    /// with more than two classes, and where the rows do not determine it.
    pub slope: Option<f64>,
    /// Its intercept with the slope held at 1: what is to be added to all log-odds so that the mean
    /// probability is the share of positives. `None` as the slope.
    pub intercept: Option<f64>,
    /// The curve over bins of equal width, with the parts of the Brier score of the event.
    pub equal_width: Reliability,
    /// The curve over bins of equal mass, with the same.
    pub equal_mass: Reliability,
}

/// How a probability is made of a model's logits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repair {
    /// As the network reports.
    #[default]
    Raw,
    /// With the bias of the loss inverted.
    Inverted,
    /// Divided by a temperature fitted on validation rows.
    Temperature,
    /// Platt scaling: a slope and an intercept fitted on validation rows.
    Platt,
}

impl Repair {
    /// Its name in sentences.
    pub fn words(self) -> &'static str {
        match self {
            Self::Raw => "as the network reports them",
            Self::Inverted => "with the bias of the loss inverted",
            Self::Temperature => "after temperature scaling",
            Self::Platt => "after Platt scaling",
        }
    }
}

/// Logits with the bias of the loss inverted, where that is known.
#[derive(Clone, Copy, Debug)]
pub struct Inverted<'a> {
    /// Those of the validation rows.
    pub validation: &'a [f64],
    /// Those of the test rows.
    pub test: &'a [f64],
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
    /// The line of Platt scaling fitted on validation rows; `None` where they do not determine one, and with
    /// more than two classes.
    pub platt: Option<Line>,
    /// With that line.
    pub platt_scaled: Option<Measured>,
    /// With the bias of the loss inverted, where the inverse is known and not the identity.
    pub inverted: Option<Measured>,
    /// Which of these has the least log loss on the validation rows; as reported, where there are none.
    pub best: Repair,
}

/// Judges the probabilities of a model on `test`; what is fitted is fitted on `validation`.
///
/// `None` if there are no test rows.
///
/// # Errors
/// A NaN or infinite logit.
///
/// # Panics
/// If the numbers of logits and labels do not fit, or a label is no class.
#[track_caller]
pub fn assess(
    classes: usize,
    validation: Scored<'_>,
    test: Scored<'_>,
    inverted: Option<Inverted<'_>>,
) -> Result<Option<Calibration>, MetricError> {
    let temperature = fit_temperature(validation.logits, classes, validation.labels)?;
    let platt = match classes {
        2 => fit_platt(&wide(validation.logits), &positives(validation.labels))?,
        _ => None,
    };
    let scaled = |logits: &[f32], temperature: f64| -> Vec<f64> {
        logits.iter().map(|&z| (1.0 / temperature) * f64::from(z)).collect()
    };
    let on_line = |logits: &[f32], line: Line| logits.iter().map(|&z| line.at(f64::from(z))).collect();
    let repaired = |logits: &[f32], inverted: Option<&[f64]>| -> Vec<(Repair, Vec<f64>)> {
        let all = [
            (Repair::Raw, Some(wide(logits))),
            (Repair::Inverted, inverted.map(<[f64]>::to_vec)),
            (Repair::Temperature, temperature.map(|temperature| scaled(logits, temperature))),
            (Repair::Platt, platt.map(|line| on_line(logits, line))),
        ];
        all.into_iter().filter_map(|(repair, logits)| Some((repair, logits?))).collect()
    };
    let mut found: [Option<Measured>; 4] = [None, None, None, None];
    for (repair, logits) in repaired(test.logits, inverted.map(|inverted| inverted.test)) {
        found[repair as usize] = measure(&logits, classes, test.labels)?;
    }
    let mut best = (Repair::Raw, f64::INFINITY);
    for (repair, logits) in repaired(validation.logits, inverted.map(|inverted| inverted.validation)) {
        match log_loss(&logits, classes, validation.labels)? {
            Some(value) if value < best.1 => best = (repair, value),
            _ => {}
        }
    }
    let [raw, inverted, temperature_scaled, platt_scaled] = found;
    let best = best.0;
    Ok(raw.map(|raw| Calibration {
        raw,
        temperature,
        temperature_scaled,
        platt,
        platt_scaled,
        inverted,
        best,
    }))
}

fn wide(logits: &[f32]) -> Vec<f64> {
    logits.iter().map(|&z| f64::from(z)).collect()
}

/// From logits, so that it is exact also where a probability rounds to 0 or 1. `None` without rows.
fn log_loss(logits: &[f64], count: usize, labels: &[u32]) -> Result<Option<f64>, MetricError> {
    match count {
        2 => probability::log_loss_from_logits(logits, &positives(labels)),
        _ => classes::log_loss_from_logits(logits, count, labels),
    }
}

/// `None` without rows. `count` is the number of classes.
#[track_caller]
fn measure(logits: &[f64], count: usize, labels: &[u32]) -> Result<Option<Measured>, MetricError> {
    let mut p = Vec::with_capacity(logits.len());
    logits::probabilities(logits, count, &mut p);
    let log_loss = log_loss(logits, count, labels)?;
    let (mut slope, mut intercept) = (None, None);
    let (event, happened, brier) = if count == 2 {
        let positives = positives(labels);
        slope = calibration_line(logits, &positives)?.map(|line| line.slope);
        intercept = calibration_in_the_large(logits, &positives)?;
        let brier = probability::brier(&p, &positives)?;
        (p, positives, brier)
    } else {
        let brier = classes::brier(&p, count, labels)?;
        let predicted = classes::predicted_classes(&p, count);
        let confidence = p.chunks_exact(count).zip(&predicted).map(|(row, &k)| row[k as usize]).collect();
        let correct = predicted.iter().zip(labels).map(|(a, b)| a == b).collect();
        (confidence, correct, brier)
    };
    let curve = |binning| Reliability::new(&event, &happened, binning, ECE_BINS);
    let (width, mass) = (curve(Binning::EqualWidth)?, curve(Binning::EqualMass)?);
    let (Some(log_loss), Some(brier), Some(equal_width), Some(equal_mass)) = (log_loss, brier, width, mass)
    else {
        return Ok(None);
    };
    let (ece, ece_mass) = (equal_width.ece(), equal_mass.ece());
    Ok(Some(Measured { log_loss, brier, ece, ece_mass, slope, intercept, equal_width, equal_mass }))
}

fn positives(labels: &[u32]) -> Vec<bool> {
    labels.iter().map(|&label| label == 1).collect()
}
