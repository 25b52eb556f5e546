//! What the papers claim, as tests; each figure is the paper's or follows from its equation by hand.

use crate::batches::{MEAN, softmax_batch};
use crate::common::{build, evaluate, sigmoid_batch};
use losslab_losses::{Head, Reduction, Scalar};

/// Margins from easy to hopeless.
fn grid() -> Vec<f64> {
    let ends = [0.0, 1e-3, 20.0, 88.0, 100.0, 745.0, 1e4, f64::INFINITY];
    (-160..=160).map(|k| f64::from(k) * 0.1).chain(ends).chain(ends.map(|x| -x)).collect()
}

/// Losses and gradients of positives at these margins.
fn at<T: Scalar>(spec: &str, margins: &[f64]) -> (Vec<T>, Vec<T>) {
    let logits: Vec<T> = margins.iter().map(|&x| T::from_f64(x)).collect();
    let targets = vec![T::lift(1.0); logits.len()];
    let criterion = build(spec, Head::Sigmoid, &[90, 10], Reduction::None);
    let (mut values, mut grad) = (targets.clone(), targets.clone());
    criterion.evaluate(&sigmoid_batch(&logits, &targets), Some(&mut values), &mut grad).unwrap();
    (values, grad)
}

fn same_bits<T: Scalar>(spec: &str, as_spec: &str, margins: &[f64]) {
    let ((value, grad), (as_value, as_grad)) = (at::<T>(spec, margins), at::<T>(as_spec, margins));
    for (i, x) in margins.iter().enumerate() {
        let same = value[i] == as_value[i] && grad[i] == as_grad[i];
        assert!(same, "{spec} at {x} in {}: {}, {}", T::NAME, value[i], grad[i]);
    }
}

#[test]
fn special_cases_are_cross_entropy_bit_by_bit() {
    let hard: Vec<f64> = grid().into_iter().filter(|&x| x < 0.0).collect();
    for spec in ["focal:gamma=0", "poly1:epsilon=0", "dual-focal:weight=0", "poly1-focal:gamma=0,epsilon=0"] {
        same_bits::<f32>(spec, "ce", &grid());
        same_bits::<f64>(spec, "ce", &grid());
    }
    for spec in ["asl:gamma_pos=0", "vfl"] {
        same_bits::<f64>(spec, "ce", &grid());
    }
    same_bits::<f32>("reduced-focal:gamma=2,threshold=0.5", "ce", &hard);
    same_bits::<f32>("focal:gamma=0,alpha=0.3", "alpha-ce:alpha=0.3", &grid());
    same_bits::<f64>("poly1-focal:gamma=0,epsilon=2", "poly1:epsilon=2", &grid());
}

#[test]
fn gamma_0_is_cross_entropy_with_a_softmax_head_too() {
    let rows: Vec<f64> = (0..21).map(|i| ((i * 13 % 21) as f64 - 10.0) * 1.7).collect();
    let batch = softmax_batch(&rows, &[0, 1, 2, 0, 1, 2, 0], 3);
    let result = |spec| evaluate(&build(spec, Head::Softmax, &[5, 5, 5], MEAN), &batch);
    assert_eq!(result("focal:gamma=0"), result("ce"));
}

#[track_caller]
fn same_loss(a: &str, b: &str, counts: &[u64], tolerance: f64) {
    let logits: Vec<f64> = (0..24).map(|i| ((i * 11 % 24) as f64 - 12.0) * 0.4 + 0.1).collect();
    let targets: Vec<f64> = (0..24).map(|i| f64::from(i % 3 == 0)).collect();
    let classes: Vec<u32> = (0..8).map(|i| i % 3).collect();
    let compare = |(x, dx): (f64, Vec<f64>), (y, dy): (f64, Vec<f64>)| {
        assert!((x - y).abs() <= tolerance * y.abs(), "{a} is {x}, {b} is {y}");
        assert!(dx.iter().zip(&dy).all(|(dx, dy)| (dx - dy).abs() <= tolerance), "{a} {dx:?}, {b} {dy:?}");
    };
    let sigmoid =
        |spec| evaluate(&build(spec, Head::Sigmoid, &counts[..2], MEAN), &sigmoid_batch(&logits, &targets));
    compare(sigmoid(a), sigmoid(b));
    if counts.len() == 3 {
        let softmax =
            |spec| evaluate(&build(spec, Head::Softmax, counts, MEAN), &softmax_batch(&logits, &classes, 3));
        compare(softmax(a), softmax(b));
    }
}

#[test]
fn losses_meet_at_their_limits() {
    let counts = [90, 10, 4];
    same_loss("focal-star:gamma=1,beta=0", "ce", &counts, 1e-14);
    same_loss("gce:q=0.000000001", "ce", &counts, 1e-7);
    same_loss("gce:q=1", "hinge-p:margin=1", &counts, 1e-14);
    same_loss("dual-focal:gamma=1,weight=2", "poly1:epsilon=2", &counts, 1e-14);
    same_loss("ldam:max_margin=0,scale=1", "ce", &counts, 1e-15);
    same_loss("asl:gamma_pos=2,gamma_neg=2,margin=0", "focal:gamma=2", &counts[..2], 1e-15);
    same_loss("qfl:beta=1.5", "focal:gamma=1.5", &counts[..2], 1e-13);
    same_loss("qfl:beta=0", "ce", &counts[..2], 1e-14);
    same_loss("ce+logit-adjust:tau=1", "ce+balanced-softmax", &counts, 0.0);
    same_loss("ce+logit-adjust:tau=0", "ce", &counts, 1e-15);
    same_loss("ce+smooth:eps=0", "ce", &counts, 1e-15);
    same_loss("ce+class-balanced:beta=0", "ce", &counts, 1e-15);
    same_loss("ce+ohem:fraction=1", "ce", &counts, 1e-15);
    same_loss("ce+ghm-c:bins=1", "ce", &counts, 1e-15);
}

