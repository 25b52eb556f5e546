//! CE, FL, their alpha forms and FL* against 50-digit references, counted in units in the last place.
//!
//! The bounds, for the sigmoid head and logits in [-1e4, 1e4]:
//! f32: CE 4 ulp, its gradient 8; the focal family 4 + 2 gamma |log(1 - p_t)| ulp, its gradient twice that;
//! f64: relative 1e-12, of the focal family 1e-12 + 1e-15 gamma |log(1 - p_t)| (the power's exponent is
//! rounded too).

use losslab_losses::{Batch, Criterion, Head, Reduction, Registry, Scalar, Spec, Targets};
use losslab_tensor::Isa;
use std::sync::Mutex;

/// `Isa::force` is process-wide: tests that use it take turns.
static ISA: Mutex<()> = Mutex::new(());

struct Reference {
    spec: String,
    gamma: f64,
    star: bool,
    margin: f32,
    value: f64,
    slope: f64,
}

fn references() -> Vec<Reference> {
    let f32_of = |bits: &str| f32::from_bits(u32::from_str_radix(bits, 16).unwrap());
    let f64_of = |bits: &str| f64::from_bits(u64::from_str_radix(bits, 16).unwrap());
    let lines = include_str!("fixtures/proof_reference.csv").lines().skip(1);
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            let params: Vec<f32> = fields[1].split(';').map(f32_of).collect();
            let star = fields[0] == "focal-star";
            let spec = match params[..] {
                [gamma] => format!("focal:gamma={}", f64::from(gamma)),
                [gamma, beta] => format!("focal-star:gamma={gamma},beta={beta}"),
                _ => panic!("{line}"),
            };
            let [value, slope] = [fields[3], fields[4]].map(f64_of);
            Reference { spec, gamma: f64::from(params[0]), star, margin: f32_of(fields[2]), value, slope }
        })
        .collect()
}

fn criterion(spec: &str) -> Criterion {
    let spec = Spec::parse(spec, &Registry::standard()).unwrap();
    Criterion::new(&spec, Head::Sigmoid, &[1, 1], Reduction::None).unwrap()
}

/// Value and gradient of single logits with this target.
fn evaluate<T: Scalar>(criterion: &Criterion, logits: &[T], target: f64) -> (Vec<T>, Vec<T>) {
    let targets = vec![T::from_f64(target); logits.len()];
    let (mut value, mut grad) = (targets.clone(), targets.clone());
    let targets = Targets::Sigmoid { targets: &targets, columns: 1 };
    let batch = Batch { logits, targets, weights: None, valid: None };
    criterion.evaluate(&batch, Some(&mut value), &mut grad).unwrap();
    (value, grad)
}

/// Distance in units in the last place of the f32 nearest to the truth; subnormals have that of 2^-149.
fn ulps(found: f32, truth: f64) -> f64 {
    let nearest = (truth as f32).abs().min(f32::MAX);
    let unit = f64::from(nearest.next_up() - nearest).max(f64::from(f32::from_bits(1)));
    ((f64::from(found) - truth) / unit).abs()
}

/// log(1 - p_t) at the margin, in f64.
fn log_q(x: f64) -> f64 {
    -(x.max(0.0) + (-x.abs()).exp().ln_1p())
}

/// The bound on the value in f32, in ulp.
fn bound(reference: &Reference) -> f64 {
    if reference.star {
        4.0 + 2.0 * reference.gamma
    } else {
        4.0 + 2.0 * reference.gamma * log_q(f64::from(reference.margin)).abs()
    }
}

#[test]
fn f32_within_the_stated_ulps_on_every_instruction_set() {
    let _turn = ISA.lock().unwrap_or_else(|e| e.into_inner());
    let references = references();
    assert!(references.len() > 1000);
    for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
        isa.force();
        let (mut worst_value, mut worst_grad) = (0.0f64, 0.0f64);
        for reference in &references {
            // As a positive with logit x, and as a negative with logit -x.
            for (target, sign) in [(1.0, 1.0f32), (0.0, -1.0)] {
                let (value, grad) = evaluate(&criterion(&reference.spec), &[sign * reference.margin], target);
                let (v, g) = (ulps(value[0], reference.value), ulps(sign * grad[0], reference.slope));
                let limit = bound(reference);
                let at = format!("{isa:?} {} at {:e}", reference.spec, reference.margin);
                assert!(
                    v <= limit,
                    "{at}: value {:e}, truth {:e}: {v} ulp > {limit}",
                    value[0],
                    reference.value
                );
                assert!(
                    g <= 2.0 * limit,
                    "{at}: gradient {:e}, truth {:e}: {g} ulp",
                    grad[0],
                    reference.slope
                );
                (worst_value, worst_grad) = (worst_value.max(v / limit), worst_grad.max(g / (2.0 * limit)));
            }
        }
        println!("{isa:?}: at most {worst_value:.2} of the bound on values, {worst_grad:.2} on gradients");
    }
}

