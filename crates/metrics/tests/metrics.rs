//! The metrics against scikit-learn (`fixtures/metrics/reference.json`), against their definitions, and their
//! errors.

use losslab_metrics::{
    Confusion, MetricError, Metrics, Ranking, Rows, Summary, average_precision, best_f1_threshold, brier,
    ece, ece_mass, log_loss, log_loss_from_logits, roc_auc,
};
use proptest::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;

const TOLERANCE: f64 = 1e-12;

#[derive(Deserialize)]
struct Reference {
    cases: Vec<Case>,
    logits: Vec<LogitCase>,
}

/// A number written as a string, read with every bit; serde_json may miss the last one of a plain number,
/// which parts ties and moves scores across bin edges.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Exact(f64);

impl TryFrom<String> for Exact {
    type Error = std::num::ParseFloatError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

#[derive(Deserialize)]
struct Case {
    name: String,
    scores: Vec<Exact>,
    positives: Vec<usize>,
    best_f1_threshold: Option<Exact>,
    tuned_threshold: Exact,
    expected: BTreeMap<String, Option<f64>>,
    curves: Option<Curves>,
}

#[derive(Deserialize)]
struct Curves {
    /// Threshold, precision, recall.
    precision_recall: Vec<(Exact, f64, f64)>,
    /// Threshold, false positive rate, true positive rate.
    roc: Vec<(Exact, f64, f64)>,
}

#[derive(Deserialize)]
struct LogitCase {
    name: String,
    scores: Vec<Exact>,
    positives: Vec<usize>,
    log_loss: f64,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("fixtures/metrics/reference.json")).expect("reference.json")
}

fn unpack(scores: &[Exact], positives: &[usize]) -> (Vec<f64>, Vec<bool>) {
    let labels = (0..scores.len()).map(|i| positives.contains(&i)).collect();
    (scores.iter().map(|s| s.0).collect(), labels)
}

/// All metrics of two classes, decided at 0.5.
fn evaluate(
    scores: &[f64],
    labels: &[bool],
    tuned_threshold: Option<f64>,
) -> Result<Vec<(&'static str, Option<f64>)>, MetricError> {
    let labels: Vec<u32> = labels.iter().map(|&label| u32::from(label)).collect();
    let rows = Rows::of_probabilities(2, scores, &labels).with_thresholds(0.5, tuned_threshold);
    Metrics::standard().evaluate(&rows)
}

/// Relative difference from 1 up, absolute below. False for NaN.
fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0)
}

#[track_caller]
fn assert_close(found: f64, expected: f64, what: &str) {
    assert!(close(found, expected), "{what}: found {found:e}, expected {expected:e}");
}

#[test]
fn every_metric_agrees_with_scikit_learn() {
    for case in reference().cases {
        let (scores, labels) = unpack(&case.scores, &case.positives);
        let found = evaluate(&scores, &labels, Some(case.tuned_threshold.0)).unwrap();
        assert_eq!(found.len(), case.expected.len());
        for (name, value) in found {
            match (value, case.expected[name]) {
                (Some(value), Some(expected)) => {
                    assert_close(value, expected, &format!("{} {name}", case.name))
                }
                (value, expected) => assert_eq!(value, expected, "{} {name}", case.name),
            }
        }
    }
}

#[test]
fn the_best_f1_threshold_is_that_of_a_search_with_scikit_learn() {
    for case in reference().cases {
        let (scores, labels) = unpack(&case.scores, &case.positives);
        assert_eq!(
            best_f1_threshold(&scores, &labels).unwrap(),
            case.best_f1_threshold.map(|t| t.0),
            "{}",
            case.name
        );
    }
}

#[test]
fn curves_agree_with_scikit_learn() {
    let cases: Vec<Case> = reference().cases.into_iter().filter(|c| c.curves.is_some()).collect();
    assert!(cases.len() >= 3);
    for case in cases {
        let (scores, labels) = unpack(&case.scores, &case.positives);
        let ranking = Ranking::new(&scores, &labels).unwrap();
        let (pr, roc, curves) = (ranking.precision_recall_curve(), ranking.roc_curve(), case.curves.unwrap());
        assert_eq!((pr.len(), roc.len()), (curves.precision_recall.len(), curves.roc.len()), "{}", case.name);
        for (point, (threshold, precision, recall)) in pr.iter().zip(curves.precision_recall) {
            assert_eq!(point.threshold, threshold.0);
            assert_close(point.precision, precision, &case.name);
            assert_close(point.recall, recall, &case.name);
        }
        for (point, (threshold, fpr, tpr)) in roc.iter().zip(curves.roc) {
            assert_eq!(point.threshold, threshold.0);
            assert_close(point.false_positive_rate, fpr, &case.name);
            assert_close(point.true_positive_rate, tpr, &case.name);
        }
    }
}

