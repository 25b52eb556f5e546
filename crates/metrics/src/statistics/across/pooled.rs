//! Random-effects meta-analysis: one difference from several data sets.
//!
//! The model is y_i = mu + u_i + e_i for data set i, with u_i of variance tau^2 between data sets and e_i of
//! the known variance v_i, the squared standard error of the difference on that set (DerSimonian and Laird
//! 1986). mu is the mean difference over data sets, mu + u the true difference on one of them.
//!
//! Standard errors are themselves estimates, and tau^2 of a few sets is a rough one. With 7 sets whose errors
//! lie between 0.3 and 3 and tau from 0 to 5, false positives at 5 % are 1.4 to 6.6 % if the errors have 19
//! degrees of freedom, as from 20 splits, and 3.5 to 7.3 % if they have 4; without the limit on the factor of
//! Hartung and Knapp below they would be 5 to 9 % (20 000 simulations each; `tests/across.rs` repeats some).

use super::super::distributions::{t_quantile, t_two_sided};
use losslab_base::math::ln_f64;
use serde::{Deserialize, Serialize};

/// The difference that was found on one data set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The estimated difference, in units of the metric.
    pub difference: f64,
    /// Its standard error, positive.
    pub standard_error: f64,
}

impl Finding {
    fn variance(&self) -> f64 {
        self.standard_error * self.standard_error
    }
}

/// What several data sets say together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pooled {
    /// mu, the mean difference over data sets, each weighted by w_i = 1 / (v_i + tau^2).
    pub difference: f64,
    /// The standard error of mu by Hartung and Knapp.
    pub standard_error: f64,
    /// tau, the standard deviation of the true differences between data sets.
    pub between: f64,
    /// I^2, the share of the variance between estimates that is not their own error, from 0 to 1.
    pub i_squared: f64,
    /// Cochran's Q = sum_i (y_i - ybar)^2 / v_i, ybar weighted by 1 / v_i.
    pub q: f64,
    /// How many data sets.
    pub sets: usize,
}

impl Pooled {
    /// Pools the findings, tau^2 by restricted maximum likelihood ([`reml`]). `None` for fewer than two.
    ///
    /// # Panics
    /// If a difference is not finite, or a standard error not finite and positive.
    #[track_caller]
    pub fn of(findings: &[Finding]) -> Option<Self> {
        Some(Self::given(findings, reml(findings)?))
    }

    /// The same at a given tau^2, for at least two findings.
    ///
    /// ```text
    /// w_i = 1 / (v_i + tau^2),   mu = sum w_i y_i / sum w_i
    /// q   = sum w_i (y_i - mu)^2 / (k - 1)
    /// se  = sqrt( max(1, q) / sum w_i )
    /// ```
    ///
    /// q is the factor of Hartung and Knapp (2001, eq. 8; Sidik and Jonkman 2002). Where it is below 1 it
    /// counts as 1 (Roever, Knapp and Friede 2015, "modified Knapp-Hartung"): sets that agree better than
    /// their standard errors allow do so by chance. I^2 = tau^2 / (tau^2 + s^2) with the typical variance
    /// s^2 = (k - 1) sum 1/v_i / ((sum 1/v_i)^2 - sum 1/v_i^2) (Higgins and Thompson 2002, eq. 9).
    ///
    /// # Panics
    /// As [`Pooled::of`], and for fewer than two findings.
    #[track_caller]
    pub fn given(findings: &[Finding], tau_squared: f64) -> Self {
        check(findings);
        assert!(findings.len() > 1, "pooled: {} findings, expected two or more", findings.len());
        let degrees = findings.len() as f64 - 1.0;
        let (weighted, fixed) = (Weighted::of(findings, tau_squared), Weighted::of(findings, 0.0));
        let factor = (weighted.squares / degrees).max(1.0);
        let typical = degrees * fixed.sum / (fixed.sum * fixed.sum - fixed.sum_of_squares);
        Self {
            difference: weighted.mean,
            standard_error: (factor / weighted.sum).sqrt(),
            between: tau_squared.sqrt(),
            i_squared: tau_squared / (tau_squared + typical),
            q: fixed.squares,
            sets: findings.len(),
        }
    }

    /// Degrees of freedom of the standard error: k - 1.
    pub fn df(&self) -> f64 {
        self.sets as f64 - 1.0
    }

    /// The two-sided p of mu = 0, by t with k - 1 degrees of freedom.
    pub fn p(&self) -> f64 {
        t_two_sided(self.difference / self.standard_error, self.df())
    }

    /// The interval of mu at 1 - alpha.
    pub fn interval(&self, alpha: f64) -> (f64, f64) {
        around(self.difference, t_quantile(1.0 - 0.5 * alpha, self.df()) * self.standard_error)
    }

