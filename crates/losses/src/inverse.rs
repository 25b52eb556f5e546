//! The true probability behind what a loss makes a network report.
//!
//! Cross-entropy is a proper score: over rows alike, of which a share eta is positive, its minimum is at the
//! report r = eta. The focal loss and class weights move it. The expected loss
//!
//! ```text
//!   eta w_1 L(r) + (1 - eta) w_0 L(1 - r)
//! ```
//!
//! is least where its derivative vanishes, and with h(r) = -1 / L'(r), or r itself where L is proper, that is
//! where
//!
//! ```text
//!   eta / (1 - eta) = [h(r) / w_1] / [h(1-r) / w_0]
//! ```
//!
//! and with a softmax head where `eta_k ~ h(r_k) / w_k` (Charoenphakdee et al. 2021, "On focal loss for
//! class-posterior probability estimation", extended by the weights). Each loss declares its h, see
//! [`Probabilities`]. The map is increasing, so the order of rows stays. Weights are those of the classes,
//! alpha in them. A network that did not reach the minimum is as far from the truth as before.

use crate::batch::{Batch, Targets};
use crate::criterion::{Criterion, Normalizer, Reduction};
use crate::equation::{Equation, Points};
use crate::info::Head;
use crate::modifiers::{ClassCounts, ModifierInfo, ProbabilityEffect};
use crate::probabilities::{LogH, Probabilities};
use crate::spec::Spec;
use losslab_base::math::{exp_f64, ln_1p_f64, ln_f64};

/// The map from reported to true probabilities, for one loss.
#[derive(Clone, Debug)]
pub struct Inverse {
    log_h: LogH,
    params: Vec<f64>,
    /// Whether h(r) = r.
    is_proper: bool,
    /// Logarithms of the weights of the classes, but for a common term.
    log_weights: Vec<f64>,
}

impl Inverse {
    /// The inverse for a loss trained on so many rows of each class: two are learnt with a sigmoid head, more
    /// with softmax.
    ///
    /// # Errors
    /// Why there is none: the loss declares none, or a modifier changes more than the weights of the classes.
    pub fn of(spec: &Spec, class_counts: &ClassCounts) -> Result<Inverse, String> {
        let Some((log_h, is_proper)) = declared(spec, class_counts.len()) else {
            return Err(format!("the bias of {} has no known inverse", spec.loss().name()));
        };
        if let Some((other, _)) =
            spec.modifiers().find(|(info, _)| info.probabilities == ProbabilityEffect::Unknown)
        {
            return Err(format!("what +{} does to probabilities has no known inverse", other.name));
        }
        let log_weights: Vec<f64> = class_weights(spec, class_counts)?.into_iter().map(ln_f64).collect();
        if !log_weights.iter().all(|w| w.is_finite()) {
            return Err("a class of weight 0 leaves no trace in the probabilities".into());
        }
        Ok(Inverse { log_h, params: spec.params().to_vec(), is_proper, log_weights })
    }

    /// Whether the reported probabilities are the true ones already.
    pub fn is_identity(&self) -> bool {
        self.is_proper && self.log_weights.iter().all(|w| *w == self.log_weights[0])
    }

    /// The true probabilities behind these logits: of the positive class, or one per class.
    pub fn apply(&self, logits: &[f32]) -> Vec<f64> {
        let logits = self.logits(logits);
        match self.log_weights.len() {
            2 => logits.into_iter().map(sigmoid).collect(),
            classes => logits.chunks_exact(classes).flat_map(softmax).collect(),
        }
    }

    /// The logits of the true probabilities, which do not round to 0 or 1: for two classes their log-odds,
    /// else their logarithms but for a common term in each row.
    pub fn logits(&self, logits: &[f32]) -> Vec<f64> {
        match self.log_weights.len() {
            2 => logits.iter().map(|&z| self.log_odds(f64::from(z))).collect(),
            classes => {
                let log_eta = |row: &[f32], k: usize| self.log_h(margin(row, k)) - self.log_weights[k];
                let rows = logits.chunks_exact(classes);
                rows.flat_map(|row| (0..classes).map(move |k| log_eta(row, k))).collect()
            }
        }
    }

    /// The true probability behind a reported one, in a binary problem.
    pub fn of_probability(&self, reported: f64) -> f64 {
        if reported <= 0.0 || reported >= 1.0 {
            return reported;
        }
        sigmoid(self.log_odds(ln_f64(reported) - ln_1p_f64(-reported)))
    }

