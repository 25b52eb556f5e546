//! The pipeline around an equation: heads, weights, marks, reductions, normalisers, on the tape and off it.

use losslab_autograd::{GradCheck, Tape, Var};
use losslab_losses::{
    Batch, BatchError, Criterion, Head, Normalizer, Reduction, Registry, Spec, TapeBatch, TapeTargets,
    Targets, criterion,
};
use losslab_tensor::Tensor;
use std::sync::Arc;

const LOGITS: [f64; 6] = [2.0, -1.0, 0.5, -3.0, 0.1, 4.0];
const TARGETS: [f64; 6] = [1.0, 0.0, 0.0, 1.0, 1.0, 0.0];
const MEAN: Reduction = Reduction::Mean(Normalizer::Elements);

fn build(spec: &str, head: Head, counts: &[u64], reduction: Reduction) -> Criterion {
    let spec = Spec::parse(spec, &Registry::standard()).unwrap();
    Criterion::new(&spec, head, counts, reduction).unwrap()
}

fn sigmoid_batch<'a>(logits: &'a [f64], targets: &'a [f64]) -> Batch<'a, f64> {
    Batch { logits, targets: Targets::Sigmoid { targets, columns: 1 }, weights: None, valid: None }
}

fn evaluate(criterion: &Criterion, batch: &Batch<'_, f64>) -> (f64, Vec<f64>) {
    let mut grad = vec![f64::NAN; batch.logits.len()];
    (criterion.evaluate(batch, None, &mut grad).unwrap(), grad)
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-13 * a.abs().max(b.abs()).max(1e-300)
}

/// -log p_t by the textbook, with std's functions.
fn textbook_ce(z: f64, y: f64) -> f64 {
    if y == 1.0 { (-z).exp().ln_1p() } else { z.exp().ln_1p() }
}

#[test]
fn reductions_and_normalisers_divide_by_what_they_say() {
    let losses: Vec<f64> = LOGITS.iter().zip(TARGETS).map(|(&z, y)| textbook_ce(z, y)).collect();
    let total: f64 = losses.iter().sum();
    let cases = [
        (Reduction::Sum, 1.0),
        (Reduction::None, 1.0),
        (MEAN, 6.0),
        (Reduction::Mean(Normalizer::Positives), 3.0),
        (Reduction::Mean(Normalizer::WeightSum), 6.0),
    ];
    for (reduction, divisor) in cases {
        let (loss, grad) =
            evaluate(&build("ce", Head::Sigmoid, &[3, 3], reduction), &sigmoid_batch(&LOGITS, &TARGETS));
        assert!(close(loss, total / divisor), "{reduction:?}");
        for (i, g) in grad.iter().enumerate() {
            let p = 1.0 / (1.0 + (-LOGITS[i]).exp());
            assert!(close(*g, (p - TARGETS[i]) / divisor), "{reduction:?} {i}: {g}");
        }
    }
    // Two logits per sample: three samples.
    let batch = Batch {
        targets: Targets::Sigmoid { targets: &TARGETS, columns: 2 },
        ..sigmoid_batch(&LOGITS, &TARGETS)
    };
    let samples = build("ce", Head::Sigmoid, &[3, 3], Reduction::Mean(Normalizer::Samples));
    assert!(close(evaluate(&samples, &batch).0, total / 3.0));
    // No positives: divided by 1, not by 0.
    let positives = build("ce", Head::Sigmoid, &[3, 3], Reduction::Mean(Normalizer::Positives));
    assert!(close(
        evaluate(&positives, &sigmoid_batch(&[0.0; 2], &[0.0; 2])).0,
        2.0 * std::f64::consts::LN_2
    ));
}

