//! The registry: what losses declare is complete, consistent, and checked when they are registered.

use crate::common::{build, pointwise, sigmoid_batch};
use losslab_losses::{
    Criterion, Domain, Effect, Focal, Head, Info, Loss, ModifierInfo, ParamInfo, Points, ProbabilityEffect,
    Pt, Range, Reduction, Registry, Side, SoftPoints, Spec, Stage, TargetKind, Training,
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
    let expected = "balanced-softmax class-balanced ghm-c inverse-freq logit-adjust ohem oversample \
                    prior-bias smooth threshold undersample";
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

/// Weights that count the minority `factor` times.
const BOOST: ModifierInfo = ModifierInfo {
    name: "boost",
    title: "weight of the positive class",
    equation: "w_1 = factor",
    source: "this test",
    params: &[ParamInfo {
        name: "factor",
        default: 3.0,
        range: Range::above(0.0),
        tuned: Some(Domain::Log(1.0, 10.0)),
        meaning: "weight of the positive class",
    }],
    stage: Stage::ClassWeights,
    probabilities: ProbabilityEffect::ClassWeights,
    effect: |params, _| Ok(Effect::ClassWeights(vec![1.0, params[0]])),
};

/// The same weight, given by a share of the total.
const BOOST_SHARE: ModifierInfo = ModifierInfo {
    title: "share of the positive class",
    params: &[ParamInfo {
        name: "share",
        default: 0.75,
        range: Range::open(0.0, 1.0),
        tuned: None,
        meaning: "share of the positive class in the weights",
    }],
    effect: |params, _| Ok(Effect::ClassWeights(vec![1.0 - params[0], params[0]])),
    ..BOOST
};

fn boosted() -> Registry {
    Registry::standard().with_modifier(BOOST)
}

#[test]
fn a_modifier_of_another_crate_joins() {
    let registry = boosted();
    let spec = Spec::parse("focal+boost", &registry).unwrap();
    assert_eq!(spec.to_string(), "focal:gamma=2+boost:factor=3");
    let criterion = Criterion::new(&spec, Head::Sigmoid, &[9, 1], Reduction::None).unwrap();
    let mut values = [0.0; 2];
    criterion.evaluate(&sigmoid_batch(&[0.0, 0.0], &[0.0, 1.0]), Some(&mut values), &mut [0.0; 2]).unwrap();
    // FL(1/2) = ln 2 / 4, weighed by 1 and 3.
    assert!((values[0] - 2f64.ln() / 4.0).abs() < 1e-15 && (values[1] - 0.75 * 2f64.ln()).abs() < 1e-15);
    let error = Spec::parse("ce+boost+inverse-freq", &registry).unwrap_err().problem;
    assert_eq!(error, "'boost' and 'inverse-freq' both act on the weight of the classes; choose one");
    let error = Spec::parse("ce+bost", &registry).unwrap_err().problem;
    assert!(error.ends_with("undersample, threshold, boost (did you mean 'boost'?)"), "{error}");
    // The standard registry does not know it.
    assert!(Spec::parse("ce+boost", &Registry::standard()).is_err());
}

#[test]
fn forms_of_one_modifier_are_told_apart_by_their_parameters() {
    let registry = boosted().with_modifier_form(BOOST_SHARE);
    for (text, title) in [
        ("ce+boost", BOOST.title),
        ("ce+boost:factor=2", BOOST.title),
        ("ce+boost:share=0.5", BOOST_SHARE.title),
    ] {
        let spec = Spec::parse(text, &registry).unwrap();
        assert_eq!(spec.modifiers().next().unwrap().0.title, title, "{text}");
    }
}

#[test]
fn what_a_modifier_does_is_checked_where_it_is_bound() {
    const WRONG: ModifierInfo = ModifierInfo { params: &[], ..BOOST };
    type Does = fn(&[f64], &[u64]) -> Result<Effect, String>;
    let effects: [Does; 5] = [
        |_, _| Ok(Effect::ClassWeights(vec![1.0])),
        |_, _| Ok(Effect::ClassWeights(vec![1.0, f64::NAN])),
        |_, _| Ok(Effect::ClassWeights(vec![1.0, -1.0])),
        |_, _| Ok(Effect::Logits(vec![0.0, 0.0])),
        |_, _| Ok(Effect::Training(Training::Oversample)),
    ];
    let problems = effects.map(|effect| {
        let registry = Registry::standard().with_modifier(ModifierInfo { effect, ..WRONG });
        let spec = Spec::parse("ce+boost", &registry).unwrap();
        Criterion::new(&spec, Head::Sigmoid, &[9, 1], Reduction::None).unwrap_err().problem
    });
    assert_eq!(
        problems,
        [
            "boost: 1 class weights for 2 classes",
            "boost: NaN among the class weights",
            "boost: -1 among the class weights",
            "boost: it declares that it acts on the weight of the classes, but acts on the logits",
            "boost: it declares that it acts on the weight of the classes, but acts on the choice of \
             training examples",
        ]
    );
}

#[test]
#[should_panic(expected = "a modifier named 'boost' is in the registry already")]
fn two_modifiers_of_one_name() {
    let _ = boosted().with_modifier(BOOST_SHARE);
}

#[test]
#[should_panic(expected = "a modifier named 'ohem' is in the registry already")]
fn a_loss_named_like_a_modifier() {
    struct Named;
    impl Loss<0> for Named {
        const INFO: Info<0> = Info { name: "ohem", ..Info::EMPTY };
        fn eval<R: Real>(_: [R; 0], t: Pt<R>, _: Side) -> R {
            t.q
        }
    }
    let _ = Registry::standard().with(Named);
}

#[test]
#[should_panic(expected = "a loss named 'focal' is in the registry already")]
fn a_modifier_named_like_a_loss() {
    let _ = Registry::standard().with_modifier(ModifierInfo { name: "focal", ..BOOST });
}

#[test]
#[should_panic(
    expected = "boost: no parameter tells 'weight of the positive class' from 'weight of the positive class'"
)]
fn forms_that_nothing_tells_apart() {
    let _ = boosted().with_modifier_form(BOOST);
}

#[test]
#[should_panic(expected = "there is no modifier 'boost' that this could be a form of")]
fn a_form_of_nothing() {
    let _ = Registry::standard().with_modifier_form(BOOST);
}
