//! The calibration of the runs of one loss, summed up for `results.json`; the curves stand in the records.

use super::named::Named;
use super::record::RunRecord;
use super::results::MeanSd;
use losslab_metrics::Calibration;
use losslab_metrics::calibration::Measured;
use serde::Serialize;

/// Log loss, Brier score and ECE on the test part, mean over the runs that have them.
#[derive(Clone, Debug, Serialize)]
pub struct CalibrationSummary {
    /// As the network reports.
    pub raw: Named<MeanSd>,
    /// The temperatures fitted on the validation parts.
    pub temperature: MeanSd,
    /// With those temperatures.
    pub temperature_scaled: Named<MeanSd>,
    /// With the bias of the loss inverted, where the inverse is known and not the identity.
    pub inverted: Named<MeanSd>,
}

type Measure = fn(&Measured) -> f64;

/// What is reported of a set of probabilities.
const MEASURES: [(&str, Measure); 4] =
    [("log_loss", |m| m.log_loss), ("brier", |m| m.brier), ("ece", |m| m.ece), ("ece_mass", |m| m.ece_mass)];

impl CalibrationSummary {
    /// Sums up runs of one loss; none if none of them has a calibration.
    pub(super) fn of(runs: &[&RunRecord]) -> Option<Self> {
        let of_runs: Vec<&Calibration> =
            runs.iter().filter_map(|run| run.table.as_ref()?.calibration.as_ref()).collect();
        let summarise = |which: fn(&Calibration) -> Option<&Measured>| {
            let values = MEASURES.map(|(name, value)| {
                (name, MeanSd::of(of_runs.iter().map(|&calibration| which(calibration).map(value))))
            });
            Named::new(values)
        };
        (!of_runs.is_empty()).then(|| Self {
            raw: summarise(|c| Some(&c.raw)),
            temperature: MeanSd::of(of_runs.iter().map(|c| c.temperature)),
            temperature_scaled: summarise(|c| c.temperature_scaled.as_ref()),
            inverted: summarise(|c| c.inverted.as_ref()),
        })
    }
}
