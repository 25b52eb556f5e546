//! Distributions, tests and corrections against mpmath, scipy and statsmodels
//! (`fixtures/statistics/reference.json`).

use losslab_metrics::statistics::distributions::{
    noncentral_t_cdf, normal_cdf, normal_quantile, t_cdf, t_quantile, t_tail, t_two_sided,
};
use losslab_metrics::statistics::effect::hedges_g;
use losslab_metrics::statistics::holm::holm;
use losslab_metrics::statistics::paired::{corrected_t, paired_t};
use losslab_metrics::statistics::power::{detectable, power};
use losslab_metrics::statistics::special::{incomplete_beta, ln_gamma, ln_gamma_ratio};
use losslab_metrics::statistics::wilcoxon::{smallest_p, wilcoxon};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    ln_gamma: Vec<(f64, f64)>,
    ln_gamma_ratio: Vec<(f64, f64, f64)>,
    incomplete_beta: Vec<(f64, f64, f64, f64)>,
    normal: Vec<(f64, f64)>,
    normal_quantile: Vec<(f64, f64)>,
    t_tail: Vec<(f64, f64, f64)>,
    t_quantile: Vec<(f64, f64, f64)>,
    noncentral_t: Vec<(f64, f64, f64, f64)>,
    detectable: Vec<(f64, f64, f64, f64)>,
    holm: Vec<Holm>,
    wilcoxon: Vec<SignedRank>,
    paired: Vec<Paired>,
}

#[derive(Deserialize)]
struct Holm {
    p: Vec<Option<f64>>,
    adjusted: Vec<Option<f64>>,
}

#[derive(Deserialize)]
struct SignedRank {
    differences: Vec<f64>,
    positive_ranks: f64,
    p: f64,
}

#[derive(Deserialize)]
struct Paired {
    differences: Vec<f64>,
    plain_t: f64,
    plain_p: f64,
    plain_interval: (f64, f64),
    ratio: f64,
    corrected_t: f64,
    corrected_p: f64,
    corrected_interval: (f64, f64),
    hedges_g: f64,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("fixtures/statistics/reference.json")).expect("reference.json")
}

/// Relative difference; false for NaN.
#[track_caller]
fn close(found: f64, expected: f64, relative: f64, what: &str) {
    let same = found == expected || (found - expected).abs() <= relative * expected.abs();
    assert!(same, "{what}: found {found:e}, expected {expected:e}");
}

#[test]
fn special_functions() {
    let reference = reference();
    for (x, expected) in reference.ln_gamma {
        let error = (ln_gamma(x) - expected).abs();
        assert!(error <= 1e-14 * expected.abs().max(1.0), "ln_gamma({x}): error {error:e}");
    }
    for (a, b, expected) in reference.ln_gamma_ratio {
        let error = (ln_gamma_ratio(a, b) - expected).abs();
        assert!(error <= 2e-14 * expected.abs().max(1.0), "ln_gamma_ratio({a}, {b}): error {error:e}");
    }
    for (a, b, x, expected) in reference.incomplete_beta {
        // The x of the fixture are chosen so that 1 - x is exact, or x is small.
        close(incomplete_beta(a, b, x, 1.0 - x), expected, 1e-11, &format!("I_{x}({a}, {b})"));
    }
    assert_eq!(incomplete_beta(2.0, 3.0, 0.0, 1.0), 0.0);
    assert_eq!(incomplete_beta(2.0, 3.0, 1.0, 0.0), 1.0);
    assert!(incomplete_beta(2.0, 3.0, f64::NAN, f64::NAN).is_nan());
}

#[test]
fn the_normal_distribution() {
    let reference = reference();
    for (z, expected) in reference.normal {
        close(normal_cdf(z), expected, 1e-12, &format!("Phi({z})"));
    }
    for (p, expected) in reference.normal_quantile {
        close(normal_quantile(p), expected, 1e-12, &format!("quantile of {p}"));
    }
    assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
    assert_eq!(normal_quantile(1.0), f64::INFINITY);
    assert!(
        normal_quantile(1.1).is_nan() && normal_quantile(f64::NAN).is_nan() && normal_cdf(f64::NAN).is_nan()
    );
}

#[test]
fn the_t_distribution() {
    let reference = reference();
    for (t, df, expected) in reference.t_tail {
        let tolerance = if df > 1e5 { 1e-9 } else { 1e-10 };
        close(t_tail(t, df), expected, tolerance, &format!("P(T_{df} > {t})"));
        close(t_cdf(-t, df), expected, tolerance, &format!("P(T_{df} <= -{t})"));
        close(t_cdf(t, df), 1.0 - expected, 1e-10, &format!("P(T_{df} <= {t})"));
    }
    for (p, df, expected) in reference.t_quantile {
        close(t_quantile(p, df), expected, 1e-10, &format!("quantile {p} of T_{df}"));
    }
    for z in [0.0, 0.5, 3.0, 8.0] {
        assert_eq!(t_tail(z, f64::INFINITY), normal_cdf(-z));
    }
    assert_eq!(t_quantile(0.5, 3.0), 0.0);
    assert_eq!(t_two_sided(f64::INFINITY, 3.0), 0.0);
    assert_eq!(t_quantile(1.0, 3.0), f64::INFINITY);
    assert!(t_tail(f64::NAN, 3.0).is_nan() && t_quantile(f64::NAN, 3.0).is_nan());
}

