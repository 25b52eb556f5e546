//! Layers and whole models of random sizes: the whole Jacobian of every parameter, in f64.
//!
//! `LOSSLAB_GRADIENT_CASES=1000` makes it the long check, `LOSSLAB_GRADIENT_SEED` draws other cases.

use losslab_autograd::{GradCheck, Mismatch, Param, Tape, Var};
use losslab_models::{Activation, Conv, ConvSize, Detector, DetectorConfig, Linear, Mlp, Norm, Stage};
use losslab_tensor::init::Init;
use losslab_tensor::rng::Rng;
use losslab_tensor::{Shape, Tensor};
use losslab_testing::random::Draw;

/// A ReLU's kink between the points of a difference is left behind by a shorter one; a wrong gradient is not.
/// The shortest loses digits to rounding, of numbers that are summed over a whole net.
const STEPS: [f64; 3] = [1e-3, 1e-4, 1e-5];
/// A kink that lies within the shortest, which one detector in some hundred has, is left behind by moving all
/// parameters so far.
const ASIDE: f64 = 1e-2;

#[track_caller]
fn check(
    tape: &Tape<f64>,
    f: impl for<'t> Fn(&'t Tape<f64>) -> Var<'t, f64>,
    number: u64,
    what: &dyn std::fmt::Debug,
) {
    let of = |tape: &Tape<f64>, step: f64| -> Result<f64, Mismatch> {
        let check = GradCheck { step, ..GradCheck::default() };
        check.jacobian_on(&mut tape.cast(), &f, number)
    };
    let holds = |tape: &Tape<f64>| STEPS.into_iter().any(|step| of(tape, step).is_ok());
    if holds(tape) {
        return;
    }
    let mismatch = of(tape, STEPS[1]).unwrap_err();
    println!("beside a kink? case {number}, {what:?}: {mismatch}");
    let (mut aside, mut rng) = (tape.cast(), Rng::seed(number));
    let params: Vec<Param> = aside.param_ids().collect();
    for param in params {
        aside.value_mut(param).iter_mut().for_each(|x| *x += ASIDE * (0.5 + 0.5 * rng.uniform()));
    }
    assert!(holds(&aside), "case {number}, {what:?}: {mismatch}");
}

/// Random parameters of order .5: those of an untrained net are so small that errors would not show.
fn stir(tape: &mut Tape<f64>, draw: &mut Draw) {
    let params: Vec<Param> = tape.param_ids().collect();
    for param in params {
        tape.value_mut(param).iter_mut().for_each(|x| *x = draw.uniform(-1.0, 1.0));
    }
}

fn input(draw: &mut Draw, shape: &[usize]) -> Tensor<f64> {
    draw.tensor(shape, (-2.0, 2.0), 0.0)
}

fn constant<'t>(tape: &'t Tape<f64>, x: &Tensor<f64>) -> Var<'t, f64> {
    tape.constant(x.shape(), x.data())
}

#[test]
fn the_linear_layer() {
    let total = losslab_testing::random::cases(25, 1, |draw, number| {
        let (mut shape, outputs) = (draw.shape(0, 2), draw.length());
        shape.push(draw.length());
        let mut tape = Tape::new();
        let inputs = shape[shape.len() - 1];
        let layer = Linear::new(&mut tape, "l", inputs, outputs, Init::HeNormal, &mut Rng::seed(number));
        stir(&mut tape, draw);
        let x = input(draw, &shape);
        check(&tape, |tape| layer.forward(constant(tape, &x)), number, &(Shape::new(&shape), outputs));
    });
    println!("checked {total} cases of the linear layer");
}

#[test]
fn the_convolution_layer() {
    let total = losslab_testing::random::cases(25, 2, |draw, number| {
        let size = ConvSize {
            kernel: [1, 3, 5][draw.below(3)],
            stride: draw.between(1, 3),
            inputs: draw.between(1, 3),
            outputs: draw.between(1, 3),
        };
        let shape = [draw.between(1, 2), draw.between(1, 5), draw.between(1, 5), size.inputs];
        let mut tape = Tape::new();
        let layer = Conv::new(&mut tape, "c", size, draw.chance(0.5), Init::HeNormal, &mut Rng::seed(number));
        stir(&mut tape, draw);
        let x = input(draw, &shape);
        check(&tape, |tape| layer.forward(constant(tape, &x)), number, &(size, shape));
    });
    println!("checked {total} cases of the convolution layer");
}

#[test]
fn mlps() {
    let total = losslab_testing::random::cases(25, 3, |draw, number| {
        let widths: Vec<usize> = (0..draw.between(2, 4)).map(|_| draw.length()).collect();
        let activation = [Activation::Relu, Activation::Tanh][draw.below(2)];
        let rows = draw.length_or_none();
        let mut tape = Tape::new();
        let model = Mlp::new(&mut tape, &widths, activation, &mut Rng::seed(number));
        stir(&mut tape, draw);
        let x = input(draw, &[rows, widths[0]]);
        check(&tape, |tape| model.forward(constant(tape, &x)), number, &(rows, widths, activation));
    });
    println!("checked {total} cases of the MLP");
}

#[test]
fn detectors() {
    let total = losslab_testing::random::cases(6, 4, |draw, number| {
        let (stride, levels) = [(2, 1), (2, 2), (4, 1), (2, 3)][draw.below(4)];
        let norm = [Norm::None, Norm::Batch, Norm::Group(1), Norm::Group(2)][draw.below(4)];
        let config = DetectorConfig {
            stages: (0..4).map(|_| Stage { width: 2, depth: draw.between(1, 2) }).collect(),
            head_width: 2,
            head_depth: draw.below(2),
            anchors_per_cell: draw.between(1, 2),
            norm,
            ..DetectorConfig::small(draw.between(1, 2), draw.between(1, 2), stride, levels)
        };
        let shape = [draw.between(1, 2), draw.between(3, 7), draw.between(3, 7), config.channels];
        let mut tape = Tape::new();
        let model = Detector::new(&mut tape, &config, &mut Rng::seed(number));
        stir(&mut tape, draw);
        let x = input(draw, &shape);
        check(
            &tape,
            |tape| {
                let output = model.forward_train(constant(tape, &x), &mut model.buffers());
                output.class_logits.concat(&[output.boxes], 2)
            },
            number,
            &(config, shape),
        );
    });
    println!("checked {total} cases of the detector");
}