#[test]
fn alpha_weighs_positives_and_its_complement_negatives() {
    let plain = evaluate(
        &build("focal:gamma=2", Head::Sigmoid, &[3, 3], Reduction::Sum),
        &sigmoid_batch(&LOGITS, &TARGETS),
    );
    let alpha = build("focal:gamma=2,alpha=0.25", Head::Sigmoid, &[3, 3], Reduction::Sum);
    let weighted = evaluate(&alpha, &sigmoid_batch(&LOGITS, &TARGETS));
    for (i, y) in TARGETS.iter().enumerate() {
        let weight = if *y == 1.0 { 0.25 } else { 0.75 };
        assert!(close(weighted.1[i], weight * plain.1[i]));
    }
    // With p_t of the weighted loss instead, the sum would differ (a bug that frameworks shipped).
    let by_hand: f64 = LOGITS
        .iter()
        .zip(TARGETS)
        .map(|(&z, y)| {
            let ce = textbook_ce(z, y);
            (if y == 1.0 { 0.25 } else { 0.75 }) * (1.0 - (-ce).exp()).powi(2) * ce
        })
        .sum();
    assert!((weighted.0 - by_hand).abs() < 1e-12);
    let weight_sum =
        build("focal:gamma=2,alpha=0.25", Head::Sigmoid, &[3, 3], Reduction::Mean(Normalizer::WeightSum));
    assert!(close(evaluate(&weight_sum, &sigmoid_batch(&LOGITS, &TARGETS)).0, weighted.0 / 3.0));
}

#[test]
fn marks_take_elements_out_even_at_nan() {
    let criterion = build("focal:gamma=0.5,alpha=0.25", Head::Sigmoid, &[3, 3], MEAN);
    let (mut logits, mut targets) = (LOGITS, TARGETS);
    (logits[1], targets[1]) = (f64::NAN, f64::NAN);
    logits[4] = f64::INFINITY;
    let valid = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0];
    let batch = Batch { valid: Some(&valid), ..sigmoid_batch(&logits, &targets) };
    let (loss, grad) = evaluate(&criterion, &batch);
    let kept = [0, 2, 3, 5];
    let (z, y) = (kept.map(|i| LOGITS[i]), kept.map(|i| TARGETS[i]));
    let (expected, expected_grad) = evaluate(&criterion, &sigmoid_batch(&z, &y));
    assert!(close(loss, expected));
    assert_eq!((grad[1], grad[4]), (0.0, 0.0));
    for (k, &i) in kept.iter().enumerate() {
        assert!(close(grad[i], expected_grad[k]));
    }
    // Nothing valid at all: no loss, no gradient, no NaN.
    let nothing = Batch { valid: Some(&[0.0; 6]), ..sigmoid_batch(&logits, &targets) };
    assert_eq!(evaluate(&criterion, &nothing), (0.0, vec![0.0; 6]));
}

#[test]
fn a_valid_nan_is_never_silent() {
    for spec in ["ce", "focal:gamma=0", "focal:gamma=2,alpha=0.25"] {
        let criterion = build(spec, Head::Sigmoid, &[3, 3], MEAN);
        let (loss, grad) = evaluate(&criterion, &sigmoid_batch(&[1.0, f64::NAN], &[1.0, 0.0]));
        assert!(loss.is_nan() && grad[1].is_nan() && grad[0].is_finite(), "{spec}");
        let softmax = build(spec.split(',').next().unwrap(), Head::Softmax, &[1, 1, 1], MEAN);
        for place in 0..3 {
            let mut row = [0.5, 1.0, -1.0];
            row[place] = f64::NAN;
            let batch = Batch {
                logits: &row,
                targets: Targets::Softmax { targets: &[1], classes: 3 },
                weights: None,
                valid: None,
            };
            assert!(evaluate(&softmax, &batch).0.is_nan(), "{spec}: NaN at {place}");
        }
    }
}

#[test]
fn softmax_of_two_classes_is_the_sigmoid_of_their_difference() {
    for spec in ["ce", "alpha-ce:alpha=0.75", "focal:gamma=2,alpha=0.25", "focal:gamma=0.3"] {
        let rows: Vec<f64> = LOGITS.iter().flat_map(|&z| [0.7, z + 0.7]).collect();
        let classes: Vec<u32> = TARGETS.iter().map(|&y| y as u32).collect();
        let batch = Batch {
            logits: &rows,
            targets: Targets::Softmax { targets: &classes, classes: 2 },
            weights: None,
            valid: None,
        };
        let (softmax, row_grad) = evaluate(&build(spec, Head::Softmax, &[3, 3], MEAN), &batch);
        let (sigmoid, grad) =
            evaluate(&build(spec, Head::Sigmoid, &[3, 3], MEAN), &sigmoid_batch(&LOGITS, &TARGETS));
        assert!((softmax - sigmoid).abs() < 1e-14, "{spec}");
        for i in 0..6 {
            assert!(
                (row_grad[2 * i + 1] - grad[i]).abs() < 1e-14 && (row_grad[2 * i] + grad[i]).abs() < 1e-14,
                "{spec}"
            );
        }
    }
}