#[test]
fn smoothing_is_cross_entropy_on_soft_targets() {
    let logits = [2.0f64, -1.0, 0.3];
    let smooth = build("ce+smooth:eps=0.2", Head::Sigmoid, &[1, 1], MEAN);
    let ce = build("ce", Head::Sigmoid, &[1, 1], MEAN);
    let (a, da) = evaluate(&smooth, &sigmoid_batch(&logits, &[1.0, 0.0, 1.0]));
    let (b, db) = evaluate(&ce, &sigmoid_batch(&logits, &[0.9, 0.1, 0.9]));
    assert!((a - b).abs() < 1e-15);
    assert!(da.iter().zip(&db).all(|(a, b): (&f64, &f64)| (a - b).abs() < 1e-15));
}

#[test]
fn the_ratio_to_cross_entropy_is_the_power() {
    let margins: Vec<f64> = (-60..=60).map(|k| f64::from(k) * 0.25).collect();
    let ce = at::<f64>("ce", &margins).0;
    for gamma in [0.1, 0.5, 1.0, 1.5, 2.0, 5.0, 10.0] {
        let focal = at::<f64>(&format!("focal:gamma={gamma}"), &margins).0;
        for ((x, focal), ce) in margins.iter().zip(focal).zip(&ce) {
            let expected = (1.0 / (1.0 + x.exp())).powf(gamma);
            assert!((focal / ce / expected - 1.0).abs() < 1e-13, "gamma {gamma} at {x}");
        }
    }
}

#[test]
fn easy_examples_cost_a_hundredth_and_a_thousandth() {
    // Lin et al. 2017, sec. 3.2, for gamma = 2: p_t = 0.9 costs 100 times less, p_t = 0.968 about 1000 times.
    let margins = [0.9f64, 0.968].map(|p| (p / (1.0 - p)).ln());
    let (ce, focal) = (at::<f64>("ce", &margins).0, at::<f64>("focal:gamma=2", &margins).0);
    assert!((ce[0] / focal[0] - 100.0).abs() < 1e-9, "{}", ce[0] / focal[0]);
    assert!((ce[1] / focal[1] - 976.5625).abs() < 1e-7, "{}", ce[1] / focal[1]);
}

#[test]
fn sums_over_100k_anchors_of_80_classes() {
    // All negative, in f32 as in training. pi = 0.5: 8e6 ln 2, and with alpha = 0.25, gamma = 2: 8e6 (3/4) ln
    // 2 / 4. pi = 0.01: -8e6 ln 0.99, and -8e6 (3/4) 0.01^2 ln 0.99.
    let prior = -(0.99f64 / 0.01).ln();
    for (spec, logit, expected) in [
        ("ce", 0.0, 5.545e6),
        ("focal:gamma=2,alpha=0.25", 0.0, 1.040e6),
        ("ce", prior, 80402.7),
        ("focal:gamma=2,alpha=0.25", prior, 6.0302),
    ] {
        let anchors = vec![logit as f32; 8_000_000];
        let targets = vec![0.0f32; anchors.len()];
        let criterion = build(spec, Head::Sigmoid, &[90, 10], Reduction::Sum);
        let (sum, _) = evaluate(&criterion, &sigmoid_batch(&anchors, &targets));
        // The figures have four to six digits.
        let error = (f64::from(sum) / expected - 1.0).abs();
        assert!(error < 3e-4, "{spec} at {logit}: {sum}, expected {expected}");
    }
}

#[test]
fn more_gamma_is_always_less_loss() {
    // dFL/dgamma = FL log(1 - p_t) <= 0: gradient descent on gamma runs away.
    for x in grid() {
        for y in [0.0, 1.0] {
            let focal = build("focal:gamma=2,alpha=0.25", Head::Sigmoid, &[90, 10], MEAN);
            let (logits, targets) = ([x], [y]);
            let slopes = focal.param_gradient(&sigmoid_batch(&logits, &targets)).unwrap();
            assert_eq!(slopes[0].0, "gamma");
            assert!(slopes[0].1 <= 0.0, "{x} {y}: {slopes:?}");
        }
    }
}

#[test]
fn the_gradient_on_hard_examples_exceeds_that_of_cross_entropy() {
    // At gamma = 2 the largest gradient is 1.12898, at x_t = -2.790; that of cross-entropy is at most 1.
    let margins: Vec<f64> = (-100_000..=0).map(|k| f64::from(k) * 1e-4).collect();
    let (ce, focal) = (at::<f64>("ce", &margins).1, at::<f64>("focal:gamma=2", &margins).1);
    let largest = (0..margins.len()).max_by(|&a, &b| (-focal[a]).total_cmp(&-focal[b])).unwrap();
    assert!((-focal[largest] - 1.12898).abs() < 5e-6, "{}", focal[largest]);
    assert!((margins[largest] + 2.790).abs() < 5e-4, "{}", margins[largest]);
    assert!(ce.iter().all(|ce| -ce <= 1.0));
}
