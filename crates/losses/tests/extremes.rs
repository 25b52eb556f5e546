//! Every loss at the ends of its range, in f32 and f64: finite in gives finite out, NaN in gives NaN out, and
//! no loss goes silent on a confidently wrong prediction unless it says so.

use crate::batches::{any_reduction, softmax_batch};
use crate::common::{build, evaluate, pointwise, sigmoid_batch};
use losslab_losses::Head::{Sigmoid, Softmax};
use losslab_losses::{Batch, Heads, Reduction, Registry, Scalar, Spec, TargetKind};

/// Parameters at the ends of their ranges, beside every loss's defaults.
const MORE: [&str; 20] = [
    "ce+smooth",
    "asl:gamma_pos=0,gamma_neg=2,margin=1e-9",
    "focal:gamma=0",
    "focal:gamma=0.1",
    "focal:gamma=0.5,alpha=0.25",
    "focal:gamma=10",
    "focal-star:gamma=0.1,beta=-3",
    "focal-star:gamma=10,beta=3",
    "poly1:epsilon=-1",
    "poly1-focal:gamma=0.1,epsilon=-1",
    "gce:q=0.001",
    "gce:q=1",
    "reduced-focal:gamma=0.1,threshold=0.9",
    "asl:gamma_pos=0.5,gamma_neg=0.5,margin=0",
    "asl:gamma_pos=0,gamma_neg=0,margin=0.9",
    "dual-focal:gamma=0.1,weight=5",
    "qfl:beta=0",
    "qfl:beta=0.1",
    "vfl:gamma=0.1,weight=1",
    "ldam:max_margin=5,scale=30",
];
const SIZES: [f64; 4] = [0.0, 20.0, 100.0, 1e4];
const COUNTS: [u64; 2] = [90, 10];

fn specs(registry: &Registry) -> Vec<String> {
    registry.losses().map(|loss| loss.name().to_string()).chain(MORE.map(String::from)).collect()
}

fn parse(spec: &str) -> Spec {
    Spec::parse(spec, &Registry::standard()).unwrap()
}

/// Loss and gradient of one element.
fn at<T: Scalar>(spec: &str, z: f64, y: f64) -> (f64, f64) {
    let parsed = parse(spec);
    let criterion = build(spec, Sigmoid, &COUNTS, any_reduction(parsed.loss()));
    let (loss, grad) = evaluate(&criterion, &sigmoid_batch(&[T::from_f64(z)], &[T::from_f64(y)]));
    (loss.to_f64(), grad[0].to_f64())
}

fn finite_logits_give_finite_results<T: Scalar>() {
    let registry = Registry::standard();
    for spec in specs(&registry) {
        let soft = parse(&spec).loss().targets() == TargetKind::Soft;
        let targets: &[f64] = if soft { &[0.0, 1.0, 0.25, 0.5, 1e-30] } else { &[0.0, 1.0] };
        for &y in targets {
            for z in SIZES.into_iter().flat_map(|z| [z, -z]) {
                let (loss, grad) = at::<T>(&spec, z, y);
                assert!(loss.is_finite() && loss >= 0.0, "{spec} at {z} for {y} in {}: {loss}", T::NAME);
                assert!(grad.is_finite(), "{spec} at {z} for {y} in {}: gradient {grad}", T::NAME);
            }
        }
    }
}

#[test]
fn finite_in_finite_out() {
    finite_logits_give_finite_results::<f32>();
    finite_logits_give_finite_results::<f64>();
}

/// Infinite logits count as the largest finite number.
fn infinite_logits_give_finite_results<T: Scalar>() {
    let registry = Registry::standard();
    for spec in specs(&registry) {
        for (z, y) in
            [(f64::INFINITY, 1.0), (f64::INFINITY, 0.0), (f64::NEG_INFINITY, 1.0), (f64::NEG_INFINITY, 0.0)]
        {
            let (loss, grad) = at::<T>(&spec, z, y);
            assert!(loss.is_finite(), "{spec} at {z} for {y}: {loss}");
            assert!(grad.is_finite(), "{spec} at {z} for {y}: gradient {grad}");
        }
    }
}

#[test]
fn infinite_in() {
    infinite_logits_give_finite_results::<f32>();
    infinite_logits_give_finite_results::<f64>();
}

fn nan_is_loud<T: Scalar>() {
    let registry = Registry::standard();
    for spec in specs(&registry) {
        for y in [0.0, 1.0] {
            let (loss, grad) = at::<T>(&spec, f64::NAN, y);
            assert!(loss.is_nan() && grad.is_nan(), "{spec} at NaN for {y} in {}: {loss}, {grad}", T::NAME);
        }
    }
}

