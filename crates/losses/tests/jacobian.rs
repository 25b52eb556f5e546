//! Every loss and modifier of the registry on random batches, parameters and reductions: the whole Jacobian,
//! in f64.
//!
//! `LOSSLAB_GRADIENT_CASES=1000` makes it the long check, `LOSSLAB_GRADIENT_SEED` draws other cases.

use crate::batches::MEAN;
use crate::common::build;
use losslab_autograd::{GradCheck, Tape, Var};
use losslab_losses::{
    Alpha, Criterion, Equation, Head, Normalizer, ParamInfo, Reduction, Registry, TapeBatch, TapeTargets,
    TargetKind, criterion,
};
use losslab_tensor::{Shape, Tensor};
use losslab_testing::random::Draw;
use std::sync::Arc;

const REDUCTIONS: [Reduction; 6] = [
    MEAN,
    Reduction::None,
    Reduction::Sum,
    Reduction::Mean(Normalizer::Samples),
    Reduction::Mean(Normalizer::Positives),
    Reduction::Mean(Normalizer::WeightSum),
];

/// A batch without its logits.
struct Problem {
    criterion: Arc<Criterion>,
    shape: [usize; 2],
    classes: Option<Vec<u32>>,
    targets: Vec<f64>,
    weights: Option<Vec<f64>>,
    valid: Option<Vec<f64>>,
}

impl Problem {
    fn draw(
        draw: &mut Draw,
        spec: &str,
        head: Head,
        classes: usize,
        soft: bool,
        reduction: Reduction,
    ) -> Self {
        let counts: Vec<u64> = (0..classes).map(|_| draw.between(1, 200) as u64).collect();
        let shape = [draw.between(1, 5), if head == Head::Softmax { classes } else { draw.between(1, 4) }];
        let losses = if head == Head::Softmax { shape[0] } else { shape[0] * shape[1] };
        let target = |draw: &mut Draw| {
            let hard = f64::from(draw.chance(0.4));
            if soft && draw.chance(0.6) { draw.uniform(0.0, 1.0) } else { hard }
        };
        let mut valid: Vec<f64> = (0..losses).map(|_| f64::from(draw.chance(0.8))).collect();
        valid[draw.below(losses)] = 1.0;
        Self {
            criterion: Arc::new(build(spec, head, &counts, reduction)),
            shape,
            classes: (head == Head::Softmax)
                .then(|| (0..losses).map(|_| draw.below(classes) as u32).collect()),
            targets: (0..losses).map(|_| target(draw)).collect(),
            weights: draw.chance(0.5).then(|| (0..losses).map(|_| draw.uniform(0.1, 3.0)).collect()),
            valid: draw.chance(0.5).then_some(valid),
        }
    }

    fn on_tape<'t>(&self, tape: &'t Tape<f64>, logits: Var<'t, f64>) -> Var<'t, f64> {
        let shape = if self.classes.is_some() { &self.shape[..1] } else { &self.shape[..] };
        let constant = |data: &Vec<f64>| tape.constant(Shape::new(shape), data);
        let targets = match &self.classes {
            Some(classes) => TapeTargets::Softmax(tape.indices(classes)),
            None => TapeTargets::Sigmoid(constant(&self.targets)),
        };
        let (weights, valid) = (self.weights.as_ref().map(constant), self.valid.as_ref().map(constant));
        criterion(&self.criterion, TapeBatch { logits, targets, weights, valid })
    }
}

/// A kink or a change of rank between the points of a difference is left behind by a shorter one; a wrong
/// gradient is not.
const STEPS: [f64; 3] = [1e-3, 1e-4, 1e-5];
/// One that lies within the shortest (a border between bins: 1 case of 29,000) is left behind by going on so
/// far.
const ASIDE: f64 = 1e-2;

