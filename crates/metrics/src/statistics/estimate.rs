//! A difference with what is known of its error: what both designs end in, and what p, interval and power
//! follow from.

use super::distributions::{t_quantile, t_two_sided};
use super::power::detectable;
use serde::{Deserialize, Serialize};

/// A part of the variance of a difference, and how well it is known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variance {
    /// What it adds to the squared standard error, in squared units of the metric.
    pub value: f64,
    /// Degrees of freedom of that number.
    pub df: f64,
}

/// An estimated difference whose error has a variance of one or more independent parts.
///
/// The interval is difference -+ h(alpha) with
///
/// ```text
/// h(alpha)^2 = sum over parts of t_{1 - alpha/2, df}^2 variance
/// ```
///
/// and p is the alpha at which it touches 0. With one part this is Student's t test. With several it is the
/// interval of Graybill and Wang (1980, "Confidence intervals on nonnegative linear combinations of
/// variances"; as MOVER in Zou and Donner 2008), exact if one part dominates and conservative between. The
/// usual approximation by one t with Satterthwaite's degrees of freedom fails where it matters here, at two
/// or three seeds: a variance over seeds that is too small by chance brings along degrees of freedom that are
/// too large (12 to 16 % false positives at 2 seeds, 7 to 8 % at 3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Mean of the paired differences, candidate minus reference, in units of the metric.
    pub difference: f64,
    /// The parts of its variance; their sum is positive.
    pub variances: Vec<Variance>,
}

impl Estimate {
    /// The square root of the sum of the variances.
    pub fn standard_error(&self) -> f64 {
        self.variances.iter().map(|part| part.value).sum::<f64>().sqrt()
    }

    /// t = difference / standard error.
    pub fn t(&self) -> f64 {
        self.difference / self.standard_error()
    }

    /// h(alpha), half of the width of the interval.
    pub fn half_width(&self, alpha: f64) -> f64 {
        let square = |part: &Variance| {
            let t = t_quantile(1.0 - 0.5 * alpha, part.df);
            // No variance adds nothing, at alpha = 0 neither.
            if part.value > 0.0 { t * t * part.value } else { 0.0 }
        };
        self.variances.iter().map(square).sum::<f64>().sqrt()
    }

    /// The interval, also beyond what the metric can be, that covers the true difference with probability 1 -
    /// alpha (at least, with several parts).
    pub fn interval(&self, alpha: f64) -> (f64, f64) {
        let half = self.half_width(alpha);
        (self.difference - half, self.difference + half)
    }

    /// The two-sided p of no difference, for this comparison alone.
    pub fn p(&self) -> f64 {
        if let [part] = self.variances[..] {
            return t_two_sided(self.t(), part.df);
        }
        // Bisection of ln p: half_width falls as alpha grows.
        let (mut low, mut high) = (0.0_f64, 1.0_f64);
        for _ in 0..60 {
            let middle = if low > 0.0 { (low * high).sqrt() } else { 1e-3 * high };
            if middle < 1e-15 {
                break;
            }
            if self.half_width(middle) > self.difference.abs() {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }

    /// The probability that the true difference is below this value, by the confidence distribution of the
    /// estimate: the one-sided p of the hypothesis that it is not. With one variance that is Student's t
    /// about the difference, with the standard error as its scale.
    pub fn probability_below(&self, value: f64) -> f64 {
        Self { difference: value - self.difference, ..self.clone() }.probability_positive()
    }

    /// The probability that the true difference is above this value.
    pub fn probability_above(&self, value: f64) -> f64 {
        Self { difference: self.difference - value, ..self.clone() }.probability_positive()
    }

    /// Small probabilities are computed as tails, so that they keep their digits.
    fn probability_positive(&self) -> f64 {
        let tail = 0.5 * self.p();
        if self.difference > 0.0 { 1.0 - tail } else { tail }
    }

    /// The p of two one-sided tests of equivalence: of the hypothesis that the true difference is `margin` or
    /// more in one direction or the other (Schuirmann 1987).
    pub fn p_equivalence(&self, margin: f64) -> f64 {
        self.probability_below(-margin).max(self.probability_above(margin))
    }

    /// The degrees of freedom of the one t that has this half width at level alpha: those of a single part,
    /// else between those of the parts.
    pub fn df(&self, alpha: f64) -> f64 {
        let wanted = self.half_width(alpha) / self.standard_error();
        let bounds =
            |pick: fn(f64, f64) -> f64, start| self.variances.iter().map(|part| part.df).fold(start, pick);
        let (mut low, mut high) = (bounds(f64::min, f64::INFINITY), bounds(f64::max, 0.0).min(1e10));
        for _ in 0..60 {
            let middle = (low * high).sqrt();
            if t_quantile(1.0 - 0.5 * alpha, middle) > wanted {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The smallest true difference that a two-sided test at level `alpha` sees with probability `power`.
    pub fn detectable(&self, alpha: f64, power: f64) -> f64 {
        self.standard_error() * detectable(alpha, self.df(alpha), power)
    }
}