#[test]
fn f64_to_twelve_digits() {
    for reference in references() {
        let (value, grad) = evaluate(&criterion(&reference.spec), &[f64::from(reference.margin)], 1.0);
        let exponent =
            if reference.star { 0.0 } else { reference.gamma * log_q(f64::from(reference.margin)).abs() };
        let limit = 1e-12 + 1e-15 * exponent;
        let close = |found: f64, truth: f64| (found - truth).abs() <= limit * truth.abs() + f64::MIN_POSITIVE;
        let at = format!("{} at {:e}", reference.spec, reference.margin);
        assert!(close(value[0], reference.value), "{at}: {:e}, truth {:e}", value[0], reference.value);
        assert!(close(grad[0], reference.slope), "{at}: gradient {:e}, truth {:e}", grad[0], reference.slope);
    }
}

#[test]
fn alpha_multiplies_exactly_where_it_is_a_power_of_two() {
    // Both sides of the comparison must run on one instruction set.
    let _turn = ISA.lock().unwrap_or_else(|e| e.into_inner());
    let logits: Vec<f32> = references().iter().map(|r| r.margin).collect();
    for (plain, balanced) in [("ce", "alpha-ce:alpha=0.5"), ("focal:gamma=2", "focal:gamma=2,alpha=0.5")] {
        for target in [0.0, 1.0] {
            let (value, grad) = evaluate(&criterion(plain), &logits, target);
            let (half, half_grad) = evaluate(&criterion(balanced), &logits, target);
            for i in 0..logits.len() {
                assert_eq!(
                    (half[i], half_grad[i]),
                    (0.5 * value[i], 0.5 * grad[i]),
                    "{balanced} at {}",
                    logits[i]
                );
            }
        }
    }
}

#[test]
fn confidently_wrong_inputs_always_have_a_gradient() {
    let logits: Vec<f32> = (0..4000).map(|i| -(1.0023f32.powi(i))).filter(|x| *x >= -1e4).collect();
    for gamma in [0.0, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0] {
        let (value, grad) = evaluate(&criterion(&format!("focal:gamma={gamma}")), &logits, 1.0);
        for i in 0..logits.len() {
            assert!(value[i].is_finite() && value[i] > 0.0, "gamma {gamma} at {}", logits[i]);
            assert!(grad[i].is_finite() && grad[i] < 0.0, "gamma {gamma} at {}", logits[i]);
        }
    }
}

/// Every f32 in [-1e4, 1e4] for CE and FL:
/// `cargo test --release -p losslab-losses --test proof -- --ignored --nocapture`.
#[test]
#[ignore = "2.4 thousand million logits: minutes in release"]
fn every_f32() {
    use rayon::prelude::*;
    let _turn = ISA.lock().unwrap_or_else(|e| e.into_inner());
    let last = 1e4f32.to_bits();
    for gamma in [0.0, 2.0, 0.5] {
        let criterion = criterion(&format!("focal:gamma={gamma}"));
        let chunks: Vec<u32> = (0..=last).step_by(1 << 16).collect();
        let worst = chunks
            .par_iter()
            .map(|&start| {
                let end = last.min(start.saturating_add((1 << 16) - 1));
                let logits: Vec<f32> =
                    (start..=end).flat_map(|bits| [f32::from_bits(bits), -f32::from_bits(bits)]).collect();
                let (value, grad) = evaluate(&criterion, &logits, 1.0);
                let wide: Vec<f64> = logits.iter().map(|&x| f64::from(x)).collect();
                let (truth, slope) = evaluate(&criterion, &wide, 1.0);
                (0..logits.len()).fold((0.0f64, 0.0f64), |(v, g), i| {
                    let limit = 4.0 + 2.0 * gamma * log_q(wide[i]).abs();
                    let ratio = ulps(value[i], truth[i]) / limit;
                    let grad_ratio = ulps(grad[i], slope[i]) / (2.0 * limit);
                    assert!(ratio <= 1.0 && grad_ratio <= 1.0, "gamma {gamma} at {:e}", logits[i]);
                    (v.max(ratio), g.max(grad_ratio))
                })
            })
            .reduce(|| (0.0, 0.0), |a, b| (a.0.max(b.0), a.1.max(b.1)));
        println!("gamma {gamma}: at most {:.3} of the bound on values, {:.3} on gradients", worst.0, worst.1);
    }
}
