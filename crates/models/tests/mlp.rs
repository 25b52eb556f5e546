//! The MLP: shapes, the prior, the gradient of the whole model in f64, and a problem that it must solve.

use losslab_autograd::optim::{Adam, Optimizer};
use losslab_autograd::{GradCheck, Tape};
use losslab_models::{Activation, Mlp, prior_bias};
use losslab_tensor::rng::Rng;

#[test]
fn the_gradient_of_a_whole_model() {
    for activation in [Activation::Relu, Activation::Tanh] {
        let mut tape = Tape::<f32>::new();
        let model = Mlp::new(&mut tape, &[3, 5, 4, 2], activation, &mut Rng::seed(3));
        // The same model value, on the f64 twin of its tape.
        let x: Vec<f64> = (0..12).map(|i| (i as f64 * 0.7).sin()).collect();
        let check = GradCheck { step: 1e-4, ..Default::default() };
        let worst = check.run_on(&mut tape.cast(), |tape| model.forward(tape.constant([4, 3], &x)), 5);
        assert!(worst.is_ok(), "{activation:?}: {}", worst.unwrap_err());
    }
}

#[test]
fn the_prior_is_what_the_model_predicts_first() {
    assert!((prior_bias(0.01) + 99.0f64.ln()).abs() < 1e-14);
    assert_eq!(prior_bias(0.5), 0.0);
    let mut tape = Tape::<f64>::new();
    let model = Mlp::new(&mut tape, &[2, 4, 1], Activation::Relu, &mut Rng::seed(1));
    model.set_last_bias(&mut tape, prior_bias(0.01));
    let p = model.forward(tape.constant([1, 2], &[0.0, 0.0])).sigmoid().item();
    assert!((p - 0.01).abs() < 1e-15, "{p}");
}

#[test]
fn xor_is_learnt() {
    let mut tape = Tape::<f32>::new();
    let model = Mlp::new(&mut tape, &[2, 8, 1], Activation::Tanh, &mut Rng::seed(2));
    let mut optimizer = Adam::new(0.0);
    let x = [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
    let sign = [-1.0, 1.0, 1.0, -1.0];
    let mut loss = f32::NAN;
    for _ in 0..300 {
        tape.rewind();
        // Cross-entropy of the signed margin: softplus(-sign z).
        let z = model.forward(tape.constant([4, 2], &x));
        let value = (-(z * tape.constant([4, 1], &sign))).softplus().mean_all();
        value.backward();
        loss = value.item();
        optimizer.step(&mut tape, 0.05);
    }
    assert!(loss < 0.02, "{loss}");
}

#[test]
#[should_panic(expected = "an MLP needs at least two widths above 0, found [3, 0, 1]")]
fn widths_of_zero_are_refused() {
    Mlp::new(&mut Tape::<f32>::new(), &[3, 0, 1], Activation::Relu, &mut Rng::seed(1));
}
