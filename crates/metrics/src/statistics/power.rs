//! What a test could have seen: power, and the smallest difference seen with a given power.
//!
//! "No detectable difference" says nothing without the difference that would have been detected. It is
//! computed from the standard error that the test itself used. It is NOT the power at the observed
//! difference, which is p in other words (Hoenig and Heisey 2001, "The abuse of power").

use super::distributions::{bisect, noncentral_t_cdf, t_quantile};

/// P(|T| > c) for T noncentral t, c the two-sided critical value at level `alpha`: the probability that a
/// true difference of `effect` standard errors is detected. At `effect` = 0 it is alpha.
pub fn power(effect: f64, alpha: f64, df: f64) -> f64 {
    let critical = t_quantile(1.0 - 0.5 * alpha, df);
    // P(T > c) at delta is P(T < -c) at -delta.
    noncentral_t_cdf(-critical, df, effect) + noncentral_t_cdf(-critical, df, -effect)
}

/// The smallest true difference, in standard errors, that a two-sided test at level `alpha` sees with
/// probability `power_wanted`; 0 if alpha is that large.
pub fn detectable(alpha: f64, df: f64, power_wanted: f64) -> f64 {
    if power(0.0, alpha, df) >= power_wanted {
        return 0.0;
    }
    bisect(|effect| power(effect, alpha, df) >= power_wanted)
}
