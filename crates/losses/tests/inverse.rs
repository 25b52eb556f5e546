//! How reported probabilities are corrected: against minima found by other means, and against the paper.

use losslab_losses::{Inverse, Registry, Spec};
use serde::Deserialize;

fn inverse(spec: &str, class_counts: &[u64]) -> Inverse {
    Inverse::of(&Spec::parse(spec, &Registry::standard()).unwrap(), class_counts).unwrap()
}

#[derive(Deserialize)]
struct Case {
    spec: String,
    class_counts: Vec<u64>,
    logits: Vec<f64>,
    eta: Vec<f64>,
}

/// Expected values found by minimising the expected loss in 50 digits, see `fixtures/make_inverse.py`.
#[test]
fn the_inverse_finds_the_share_behind_the_best_report() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("fixtures/inverse.json")).unwrap();
    assert_eq!(cases.len(), 56);
    for case in cases {
        let inverse = inverse(&case.spec, &case.class_counts);
        let logits: Vec<f32> = case.logits.iter().map(|&z| z as f32).collect();
        let found = inverse.apply(&logits);
        assert_eq!(found.len(), case.eta.len());
        // The logit is rounded to f32: 6e-8 of its size, at most 14, and log h rises up to 1 + gamma = 6
        // times as fast.
        for (found, eta) in found.iter().zip(&case.eta) {
            assert!((found - eta).abs() <= 5e-6 * eta, "{}: {found} instead of {eta}", case.spec);
        }
    }
}

/// Lin et al. 2017's setting: a true probability of .01 is reported as .108 (gamma 2, alpha .25), one of .001
/// as .05.
#[test]
fn a_known_report_of_the_focal_loss_is_corrected() {
    let inverse = inverse("focal:gamma=2,alpha=0.25", &[99, 1]);
    for (reported, truth, slack) in [(0.108_f64, 0.01, 2e-4), (0.05, 0.001, 5e-5)] {
        let logit = (reported / (1.0 - reported)).ln() as f32;
        let found = inverse.apply(&[logit])[0];
        assert!((found - truth).abs() < slack, "{reported}: {found}");
    }
}

#[test]
fn the_inverse_keeps_the_order() {
    let inverse = inverse("focal:gamma=3,alpha=0.1", &[9, 1]);
    // Farther out the truth is 1 to the last bit of f64: its log-odds are 4 times the logit.
    let logits: Vec<f32> = (-1400..1400).map(|i| i as f32 / 200.0).collect();
    assert!(inverse.apply(&logits).windows(2).all(|pair| pair[0] < pair[1]));
}