#[test]
fn nan_in_nan_out() {
    nan_is_loud::<f32>();
    nan_is_loud::<f64>();
}

fn wrong_predictions_are_heard<T: Scalar>() {
    let registry = Registry::standard();
    for spec in specs(&registry) {
        let declared = parse(&spec).loss().declaration().fades_when_wrong;
        for z in [20.0, 100.0, 1e4] {
            let slopes = [at::<T>(&spec, z, 0.0).1, -at::<T>(&spec, -z, 1.0).1];
            // An explicit factor (alpha, weight) may make it small; fading is exponential in z.
            let heard = slopes.iter().all(|&slope| slope >= 0.05);
            assert!(heard || declared, "{spec} at {z} in {}: gradients {slopes:?}", T::NAME);
        }
    }
    // Who declares it, does it: on at least one side the gradient is gone.
    for loss in registry.losses().filter(|loss| loss.declaration().fades_when_wrong) {
        let slopes = [at::<T>(loss.name(), 100.0, 0.0).1, at::<T>(loss.name(), -100.0, 1.0).1];
        assert!(slopes.iter().any(|slope| slope.abs() < 1e-20), "{}: {slopes:?}", loss.name());
    }
}

#[test]
fn confidently_wrong_is_not_silent() {
    wrong_predictions_are_heard::<f32>();
    wrong_predictions_are_heard::<f64>();
}

#[test]
fn no_loss_pushes_away_from_the_truth() {
    // Smoothed targets are not at the ends: beyond them the push back is what smoothing is for.
    for spec in specs(&Registry::standard()).into_iter().filter(|spec| !spec.contains("+smooth")) {
        for k in -400..=400 {
            let z = f64::from(k) * 0.05;
            let (toward_0, toward_1) = (at::<f64>(&spec, z, 0.0).1, at::<f64>(&spec, z, 1.0).1);
            assert!(toward_0 >= 0.0 && toward_1 <= 0.0, "{spec} at {z}: {toward_0}, {toward_1}");
        }
    }
}

#[test]
fn f32_agrees_with_f64() {
    // 1e-5: about 80 roundings, which (1 - p_t)^10 at a margin of 8 needs; 2e-7: p and y are rounded to f32
    // before they are subtracted.
    for spec in specs(&Registry::standard()) {
        for k in -64..=64 {
            let z = f64::from(k) / 8.0;
            for y in [0.0, 1.0] {
                let (wide, narrow) = (at::<f64>(&spec, z, y), at::<f32>(&spec, z, y));
                for (wide, narrow) in [(wide.0, narrow.0), (wide.1, narrow.1)] {
                    let error = (wide - narrow).abs();
                    assert!(
                        error <= 1e-5 * wide.abs() + 2e-7,
                        "{spec} at {z} for {y}: {narrow}, f64 says {wide}"
                    );
                }
            }
        }
    }
}

fn softmax_rows<T: Scalar>() {
    let registry = Registry::standard();
    for loss in pointwise(&registry).filter(|loss| loss.heads() == Heads::Both) {
        let counts: &[u64] = if loss.name() == "alpha-ce" { &COUNTS } else { &[90, 10, 4] };
        let criterion = build(loss.name(), Softmax, counts, Reduction::Sum);
        for size in [0.0, 20.0, 100.0, 1e4, f64::INFINITY] {
            for place in 0..counts.len() {
                for sign in [1.0, -1.0] {
                    let mut row = vec![T::from_f64(0.5); counts.len()];
                    row[place] = T::from_f64(sign * size);
                    let (value, grad) = evaluate(&criterion, &softmax_batch(&row, &[1], counts.len()));
                    let about = format!("{} at {row:?} in {}", loss.name(), T::NAME);
                    assert!(value.is_finite(), "{about}: {value}");
                    assert!(grad.iter().all(|g| g.is_finite()), "{about}: {grad:?}");
                    // The gradient is orthogonal to a shift of all logits.
                    let sum: f64 = grad.iter().map(|g| g.to_f64()).sum();
                    assert!(sum.abs() <= 4.0 * T::EPSILON, "{about}: the gradient sums to {sum}");
                    let wrong = if place == 1 { sign < 0.0 } else { sign > 0.0 };
                    let heard = grad[1].to_f64() <= -0.05 || loss.declaration().fades_when_wrong;
                    assert!(heard || !wrong || size == 0.0, "{about}: {grad:?}");
                }
            }
        }
    }
}

