//! The metrics of more than two classes against scikit-learn (`fixtures/metrics/classes.json`), and their
//! errors.

use losslab_metrics::{MetricError, Metrics, Rows, macro_average_precision, predicted_classes};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Reference {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    classes: usize,
    labels: Vec<u32>,
    probabilities: Vec<String>,
    expected: BTreeMap<String, Option<f64>>,
}

fn evaluate_classes(
    probabilities: &[f64],
    classes: usize,
    labels: &[u32],
) -> Result<Vec<(&'static str, Option<f64>)>, MetricError> {
    Metrics::standard().evaluate(&Rows::of_probabilities(classes, probabilities, labels))
}

#[test]
fn every_metric_agrees_with_scikit_learn() {
    let reference: Reference = serde_json::from_str(include_str!("fixtures/metrics/classes.json")).unwrap();
    assert_eq!(reference.cases.len(), 9);
    for case in reference.cases {
        let probabilities: Vec<f64> = case.probabilities.iter().map(|p| p.parse().unwrap()).collect();
        let found = evaluate_classes(&probabilities, case.classes, &case.labels).unwrap();
        for (name, expected) in &case.expected {
            let (_, value) = found.iter().find(|(n, _)| n == name).unwrap();
            match (value, expected) {
                (Some(value), Some(expected)) => assert!(
                    (value - expected).abs() <= 1e-12 * expected.abs().max(1.0),
                    "{}: {name}: found {value:e}, expected {expected:e}",
                    case.name
                ),
                _ => assert_eq!(value, expected, "{}: {name}", case.name),
            }
        }
        // All but the one that scikit-learn and the definition above do not give.
        assert_eq!(case.expected.len(), found.len() - 1);
        assert_eq!(found[0].1, macro_average_precision(&probabilities, case.classes, &case.labels).unwrap());
    }
}

#[test]
fn the_predicted_class_is_the_first_of_the_most_probable() {
    assert_eq!(predicted_classes(&[0.2, 0.5, 0.3, 0.4, 0.2, 0.4], 3), [1, 0]);
}

#[test]
fn on_nothing_every_metric_is_undefined() {
    assert!(evaluate_classes(&[], 3, &[]).unwrap().iter().all(|(_, value)| value.is_none()));
}

#[test]
fn what_is_no_probability_is_refused() {
    for p in [f64::NAN, -0.1, 1.5, f64::INFINITY] {
        assert!(evaluate_classes(&[p, 0.5, 0.5], 3, &[0]).is_err(), "{p}");
        assert!(macro_average_precision(&[p, 0.5, 0.5], 3, &[0]).is_err(), "{p}");
    }
}

#[test]
#[should_panic(expected = "metrics: 5 probabilities for 2 labels of 3 classes")]
fn a_row_too_short_panics() {
    let _ = evaluate_classes(&[0.2; 5], 3, &[0, 1]);
}

#[test]
#[should_panic(expected = "metrics: label 3 of 3 classes")]
fn a_label_that_is_no_class_panics() {
    let _ = evaluate_classes(&[0.2; 3], 3, &[3]);
}
