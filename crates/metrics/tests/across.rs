//! Statistics over data sets against statsmodels, scipy, autorank and metafor
//! (`fixtures/statistics/make_across.py` says how the values of `across.json` were computed).

use losslab_base::rng::Rng;
use losslab_metrics::statistics::across::pooled::{Finding, Pooled, reml};
use losslab_metrics::statistics::across::profile::{Profile, cost};
use losslab_metrics::statistics::across::ranks::{Ranks, sets_needed};
use losslab_metrics::statistics::distributions::t_quantile;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    pooled: Vec<Expected>,
    given: Vec<Given>,
    reml_of_two: f64,
    ranks: Vec<Ranked>,
    false_positives: Vec<(f64, u32, f64)>,
}

#[derive(Deserialize)]
struct Expected {
    differences: Vec<f64>,
    standard_errors: Vec<f64>,
    tau_squared: f64,
    factor: f64,
    difference: f64,
    standard_error: f64,
    p: f64,
    interval: (f64, f64),
    prediction: (f64, f64),
    i_squared: f64,
}

#[derive(Deserialize)]
struct Given {
    differences: Vec<f64>,
    standard_errors: Vec<f64>,
    tau_squared: f64,
    factor: f64,
    difference: f64,
    standard_error: f64,
    q: f64,
    interval: (f64, f64),
}

#[derive(Deserialize)]
struct Ranked {
    values: Vec<Vec<f64>>,
    average: Vec<f64>,
    chi_squared: f64,
    p: f64,
    pairs: Vec<(usize, usize, Option<f64>)>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("fixtures/statistics/across.json")).expect("across.json")
}

fn findings(differences: &[f64], standard_errors: &[f64]) -> Vec<Finding> {
    let finding = |(&difference, &standard_error)| Finding { difference, standard_error };
    differences.iter().zip(standard_errors).map(finding).collect()
}

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64) {
    let error = (found - expected).abs();
    assert!(error <= tolerance * expected.abs().max(1e-9), "{found}, expected {expected}");
}

#[track_caller]
fn both_near(found: (f64, f64), expected: (f64, f64), tolerance: f64) {
    near(found.0, expected.0, tolerance);
    near(found.1, expected.1, tolerance);
}

#[test]
fn pooled_by_restricted_maximum_likelihood() {
    let reference = reference();
    for expected in &reference.pooled {
        let findings = findings(&expected.differences, &expected.standard_errors);
        let pooled = Pooled::of(&findings).unwrap();
        near(reml(&findings).unwrap(), expected.tau_squared, 1e-9);
        near(pooled.between * pooled.between, expected.tau_squared, 1e-9);
        near(pooled.difference, expected.difference, 1e-9);
        near(pooled.standard_error, expected.standard_error, 1e-9);
        near(pooled.p(), expected.p, 1e-8);
        both_near(pooled.interval(0.05), expected.interval, 1e-8);
        both_near(pooled.prediction(0.05).unwrap(), expected.prediction, 1e-8);
        near(pooled.i_squared, expected.i_squared, 1e-9);
    }
    // Of the three one has a factor of Hartung and Knapp above 1, and two have one that counts as 1.
    let factors: Vec<bool> = reference.pooled.iter().map(|expected| expected.factor > 1.0).collect();
    assert_eq!(factors, [true, false, false]);
    // By hand: with two findings the likelihood is highest at (y1 - y2)^2 / 2 - (v1 + v2) / 2.
    let two = findings(&[-0.2, 0.5], &[0.2, 0.1]);
    near(reml(&two).unwrap(), 0.7 * 0.7 / 2.0 - 0.025, 1e-9);
    near(reml(&two).unwrap(), reference.reml_of_two, 1e-9);
}

