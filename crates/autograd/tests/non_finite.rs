//! Which operation is blamed for a number that is not finite.

use losslab_autograd::{Args, At, Op, Tape, Var};
use losslab_tensor::{Float, Shape, Tensor};

/// The identity, whose gradient is NaN in one place.
#[derive(Debug)]
struct Trap;

impl<T: Float> Op<T> for Trap {
    fn name(&self) -> &'static str {
        "trap"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(inputs[0])
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], _: &mut Vec<T>) {
        y.copy_from_slice(x.value(0));
    }
    fn vjp(&self, _: usize, at: At<'_, T>, dx: &mut [T]) {
        dx.copy_from_slice(at.dy);
        dx[4] = T::from_f64(f64::NAN);
    }
}

fn tape() -> Tape<f32> {
    let mut tape = Tape::new();
    tape.param("first.weight", Tensor::new([2, 3], vec![1.0; 6]));
    tape.param("first.bias", Tensor::new([3], vec![0.0; 3]));
    tape
}

/// What is found in a step: x W + b, then `rest`, summed.
fn found(mut tape: Tape<f32>, x: [f32; 4], rest: impl Fn(Var<'_, f32>) -> Var<'_, f32>) -> String {
    tape.rewind();
    let [w, b] = [0, 1].map(|i| tape.param_ids().nth(i).unwrap());
    let y = rest(tape.constant([2, 2], &x).linear(tape.var(w), tape.var(b)));
    y.sum_all().backward();
    tape.first_non_finite().map_or("nothing".into(), |found| found.to_string())
}

#[test]
fn a_finite_step_is_blamed_on_nothing() {
    assert_eq!(found(tape(), [1.0; 4], |y| y.exp()), "nothing");
}

#[test]
fn the_first_of_all_is_named_not_what_follows_from_it() {
    let mut poisoned = tape();
    let weight = poisoned.param_ids().next().unwrap();
    poisoned.value_mut(weight)[5] = f32::INFINITY;
    assert_eq!(found(poisoned, [1.0; 4], |y| y.exp()), "parameter first.weight is inf at [1, 2]");

    let at_input = found(tape(), [1.0, 1.0, f32::NAN, 1.0], |y| y.exp());
    assert_eq!(at_input, "the input of shape [2, 2] (node 2) is NaN at [1, 0]");

    let overflow = found(tape(), [3e38, 3e38, 1.0, 1.0], |y| y.relu());
    assert_eq!(overflow, "linear of first (node 3: [2, 2], [2, 3], [3] -> [2, 3]) gave inf at [0, 0]");

    let later = found(tape(), [1.0, 1.0, 200.0, 200.0], |y| y.relu().exp().ln());
    assert_eq!(later, "exp after first (node 5: [2, 3] -> [2, 3]) gave inf at [1, 0]");
}

#[test]
fn with_finite_values_the_first_gradient_is_named() {
    let trapped = found(tape(), [1.0; 4], |y| y.tape().push(Trap, &[y.relu()]).exp());
    let expected =
        "the gradient of trap after first (node 5: [2, 3] -> [2, 3]) by its input 0 is NaN at [1, 1]";
    assert_eq!(trapped, expected);
    // sqrt has no slope at 0.
    let steep = found(tape(), [0.0; 4], |y| y.sqrt());
    assert_eq!(
        steep,
        "the gradient of sqrt after first (node 4: [2, 3] -> [2, 3]) by its input 0 is inf at [0, 0]"
    );
}

#[test]
fn gradients_that_overflow_when_added_are_named_as_a_sum() {
    let tape = Tape::<f32>::new();
    let x = tape.variable([2], &[0.5, 0.0]);
    let large = tape.constant([2], &[2e38, 1.0]);
    (x * large + x * large).sum_all().backward();
    let text = tape.first_non_finite().map(|found| found.to_string()).unwrap();
    assert_eq!(text, "the sum of the gradients by node 0 of shape [2] is inf at [0]");
}

#[test]
fn a_parameter_that_the_optimiser_moved_too_far_is_found_by_name() {
    let mut tape = tape();
    assert_eq!(tape.first_non_finite_parameter(), None);
    let bias = tape.param_ids().nth(1).unwrap();
    tape.value_mut(bias)[2] = f32::NAN;
    let found = tape.first_non_finite_parameter().map(|found| found.to_string());
    assert_eq!(found.as_deref(), Some("parameter first.bias is NaN at [2]"));
}
