//! The pipeline around an equation: heads, weights, marks, reductions, normalisers, on the tape and off it.

use crate::batches::{MEAN, softmax_batch};
use crate::common::{build, evaluate, sigmoid_batch};
use losslab_losses::{
    Batch, BatchError, Criterion, Head, Normalizer, Reduction, Registry, Spec, Targets, Training,
};

const LOGITS: [f64; 6] = [2.0, -1.0, 0.5, -3.0, 0.1, 4.0];
const TARGETS: [f64; 6] = [1.0, 0.0, 0.0, 1.0, 1.0, 0.0];

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
    for ((y, weighted), plain) in TARGETS.iter().zip(&weighted.1).zip(&plain.1) {
        assert!(close(*weighted, if *y == 1.0 { 0.25 } else { 0.75 } * plain));
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
fn weights_too_small_to_divide_by_are_refused() {
    let criterion = build("ce", Head::Sigmoid, &[1, 1], Reduction::Mean(Normalizer::WeightSum));
    let loss = |weight: f32| {
        let weights = [weight, weight];
        let batch = Batch { weights: Some(&weights), ..sigmoid_batch(&[0.0f32, 1.0], &[1.0, 1.0]) };
        criterion.evaluate(&batch, None, &mut [0.0; 2]).map_err(|e| e.to_string())
    };
    assert!((loss(4e-39).unwrap() - loss(1.0).unwrap()).abs() < 1e-6);
    let sum = 2.0 * f64::from(1e-39f32);
    let message = format!("the weights sum to {sum:e}, too little to divide by in f32; scale them up");
    assert_eq!(loss(1e-39).unwrap_err(), message);
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
            let batch = softmax_batch(&row, &[1], 3);
            assert!(evaluate(&softmax, &batch).0.is_nan(), "{spec}: NaN at {place}");
        }
    }
}

