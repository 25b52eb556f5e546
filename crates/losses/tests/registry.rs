//! The registry: what losses declare is complete, consistent, and checked when they are registered.

use crate::common::{build, pointwise, sigmoid_batch};
use losslab_losses::{
    Focal, Head, Info, Loss, ModifierInfo, Points, Pt, Reduction, Registry, Side, SoftPoints, TargetKind,
};
use losslab_tensor::Real;

#[test]
fn the_whole_zoo_is_there() {
    let registry = Registry::standard();
    let mut losses: Vec<&str> = registry.losses().map(|loss| loss.name()).collect();
    losses.sort();
    let expected = "alpha-ce asl ce dice dual-focal focal focal-star gce hinge-p ldam poly1 poly1-focal qfl \
                    reduced-focal vfl";
    assert_eq!(losses.join(" "), expected);
    let mut modifiers: Vec<&str> = registry.modifiers().iter().map(|m| m.name).collect();
    modifiers.sort();
    modifiers.dedup();
    let expected = "balanced-softmax class-balanced ghm-c inverse-freq logit-adjust ohem oversample prior-bias smooth \
                    threshold undersample";
    assert_eq!(modifiers.join(" "), expected);
}

#[test]
fn every_declaration_is_complete() {
    for loss in Registry::standard().losses() {
        let d = loss.declaration();
        for text in [d.name, d.title, d.equation, d.source, d.limits] {
            assert!(!text.is_empty(), "{}", d.name);
        }
        for param in d.params {
            let in_equation = d.equation.contains(param.name) || d.name == "ldam";
            assert!(in_equation, "{}: '{}' is not in the equation '{}'", d.name, param.name, d.equation);
            assert!(!param.meaning.is_empty() && param.range.contains(param.default), "{}", d.name);
        }
        assert_eq!(loss.soft().is_some(), d.targets == TargetKind::Soft, "{}", d.name);
    }
    for ModifierInfo { name, title, equation, source, params, .. } in Registry::standard().modifiers() {
        for text in [name, title, equation, source] {
            assert!(!text.is_empty(), "{name}");
        }
        assert!(params.iter().all(|p| !p.meaning.is_empty() && p.range.contains(p.default)), "{name}");
    }
}

#[test]
fn hard_targets_are_a_case_of_soft_ones() {
    let margins: Vec<f64> = (-40..=40).map(|k| f64::from(k) * 0.5).collect();
    let n = margins.len();
    let registry = Registry::standard();
    for loss in pointwise(&registry) {
        let Some(soft) = loss.soft() else { continue };
        let params: Vec<f64> = loss.params().iter().map(|p| p.default).collect();
        for (sign, y) in [(1.0, 1.0), (-1.0, 0.0)] {
            let (mut value, mut slope) = (vec![0.0; n], vec![0.0; n]);
            loss.slopes_f64(
                &params,
                Points { margin: &margins, sign: &vec![sign; n] },
                &mut value,
                &mut slope,
            );
            let logits: Vec<f64> = margins.iter().map(|x| sign * x).collect();
            let (mut soft_value, mut soft_slope) = (vec![0.0; n], vec![0.0; n]);
            let points = SoftPoints { logit: &logits, target: &vec![y; n] };
            soft.soft_slopes_f64(&params, points, &mut soft_value, &mut soft_slope);
            for i in 0..n {
                let same = value[i] == soft_value[i] && slope[i] == sign * soft_slope[i];
                assert!(same, "{} at {} for {y}", loss.name(), margins[i]);
            }
        }
    }
}

#[test]
fn soft_targets_are_refused_where_they_are_not_declared() {
    for loss in Registry::standard().losses() {
        let reduction = if loss.set().is_some() { Reduction::Sum } else { Reduction::None };
        let criterion = build(loss.name(), Head::Sigmoid, &[9, 1], reduction);
        let result = criterion.evaluate(&sigmoid_batch(&[0.5], &[0.5]), None, &mut [0.0]);
        assert_eq!(result.is_ok(), loss.targets() == TargetKind::Soft, "{}: {result:?}", loss.name());
    }
}

struct Declares<const SOFT: bool>;
impl<const SOFT: bool> Loss<0> for Declares<SOFT> {
    const INFO: Info<0> =
        Info { name: "mine", targets: if SOFT { TargetKind::Soft } else { TargetKind::Hard }, ..Info::EMPTY };
    fn eval<R: Real>(_: [R; 0], t: Pt<R>, _: Side) -> R {
        t.q
    }
}

#[test]
fn a_loss_of_another_crate_joins() {
    let registry = Registry::standard().with(Declares::<false>);
    assert!(registry.find("mine").is_some() && Registry::standard().find("mine").is_none());
}

#[test]
#[should_panic(expected = "a loss named 'focal' is in the registry already")]
fn two_losses_of_one_name() {
    let _ = Registry::standard().with(Focal);
}

#[test]
#[should_panic(expected = "mine declares Soft targets: register soft losses with `with_soft`")]
fn a_soft_loss_without_its_equation() {
    let _ = Registry::standard().with(Declares::<true>);
}