    fn log_odds(&self, z: f64) -> f64 {
        self.log_h(z) - self.log_h(-z) - self.log_weights[1] + self.log_weights[0]
    }

    /// log h(r) at the margin x = logit(r).
    fn log_h(&self, x: f64) -> f64 {
        (self.log_h)(&self.params, -softplus(-x), -softplus(x))
    }
}

impl Spec {
    /// Whether a map from reported to true probabilities of so many classes is known, if none has weight 0:
    /// weights can be divided out, what other modifiers do cannot.
    pub fn has_inverse(&self, classes: usize) -> bool {
        let is_known = |(info, _): (&ModifierInfo, _)| info.probabilities != ProbabilityEffect::Unknown;
        declared(self, classes).is_some() && self.modifiers().all(is_known)
    }
}

/// log h of the loss itself, and whether h(r) = r.
fn declared(spec: &Spec, classes: usize) -> Option<(LogH, bool)> {
    let (loss, probabilities) = (spec.loss(), spec.probabilities());
    let map = match probabilities {
        _ if probabilities.are_true(classes) => (identity as LogH, true),
        Probabilities::Invertible(log_h) => (log_h, false),
        _ => return None,
    };
    treats_classes_alike(loss, spec.params()).then_some(map)
}

/// h(r) = r, of proper losses.
fn identity(_: &[f64], log_r: f64, _: f64) -> f64 {
    log_r
}

/// 1 / (1 + e^-z), without overflow at either end.
fn sigmoid(z: f64) -> f64 {
    let e = exp_f64(-z.abs());
    if z < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
}

/// Probabilities in proportion to e^z.
fn softmax(logits: &[f64]) -> Vec<f64> {
    let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let etas: Vec<f64> = logits.iter().map(|&log| exp_f64(log - max)).collect();
    let sum: f64 = etas.iter().sum();
    etas.into_iter().map(|eta| eta / sum).collect()
}

/// Whether the equation is one for all classes: else the weights of the classes cannot be read off it.
fn treats_classes_alike(loss: &dyn Equation, params: &[f64]) -> bool {
    if loss.set().is_some() || loss.needs_counts() {
        return false;
    }
    let (mut value, mut slope) = ([0.0; 2], [0.0; 2]);
    loss.slopes_f64(params, Points { margin: &[0.0; 2], sign: &[1.0, -1.0] }, &mut value, &mut slope);
    value[0] == value[1] && slope[0] == slope[1]
}

/// The weights of the classes, but for a common factor: the losses of the classes at equal logits.
fn class_weights(spec: &Spec, class_counts: &ClassCounts) -> Result<Vec<f64>, String> {
    let classes = class_counts.len();
    let (head, outputs) = if classes == 2 { (Head::Sigmoid, 1) } else { (Head::Softmax, classes) };
    let criterion = Criterion::new(spec, head, class_counts, Reduction::Mean(Normalizer::Elements))
        .map_err(|error| error.problem)?;
    let logits = vec![0.0; classes * outputs];
    let (binary, indices) = ([0.0, 1.0], (0..classes as u32).collect::<Vec<_>>());
    let targets = match head {
        Head::Sigmoid => Targets::Sigmoid { targets: &binary, columns: 1 },
        Head::Softmax => Targets::Softmax { targets: &indices, classes },
    };
    let batch = Batch { logits: &logits, targets, weights: None, valid: None };
    let (mut values, mut grad) = (vec![0.0; classes], vec![0.0; logits.len()]);
    criterion.evaluate::<f64>(&batch, Some(&mut values), &mut grad).map_err(|error| error.to_string())?;
    Ok(values)
}

/// z_k - log sum_{j != k} e^(z_j): the logit of class k's probability.
fn margin(logits: &[f32], k: usize) -> f64 {
    let others = || logits.iter().enumerate().filter(move |(j, _)| *j != k).map(|(_, &z)| f64::from(z));
    let max = others().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = others().map(|z| exp_f64(z - max)).sum();
    f64::from(logits[k]) - max - ln_f64(sum)
}