#[test]
fn log_loss_from_logits_agrees_with_sixty_digits() {
    for case in reference().logits {
        let (scores, labels) = unpack(&case.scores, &case.positives);
        let found = log_loss_from_logits(&scores, &labels).unwrap().unwrap();
        // Relative throughout: a mean of 2e-18 has to be right as well.
        let error = (found / case.log_loss - 1.0).abs();
        assert!(error <= TOLERANCE, "{}: found {found:e}, expected {:e}", case.name, case.log_loss);
    }
}

#[test]
fn log_loss_clips_at_both_ends_as_scikit_learn_does() {
    // What scikit-learn 1.9.1 returns, compared relatively: the first is far below the tolerance of `close`.
    for (label, expected) in [(true, 2.220446049250313e-16), (false, 36.04365338911715)] {
        let found = log_loss(&[1.0], &[label]).unwrap().unwrap();
        assert!((found / expected - 1.0).abs() <= TOLERANCE, "found {found:e}, expected {expected:e}");
    }
}

/// Average precision over all C(10, 3) = 120 ways to place the positives is, on average, that of random
/// scores:
/// [H_n + (P-1)/(n-1) (n - H_n)] / n with H_n = 1 + 1/2 + ... + 1/n (Bestgen 2015), about the prevalence for
/// large n.
#[test]
fn random_scores_have_the_expected_average_precision() {
    let (n, scores) = (10, (0..10).map(f64::from).collect::<Vec<_>>());
    let (mut sum, mut count) = (0.0, 0.0);
    for bits in (0_u32..1 << n).filter(|bits| bits.count_ones() == 3) {
        let labels: Vec<bool> = (0..n).map(|i| bits >> i & 1 == 1).collect();
        sum += average_precision(&scores, &labels).unwrap().unwrap();
        count += 1.0;
    }
    let harmonic: f64 = (1..=n).map(|k| 1.0 / f64::from(k)).sum();
    let n = f64::from(n);
    assert_eq!(count, 120.0);
    assert_close(sum / count, (harmonic + 2.0 / (n - 1.0) * (n - harmonic)) / n, "mean AP");
}

#[test]
fn of_equally_good_thresholds_the_highest_is_taken() {
    // F1 at 0.9 is 2/(1 + 2), at 0.6 it is 4/(4 + 2): the same.
    let (scores, labels) = ([0.6, 0.7, 0.9, 0.8, 0.1], [true, false, true, false, false]);
    assert_eq!(best_f1_threshold(&scores, &labels), Ok(Some(0.9)));
}

#[test]
fn scores_at_the_threshold_are_called_positive() {
    let count = |t| Confusion::at_threshold(&[0.5, 0.5, 0.4], &[true, false, true], t).unwrap();
    let expected = Confusion { true_positives: 1, false_positives: 1, false_negatives: 1, true_negatives: 0 };
    assert_eq!(count(0.5), expected);
    assert_eq!(count(f64::INFINITY).false_negatives, 2);
    assert_eq!(count(f64::NEG_INFINITY).true_positives, 2);
}

#[test]
fn zero_and_minus_zero_are_one_score() {
    assert_eq!(roc_auc(&[0.0, -0.0], &[true, false]), Ok(Some(0.5)));
    assert_eq!(roc_auc(&[-0.0, 0.0], &[true, false]), Ok(Some(0.5)));
}

#[test]
fn nothing_is_defined_on_empty_input() {
    let found = evaluate(&[], &[], Some(0.5)).unwrap();
    assert!(found.iter().all(|(_, value)| value.is_none()));
    assert_eq!(log_loss_from_logits(&[], &[]), Ok(None));
    assert_eq!(best_f1_threshold(&[], &[]), Ok(None));
    let ranking = Ranking::new(&[], &[]).unwrap();
    assert!(ranking.roc_curve().is_empty() && ranking.precision_recall_curve().is_empty());
}

#[test]
fn without_a_tuned_threshold_the_tuned_metrics_have_no_value() {
    for (name, value) in evaluate(&[0.9, 0.2, 0.6], &[true, true, false], None).unwrap() {
        assert_eq!(value.is_none(), name.ends_with("_tuned"), "{name}");
    }
}