#[test]
fn metafor_on_the_trials_of_the_bcg_vaccine() {
    // rma(yi, vi, data=dat.bcg, test="knha") and its predict(), as printed in the documentation of metafor:
    // tau^2 0.3132, I^2 92.22 %, Q 152.2330, estimate -0.7145, se 0.1808, t -3.9522, p 0.0019, interval
    // -1.1084 to -0.3206; without test="knha" the se is 0.1798.
    let bcg = &reference().pooled[0];
    let pooled = Pooled::of(&findings(&bcg.differences, &bcg.standard_errors)).unwrap();
    let rounded = |x: f64| (1e4 * x).round() / 1e4;
    assert_eq!(rounded(pooled.between * pooled.between), 0.3132);
    assert_eq!((rounded(pooled.i_squared), rounded(pooled.q)), (0.9222, 152.233));
    assert_eq!((rounded(pooled.difference), rounded(pooled.standard_error)), (-0.7145, 0.1808));
    assert_eq!(rounded(pooled.standard_error / bcg.factor.sqrt()), 0.1798);
    assert_eq!(rounded(pooled.difference / pooled.standard_error), -3.9522);
    assert_eq!((rounded(pooled.p()), pooled.df()), (0.0019, 12.0));
    let (low, high) = pooled.interval(0.05);
    assert_eq!((rounded(low), rounded(high)), (-1.1084, -0.3206));
    // Its prediction interval, 0.14 to 1.76 as a ratio, is that of Higgins et al. but for k - 1 degrees of
    // freedom in place of k - 2.
    let (low, high) = pooled.prediction(0.05).unwrap();
    let half = 0.5 * (high - low) / t_quantile(0.975, 11.0) * t_quantile(0.975, 12.0);
    let ratio = |x: f64| (100.0 * x.exp()).round() / 100.0;
    assert_eq!((ratio(pooled.difference - half), ratio(pooled.difference + half)), (0.14, 1.76));
}

#[test]
fn pooled_at_a_given_variance_between_sets() {
    for given in reference().given {
        let pooled = Pooled::given(&findings(&given.differences, &given.standard_errors), given.tau_squared);
        near(pooled.difference, given.difference, 1e-9);
        near(pooled.q, given.q, 1e-9);
        // statsmodels takes the factor as it is, also below 1.
        let wider = (given.factor.max(1.0) / given.factor).sqrt();
        near(pooled.standard_error, wider * given.standard_error, 1e-9);
        let (low, high) = pooled.interval(0.05);
        near(high - low, wider * (given.interval.1 - given.interval.0), 1e-8);
    }
}

#[test]
fn one_set_is_no_sample_and_two_predict_nothing() {
    let findings = findings(&[0.1, 0.2], &[0.01, 0.02]);
    assert_eq!((Pooled::of(&findings[..1]), reml(&[])), (None, None));
    assert_eq!(Pooled::of(&findings).unwrap().prediction(0.05), None);
}

#[test]
#[should_panic(expected = "expected a finite difference and a positive standard error")]
fn a_standard_error_of_zero_is_refused() {
    Pooled::of(&findings(&[0.1, 0.2], &[0.01, 0.0]));
}

/// Share of simulated families of 7 sets that are pooled to p <= 5 % though the mean difference is 0. Their
/// standard errors lie between 0.3 and 3, each estimated with so many degrees of freedom.
fn false_positives(between: f64, df: u32, simulations: u64) -> f64 {
    let one = |simulation: u64| {
        let mut rng = Rng::stream(2030, simulation);
        let set = |_| {
            let error = 0.3 * 10f64.powf(rng.uniform());
            let difference = between * rng.normal() + error * rng.normal();
            let chi_squared: f64 = (0..df).map(|_| rng.normal().powi(2)).sum();
            Finding { difference, standard_error: error * (chi_squared / f64::from(df)).sqrt() }
        };
        let findings: Vec<Finding> = (0..7).map(set).collect();
        Pooled::of(&findings).unwrap().p() <= 0.05
    };
    (0..simulations).filter(|&simulation| one(simulation)).count() as f64 / simulations as f64
}

#[test]
fn false_positives_of_the_pooled_difference() {
    // The rates expected are from 20 000 simulations of their own, with NumPy.
    for (between, df, expected) in reference().false_positives {
        let rate = false_positives(between, df, 5_000);
        let error = 3.0 * (expected * (1.0 - expected) * (1.0 / 5_000.0 + 1.0 / 20_000.0_f64)).sqrt();
        assert!((rate - expected).abs() <= error, "{between}, {df}: {rate}, expected {expected}");
    }
}

