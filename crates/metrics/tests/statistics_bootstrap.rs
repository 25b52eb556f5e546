//! Resamples of a fixed test set: weighted average precision, draws, and the variance they give.

use losslab_base::rng::Rng;
use losslab_metrics::statistics::bootstrap::{BootstrapError, Resamples};
use losslab_metrics::statistics::fixed_test::fixed_test;
use losslab_metrics::statistics::weighted_ap::WeightedAveragePrecision;
use losslab_metrics::{average_precision, macro_average_precision};

/// Each item as often as its weight says.
fn repeated<T: Copy>(items: &[T], weights: &[u32]) -> Vec<T> {
    items
        .iter()
        .zip(weights)
        .flat_map(|(&item, &weight)| std::iter::repeat_n(item, weight as usize))
        .collect()
}

#[test]
fn a_weight_counts_as_so_many_examples() {
    let mut rng = Rng::seed(5);
    for levels in [4, 1000] {
        let scores: Vec<f64> = (0..60).map(|_| rng.below(levels) as f64).collect();
        let labels: Vec<bool> = (0..60).map(|_| rng.below(4) == 0).collect();
        let sorted = WeightedAveragePrecision::new(&scores, &labels).unwrap();
        for _ in 0..20 {
            let weights: Vec<u32> = (0..60).map(|_| rng.below(4) as u32).collect();
            let expected =
                average_precision(&repeated(&scores, &weights), &repeated(&labels, &weights)).unwrap();
            let (found, expected) = (sorted.with_weights(&weights).unwrap(), expected.unwrap());
            assert!((found - expected).abs() <= 1e-14, "{found} {expected}");
        }
    }
}

#[test]
fn so_it_does_with_more_classes() {
    let mut rng = Rng::seed(6);
    let rows: Vec<[f64; 3]> = (0..40).map(|_| [rng.uniform() / 3.0, rng.uniform() / 3.0, 0.1]).collect();
    let labels: Vec<u32> = (0..40).map(|_| rng.below(2) as u32).collect();
    let sorted = WeightedAveragePrecision::of_classes(rows.as_flattened(), 3, &labels).unwrap();
    let weights: Vec<u32> = (0..40).map(|_| rng.below(3) as u32).collect();
    let (many, truth) = (repeated(&rows, &weights), repeated(&labels, &weights));
    let expected = macro_average_precision(many.as_flattened(), 3, &truth).unwrap().unwrap();
    let found = sorted.with_weights(&weights).unwrap();
    assert!((found - expected).abs() <= 1e-14, "{found} {expected}");
}

#[test]
fn average_precision_at_the_edges() {
    let sorted = WeightedAveragePrecision::new(&[0.0, -0.0, 1.0], &[true, false, false]).unwrap();
    assert_eq!(sorted.with_weights(&[1, 1, 1]), Some(1.0 / 3.0), "0.0 and -0.0 are one score");
    assert_eq!(sorted.with_weights(&[0, 1, 1]), None, "no positive has weight");
    assert!(WeightedAveragePrecision::new(&[0.1, f64::NAN], &[true, false]).is_err());
}

type Metric = Box<dyn Fn(&[u32]) -> Option<f64> + Sync>;

/// The mean of a number per unit, whose bootstrap variance is known: the population variance over n.
fn mean_of(values: Vec<f64>) -> Option<Metric> {
    Some(Box::new(move |weights: &[u32]| {
        let sum: f64 = values.iter().zip(weights).map(|(v, &w)| v * f64::from(w)).sum();
        Some(sum / values.len() as f64)
    }))
}