#[test]
fn the_registry_has_the_stable_names() {
    let metrics = Metrics::standard();
    let names: Vec<&str> = metrics.rows(2).map(|m| m.info().name).collect();
    let ranked = ["average_precision", "roc_auc", "log_loss", "brier", "ece", "ece_mass"];
    let half = ["f1", "mcc", "balanced_accuracy", "precision", "recall"];
    let tuned = half.map(|name| format!("{name}_tuned"));
    let expected: Vec<&str> =
        ranked.into_iter().chain(half).chain(tuned.iter().map(String::as_str)).collect();
    assert_eq!(names, expected);
    let infos = metrics.rows(2).map(|m| m.info());
    let lower_is_better: Vec<&str> = infos.filter(|m| !m.higher_is_better).map(|m| m.name).collect();
    assert_eq!(lower_is_better, ["log_loss", "brier", "ece", "ece_mass"]);
    assert_eq!(metrics.find("brier", 2).unwrap().info().title, "Brier score");
    assert!(metrics.find("accuracy", 2).is_err());
}

#[test]
fn bad_scores_are_named() {
    let labels = [true, false, true];
    let message = |scores: [f64; 3], t| evaluate(&scores, &labels, Some(t)).unwrap_err().to_string();
    assert_eq!(
        message([0.1, f64::NAN, 2.0], 0.5),
        "score 1 (counted from 0) is NaN, expected a finite number; did the training diverge?"
    );
    assert_eq!(
        message([0.1, 0.2, f64::NEG_INFINITY], 0.5),
        "score 2 (counted from 0) is -inf, expected a finite number; did the training diverge?"
    );
    assert_eq!(
        message([1.5, 0.2, 0.3], 0.5),
        "score 0 (counted from 0) is 1.5, expected a probability in [0, 1]; is it a logit?"
    );
    assert_eq!(message([0.1, 0.2, 0.3], f64::NAN), "the decision threshold is NaN, expected a number");
}

#[test]
fn no_function_lets_nan_pass() {
    let (scores, labels) = ([0.5, f64::NAN], [true, false]);
    let functions =
        [average_precision, roc_auc, log_loss, log_loss_from_logits, brier, ece, ece_mass, best_f1_threshold];
    for function in functions {
        assert!(function(&scores, &labels).is_err());
    }
    assert!(Confusion::at_threshold(&scores, &labels, 0.5).is_err());
    assert!(Confusion::at_threshold(&[0.5, 0.5], &labels, f64::NAN).is_err());
}

#[test]
fn logits_are_refused_only_where_probabilities_are_needed() {
    let (logits, labels) = ([3.0, -2.0], [true, false]);
    for needs_probabilities in [log_loss, brier, ece, ece_mass] {
        assert!(needs_probabilities(&logits, &labels).is_err());
    }
    for takes_logits in [average_precision, roc_auc, log_loss_from_logits, best_f1_threshold] {
        assert!(takes_logits(&logits, &labels).is_ok());
    }
}

#[test]
#[should_panic(expected = "metrics: 2 scores but 1 labels, expected one label for each score")]
fn unequal_lengths_panic() {
    let _ = roc_auc(&[0.1, 0.2], &[true]);
}

#[test]
fn summary_leaves_undefined_values_out() {
    // Mean 5, squared deviations 9+1+1+1+0+0+4+16 = 32 over n - 1 = 7.
    let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].map(Some);
    let found = Summary::of(values.into_iter().chain([None, None]));
    assert_eq!(found.n, 8);
    assert_close(found.mean.unwrap(), 5.0, "mean");
    assert_close(found.std.unwrap(), (32.0_f64 / 7.0).sqrt(), "std");
    assert_eq!(Summary::of([]), Summary { mean: None, std: None, n: 0 });
    assert_eq!(Summary::of([None, Some(0.3)]), Summary { mean: Some(0.3), std: None, n: 1 });
    assert_eq!(Summary::of([Some(0.1); 3]), Summary { mean: Some(0.1), std: Some(0.0), n: 3 });
    assert!(Summary::of([Some(f64::NAN), Some(0.5)]).mean.unwrap().is_nan());
}

/// Examples with many ties: scores are multiples of 1/32, so that 1 - s is exact and maps keep ties as they
/// are.
fn examples() -> impl Strategy<Value = Vec<(f64, bool)>> {
    prop::collection::vec(((0..=32_u8).prop_map(|k| f64::from(k) / 32.0), any::<bool>()), 0..60)
}

fn values(scores: &[f64], labels: &[bool]) -> Vec<Option<f64>> {
    evaluate(scores, labels, Some(0.25)).unwrap().into_iter().map(|(_, value)| value).collect()
}