#[test]
fn softmax_extremes() {
    softmax_rows::<f32>();
    softmax_rows::<f64>();
}

/// The derivatives in the parameters are finite, too: a logit that counts for nothing does not, however
/// large.
#[test]
fn derivatives_in_the_parameters_at_infinite_logits() {
    let ends = [f64::NEG_INFINITY, -1.0, 2.0, f64::INFINITY];
    let finite = |spec: &str, head, counts: &[u64], batch: &Batch<'_, f64>| {
        let slopes =
            build(spec, head, counts, any_reduction(parse(spec).loss())).param_gradient(batch).unwrap();
        let about = format!("{spec} at {:?} for {:?}", batch.logits, batch.targets);
        assert!(slopes.iter().all(|(_, slope)| slope.is_finite()), "{about}: {slopes:?}");
    };
    let registry = Registry::standard();
    for spec in specs(&registry).iter().filter(|spec| !spec.contains('+')) {
        for (z, y) in ends.into_iter().flat_map(|z| [(z, 0.0), (z, 1.0)]) {
            finite(spec, Sigmoid, &COUNTS, &sigmoid_batch(&[z], &[y]));
        }
        if parse(spec).loss().heads() != Heads::Both || spec.contains("alpha") {
            continue;
        }
        for k in 0..64 {
            let row = [ends[k % 4], ends[k / 4 % 4], ends[k / 16]];
            (0..3).for_each(|class| finite(spec, Softmax, &[5, 3, 2], &softmax_batch(&row, &[class], 3)));
        }
    }
}

/// By mpmath, with 60 digits: with the class at minus infinity gone, x = 1 - 2 - Delta_0 and Delta_0 =
/// (2/5)^(1/4) / 2.
#[test]
fn ldam_with_a_class_that_is_ruled_out() {
    let criterion = build("ldam", Softmax, &[5, 3, 2], Reduction::Sum);
    let found = criterion.param_gradient(&softmax_batch(&[1.0, f64::NEG_INFINITY, 2.0], &[0], 3)).unwrap();
    let expected = [("max_margin", 0.637_654_741_420_321_6), ("scale", 1.120_635_759_167_901_3)];
    for ((name, found), (expected_name, expected)) in found.into_iter().zip(expected) {
        assert_eq!(name, expected_name);
        assert!((found - expected).abs() <= 1e-14, "{name}: {found}");
    }
}

#[test]
fn smoothed_softmax_at_the_ends() {
    let criterion = build("ce+smooth:eps=0.1", Softmax, &[9, 9, 9], Reduction::Sum);
    for size in [20.0f64, 100.0, 1e4] {
        let (loss, grad) = evaluate(&criterion, &softmax_batch(&[0.0, size, -size], &[1], 3));
        // -log p: about 0 for the true class, size and 2 size for the others, each with a share of 0.1 / 3.
        assert!((loss - 0.1 * size).abs() < 1e-9 * size, "{size}: {loss}");
        let expected = [-0.1 / 3.0, 0.2 / 3.0, -0.1 / 3.0];
        assert!(grad.iter().zip(expected).all(|(g, e): (&f64, f64)| (g - e).abs() < 1e-8), "{grad:?}");
    }
}

/// Up to distances of 69 a margin comes from the true logit, beyond from the largest: both are right, and
/// there is no step between.
#[test]
fn softmax_margins_beyond_the_range_of_exponentials() {
    for classes in [2, 3, 10] {
        let criterion = build("ce", Softmax, &vec![9; classes], Reduction::Sum);
        for step in -100..=100 {
            let own = 1.37 * step as f32;
            let mut row = vec![0.0f32; classes];
            row[1] = own;
            let (loss, grad) = evaluate(&criterion, &softmax_batch(&row, &[1], classes));
            let x = f64::from(own) - ((classes - 1) as f64).ln();
            let expected = (-x.abs()).exp().ln_1p() + (-x).max(0.0);
            // What the rounding of the logit to f32 does to e^-x.
            let tolerance = 1e-6 * (1.0 + x.abs());
            assert!(
                (f64::from(loss) - expected).abs() <= tolerance * expected + 1e-44,
                "{classes}, {own}: {loss}"
            );
            let slope = -1.0 / (1.0 + x.exp());
            assert!(
                (f64::from(grad[1]) - slope).abs() <= -tolerance * slope + 1e-44,
                "{classes}, {own}: {grad:?}"
            );
            let other = -slope / (classes - 1) as f64;
            assert!(
                (f64::from(grad[0]) - other).abs() <= tolerance * other + 1e-44,
                "{classes}, {own}: {grad:?}"
            );
        }
    }
}