    /// Where the true difference on another data set lies with probability 1 - alpha:
    ///
    /// ```text
    /// mu -+ t_{1 - alpha/2, k - 2} sqrt( tau^2 + se^2 )
    /// ```
    ///
    /// (Higgins, Thompson and Spiegelhalter 2009, eq. 12, with the standard error of Hartung and Knapp as in
    /// Partlett and Riley 2017). `None` for fewer than three sets.
    pub fn prediction(&self, alpha: f64) -> Option<(f64, f64)> {
        let spread = (self.between * self.between + self.standard_error * self.standard_error).sqrt();
        let half = || t_quantile(1.0 - 0.5 * alpha, self.sets as f64 - 2.0) * spread;
        (self.sets > 2).then(|| around(self.difference, half()))
    }
}

fn around(middle: f64, half: f64) -> (f64, f64) {
    (middle - half, middle + half)
}

#[track_caller]
fn check(findings: &[Finding]) {
    let usable = |f: &Finding| f.difference.is_finite() && f.variance().is_normal() && f.standard_error > 0.0;
    let fault = findings.iter().find(|finding| !usable(finding));
    assert!(fault.is_none(), "pooled: {fault:?}, expected a finite difference and a positive standard error");
}

/// Sums at one tau^2.
struct Weighted {
    /// sum w.
    sum: f64,
    /// sum w^2.
    sum_of_squares: f64,
    /// mu.
    mean: f64,
    /// sum w (y - mu)^2.
    squares: f64,
    /// sum w^2 (y - mu)^2.
    weighted_squares: f64,
    /// sum ln w.
    log_weights: f64,
}

impl Weighted {
    fn of(findings: &[Finding], tau_squared: f64) -> Self {
        let weights: Vec<f64> = findings.iter().map(|f| 1.0 / (f.variance() + tau_squared)).collect();
        let total = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
            weights.iter().zip(findings).map(|(&w, f)| of(w, f.difference)).sum()
        };
        let sum = total(&|w, _| w);
        let mean = total(&|w, y| w * y) / sum;
        Self {
            sum,
            sum_of_squares: total(&|w, _| w * w),
            mean,
            squares: total(&|w, y| w * (y - mean) * (y - mean)),
            weighted_squares: total(&|w, y| w * w * (y - mean) * (y - mean)),
            log_weights: total(&|w, _| ln_f64(w)),
        }
    }

    /// The restricted log-likelihood of tau^2 but for a constant:
    /// (sum ln w - ln sum w - sum w (y - mu)^2) / 2 (Viechtbauer 2005, eq. 12).
    fn likelihood(&self) -> f64 {
        0.5 * (self.log_weights - ln_f64(self.sum) - self.squares)
    }

    /// Twice its derivative in tau^2: sum w^2 (y - mu)^2 - sum w + sum w^2 / sum w.
    fn slope(&self) -> f64 {
        self.weighted_squares - self.sum + self.sum_of_squares / self.sum
    }
}

/// Steps of the search for the maximum, and the ratio of one to the next: from 4e-20 of the bound on.
const STEPS: i32 = 200;
const RATIO: f64 = 0.8;

/// tau^2 by restricted maximum likelihood (Viechtbauer 2005), 0 where the likelihood falls from there on.
/// `None` for fewer than two findings.
///
/// The likelihood can have several maxima, so it is searched from 0 to a bound above all of them before the
/// best is refined by bisection of the slope. At a maximum above 0
///
/// ```text
/// tau^2 = sum w^2 ((y - mu)^2 - v) / sum w^2 + 1 / sum w <= (k range(y)^2 + max v) / (k - 1)
/// ```
///
/// for the first term is at most range(y)^2 and the second at most (max v + tau^2) / k.
///
/// # Panics
/// As [`Pooled::of`].
#[track_caller]
pub fn reml(findings: &[Finding]) -> Option<f64> {
    check(findings);
    let k = findings.len() as f64;
    if findings.len() < 2 {
        return None;
    }
    let most = |of: &dyn Fn(&Finding) -> f64| findings.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
    let range = most(&|f| f.difference) + most(&|f| -f.difference);
    let bound = (k * range * range + most(&Finding::variance)) / (k - 1.0);
    let point = |step: i32| if step == 0 { 0.0 } else { bound * RATIO.powi(STEPS - step) };
    let likelihood = |tau_squared: f64| Weighted::of(findings, tau_squared).likelihood();
    let best = (0..=STEPS).max_by(|&a, &b| likelihood(point(a)).total_cmp(&likelihood(point(b))))?;
    let slope = |tau_squared: f64| Weighted::of(findings, tau_squared).slope();
    // Not higher than at 0 but for rounding.
    let at_zero = likelihood(0.0);
    if slope(0.0) <= 0.0 && likelihood(point(best)) - at_zero <= 1e-12 * at_zero.abs().max(1.0) {
        return Some(0.0);
    }
    let (mut low, mut high) = (point((best - 1).max(0)), point((best + 1).min(STEPS)));
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if slope(middle) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(0.5 * (low + high))
}