#[track_caller]
fn check(draw: &mut Draw, problem: &Problem, number: u64) {
    let x = [draw.tensor(&problem.shape, (-6.0, 6.0), 0.0)];
    let of = |x: &[Tensor<f64>], step| {
        GradCheck { step, ..GradCheck::default() }.jacobian(|t, x| problem.on_tape(t, x[0]), x, number)
    };
    let holds = |x: &[Tensor<f64>]| STEPS.into_iter().any(|step| of(x, step).is_ok());
    if holds(&x) {
        return;
    }
    let mismatch = of(&x, STEPS[1]).unwrap_err();
    let logits: Vec<f64> = x.iter().flat_map(Tensor::data).copied().collect();
    let what =
        format!("{} case {number}, {:?} at {logits:?}: {mismatch}", problem.criterion.spec(), problem.shape);
    println!("beside a kink? {what}");
    let aside: Vec<f64> = logits.iter().map(|logit| logit + draw.uniform(0.5, 1.0) * ASIDE).collect();
    assert!(holds(&[Tensor::new(problem.shape, aside)]), "{what}");
}

/// A value of a parameter: its default, or near it.
fn value(draw: &mut Draw, param: &ParamInfo) -> f64 {
    if ["count", "bins"].contains(&param.name) {
        return draw.between(1, 20) as f64;
    }
    loop {
        let x = match draw.below(4) {
            0 => param.default,
            1 => param.default * draw.uniform(0.2, 2.0),
            2 => param.default + draw.uniform(-1.0, 1.0),
            _ => draw.uniform(0.0, 1.0),
        };
        let x = (x * 1000.0).round() / 1000.0;
        if param.range.contains(x) {
            return x;
        }
    }
}

/// `NAME:k=v,..` with some of these parameters.
fn spec(draw: &mut Draw, name: &str, params: &[ParamInfo], all: bool) -> String {
    let mut given = Vec::new();
    for param in params {
        if all || draw.chance(0.7) {
            given.push(format!("{}={}", param.name, value(draw, param)));
        }
    }
    let colon = if given.is_empty() { "" } else { ":" };
    format!("{name}{colon}{}", given.join(","))
}

/// Sigmoid or softmax, with its classes.
fn head(draw: &mut Draw, softmax: bool, two: bool) -> (Head, usize) {
    match softmax && draw.chance(0.5) {
        true if two => (Head::Softmax, 2),
        // Rows of few classes and of many take different ways.
        true if draw.chance(0.2) => (Head::Softmax, draw.between(6, 60)),
        true => (Head::Softmax, draw.between(2, 5)),
        false => (Head::Sigmoid, 2),
    }
}

/// A random use of a loss.
fn of_loss(draw: &mut Draw, loss: &dyn Equation) -> Problem {
    let mut text = spec(draw, loss.name(), loss.params(), false);
    let alpha = loss.alpha() != Alpha::None && draw.chance(0.5);
    if alpha {
        let join = if text.contains(':') { ',' } else { ':' };
        text += &format!("{join}alpha={:.3}", draw.uniform(0.05, 0.95));
    }
    let two = alpha || matches!(loss.alpha(), Alpha::Default(_));
    let (head, classes) = head(draw, loss.heads().contains(Head::Softmax), two);
    let reduction = loop {
        let reduction = REDUCTIONS[draw.below(REDUCTIONS.len())];
        if reduction != Reduction::None || loss.set().is_none() {
            break reduction;
        }
    };
    Problem::draw(draw, &text, head, classes, loss.targets() == TargetKind::Soft, reduction)
}

#[test]
fn every_loss_and_modifier_on_random_batches() {
    let (registry, mut total, mut stream) = (Registry::standard(), 0, 0);
    for loss in registry.losses() {
        stream += 1;
        total += losslab_testing::random::cases(25, stream, |draw, number| {
            let problem = of_loss(draw, &**loss);
            check(draw, &problem, number);
        });
    }
    for form in registry.modifiers() {
        stream += 1;
        total += losslab_testing::random::cases(25, stream, |draw, number| {
            let text = format!("ce+{}", spec(draw, form.name, form.params, true));
            let (head, classes) = head(draw, true, false);
            let reduction = REDUCTIONS[draw.below(REDUCTIONS.len())];
            let soft = draw.chance(0.3);
            let problem = Problem::draw(draw, &text, head, classes, soft, reduction);
            check(draw, &problem, number);
        });
    }
    println!("checked {total} cases of {stream} losses and modifiers");
}