/// log(1 + e^x).
fn softplus(x: f64) -> f64 {
    let positive = if x > 0.0 { x } else { 0.0 };
    positive + ln_1p_f64(exp_f64(-x.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Registry;

    fn inverse(spec: &str, counts: &[u64]) -> Result<Inverse, String> {
        Inverse::of(&Spec::parse(spec, &Registry::standard()).unwrap(), counts)
    }

    #[test]
    fn what_has_no_known_inverse_is_named() {
        for spec in [
            "gce:q=1",
            "hinge-p",
            "focal+ohem:ratio=3",
            "ce+logit-adjust",
            "ce+oversample",
            "ce+smooth",
            "alpha-ce:alpha=1",
        ] {
            assert!(inverse(spec, &[90, 10]).is_err(), "{spec}");
        }
        for spec in [
            "ce",
            "alpha-ce",
            "gce",
            "poly1",
            "focal:gamma=0.5,alpha=0.25+prior-bias",
            "focal+class-balanced+threshold",
        ] {
            assert!(inverse(spec, &[90, 10]).is_ok(), "{spec}");
        }
        assert!(inverse("ce+inverse-freq", &[90, 10, 5]).is_ok());
    }

    #[test]
    fn cross_entropy_is_its_own_inverse() {
        let ce = inverse("ce", &[90, 10]).unwrap();
        assert!(ce.is_identity());
        let logits: [f32; 5] = [-30.0, -2.0, 0.0, 0.5, 8.0];
        let own = logits.map(|z| 1.0 / (1.0 + f64::from(-z).exp()));
        for (found, expected) in ce.apply(&logits).into_iter().zip(own) {
            assert!((found - expected).abs() <= 1e-15 * expected, "{found} {expected}");
        }
        for p in [0.0, 1e-9, 0.3, 0.999, 1.0] {
            assert!((ce.of_probability(p) - p).abs() <= 1e-15, "{p}");
        }
        assert!(!inverse("focal", &[90, 10]).unwrap().is_identity());
        assert!(!inverse("ce+inverse-freq", &[90, 10]).unwrap().is_identity());
    }

    #[test]
    fn extreme_logits_stay_probabilities_and_nan_stays_nan() {
        let binary = inverse("focal:gamma=5,alpha=0.25", &[90, 10]).unwrap();
        assert_eq!(binary.apply(&[-1e4, -f32::MAX, 1e4, f32::MAX]), [0.0, 0.0, 1.0, 1.0]);
        assert!(binary.apply(&[f32::NAN])[0].is_nan());
        let classes = inverse("focal:gamma=5", &[90, 10, 5]).unwrap();
        assert_eq!(classes.apply(&[1e4, 0.0, -1e4]), [1.0, 0.0, 0.0]);
        assert!(classes.apply(&[1.0, f32::NAN, 0.0]).iter().all(|p| p.is_nan()));
    }

    #[test]
    fn true_logits_do_not_saturate_and_keep_the_order() {
        for spec in [
            "ce",
            "alpha-ce",
            "focal",
            "focal:gamma=5,alpha=0.25",
            "focal+inverse-freq",
            "gce",
            "poly1:epsilon=-1",
            "poly1:epsilon=1",
        ] {
            let binary = inverse(spec, &[90, 10]).unwrap();
            let own: Vec<f32> =
                [-f32::MAX, -1e6, -300.0, -40.0, -1.0, 0.0, 1.0, 40.0, 300.0, 1e6, f32::MAX].into();
            let found = binary.logits(&own);
            assert!(found.iter().all(|z| z.is_finite()), "{spec}: {found:?}");
            assert!(found.windows(2).all(|pair| pair[0] < pair[1]), "{spec}: {found:?}");
            let classes =
                inverse(spec.trim_start_matches("alpha-").split(',').next().unwrap(), &[90, 10, 5]).unwrap();
            let found = classes.logits(&[f32::MAX, 0.0, -f32::MAX, 300.0, 0.0, -300.0]);
            assert!(found.iter().all(|z| z.is_finite()), "{spec}: {found:?}");
            assert!(found[0] > found[1] && found[1] > found[2] && found[3] > found[4], "{spec}: {found:?}");
        }
        // With weights alone the log-odds move by a constant: log (w_0 / w_1).
        let moved = inverse("alpha-ce:alpha=0.75", &[90, 10]).unwrap().logits(&[0.0, 300.0]);
        let shift = 3.0_f64.ln();
        assert!((moved[0] + shift).abs() < 1e-15 && (moved[1] - (300.0 - shift)).abs() < 1e-13, "{moved:?}");
    }
}
