//! The gradient of every loss and modifier in the registry against finite differences: a new loss is checked
//! by being registered.

use crate::batches::MEAN;
use crate::common::build;
use losslab_autograd::{GradCheck, Tape, Var};
use losslab_losses::{
    Alpha, Criterion, Equation, Head, Normalizer, Reduction, Registry, TapeBatch, TapeTargets, TargetKind,
    criterion, dice,
};
use losslab_tensor::{Shape, Tensor};
use std::sync::Arc;

const REDUCTIONS: [Reduction; 6] = [
    MEAN,
    Reduction::None,
    Reduction::Sum,
    Reduction::Mean(Normalizer::Samples),
    Reduction::Mean(Normalizer::Positives),
    Reduction::Mean(Normalizer::WeightSum),
];

/// A head with the shape of its logits and the counts of its classes.
struct Problem {
    head: Head,
    shape: [usize; 2],
    counts: &'static [u64],
    soft: bool,
}

const SIGMOID: Problem = Problem { head: Head::Sigmoid, shape: [3, 4], counts: &[70, 20], soft: false };
const SOFT: Problem = Problem { soft: true, ..SIGMOID };
const TWO: Problem = Problem { head: Head::Softmax, shape: [5, 2], counts: &[70, 20], soft: false };
const THREE: Problem = Problem { head: Head::Softmax, shape: [5, 3], counts: &[50, 9, 30], soft: false };

/// Logits between -3.3 and 3.3, none near 0.
fn logits(shape: [usize; 2]) -> Tensor<f64> {
    let n = shape[0] * shape[1];
    Tensor::new(Shape::new(&shape), (0..n).map(|i| ((i * 7 % 11) as f64 - 5.0) * 0.6 + 0.05).collect())
}

/// The loss with weights, and one element or row that is not valid.
fn on_tape<'t>(
    which: &Arc<Criterion>,
    tape: &'t Tape<f64>,
    logits: Var<'t, f64>,
    problem: &Problem,
) -> Var<'t, f64> {
    let rows = problem.shape[0];
    let losses: &[usize] = if problem.head == Head::Softmax { &[rows] } else { &problem.shape };
    let n: usize = losses.iter().product();
    let constant =
        |f: &dyn Fn(usize) -> f64| tape.constant(Shape::new(losses), &(0..n).map(f).collect::<Vec<f64>>());
    let targets = if problem.head == Head::Softmax {
        let classes: Vec<u32> = (0..rows).map(|i| (i * 2 % problem.shape[1]) as u32).collect();
        TapeTargets::Softmax(tape.indices(&classes))
    } else if problem.soft {
        TapeTargets::Sigmoid(constant(&|i| [0.0, 0.8, 1.0, 0.35, 0.6][i % 5]))
    } else {
        TapeTargets::Sigmoid(constant(&|i| f64::from(i % 3 == 0)))
    };
    let weights = Some(constant(&|i| 0.5 + i as f64 / 4.0));
    let valid = Some(constant(&|i| f64::from(i != 1)));
    criterion(which, TapeBatch { logits, targets, weights, valid })
}

#[track_caller]
fn check(spec: &str, problem: &Problem, reduction: Reduction) {
    let which = Arc::new(build(spec, problem.head, problem.counts, reduction));
    let x = logits(problem.shape);
    let result = GradCheck::default().run(|tape, x| on_tape(&which, tape, x[0], problem), &[x], 3);
    if let Err(mismatch) = result {
        panic!("{spec}, {}, {reduction:?}: {mismatch}", problem.head);
    }
}

fn suits(loss: &dyn Equation, reduction: Reduction) -> bool {
    reduction != Reduction::None || loss.set().is_none()
}

#[test]
fn every_loss_head_and_reduction() {
    for loss in Registry::standard().losses() {
        let mut specs = vec![loss.name().to_string()];
        if loss.alpha() != Alpha::None {
            specs.push(format!("{}:alpha=0.3", loss.name()));
        }
        for (spec, alpha) in specs.iter().zip([matches!(loss.alpha(), Alpha::Default(_)), true]) {
            for reduction in REDUCTIONS.into_iter().filter(|&r| suits(&**loss, r)) {
                check(spec, &SIGMOID, reduction);
                if loss.targets() == TargetKind::Soft {
                    check(spec, &SOFT, reduction);
                }
                if loss.heads().contains(Head::Softmax) {
                    check(spec, &TWO, reduction);
                    if !alpha {
                        check(spec, &THREE, reduction);
                    }
                }
            }
        }
    }
}

#[test]
fn every_modifier_and_head() {
    for form in Registry::standard().modifiers() {
        // The default count of hard examples is more than these batches have.
        let value = |name: &str, default: f64| if name == "count" { 3.0 } else { default };
        let params: Vec<String> =
            form.params.iter().map(|p| format!("{}={}", p.name, value(p.name, p.default))).collect();
        let colon = if params.is_empty() { "" } else { ":" };
        let spec = format!("ce+{}{colon}{}", form.name, params.join(","));
        for problem in [&SIGMOID, &SOFT, &TWO, &THREE] {
            for reduction in REDUCTIONS {
                check(&spec, problem, reduction);
            }
        }
    }
}

#[test]
fn dice_is_the_same_composed_of_tape_operations() {
    let (x, n) = (logits([3, 4]), 12);
    let targets: Vec<f64> = (0..n).map(|i| f64::from(i % 3 == 0)).collect();
    let which = Arc::new(build("dice:smooth=0.5", Head::Sigmoid, &[8, 4], MEAN));
    let tape = Tape::<f64>::new();
    let (a, b) = (tape.variable([3, 4], x.data()), tape.variable([3, 4], x.data()));
    let y = tape.constant([3, 4], &targets);
    let batch = TapeBatch { logits: a, targets: TapeTargets::Sigmoid(y), weights: None, valid: None };
    let (fused, composed) = (criterion(&which, batch), dice(b, y, 0.5));
    assert!((fused.item() - composed.item()).abs() < 1e-15);
    fused.backward();
    let fused = a.grad().unwrap();
    composed.backward();
    for (fused, composed) in fused.data().iter().zip(b.grad().unwrap().data()) {
        assert!((fused - composed).abs() < 1e-15, "{fused} {composed}");
    }
}

#[test]
fn a_sample_is_an_element_of_a_vector_and_a_row_of_a_matrix() {
    let summed = |shape: &[usize], reduction| {
        let n: usize = shape.iter().product();
        let targets: Vec<f64> = (0..n).map(|i| f64::from(i % 3 == 0)).collect();
        let which = Arc::new(build("ce", Head::Sigmoid, &[8, 4], reduction));
        let tape = Tape::<f64>::new();
        let x = tape.variable(Shape::new(shape), logits([3, 4]).data());
        let y = tape.constant(Shape::new(shape), &targets);
        criterion(
            &which,
            TapeBatch { logits: x, targets: TapeTargets::Sigmoid(y), weights: None, valid: None },
        )
        .item()
    };
    for (shape, samples) in [(&[12][..], 12.0), (&[3, 4], 3.0)] {
        let mean = summed(shape, Reduction::Mean(Normalizer::Samples));
        let sum = summed(shape, Reduction::Sum);
        assert!((mean * samples - sum).abs() < 1e-12 * sum, "{shape:?}: {mean}, {sum}");
    }
}
