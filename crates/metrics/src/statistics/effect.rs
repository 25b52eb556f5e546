//! Effect size: a difference in units of its own spread over runs.

use super::rounding::settled_alone;
use super::special::{ln_gamma, ln_gamma_ratio};
use crate::Summary;
use losslab_base::math::{exp_f64, ln_f64};

/// Hedges' g_z = J(k - 1) mean / sd of k paired differences
///
/// Cohen's d_z (Cohen 1988, section 2.3.5; Lakens 2013, eq. 6) times the factor that takes out its bias in
/// small samples (Hedges 1981, eq. 6e), J(m) = Gamma(m/2) / ( sqrt(m/2) Gamma((m-1)/2) ), about 1 - 3/(4m -
/// 1): .97 at 25 runs, .91 at 10, .80 at 5, .56 at 3.
///
/// It says how many standard deviations of ONE run the losses lie apart: at 1, the better loss wins about 5
/// runs in 6. It does not grow with the number of runs, as t does.
///
/// `None` for fewer than three differences (J(1) = 0), or if all are equal but for rounding.
pub fn hedges_g(differences: &[f64]) -> Option<f64> {
    let Summary { mean, std, n } = Summary::of(settled_alone(differences).into_iter().map(Some));
    let d = mean? / std.filter(|sd| *sd > 0.0)?;
    (n > 2).then(|| small_sample_factor(n as f64 - 1.0) * d)
}

/// J(m) for m > 1.
fn small_sample_factor(m: f64) -> f64 {
    let half = 0.5 * m;
    let ratio =
        if half > 12.5 { ln_gamma_ratio(half - 0.5, 0.5) } else { ln_gamma(half) - ln_gamma(half - 0.5) };
    exp_f64(ratio - 0.5 * ln_f64(half))
}