#[test]
fn softmax_of_two_classes_is_the_sigmoid_of_their_difference() {
    for spec in ["ce", "alpha-ce:alpha=0.75", "focal:gamma=2,alpha=0.25", "focal:gamma=0.3"] {
        let rows: Vec<f64> = LOGITS.iter().flat_map(|&z| [0.7, z + 0.7]).collect();
        let classes: Vec<u32> = TARGETS.iter().map(|&y| y as u32).collect();
        let batch = softmax_batch(&rows, &classes, 2);
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

/// Kernels work in blocks of 512 elements or 128 rows: no block may see another's, or lose its place.
#[test]
fn large_batches_are_the_sum_of_their_elements() {
    let n = 1300;
    let logits: Vec<f64> = (0..n).map(|i| f64::from(i * 37 % 101) * 0.1 - 5.0).collect();
    let hard: Vec<f64> = (0..n).map(|i| f64::from(i % 7 == 0)).collect();
    // Soft targets in the last block only: each block goes its own way.
    let soft: Vec<f64> = (0..n).map(|i| if i < 1100 { f64::from(i % 7 == 0) } else { 0.25 }).collect();
    let cases = [("focal:alpha=0.25", &hard), ("qfl", &soft), ("ce+inverse-freq+logit-adjust", &soft)];
    for (spec, targets) in cases {
        let criterion = build(spec, Head::Sigmoid, &[9, 1], Reduction::Sum);
        let (loss, grad) = evaluate(&criterion, &sigmoid_batch(&logits, targets));
        let one = |i: usize| evaluate(&criterion, &sigmoid_batch(&logits[i..=i], &targets[i..=i]));
        let total: f64 = (0..grad.len()).map(|i| one(i).0).sum();
        assert!((loss - total).abs() < 1e-11 * total, "{spec}: {loss} {total}");
        assert!((0..grad.len()).all(|i| close(grad[i], one(i).1[0])), "{spec}");
    }
    let classes: Vec<u32> = (0..n as u32 / 5).map(|i| i % 5).collect();
    let criterion = build("ce+smooth+balanced-softmax", Head::Softmax, &[9, 1, 5, 3, 4], Reduction::Sum);
    let (loss, grad) = evaluate(&criterion, &softmax_batch(&logits, &classes, 5));
    let one = |i: usize| evaluate(&criterion, &softmax_batch(&logits[5 * i..][..5], &classes[i..=i], 5));
    let total: f64 = (0..classes.len()).map(|i| one(i).0).sum();
    assert!((loss - total).abs() < 1e-11 * total, "{loss} {total}");
    assert!((0..classes.len()).all(|i| grad[5 * i..][..5] == one(i).1));
}

#[test]
fn places_in_errors_count_from_the_start_of_the_batch() {
    let (logits, mut targets) = (vec![0.0; 600], vec![0.0; 600]);
    targets[530] = 2.0;
    for (spec, expected) in [
        ("ce", BatchError::SoftTarget { index: 530, value: 2.0 }),
        ("focal", BatchError::Target { index: 530, value: 2.0 }),
    ] {
        let criterion = build(spec, Head::Sigmoid, &[9, 1], MEAN);
        let batch = sigmoid_batch(&logits, &targets);
        assert_eq!(criterion.evaluate(&batch, None, &mut vec![0.0; 600]), Err(expected));
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let error = |spec: &str, batch: &Batch<'_, f64>| {
        let criterion = build(spec, batch.targets.head(), &[1, 1], MEAN);
        criterion.evaluate(batch, None, &mut vec![0.0; batch.logits.len()]).unwrap_err()
    };
    let half = sigmoid_batch(&[1.0, 2.0], &[1.0, 0.5]);
    assert_eq!(error("focal", &half), BatchError::Target { index: 1, value: 0.5 });
    assert_eq!(error("dice", &half), BatchError::Target { index: 1, value: 0.5 });
    let beyond = sigmoid_batch(&[1.0, 2.0], &[0.5, 1.5]);
    assert_eq!(error("ce", &beyond), BatchError::SoftTarget { index: 1, value: 1.5 });
    let nan = error("qfl", &sigmoid_batch(&[1.0], &[f64::NAN])).to_string();
    assert_eq!(nan, "target 0 is NaN, expected a number from 0 to 1");
    assert_eq!(error("ce", &sigmoid_batch(&[1.0, 2.0], &[1.0])).to_string(), "2 logits, expected 1");
    let classes = softmax_batch(&[0.0; 6], &[2, 3], 3);
    assert_eq!(
        error("ce", &classes).to_string(),
        "the targets are for a softmax head of 3 classes, the loss was set up for a softmax head of 2 classes"
    );
    let three = build("ce", Head::Softmax, &[1, 1, 1], MEAN);
    assert_eq!(
        three.evaluate(&classes, None, &mut [0.0; 6]).unwrap_err().to_string(),
        "target 1 is class 3, expected one of the 3 classes from 0 on"
    );
    let dice = build("dice", Head::Sigmoid, &[1, 1], MEAN);
    let batch = sigmoid_batch(&[1.0f64], &[1.0]);
    assert_eq!(
        dice.evaluate(&batch, Some(&mut [0.0]), &mut [0.0]).unwrap_err().to_string(),
        "dice is one number for the whole batch and has no losses per element"
    );
}

#[test]
fn what_cannot_be_bound_is_named() {
    let error = |spec: &str, head, counts: &[u64], reduction| {
        let spec = Spec::parse(spec, &Registry::standard()).unwrap();
        Criterion::new(&spec, head, counts, reduction).unwrap_err().to_string()
    };
    let messages = [
        error("focal:alpha=0.25", Head::Softmax, &[1, 1, 1], MEAN),
        error("asl", Head::Softmax, &[1, 1, 1], MEAN),
        error("ce", Head::Softmax, &[7], MEAN),
        error("dice", Head::Sigmoid, &[1, 1], Reduction::None),
        error("ldam", Head::Sigmoid, &[5, 0], MEAN),
        error("ce+logit-adjust", Head::Softmax, &[5, 0, 2], MEAN),
        error("ce+ohem:count=2.5", Head::Sigmoid, &[5, 1], MEAN),
        error("ce+oversample", Head::Sigmoid, &[5, 0], MEAN),
    ];
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn what_acts_on_training_and_decision_leaves_the_loss_alone() {
    use losslab_losses::Decision;
    let batch = sigmoid_batch(&LOGITS, &TARGETS);
    let plain = evaluate(&build("ce", Head::Sigmoid, &[3, 3], MEAN), &batch);
    let spec = "ce+prior-bias:pi=0.02+undersample:ratio=3+threshold:at=0.3";
    let criterion = build(spec, Head::Sigmoid, &[3, 3], MEAN);
    assert_eq!(evaluate(&criterion, &batch), plain);
    assert_eq!(criterion.training(), [Training::PriorBias(0.02), Training::Undersample { ratio: 3.0 }]);
    assert_eq!(criterion.decision(), Some(Decision::At(0.3)));
    let criterion = build("ce+oversample+threshold", Head::Sigmoid, &[3, 3], MEAN);
    assert_eq!(criterion.training(), [Training::Oversample]);
    assert_eq!(criterion.decision(), Some(Decision::BestF1));
}