fn on_tape<'t>(
    which: &Arc<Criterion>,
    tape: &'t Tape<f64>,
    logits: Var<'t, f64>,
    softmax: bool,
) -> Var<'t, f64> {
    let rows = logits.shape().dims()[0];
    let valid: Vec<f64> = (0..rows).map(|i| if i == 1 { 0.0 } else { 1.0 }).collect();
    let weights: Vec<f64> = (0..rows).map(|i| 0.5 + i as f64).collect();
    let targets: Vec<u32> = (0..rows as u32).map(|i| (i * 2) % 3).collect();
    let signs: Vec<f64> = (0..rows).map(|i| f64::from(i % 2 == 0)).collect();
    let targets = if softmax {
        TapeTargets::Softmax(tape.indices(&targets))
    } else {
        TapeTargets::Sigmoid(tape.constant([rows], &signs))
    };
    let batch = TapeBatch {
        logits,
        targets,
        weights: Some(tape.constant([rows], &weights)),
        valid: Some(tape.constant([rows], &valid)),
    };
    criterion(which, batch)
}

#[test]
fn gradients_of_every_loss_head_and_reduction() {
    let registry = Registry::standard();
    for loss in registry.losses() {
        for head in [Head::Sigmoid, Head::Softmax] {
            if !loss.heads().contains(head) {
                continue;
            }
            for reduction in [Reduction::None, MEAN, Reduction::Sum, Reduction::Mean(Normalizer::WeightSum)] {
                let softmax = head == Head::Softmax;
                let counts: &[u64] = if softmax && loss.alpha() != losslab_losses::Alpha::Default(0.75) {
                    &[5, 3, 1]
                } else {
                    &[7, 2]
                };
                if softmax && counts.len() == 2 {
                    continue; // alpha needs two classes; the three-class targets below do not fit it
                }
                let which = Arc::new(build(loss.name(), head, counts, reduction));
                let shape = if softmax { vec![5, 3] } else { vec![5] };
                let n: usize = shape.iter().product();
                let x = Tensor::new(
                    losslab_tensor::Shape::new(&shape),
                    (0..n).map(|i| ((i * 7 % 11) as f64 - 5.0) * 0.6 + 0.05).collect(),
                );
                let check = GradCheck::default().run(|tape, x| on_tape(&which, tape, x[0], softmax), &[x], 3);
                assert!(check.is_ok(), "{} {head} {reduction:?}: {}", loss.name(), check.unwrap_err());
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let ce = build("ce", Head::Sigmoid, &[1, 1], MEAN);
    let try_it = |batch: &Batch<'_, f64>| {
        let mut grad = vec![0.0; batch.logits.len()];
        ce.evaluate(batch, None, &mut grad).unwrap_err()
    };
    assert_eq!(try_it(&sigmoid_batch(&[1.0, 2.0], &[1.0, 0.5])), BatchError::Target { index: 1, value: 0.5 });
    assert_eq!(try_it(&sigmoid_batch(&[1.0, 2.0], &[1.0])).to_string(), "2 logits, expected 1");
    let softmax = build("ce", Head::Softmax, &[1, 1, 1], MEAN);
    let batch = Batch {
        logits: &[0.0; 6],
        targets: Targets::Softmax { targets: &[2, 3], classes: 3 },
        weights: None,
        valid: None,
    };
    assert_eq!(
        softmax.evaluate(&batch, None, &mut [0.0; 6]).unwrap_err().to_string(),
        "target 1 is class 3, expected one of the 3 classes from 0 on"
    );
    let spec = Spec::parse("focal:alpha=0.25", &Registry::standard()).unwrap();
    let error = Criterion::new(&spec, Head::Softmax, &[1, 1, 1], MEAN).unwrap_err().to_string();
    assert!(error.contains("here are 3; use class weights"), "{error}");
}
