//! What losses declare of probabilities, thresholds and smoothing, against their own equations; and specs in
//! words.

use crate::common::pointwise;
use losslab_losses::{
    Equation, Head, Heads, Info, Inverse, Loss, OpenSpec, Points, Probabilities, Pt, Registry, Side, Spec,
    SpecDescription,
};
use losslab_tensor::Real;

/// Losses with other values of their parameters than the defaults, some of which make them cross-entropy.
const MORE: [&str; 13] = [
    "focal:gamma=0",
    "focal:gamma=0.5",
    "focal:gamma=5",
    "focal-star:gamma=1,beta=0",
    "poly1:epsilon=0",
    "poly1-focal:gamma=0,epsilon=0",
    "reduced-focal:gamma=0",
    "asl:gamma_pos=0,gamma_neg=0,margin=0",
    "dual-focal:weight=0",
    "dual-focal:gamma=3",
    "dual-focal:gamma=0",
    "qfl:beta=0",
    "vfl:gamma=0,weight=1",
];

fn spec(text: &str) -> Spec {
    Spec::parse(text, &Registry::standard()).unwrap()
}

/// Every loss that is a function of the margin alone, with its defaults and as listed above.
fn specs() -> Vec<Spec> {
    let registry = Registry::standard();
    let defaults = pointwise(&registry).filter(|loss| !loss.needs_counts()).map(|loss| loss.name());
    defaults.chain(MORE).map(spec).collect()
}

/// Value and slope in the margin.
fn at(loss: &dyn Equation, params: &[f64], x: f64, positive: bool) -> (f64, f64) {
    let (mut value, mut slope) = ([0.0], [0.0]);
    let sign = [if positive { 1.0 } else { -1.0 }];
    loss.slopes_f64(params, Points { margin: &[x], sign: &sign }, &mut value, &mut slope);
    (value[0], slope[0])
}

/// d/dz of eta L_1(z) + (1 - eta) L_0(-z), relative to the size of its terms. 1 - eta is the share behind -z:
/// the difference itself would have no digits left near eta = 1.
fn imbalance(spec: &Spec, eta: impl Fn(f64) -> f64, z: f64) -> f64 {
    let up = eta(z) * at(spec.loss(), spec.params(), z, true).1;
    let down = eta(-z) * at(spec.loss(), spec.params(), -z, false).1;
    (up - down).abs() / up.abs().max(down.abs()).max(f64::MIN_POSITIVE)
}

