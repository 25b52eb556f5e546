//! Every loss of the registry in f32 against itself in f64, held to the bound that it declares
//! (`Info::accuracy`).
//!
//! `reference.rs` proves the equations themselves in f64, to 12 digits; `proof.rs` proves CE and the focal
//! family against 50.

mod common;

use common::{build, evaluate, pointwise, sigmoid_batch};
use losslab_losses::{Criterion, Equation, Head, Reduction, Registry};
use losslab_tensor::Isa;

/// Margins from -1e4 to 1e4: dense around 0, and none at a kink (p_t = 0.5).
fn logits() -> Vec<f32> {
    let near = (-4000..4000).map(|i| (i as f32 + 0.37) / 160.0);
    let far = (0..1500).map(|i| 10f32.powf(i as f32 / 300.0 - 1.0)).flat_map(|x| [x, -x]);
    let tiny = [1e-30f32, 1e-12, 1e-7, 1e-5, 1e-3].into_iter().flat_map(|x| [x, -x]);
    near.chain(far.filter(|x| x.abs() <= 1e4)).chain(tiny).collect()
}

/// The loss at its defaults, and with each parameter in turn at other values of its range; all of them f32
/// numbers.
fn settings(loss: &dyn Equation) -> Vec<Vec<f64>> {
    let defaults: Vec<f64> = loss.params().iter().map(|p| f64::from(p.default as f32)).collect();
    let mut all = vec![defaults.clone()];
    for (k, param) in loss.params().iter().enumerate() {
        for value in [-0.5, 0.0, 0.125, 0.5, 1.0, 3.0, 5.0].into_iter().filter(|&v| param.range.contains(v)) {
            let mut changed = defaults.clone();
            changed[k] = value;
            all.push(changed);
        }
    }
    all
}

fn spec(loss: &dyn Equation, params: &[f64]) -> String {
    let pairs: Vec<String> =
        loss.params().iter().zip(params).map(|(info, value)| format!("{}={value}", info.name)).collect();
    let alpha = if loss.name() == "alpha-ce" { vec!["alpha=0.5".to_string()] } else { Vec::new() };
    let pairs = [pairs, alpha].concat().join(",");
    if pairs.is_empty() { loss.name().into() } else { format!("{}:{pairs}", loss.name()) }
}

/// The distance between f32 numbers around `truth`.
fn ulp(truth: f64) -> f64 {
    let nearest = (truth as f32).abs().min(f32::MAX);
    f64::from(nearest.next_up() - nearest).max(f64::from(f32::from_bits(1)))
}

/// Where the slope jumps within 1e-6: f32 rounds such a logit to either side.
fn kinks(criterion: &Criterion, logits: &[f64], targets: &[f64]) -> Vec<bool> {
    let slopes = |by: f64| {
        let shifted: Vec<f64> = logits.iter().map(|z| z + by).collect();
        evaluate_all(criterion, &shifted, targets)
    };
    let jumps = |(a, b): (f64, f64)| (a - b).abs() > 1e-3 * a.abs().max(b.abs());
    let kinks: Vec<bool> = slopes(-1e-6).into_iter().zip(slopes(1e-6)).map(jumps).collect();
    assert!(kinks.iter().filter(|&&kink| kink).count() <= 20, "{}: more than a few kinks", criterion.spec());
    kinks
}

/// The gradient in each logit.
fn evaluate_all(criterion: &Criterion, logits: &[f64], targets: &[f64]) -> Vec<f64> {
    evaluate(criterion, &sigmoid_batch(logits, targets)).1
}

#[test]
fn every_loss_keeps_the_bound_that_it_declares() {
    let registry = Registry::standard();
    let logits = logits();
    let wide: Vec<f64> = logits.iter().map(|&z| f64::from(z)).collect();
    let mut broken = Vec::new();
    for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
        isa.force();
        for loss in pointwise(&registry) {
            let accuracy =
                loss.declaration().accuracy.unwrap_or_else(|| panic!("{} declares none", loss.name()));
            let mut worst = [0.0f64; 2];
            for params in settings(loss) {
                let spec = spec(loss, &params);
                let criterion = build(&spec, Head::Sigmoid, &[90, 10], Reduction::None);
                for target in [0.0, 1.0] {
                    let targets = vec![target; logits.len()];
                    let narrow: Vec<f32> = targets.iter().map(|&y| y as f32).collect();
                    let mut values = (vec![0.0f32; logits.len()], vec![0.0f64; logits.len()]);
                    let mut grads = (values.0.clone(), values.1.clone());
                    let batch = sigmoid_batch(&logits, &narrow);
                    criterion.evaluate(&batch, Some(&mut values.0), &mut grads.0).unwrap();
                    let batch = sigmoid_batch(&wide, &targets);
                    criterion.evaluate(&batch, Some(&mut values.1), &mut grads.1).unwrap();
                    let kinks = kinks(&criterion, &wide, &targets);
                    for i in (0..logits.len()).filter(|&i| !kinks[i]) {
                        let margin = if target > 0.0 { wide[i] } else { -wide[i] };
                        let limit = accuracy.ulps_at(margin, loss.params(), &params);
                        let pairs = [(values.0[i], values.1[i], 1.0), (grads.0[i], grads.1[i], 2.0)];
                        for (k, (found, truth, factor)) in pairs.into_iter().enumerate() {
                            let error = (f64::from(found) - truth).abs();
                            let ratio = error / (factor * (limit * ulp(truth) + accuracy.absolute));
                            let what = ["value", "gradient"][k];
                            if (ratio > 1.0 || ratio.is_nan())
                                && !broken
                                    .iter()
                                    .any(|b: &String| b.contains(&format!("{spec} ")) && b.contains(what))
                            {
                                let at = format!("{} {spec} target {target} at {:e}", isa.name(), logits[i]);
                                broken.push(format!(
                                    "{at}: {what} {found:e}, exactly {truth:e}: {ratio:.2} of the bound"
                                ));
                            }
                            worst[k] = worst[k].max(ratio);
                        }
                    }
                }
            }
            println!("{:9} {:14} {:.2} {:.2} of {accuracy}", isa.name(), loss.name(), worst[0], worst[1]);
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_loss_of_a_whole_batch_has_no_bound_per_element() {
    let (logits, targets) = ([0.5f32, -0.25, 80.0], [1.0f32, 0.0, 0.0]);
    let dice = build("dice", Head::Sigmoid, &[2, 1], Reduction::Sum);
    assert!(dice.spec().loss().declaration().accuracy.is_none());
    let wide = (logits.map(f64::from), targets.map(f64::from));
    let (found, truth) = (
        evaluate(&dice, &sigmoid_batch(&logits, &targets)).0,
        evaluate(&dice, &sigmoid_batch(&wide.0, &wide.1)).0,
    );
    assert!((f64::from(found) - truth).abs() <= 4.0 * ulp(truth), "{found} {truth}");
}