proptest! {
    #[test]
    fn ranking_metrics_ignore_strictly_increasing_maps(examples in examples()) {
        let (scores, labels): (Vec<f64>, Vec<bool>) = examples.into_iter().unzip();
        for map in [|s: f64| 7.0 * s - 100.0, |s: f64| s * s * s, |s: f64| (9.0 * s).exp()] {
            let mapped: Vec<f64> = scores.iter().map(|&s| map(s)).collect();
            prop_assert_eq!(average_precision(&mapped, &labels), average_precision(&scores, &labels));
            prop_assert_eq!(roc_auc(&mapped, &labels), roc_auc(&scores, &labels));
            let best = best_f1_threshold(&scores, &labels).unwrap();
            prop_assert_eq!(best_f1_threshold(&mapped, &labels).unwrap(), best.map(map));
        }
    }

    #[test]
    fn roc_auc_counts_pairs_and_turns_with_the_scores(examples in examples()) {
        let (scores, labels): (Vec<f64>, Vec<bool>) = examples.iter().copied().unzip();
        let (mut won, mut pairs) = (0.0, 0.0);
        for (s, _) in examples.iter().filter(|e| e.1) {
            for (t, _) in examples.iter().filter(|e| !e.1) {
                pairs += 1.0;
                won += if s > t { 1.0 } else if s == t { 0.5 } else { 0.0 };
            }
        }
        let auc = roc_auc(&scores, &labels).unwrap();
        prop_assert_eq!(auc, (pairs > 0.0).then_some(won / pairs));

        let turned: Vec<f64> = scores.iter().map(|s| 1.0 - s).collect();
        let swapped: Vec<bool> = labels.iter().map(|l| !l).collect();
        prop_assert!(auc.is_none_or(|a| close(roc_auc(&turned, &labels).unwrap().unwrap(), 1.0 - a)));
        prop_assert_eq!(roc_auc(&turned, &swapped).unwrap(), auc);
    }

    #[test]
    fn the_order_of_the_examples_does_not_matter(
        (before, after) in examples().prop_flat_map(|e| (Just(e.clone()), Just(e).prop_shuffle())),
    ) {
        let (scores, labels): (Vec<f64>, Vec<bool>) = before.into_iter().unzip();
        let (shuffled_scores, shuffled_labels): (Vec<f64>, Vec<bool>) = after.into_iter().unzip();
        let found = values(&shuffled_scores, &shuffled_labels);
        for (found, expected) in found.into_iter().zip(values(&scores, &labels)) {
            match (found, expected) {
                (Some(found), Some(expected)) => prop_assert!(close(found, expected)),
                (found, expected) => prop_assert_eq!(found, expected),
            }
        }
    }

    #[test]
    fn swapping_the_classes_keeps_the_proper_scores(examples in examples()) {
        let (scores, labels): (Vec<f64>, Vec<bool>) = examples.into_iter().unzip();
        let turned: Vec<f64> = scores.iter().map(|s| 1.0 - s).collect();
        let swapped: Vec<bool> = labels.iter().map(|l| !l).collect();
        prop_assert_eq!(log_loss(&turned, &swapped), log_loss(&scores, &labels));
        prop_assert_eq!(brier(&turned, &swapped), brier(&scores, &labels));
    }

    #[test]
    fn no_score_beats_the_best_f1_threshold(examples in examples()) {
        let (scores, labels): (Vec<f64>, Vec<bool>) = examples.into_iter().unzip();
        let f1 = |t| Confusion::at_threshold(&scores, &labels, t).unwrap().f1();
        if let Some(best) = best_f1_threshold(&scores, &labels).unwrap() {
            for &t in &scores {
                prop_assert!(f1(t) < f1(best) || (f1(t) == f1(best) && t <= best));
            }
        } else {
            prop_assert!(!labels.contains(&true));
        }
    }

    #[test]
    fn log_loss_is_the_same_from_logits(
        examples in prop::collection::vec((-20.0..20.0_f64, any::<bool>()), 1..40),
    ) {
        let (logits, labels): (Vec<f64>, Vec<bool>) = examples.into_iter().unzip();
        let scores: Vec<f64> = logits.iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect();
        let p = log_loss(&scores, &labels).unwrap().unwrap();
        let z = log_loss_from_logits(&logits, &labels).unwrap();
        // At a logit of 20, 1 - p = 2e-9 has lost all but about 7 of its digits.
        prop_assert!((p - z.unwrap()).abs() <= 1e-7);
    }
}