#[test]
fn the_noncentral_t_distribution() {
    for (t, df, delta, expected) in reference().noncentral_t {
        let error = (noncentral_t_cdf(t, df, delta) - expected).abs();
        assert!(error <= 1e-11, "P(T_{df},{delta} <= {t}): error {error:e}, expected {expected}");
    }
    assert!(noncentral_t_cdf(1.0, f64::NAN, 0.0).is_nan());
}

#[test]
fn the_difference_that_would_have_been_seen() {
    for (n, alpha, wanted, expected) in reference().detectable {
        close(detectable(alpha, n - 1.0, wanted), expected, 1e-9, &format!("n {n}, alpha {alpha}, {wanted}"));
    }
    close(power(0.0, 0.05, 4.0), 0.05, 1e-9, "power without an effect is alpha");
    assert_eq!(detectable(0.9, 4.0, 0.8), 0.0);
    // Two runs in a family of seven: the hardest case asked for.
    let effect = detectable(0.05 / 7.0, 1.0, 0.8);
    close(power(effect, 0.05 / 7.0, 1.0), 0.8, 1e-9, "two runs");
}

#[test]
fn holm_agrees_with_statsmodels() {
    for case in reference().holm {
        let found = holm(&case.p);
        assert_eq!(found.len(), case.adjusted.len());
        for (found, expected) in found.iter().zip(&case.adjusted) {
            match (found, expected) {
                (Some(found), Some(expected)) => close(*found, *expected, 1e-14, &format!("{:?}", case.p)),
                _ => assert_eq!(found, expected, "{:?}", case.p),
            }
        }
    }
    assert!(holm(&[]).is_empty());
}

#[test]
fn signed_ranks_agree_with_scipy() {
    for case in reference().wilcoxon {
        let found = wilcoxon(&case.differences).expect("not all zero");
        assert_eq!(found.positive_ranks, case.positive_ranks, "{:?}", case.differences);
        close(found.p, case.p, 1e-13, &format!("{:?}", case.differences));
        assert!(found.smallest_p <= found.p);
    }
    assert_eq!(wilcoxon(&[0.0, 0.0]), None);
    assert_eq!(wilcoxon(&[]), None);
    assert_eq!(wilcoxon(&[1.0; 51]), None);
    let fifty = wilcoxon(&[1.0; 50]).expect("50 differences");
    assert_eq!(fifty.p, smallest_p(50));
    assert_eq!([smallest_p(0), smallest_p(1), smallest_p(5), smallest_p(6)], [1.0, 1.0, 0.0625, 0.03125]);
}

#[test]
fn paired_tests_and_effect_size() {
    for case in reference().paired {
        let plain = paired_t(&case.differences).expect("a spread");
        close(plain.t(), case.plain_t, 1e-12, "t");
        close(plain.p(), case.plain_p, 1e-10, "p");
        close(plain.interval(0.05).0, case.plain_interval.0, 1e-10, "low");
        close(plain.interval(0.05).1, case.plain_interval.1, 1e-10, "high");
        let corrected = corrected_t(&case.differences, case.ratio).expect("a spread");
        close(corrected.t(), case.corrected_t, 1e-12, "corrected t");
        close(corrected.p(), case.corrected_p, 1e-10, "corrected p");
        close(corrected.interval(0.05).0, case.corrected_interval.0, 1e-10, "corrected low");
        close(corrected.interval(0.05).1, case.corrected_interval.1, 1e-10, "corrected high");
        close(hedges_g(&case.differences).expect("a spread"), case.hedges_g, 1e-12, "Hedges' g");
    }
}

#[test]
fn without_a_spread_there_is_no_test() {
    for differences in [&[][..], &[0.1], &[0.1, 0.1, 0.1], &[0.0, 0.0]] {
        assert_eq!(corrected_t(differences, 0.25), None, "{differences:?}");
        assert_eq!(hedges_g(differences), None, "{differences:?}");
    }
    assert_eq!(hedges_g(&[0.1, 0.2]), None);
    assert!(paired_t(&[0.1, 0.2]).is_some());
}

/// Exact fractions, whose floating-point differences are not the same to the last bit.
#[test]
fn differences_that_are_equal_but_for_rounding_are_no_spread() {
    let twentieths = [4.33 - 4.28, 4.39 - 4.34, 0.15 - 0.10];
    assert!(twentieths[0] != twentieths[1] || twentieths[1] != twentieths[2]);
    for ratio in [0.0, 0.25] {
        assert_eq!(corrected_t(&twentieths, ratio), None);
    }
    assert_eq!(hedges_g(&twentieths), None);
    // Six times 1/12, the last negative: all ranks are 3.5. 2 (1 + 6) / 2^6 in the smaller tail.
    let a = [1.0 / 3.0, 5.0 / 6.0, 7.0 / 12.0, 0.25, 11.0 / 12.0, 0.5];
    let b = [0.25, 0.75, 0.5, 1.0 / 6.0, 5.0 / 6.0, 7.0 / 12.0];
    let twelfths: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let found = wilcoxon(&twelfths).expect("six differences");
    assert_eq!((found.positive_ranks, found.p, found.n), (17.5, 0.21875, 6));
    // What is far smaller than the others is no rounding error.
    assert!(corrected_t(&[0.1, 0.1 + 1e-9, 0.1], 0.25).is_some());
}

#[test]
#[should_panic(expected = "not finite")]
fn a_difference_that_is_not_a_number_is_refused() {
    let _ = corrected_t(&[0.1, f64::NAN], 0.25);
}