#[test]
fn ranks_with_and_without_ties() {
    for expected in reference().ranks {
        let ranks = Ranks::of(&expected.values, true).unwrap();
        for (found, expected) in ranks.average.iter().zip(&expected.average) {
            near(*found, *expected, 1e-12);
        }
        let friedman = ranks.friedman.unwrap();
        near(friedman.chi_squared, expected.chi_squared, 1e-10);
        near(friedman.p, expected.p, 1e-8);
        for (a, b, p) in expected.pairs {
            match (ranks.p_of(a, b), p) {
                (Some(found), Some(p)) => near(found, p, 1e-9),
                (found, p) => assert_eq!(found, p),
            }
            assert_eq!(ranks.p_of(a, b), ranks.p_of(b, a));
        }
        // Where less is better the order is the other way round.
        let reversed: Vec<Vec<f64>> =
            expected.values.iter().map(|row| row.iter().map(|v| -v).collect()).collect();
        assert_eq!(Ranks::of(&reversed, false).unwrap().average, ranks.average);
    }
}

#[test]
fn bars_join_neighbours_that_are_not_told_apart() {
    let ranks = Ranks::of(&reference().ranks[1].values, true).unwrap();
    assert_eq!(ranks.order(), [3, 1, 0, 4, 2]);
    // Arm 3 is better and arm 2 worse than all others at 5 %.
    assert_eq!(ranks.alike(0.05), [[1, 0, 4]]);
    assert_eq!(ranks.alike(1e-9), [[3, 1, 0, 4, 2]]);
    assert_eq!(ranks.alike(0.9), [[0; 0]; 0]);
}

#[test]
fn ranks_of_few_sets() {
    let row = vec![0.9, 0.8, 0.7];
    let ranks = Ranks::of(&[row.clone(), row.clone(), row], true).unwrap();
    assert_eq!(ranks.average, [1.0, 2.0, 3.0]);
    // Three sets agree on one of 6 orders by chance once in 36 times.
    near(ranks.friedman.unwrap().p, 1.0 / 36.0, 1e-12);
    near(ranks.friedman.unwrap().chi_squared, 6.0, 1e-12);
    let equal = Ranks::of(&[vec![1.0; 3], vec![0.5; 3]], true).unwrap();
    assert_eq!((equal.average, equal.friedman), (vec![2.0; 3], None));
    assert!(equal.pairs.iter().all(|pair| pair.p_holm.is_none()));
    assert_eq!((Ranks::of(&[], true), Ranks::of(&[vec![0.5]], true)), (None, None));
    // 2^-5 is below 5 %, 2^-4 is not; 6 pairs need 2^-7.
    assert_eq!((sets_needed(2, 0.05), sets_needed(4, 0.05)), (6, 8));
}

#[test]
fn a_profile_by_hand() {
    // 1 - AP of three arms on four sets; on the last the first two are perfect.
    let costs = [vec![0.1, 0.2, 0.4], vec![0.3, 0.3, 0.45], vec![0.5, 0.25, 0.25], vec![0.0, 0.0, 0.1]];
    let profile = Profile::of(&costs);
    let at = |ratio: f64| [0, 1, 2].map(|arm| profile.share(arm, ratio));
    assert_eq!(at(1.0), [0.75, 0.75, 0.25]);
    assert_eq!(at(1.5), [0.75, 0.75, 0.5]);
    assert_eq!(at(2.0), [1.0, 1.0, 0.5]);
    // Where others are perfect no multiple is large enough.
    assert_eq!(at(1e12), [1.0, 1.0, 0.75]);
    assert_eq!(profile.steps(2), [(1.0, 0.25), (0.45 / 0.3, 0.5), (4.0, 0.75)]);
    assert_eq!(profile.largest(), 4.0);
}

#[test]
fn costs_of_metrics() {
    assert_eq!(cost(0.75, (0.0, 1.0), true), Some(0.25));
    assert_eq!(cost(0.75, (0.0, f64::INFINITY), false), Some(0.75));
    assert_eq!(cost(0.75, (0.0, f64::INFINITY), true), None);
}
