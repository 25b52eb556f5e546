//! The normal distribution, Student's t and the noncentral t.
//!
//! Tails are computed as tails, never as 1 - CDF, so that a p of 1e-20 has its digits. Quantiles are found by
//! bisection: slow (microseconds) and without a surprise. NaN in gives NaN out. Degrees of freedom are
//! positive, need not be whole, and may be infinite: then t is the normal distribution, which it also is
//! taken for from 1e10 on.

use super::special::{erfc, incomplete_beta, ln_gamma};
use losslab_base::math::{exp_f64, ln_f64};
use std::f64::consts::SQRT_2;

/// P(Z <= z) of a standard normal Z; relative error below 1e-12 for |z| <= 37.
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * erfc(-z / SQRT_2)
}

/// The z with P(Z <= z) = p, for p in (0, 1); infinite at 0 and 1, NaN outside.
pub fn normal_quantile(p: f64) -> f64 {
    quantile(p, |z| normal_cdf(-z))
}

/// P(T <= t) of Student's t with `df` degrees of freedom. Relative error below 1e-10 up to 1e5 degrees of
/// freedom, 1e-9 beyond, where the continued fraction takes thousands of steps.
pub fn t_cdf(t: f64, df: f64) -> f64 {
    if t > 0.0 { 1.0 - t_tail(t, df) } else { t_tail(-t, df) }
}

/// P(T > t) for t >= 0: half of I_x(df/2, 1/2) at x = df / (df + t^2) (DLMF 8.17; Johnson, Kotz and
/// Balakrishnan 1995, eq. 28.4).
pub fn t_tail(t: f64, df: f64) -> f64 {
    if df >= 1e10 {
        return normal_cdf(-t);
    }
    if t.is_infinite() {
        return 0.0;
    }
    let ratio = t * t / df;
    0.5 * incomplete_beta(0.5 * df, 0.5, 1.0 / (1.0 + ratio), ratio / (1.0 + ratio))
}

/// The two-sided p of a t statistic: P(|T| >= |t|).
pub fn t_two_sided(t: f64, df: f64) -> f64 {
    2.0 * t_tail(t.abs(), df)
}

/// The t with P(T <= t) = p, for p in (0, 1); infinite at 0 and 1, NaN outside.
pub fn t_quantile(p: f64, df: f64) -> f64 {
    quantile(p, |t| t_tail(t, df))
}

/// The quantile of a distribution symmetric about 0, from its upper tail.
fn quantile(p: f64, tail: impl Fn(f64) -> f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p < 0.5 { -upper_quantile(p, tail) } else { upper_quantile(1.0 - p, tail) }
}

/// The t >= 0 with `tail(t) = p`, for p <= 1/2.
fn upper_quantile(p: f64, tail: impl Fn(f64) -> f64) -> f64 {
    if p == 0.0 || p == 0.5 {
        return if p == 0.0 { f64::INFINITY } else { 0.0 };
    }
    bisect(|t| tail(t) < p)
}

/// The smallest x >= 0 from which on `beyond` holds, to the last bits; `beyond` must hold somewhere.
pub(super) fn bisect(beyond: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while !beyond(high) && high < 1e300 {
        (low, high) = (high, 2.0 * high);
    }
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high || high - low < 1e-300 {
            return middle;
        }
        if beyond(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
}

/// P(T <= t) of the noncentral t: T = (Z + delta) / V with Z standard normal, V^2 = chi^2_df / df (Johnson,
/// Kotz and Balakrishnan 1995, ch. 31). Absolute error below 1e-11.
///
/// The mean of Phi(t V - delta) over V, as a trapezoid sum over u = ln V. The integrand is analytic and falls
/// off at both ends, where that rule converges exponentially; the usual series in e^(-delta^2/2) underflows
/// from delta = 37 on, and two runs per loss ask for delta in the hundreds.
pub fn noncentral_t_cdf(t: f64, df: f64, delta: f64) -> f64 {
    if t.is_nan() || df.is_nan() || delta.is_nan() {
        return f64::NAN;
    }
    if df >= 1e10 {
        return normal_cdf(t - delta);
    }
    // Density of u: 2 (df/2)^(df/2) / Gamma(df/2) exp(df (u - e^(2u) / 2)).
    let half = 0.5 * df;
    let log_constant = std::f64::consts::LN_2 + half * ln_f64(half) - ln_gamma(half);
    let density = |v: f64, u: f64| exp_f64(log_constant + df * (u - 0.5 * v * v));
    // About u = 0 the density is a bell of width 1 / sqrt(2 df); to the left it falls as e^(df u) if that is
    // slower.
    let width = 1.0 / (2.0 * df).sqrt();
    let (low, high) = (-34.0 / df - 9.0 * width, 0.5 * ln_f64(1.0 + 18.0 * width + 70.0 / df));
    // Phi passes from 0 to 1 about t V = delta, over a width of 1 / delta in u.
    let step = (0.5 * width).min(0.5 / (1.0 + delta.abs())).min(0.1);
    let steps = ((high - low) / step).ceil() as u32;
    let mut sum = 0.0;
    for i in 0..=steps {
        let u = low + f64::from(i) * step;
        let v = exp_f64(u);
        sum += normal_cdf(t * v - delta) * density(v, u);
    }
    sum * step
}
