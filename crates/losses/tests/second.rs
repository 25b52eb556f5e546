//! Second derivatives on a grid of logits with extremes, against 50 digits of mpmath: see
//! `fixtures/make_second.py`.

use crate::common::{build, pointwise, sigmoid_batch};
use losslab_losses::{
    Batch, BatchError, Criterion, Equation, Head, Points, Reduction, Registry, SecondDerivatives, Spec,
    Targets,
};

/// A spec of the file, and its points.
struct Case {
    head: Head,
    spec: &'static str,
    points: Vec<Point>,
}

/// For each logit of one element or row, the second derivative with itself, then with each parameter.
struct Point {
    target: u32,
    logits: Vec<f64>,
    expected: Vec<Vec<f64>>,
}

fn numbers(text: &str) -> Vec<f64> {
    text.split(' ').map(|x| x.parse().unwrap()).collect()
}

fn read() -> Vec<Case> {
    let mut cases = Vec::<Case>::new();
    for line in include_str!("fixtures/second.txt").lines().filter(|line| !line.starts_with('#')) {
        if let Some(rest) = line.strip_prefix("case ") {
            let (head, spec) = rest.split_once(' ').unwrap();
            let head = if head == "softmax" { Head::Softmax } else { Head::Sigmoid };
            cases.push(Case { head, spec, points: Vec::new() });
            continue;
        }
        let mut parts = line.split("; ");
        let (target, logits) = parts.next().unwrap().split_once(' ').unwrap();
        let expected = parts.map(numbers).collect();
        let point = Point { target: target.parse().unwrap(), logits: numbers(logits), expected };
        cases.last_mut().unwrap().points.push(point);
    }
    cases
}

fn criterion(spec: &str, head: Head) -> Criterion {
    let counts: &[u64] = if head == Head::Softmax { &[40, 7, 3] } else { &[90, 10] };
    build(spec, head, counts, Reduction::Sum)
}

fn second(criterion: &Criterion, logits: &[f64], target: u32) -> SecondDerivatives {
    let (numbers, classes) = ([f64::from(target)], [target]);
    let targets = match criterion.head() {
        Head::Sigmoid => Targets::Sigmoid { targets: &numbers, columns: 1 },
        Head::Softmax => Targets::Softmax { targets: &classes, classes: logits.len() },
    };
    criterion.second_derivatives(&Batch { logits, targets, weights: None, valid: None }).unwrap()
}

/// The margin of one element or row.
fn margin(head: Head, logits: &[f64], target: u32) -> f64 {
    let own = logits[if head == Head::Softmax { target as usize } else { 0 }];
    match head {
        Head::Sigmoid if target == 0 => -own,
        Head::Sigmoid => own,
        Head::Softmax => {
            let others = || logits.iter().enumerate().filter(|(j, _)| *j != target as usize).map(|(_, z)| *z);
            let max = others().fold(f64::NEG_INFINITY, f64::max);
            own - max - others().map(|z| (z - max).exp()).sum::<f64>().ln()
        }
    }
}

/// What the derivative of f' at the margin x, in the margin itself or in a parameter, may be off beyond
/// 1e-12 of its value, where a loss cannot do better because of how its equation is written.
fn lost(spec: &Spec, by: &str, x: f64) -> f64 {
    let rare = (-x.abs()).exp();
    let q = 1.0 / (1.0 + x.exp());
    match (spec.loss().name(), by) {
        // 1 + epsilon (p - q) cancels at epsilon = 1, as p_t -> 0.
        ("poly1", "itself") => 4.0 * f64::EPSILON * rare,
        // The derivatives of the power and of 1 / q cancel as p_t -> 1.
        ("gce", "q") => 4.0 * f64::EPSILON * q / spec.params()[0],
        // log|y - p| is taken of a number that is rounded to 1, as p_t -> 0.
        ("qfl", "beta") => 2.0 * rare.min(f64::EPSILON),
        // At margin = 0 the quotients margin / p are cut off at p = 1e-30.
        ("asl", "margin") if spec.params()[2] == 0.0 && x.abs() > 69.0 => f64::INFINITY,
        _ => 0.0,
    }
}

#[test]
fn a_grid_with_extremes() {
    let registry = Registry::standard();
    for Case { head, spec, points } in read() {
        let criterion = criterion(spec, head);
        let spec = Spec::parse(spec, &registry).unwrap();
        for Point { target, logits, expected } in points {
            let found = second(&criterion, &logits, target);
            let x = margin(head, &logits, target);
            let mut lists = vec![("itself", &found.diagonal)];
            lists.extend(found.mixed.iter().map(|(name, list)| (*name, list)));
            for (j, expected) in expected.iter().enumerate() {
                assert_eq!(lists.len(), expected.len(), "{spec}");
                for ((by, found), expected) in lists.iter().zip(expected) {
                    let tolerance = 1e-12 * expected.abs() + lost(&spec, by, x) + f64::MIN_POSITIVE;
                    let what = format!("{spec}, {head}, class {target} at {logits:?}: logit {j} with {by}");
                    let (found, close) = (found[j], (found[j] - expected).abs() <= tolerance);
                    assert!(close, "{what}: {found:e}, expected {expected:e}");
                }
            }
        }
    }
}

