//! `examples/00_engine.rs` computes what the real engine computes.

#[allow(dead_code)]
#[path = "../../examples/00_engine.rs"]
mod one_file;

use losslab_autograd::Tape;
use losslab_autograd::optim::{Optimizer, Sgd};
use losslab_tensor::Tensor;

/// Weights and biases of two layers, then inputs, signs, and a row that makes a weighted mean.
const SHAPES: [[usize; 2]; 7] = [[3, 4], [1, 4], [4, 1], [1, 1], [5, 3], [5, 1], [1, 5]];
const WEIGHTS: usize = 4;
const RATE: f64 = 0.1;

/// The same lines for both engines: a net with one hidden layer, and the mean of its softplus losses.
macro_rules! loss {
    ($vars:expr) => {{
        let [w1, b1, w2, b2, x, sign, mean] = $vars;
        let z = (x.matmul(w1) + b1).relu().matmul(w2) + b2;
        mean.matmul((sign * z).softplus())
    }};
}

/// The number in row i, column j of array k: between -2 and 2 without a pattern, but for the mean.
fn start(k: usize, i: usize, j: usize) -> f64 {
    if k == 6 { 0.1 * (j + 1) as f64 } else { 2.0 * ((1 + 7 * k + 5 * i + 3 * j) as f64).sin() }
}

#[track_caller]
fn assert_close(what: &str, plain: &[f64], real: &[f64]) {
    assert_eq!(plain.len(), real.len(), "{what}");
    for (a, b) in plain.iter().zip(real) {
        assert!((a - b).abs() <= 1e-12 * (1.0 + b.abs()), "{what}: {a} and {b}");
    }
}

#[test]
fn a_net_has_the_values_gradients_and_steps_of_the_real_tape() {
    let mut plain: [one_file::Tensor; 7] =
        std::array::from_fn(|k| one_file::Tensor::from_fn(SHAPES[k], |i, j| start(k, i, j)));
    let mut real = Tape::<f64>::new();
    let params: [_; WEIGHTS] = std::array::from_fn(|k| {
        real.param(format!("array {k}"), Tensor::new(SHAPES[k], plain[k].data.clone()))
    });
    let mut optimizer = Sgd::new(0.0, 0.0);
    let mut losses = Vec::new();
    for _ in 0..20 {
        let tape = one_file::Tape::default();
        let vars = plain.each_ref().map(|array| tape.variable(array));
        let value = loss!(vars);
        value.backward();

        real.rewind();
        let expected: [_; 7] = std::array::from_fn(|k| match params.get(k) {
            Some(&param) => real.var(param),
            None => real.variable(SHAPES[k], &plain[k].data),
        });
        let expected_value = loss!(expected);
        assert_close("loss", &value.value().data, &expected_value.value());
        expected_value.backward();
        losses.push(expected_value.item());
        for (k, (var, expected)) in vars.iter().zip(expected).enumerate() {
            let grad = expected.grad().expect("every array led to the loss");
            assert_close(&format!("gradient {k}"), &var.grad().data, grad.data());
            assert!(grad.data().iter().any(|&g| g != 0.0), "array {k}: the comparison is of zeros");
        }

        for (array, var) in plain.iter_mut().zip(&vars[..WEIGHTS]) {
            one_file::sgd(array, &var.grad(), RATE);
        }
        optimizer.step(&mut real, RATE);
        for (array, &param) in plain.iter().zip(&params) {
            assert_close("weights after the step", &array.data, &real.value(param));
        }
    }
    assert!(losses[19] < losses[0], "{losses:?}");
}

#[test]
fn a_value_used_twice_has_both_gradients() {
    let numbers = [3.0, -4.0, 0.5];
    let tape = one_file::Tape::default();
    let x = tape.variable(&one_file::Tensor::from_fn([3, 1], |i, _| numbers[i]));
    let ones = tape.variable(&one_file::Tensor::from_fn([1, 3], |_, _| 1.0));
    ones.matmul(x * x).backward();
    assert_eq!(x.grad().data, numbers.map(|x| 2.0 * x));

    let real = Tape::<f64>::new();
    let x = real.variable([3, 1], &numbers);
    real.variable([1, 3], &[1.0; 3]).matmul(x * x).backward();
    assert_eq!(x.grad().expect("x led to the sum").data(), numbers.map(|x| 2.0 * x));
}

#[test]
fn the_whole_engine_stays_short() {
    let lines = include_str!("../../examples/00_engine.rs").lines().count();
    assert!(lines <= 160, "{lines} lines, at most 160");
}