#[test]
fn the_variance_of_a_mean_is_the_known_one() {
    let (units, seeds) = (50, 3);
    let mut rng = Rng::seed(9);
    let common: Vec<f64> = (0..units).map(|_| rng.normal()).collect();
    // The reference is 0 everywhere, so that the candidate's values are the differences.
    let zeros = || vec![0.0; units];
    let candidates: Vec<Vec<f64>> = (0..seeds)
        .map(|seed| common.iter().map(|c| 0.1 * seed as f64 + c + 0.5 * rng.normal()).collect())
        .collect();
    let runs: Vec<Option<Metric>> =
        (0..seeds).map(|_| zeros()).chain(candidates.iter().cloned()).map(mean_of).collect();
    let resamples = Resamples::draw(units, &runs, Some(0.0), 4000, 1).unwrap();
    let estimate = fixed_test(&resamples, seeds..2 * seeds, 0..seeds).unwrap();

    let n = units as f64;
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let covariance =
        |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(a, b)| (a - mean(x)) * (b - mean(y))).sum::<f64>() / n;
    let pairs = [(0, 1), (0, 2), (1, 2)];
    let shared = pairs.map(|(i, j)| covariance(&candidates[i], &candidates[j])).iter().sum::<f64>() / 3.0 / n;
    let found = estimate.variances[1].value;
    // A variance from 4000 resamples has a relative standard error of sqrt(2 / 4000) = 2.2 %; three of them.
    assert!((found / shared - 1.0).abs() < 0.067, "{found} {shared}");

    let means: Vec<f64> = candidates.iter().map(|c| mean(c)).collect();
    let over_seeds = means.iter().map(|m| (m - mean(&means)).powi(2)).sum::<f64>() / 2.0 / 3.0;
    assert!((estimate.variances[0].value / over_seeds - 1.0).abs() < 1e-12);
    assert!((estimate.difference - mean(&means)).abs() < 1e-14);
    assert_eq!((estimate.variances[0].df, estimate.variances[1].df), (2.0, 49.0));
    // p is the level at which the interval touches 0, and the difference seen lies beyond the half width.
    let p = estimate.p();
    assert!((estimate.half_width(p) - estimate.difference.abs()).abs() < 1e-9, "p {p}");
    assert!(estimate.detectable(0.05, 0.8) > estimate.half_width(0.05));

    let (low, high) = resamples.percentile_interval(0.05, |values| values[3]);
    let error = (covariance(&candidates[0], &candidates[0]) / n).sqrt();
    assert!((0.5 * (high - low) / (1.96 * error) - 1.0).abs() < 0.1, "{low} {high} {error}");
}

#[test]
fn the_draws_depend_on_the_seed_and_not_on_the_threads() {
    let values: Vec<f64> = (0..30).map(f64::from).collect();
    let runs = [mean_of(values)];
    let draw = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Resamples::draw(30, &runs, Some(0.0), 50, seed).unwrap())
    };
    assert_eq!(draw(1, 3), draw(3, 3));
    assert_ne!(draw(1, 3), draw(1, 4));
}

#[test]
fn undefined_resamples_are_drawn_again_and_hopeless_ones_refused() {
    // One positive of 20: a third of all draws has none.
    let scores: Vec<f64> = (0..20).map(f64::from).collect();
    let labels: Vec<bool> = (0..20).map(|i| i == 7).collect();
    let rare = WeightedAveragePrecision::new(&scores, &labels).unwrap();
    let resamples =
        Resamples::draw(20, &[Some(|w: &[u32]| rare.with_weights(w))], Some(0.0), 200, 0).unwrap();
    assert!(resamples.iter().all(|values| values[0] > 0.0));
    let none = WeightedAveragePrecision::new(&scores, &[false; 20]).unwrap();
    let error =
        Resamples::draw(20, &[Some(|w: &[u32]| none.with_weights(w))], Some(0.0), 200, 0).unwrap_err();
    assert_eq!(error, BootstrapError::Undefined { run: 0 });
    let only_as_it_is = |w: &[u32]| w.iter().all(|&w| w == 1).then_some(1.0);
    let error = Resamples::draw(20, &[Some(only_as_it_is)], Some(0.0), 200, 0).unwrap_err();
    assert_eq!(error, BootstrapError::UndefinedResamples);
}

#[test]
fn a_run_that_diverged_scores_the_worst() {
    let runs = [mean_of(vec![1.0, 2.0]), None];
    let resamples = Resamples::draw(2, &runs, Some(-5.0), 10, 0).unwrap();
    assert_eq!(resamples.observed(), [1.5, -5.0]);
    assert!(resamples.iter().all(|values| values[1] == -5.0));
}