#[test]
fn the_file_covers_every_loss_with_a_margin_and_head() {
    let registry = Registry::standard();
    let cases: Vec<(String, Head)> = read()
        .iter()
        .map(|case| (Spec::parse(case.spec, &registry).unwrap().loss().name().to_string(), case.head))
        .collect();
    for loss in pointwise(&registry) {
        for head in [Head::Sigmoid, Head::Softmax].into_iter().filter(|&head| loss.heads().contains(head)) {
            let covered = cases.iter().any(|(name, on)| name == loss.name() && *on == head);
            // alpha-ce, with softmax of two classes only, is in reference.txt.
            assert!(
                covered || loss.name() == "alpha-ce",
                "no second derivatives of {} with {head}",
                loss.name()
            );
        }
    }
}

/// The Hessian of cross-entropy is that of logsumexp, whatever the target: p (1 - p).
#[test]
fn smoothing_changes_no_second_derivative() {
    for head in [Head::Sigmoid, Head::Softmax] {
        let logits = if head == Head::Softmax { &[30.0, -2.0, 0.5][..] } else { &[-20.0] };
        let [plain, smoothed] =
            ["ce", "ce+smooth:eps=0.2"].map(|spec| second(&criterion(spec, head), logits, 1));
        for (plain, smoothed) in plain.diagonal.iter().zip(&smoothed.diagonal) {
            assert!((plain - smoothed).abs() <= 1e-15 * plain, "{head}: {plain} and {smoothed}");
        }
    }
}

#[test]
fn nan_comes_back_unless_it_is_not_valid_and_infinite_logits_stay_finite() {
    let registry = Registry::standard();
    for loss in pointwise(&registry) {
        let criterion = criterion(loss.name(), Head::Sigmoid);
        for y in [0.0, 1.0] {
            let (logits, targets) = ([f64::NAN, f64::INFINITY, f64::NEG_INFINITY], [y; 3]);
            let found = criterion.second_derivatives(&sigmoid_batch(&logits, &targets)).unwrap();
            assert!(found.diagonal[0].is_nan(), "{}", loss.name());
            let lists = found.mixed.iter().map(|(_, list)| list).chain([&found.diagonal]);
            for list in lists {
                assert!(list[1..].iter().all(|x| x.is_finite()), "{} for {y}: {found:?}", loss.name());
            }
            let valid = Some(&[0.0, 1.0, 1.0][..]);
            let batch = Batch { valid, ..sigmoid_batch(&logits, &targets) };
            assert_eq!(criterion.second_derivatives(&batch).unwrap().diagonal[0], 0.0);
        }
    }
}

/// f' and f'' at the margin x, with the default parameters.
fn slopes(loss: &dyn Equation, x: f64, sign: f64) -> (f64, f64) {
    let params: Vec<f64> = loss.params().iter().map(|param| param.default).collect();
    let (mut value, mut slope, mut second) = ([0.0], [0.0], [0.0]);
    let points = Points { margin: &[x], sign: &[sign] };
    loss.slopes_f64(&params, points, &mut value, &mut slope);
    loss.second_derivatives(&params, None, points, &mut second);
    (slope[0], second[0])
}

#[test]
fn declared_curvature_is_what_samples_show() {
    const STEP: f64 = 0.01;
    for loss in pointwise(&Registry::standard()) {
        let curvature = loss.declaration().curvature;
        let curvature = curvature.unwrap_or_else(|| panic!("{} declares no curvature", loss.name()));
        let below = curvature.negative_below;
        for (sign, below) in [(-1.0, below.negative), (1.0, below.positive)] {
            for step in -1500..1500 {
                let (x, next) = (f64::from(step) * STEP, f64::from(step + 1) * STEP);
                let about = format!("{} at {x} for {sign}", loss.name());
                let (f1, f2) = slopes(loss, x, sign);
                if below.is_none_or(|below| (x - below).abs() > STEP) {
                    let negative = below.is_some_and(|below| x < below);
                    assert!(if negative { f2 < 0.0 } else { f2 >= 0.0 }, "{about}: f'' = {f2}");
                }
                if !curvature.kinks.iter().any(|&kink| kink >= x && kink <= next) {
                    // The trapezoidal rule is off by STEP^3 / 12 times the fourth derivative, below 10 here.
                    let (next_f1, next_f2) = slopes(loss, next, sign);
                    let difference = next_f1 - f1 - STEP * (f2 + next_f2) / 2.0;
                    assert!(difference.abs() <= 1e-6, "{about}: the slope jumps by {difference}");
                }
            }
            for &kink in curvature.kinks {
                let [before, after] = [-1e-9, 1e-9].map(|aside| slopes(loss, kink + aside, sign).0);
                assert!((after - before).abs() > 0.1, "{} at {kink}: {before}, {after}", loss.name());
            }
        }
    }
}

#[test]
fn a_loss_of_a_whole_batch_is_refused() {
    let error =
        criterion("dice", Head::Sigmoid).second_derivatives(&sigmoid_batch(&[0.5], &[1.0])).unwrap_err();
    assert_eq!(error, BatchError::NoMargin { loss: "dice" });
    let message = "dice is a loss of the whole batch: it has no margin to take second derivatives in";
    assert_eq!(error.to_string(), message);
}
