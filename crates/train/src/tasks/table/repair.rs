//! How a saved model turns its logits into the probabilities that `predict` writes.
//!
//! Of the network's own probabilities, those with the bias of the loss inverted, and those after temperature
//! or Platt scaling, `train` keeps what has the least log loss on the validation rows. All four keep the
//! order of rows with two classes, so that no decision changes.

use super::TableFound;
use losslab_base::math::{ln_1p_f64, ln_f64};
use losslab_losses::Inverse;
use losslab_metrics::calibration::{Line, Repair};
use losslab_metrics::sigmoid;
use serde::{Deserialize, Serialize};

/// The repair of a model file, with what was fitted on the validation rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fitted {
    /// The network's own probabilities.
    Raw,
    /// The bias of the loss inverted.
    Inverted,
    /// Logits divided by this temperature.
    Temperature(f64),
    /// Platt scaling with this line.
    Platt(Line),
}

impl Fitted {
    /// The best on the validation rows; none where there was nothing to choose by.
    pub fn best(found: &TableFound) -> Option<Self> {
        let calibration = found.calibration.as_ref().filter(|_| !found.validation.rows.is_empty())?;
        match calibration.best {
            Repair::Raw => Some(Self::Raw),
            Repair::Inverted => Some(Self::Inverted),
            Repair::Temperature => calibration.temperature.map(Self::Temperature),
            Repair::Platt => calibration.platt.map(Self::Platt),
        }
    }

    /// What in it cannot be, if anything.
    pub fn check(self, classes: usize) -> Result<(), String> {
        let positive = |what: &str, value: f64| {
            let fits = value.is_finite() && value > 0.0;
            fits.then_some(()).ok_or_else(|| format!("a {what} of {value}, expected a number above 0"))
        };
        match self {
            Self::Raw | Self::Inverted => Ok(()),
            Self::Temperature(temperature) => positive("temperature", temperature),
            Self::Platt(_) if classes != 2 => Err(format!("Platt scaling of {classes} classes")),
            Self::Platt(line) if !line.intercept.is_finite() => {
                Err(format!("an intercept of {} in Platt scaling", line.intercept))
            }
            Self::Platt(line) => positive("slope in Platt scaling", line.slope),
        }
    }

    /// In a sentence: what probabilities are corrected by; none for the network's own.
    fn method(self, loss: &str) -> Option<String> {
        match self {
            Self::Raw => None,
            Self::Inverted => Some(format!("inverting the bias of {loss}")),
            Self::Temperature(temperature) => Some(format!("temperature scaling (T = {temperature:.4})")),
            Self::Platt(Line { intercept, slope }) => {
                Some(format!("Platt scaling (intercept {intercept:.4}, slope {slope:.4})"))
            }
        }
    }

    /// What was chosen and why, for people.
    pub fn sentence(self, loss: &str) -> String {
        match self.method(loss) {
            None => {
                "probabilities are the network's own: no correction has a lower log loss on the validation \
                 rows"
                    .into()
            }
            Some(method) => format!(
                "probabilities are corrected by {method}, which has the lowest log loss on the validation \
                 rows"
            ),
        }
    }
}

/// A map from a model's logits to those of the probabilities that it reports.
pub(super) enum Mapping {
    /// The inverse of the bias of the loss.
    Inverse(Inverse),
    /// A line in each logit: temperature scaling has no intercept.
    Line(Line),
}

impl Mapping {
    /// The map that divides logits by a temperature.
    pub fn temperature(temperature: f64) -> Self {
        Self::Line(Line { intercept: 0.0, slope: 1.0 / temperature })
    }

    /// The logits of the corrected probabilities.
    pub fn logits(&self, logits: &[f32]) -> Vec<f64> {
        match self {
            Self::Inverse(inverse) => inverse.logits(logits),
            Self::Line(line) => logits.iter().map(|&z| line.at(f64::from(z))).collect(),
        }
    }

    /// The corrected probability for a reported one, with two classes.
    pub fn of_probability(&self, reported: f64) -> f64 {
        match self {
            Self::Inverse(inverse) => inverse.of_probability(reported),
            Self::Line(_) if reported <= 0.0 || reported >= 1.0 => reported,
            Self::Line(line) => sigmoid(line.at(ln_f64(reported) - ln_1p_f64(-reported))),
        }
    }
}

/// The map from what a model file says, none for the network's own probabilities, and a note on it for
/// people. `inverse` is that of the bias of the loss, or why there is none.
pub(super) fn mapping(
    fitted: Option<Fitted>,
    loss: &str,
    inverse: impl FnOnce() -> Result<Inverse, String>,
) -> (Option<Mapping>, Option<String>) {
    let sentence = fitted.map(|fitted| fitted.sentence(loss));
    match fitted {
        Some(Fitted::Raw) => (None, sentence),
        Some(Fitted::Temperature(temperature)) => (Some(Mapping::temperature(temperature)), sentence),
        Some(Fitted::Platt(line)) => (Some(Mapping::Line(line)), sentence),
        Some(Fitted::Inverted) | None => match inverse() {
            Ok(inverse) if inverse.is_identity() => (None, None),
            Ok(inverse) => {
                let undone = || format!("the bias that {loss} gives probabilities is undone");
                (Some(Mapping::Inverse(inverse)), Some(sentence.unwrap_or_else(undone)))
            }
            Err(why) => (None, Some(format!("probabilities are the network's own: {why}"))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of SciPy: expit(-0.5 + 2 logit(p)), expit(logit(p) / 4).
    #[test]
    fn a_line_maps_probabilities() {
        let platt = Mapping::Line(Line { intercept: -0.5, slope: 2.0 });
        let cases = [
            (&platt, 0.2, 0.036_523_622_672_378_77),
            (&platt, 0.9, 0.980_051_460_623_328_3),
            (&Mapping::temperature(4.0), 0.2, 0.414_213_562_373_095_1),
        ];
        for (mapping, reported, expected) in cases {
            let found = mapping.of_probability(reported);
            assert!((found - expected).abs() < 1e-14, "{reported}: {found}");
        }
        assert_eq!((platt.of_probability(0.0), platt.of_probability(1.0)), (0.0, 1.0));
        assert_eq!(platt.logits(&[1.0, -3.0]), [1.5, -6.5]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let line = |intercept, slope| Fitted::Platt(Line { intercept, slope });
        for (fitted, classes, message) in [
            (Fitted::Temperature(0.0), 2, "a temperature of 0, expected a number above 0"),
            (Fitted::Temperature(f64::NAN), 3, "a temperature of NaN, expected a number above 0"),
            (line(0.0, -1.0), 2, "a slope in Platt scaling of -1, expected a number above 0"),
            (line(f64::INFINITY, 1.0), 2, "an intercept of inf in Platt scaling"),
            (line(0.0, 1.0), 3, "Platt scaling of 3 classes"),
        ] {
            assert_eq!(fitted.check(classes).unwrap_err(), message);
        }
        for fitted in [Fitted::Raw, Fitted::Inverted, Fitted::Temperature(2.0), line(0.0, 1.0)] {
            assert_eq!(fitted.check(2), Ok(()));
        }
    }
}