fn logistic(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

const LOGITS: [f64; 7] = [-6.0, -2.5, -0.75, 0.0, 0.25, 1.5, 5.0];

/// Where a proper score is least its report is the true probability; where another is, what its inverse makes
/// of it.
#[test]
fn declared_probabilities_are_where_the_expected_loss_is_least() {
    for spec in specs() {
        let probabilities = spec.probabilities();
        let off =
            |eta: &dyn Fn(f64) -> f64| LOGITS.iter().map(|&z| imbalance(&spec, eta, z)).fold(0.0, f64::max);
        let as_reported = off(&logistic);
        match probabilities {
            Probabilities::True | Probabilities::TrueOfTwo => {
                assert!(as_reported < 1e-12, "{spec}: {as_reported}")
            }
            _ => assert!(as_reported > 1e-2, "{spec} is declared {probabilities}: {as_reported}"),
        }
        assert!(!matches!(probabilities, Probabilities::Undeclared), "{spec}");
        if matches!(probabilities, Probabilities::Invertible(_)) {
            let inverse = Inverse::of(&spec, &[1, 1]).unwrap();
            let corrected = off(&|z| inverse.apply(&[z as f32])[0]);
            assert!(corrected < 1e-12, "{spec}: {corrected}");
        }
    }
}

/// With more classes the slope in p_t, f'(x) / (p q), times p must be one number for a proper score.
#[test]
fn what_is_proper_of_any_number_of_classes_is_cross_entropy() {
    for spec in specs().into_iter().filter(|spec| spec.loss().heads().contains(Head::Softmax)) {
        let slope = |z: f64| at(spec.loss(), spec.params(), z, true).1 / logistic(-z);
        let is_one_number = LOGITS.iter().all(|&z| (slope(z) - slope(0.0)).abs() < 1e-12);
        assert_eq!(is_one_number, spec.probabilities().are_true(3), "{spec}");
    }
}

/// A loss that is the same on both sides and falls with p_t is less on the side of the more frequent class:
/// C(r) - C(1 - r) = (2 eta - 1) (L(r) - L(1 - r)).
#[test]
fn losses_that_leave_the_threshold_in_place_treat_both_sides_alike() {
    for spec in specs() {
        let value = |x: f64, positive: bool| at(spec.loss(), spec.params(), x, positive).0;
        let alike = LOGITS.iter().all(|&x| value(x, true) == value(x, false));
        if !spec.loss().moves_threshold() {
            let falls = LOGITS.iter().filter(|x| **x > 0.0).all(|&x| value(x, true) < value(-x, true));
            assert!(alike && falls, "{spec}");
        }
        if !alike {
            assert!(spec.moves_threshold(), "{spec}");
        }
    }
    for text in [
        "focal:alpha=0.25",
        "alpha-ce",
        "ce+inverse-freq",
        "ce+logit-adjust",
        "ce+oversample",
        "dice",
        "ldam",
    ] {
        assert!(spec(text).moves_threshold(), "{text}");
    }
    for text in ["ce", "focal", "alpha-ce:alpha=0.5", "ce+prior-bias", "focal+threshold"] {
        assert!(!spec(text).moves_threshold(), "{text}");
    }
}

#[test]
fn proper_specs_weigh_nothing() {
    let is_proper = |text: &str| spec(text).is_proper(2);
    assert!(
        ["ce", "ce+prior-bias", "ce+threshold", "alpha-ce:alpha=0.5", "focal:gamma=0"]
            .into_iter()
            .all(is_proper)
    );
    assert!(!["alpha-ce", "focal", "ce+inverse-freq", "ce+smooth", "ce+ohem"].into_iter().any(is_proper));
    assert!(spec("dual-focal").is_proper(2) && !spec("dual-focal").is_proper(3));
    assert_eq!(Registry::standard().default_reference().unwrap().to_string(), "ce");
}

/// The square of 1 - p_t, whose h(r) = -1 / L'(r) is 1 / (2 (1 - r)). It is proper of two classes, and
/// invertible of any number, as which it is declared here.
struct Brier;
impl Loss<0> for Brier {
    const INFO: Info<0> = Info {
        name: "brier",
        probabilities: |_| Probabilities::Invertible(|_, _, log_rest| -log_rest),
        ..Info::EMPTY
    };
    fn eval<R: Real>(_: [R; 0], t: Pt<R>, _: Side) -> R {
        t.q * t.q
    }
}

/// Cross-entropy of another scale on each side: weights cannot be read off it.
struct Lopsided;
impl Loss<0> for Lopsided {
    const INFO: Info<0> = Info {
        name: "lopsided",
        heads: Heads::SigmoidOnly,
        probabilities: |_| Probabilities::Invertible(|_, log_r, _| log_r),
        ..Info::EMPTY
    };
    fn eval<R: Real>(_: [R; 0], t: Pt<R>, side: Side) -> R {
        -t.log_p * side.pick(R::lift(3.0), R::lift(1.0))
    }
}

struct Smoothed;
impl Loss<0> for Smoothed {
    const INFO: Info<0> = Info { name: "smoothed", may_be_smoothed: true, ..Info::EMPTY };
    fn eval<R: Real>(_: [R; 0], t: Pt<R>, _: Side) -> R {
        t.q
    }
}

#[test]
fn the_inverse_of_a_loss_of_another_crate() {
    let registry = Registry::standard().with(Brier).with(Lopsided);
    let inverse = |text: &str, counts: &[u64]| Inverse::of(&Spec::parse(text, &registry).unwrap(), counts);
    let binary = inverse("brier", &[9, 1]).unwrap();
    for (found, z) in binary.apply(&LOGITS.map(|z| z as f32)).into_iter().zip(LOGITS) {
        assert!((found - logistic(z)).abs() < 1e-14, "{z}: {found}");
    }
    // Positives of weight 3 to 1: odds of 1 stand for 1 to 3.
    let weighted = inverse("brier:alpha=0.75", &[9, 1]).unwrap();
    assert!((weighted.of_probability(0.5) - 0.25).abs() < 1e-14);
    // Of three classes, reports of 1/2, 1/4 and 1/4: 1 / (1 - r) is 2, 4/3 and 4/3, of 14/3.
    let three = inverse("brier", &[3, 2, 1]).unwrap().apply(&[2f32.ln(), 0.0, 0.0]);
    for (found, expected) in three.into_iter().zip([3.0 / 7.0, 2.0 / 7.0, 2.0 / 7.0]) {
        assert!((found - expected).abs() < 1e-7, "{found} {expected}");
    }
    assert_eq!(inverse("lopsided", &[9, 1]).unwrap_err(), "the bias of lopsided has no known inverse");
}

#[test]
#[should_panic(
    expected = "smoothed declares that it may be smoothed, which is defined for L = -log(p_t) only"
)]
fn smoothing_is_for_cross_entropy() {
    let _ = Registry::standard().with(Smoothed);
}

#[test]
fn a_spec_in_words() {
    let registry = Registry::standard();
    let description =
        OpenSpec::parse("focal:gamma=?,alpha=0.25+class-balanced:beta=0.99", &registry).unwrap().describe(2);
    assert_eq!(description.spec, "focal:gamma=?,alpha=0.25+class-balanced:beta=0.99");
    assert_eq!((&*description.name, &*description.title), ("focal", "Focal loss"));
    assert_eq!(description.source, "Lin et al. 2017, eq. 4 and 5");
    let params: Vec<_> = description.params.iter().map(|param| (&*param.name, param.value)).collect();
    assert_eq!(params, [("gamma", None), ("alpha", Some(0.25))]);
    assert_eq!(description.modifiers[0].acts_on, "the weight of the classes");
    assert_eq!(description.modifiers[0].params[0].value, Some(0.99));
    assert_eq!(
        (description.proper, description.has_inverse, description.biased, description.moves_threshold),
        (false, true, true, true)
    );
    let text = serde_json::to_string(&description).unwrap();
    assert_eq!(serde_json::from_str::<SpecDescription>(&text).unwrap(), description);

    let plain = spec("ce").describe(2);
    assert!(plain.params.is_empty() && plain.modifiers.is_empty());
    assert_eq!(
        (plain.proper, plain.has_inverse, plain.biased, plain.moves_threshold),
        (true, true, false, false)
    );
    let weighted = spec("alpha-ce").describe(2);
    assert_eq!((weighted.proper, weighted.biased, weighted.moves_threshold), (false, false, true));
    assert_eq!(weighted.params[0].value, Some(0.75));
    assert!(!spec("focal+ohem").describe(2).has_inverse);
}
