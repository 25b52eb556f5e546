//! A difference with its standard error: what both designs end in, and what p, interval and power follow from.

use super::distributions::{t_quantile, t_two_sided};
use super::power::detectable;
use serde::{Deserialize, Serialize};

/// An estimated difference whose error over its standard error has Student's t distribution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Mean of the paired differences, candidate minus reference, in units of the metric.
    pub difference: f64,
    /// Its standard error, in the same units; positive.
    pub standard_error: f64,
    /// Degrees of freedom of the standard error; need not be whole.
    pub df: f64,
}

impl Estimate {
    /// t = difference / standard error.
    pub fn t(&self) -> f64 {
        self.difference / self.standard_error
    }

    /// The two-sided p of no difference, for this comparison alone.
    pub fn p(&self) -> f64 {
        t_two_sided(self.t(), self.df)
    }

    /// difference -+ t_{1 - alpha/2, df} standard error: covers the true difference with probability 1 - alpha.
    pub fn interval(&self, alpha: f64) -> (f64, f64) {
        let half = t_quantile(1.0 - 0.5 * alpha, self.df) * self.standard_error;
        (self.difference - half, self.difference + half)
    }

    /// The smallest true difference that a two-sided test at level `alpha` sees with probability `power`.
    pub fn detectable(&self, alpha: f64, power: f64) -> f64 {
        self.standard_error * detectable(alpha, self.df, power)
    }
}
