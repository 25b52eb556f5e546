//! What the tape promises: buffers are reused, parameters persist, misuse is named.

use losslab_autograd::{Tape, Var};
use losslab_tensor::{Tensor, Workers};
use std::sync::Arc;

#[test]
fn parameters_persist_and_steps_repeat() {
    let mut tape = Tape::<f32>::new();
    let w = tape.param("w", Tensor::new([2, 1], vec![1.0, 2.0]));
    let b = tape.param("b", Tensor::new([1], vec![0.5]));
    let mut results = Vec::new();
    // Different row counts, so that buffers grow and shrink.
    for rows in [3usize, 1, 4, 3] {
        tape.rewind();
        let x = tape.constant_with([rows, 2], |x| x.iter_mut().enumerate().for_each(|(i, x)| *x = i as f32));
        x.linear(tape.var(w), tape.var(b)).relu().sum_all().backward();
        results
            .push((tape.value_and_grad(w).1.unwrap().to_vec(), tape.value_and_grad(b).1.unwrap().to_vec()));
    }
    assert_eq!(results[0], (vec![6.0, 9.0], vec![3.0]));
    assert_eq!(results[1], (vec![0.0, 1.0], vec![1.0]));
    assert_eq!(results[3], results[0]);
    assert_eq!(tape.name(w), "w");
    assert_eq!(*tape.value(w), [1.0, 2.0]);
}

/// The gradient by `w` of the sum of x w.
fn slope(x: Var<'_, f64>, w: Var<'_, f64>) -> Vec<f64> {
    x.matmul(w).sum_all().backward();
    w.grad().unwrap().data().to_vec()
}

#[test]
fn a_shared_constant_is_used_where_it_lies_and_let_go_of() {
    let mut tape = Tape::<f64>::new();
    let w = tape.param("w", Tensor::new([2, 1], vec![1.0, -1.0]));
    let mut shared = Arc::new(Tensor::new([3, 2], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    for step in 0..3 {
        tape.rewind();
        let x = tape.constant_shared(&shared);
        assert_eq!(x.shape().dims(), [3, 2]);
        assert_eq!(x.value().as_ptr(), shared.data().as_ptr());
        assert_eq!(slope(x, tape.var(w)), [9.0, 12.0], "step {step}");
        assert!(x.grad().is_none());
    }
    // The place of a shared value may hold another one in the next step, and the tensor is its owner's again.
    tape.rewind();
    let x = tape.constant([1, 2], &[7.0, 8.0]);
    assert_eq!(slope(x, tape.var(w)), [7.0, 8.0]);
    Arc::get_mut(&mut shared).expect("no tape holds it").data_mut()[0] = f64::NAN;
    tape.rewind();
    tape.constant_shared(&shared).sum_all();
    assert_eq!(
        tape.first_non_finite().unwrap().to_string(),
        "the input of shape [3, 2] (node 1) is NaN at [0, 0]"
    );
}

#[test]
fn rows_that_all_threads_fill_are_those_that_one_fills() {
    let fill = |first: usize, rows: &mut [f32]| {
        assert!(rows.len().is_multiple_of(700), "{} numbers of rows of 700", rows.len());
        rows.iter_mut().zip(700 * first..).for_each(|(x, i)| *x = i as f32);
    };
    for threads in [1, 2, 3] {
        let mut tape = Tape::<f32>::new();
        tape.set_workers(&Arc::new(Workers::new(threads)));
        for rows in [0usize, 1, 37, 64] {
            let x = tape.constant_rows([rows, 700], fill);
            assert!(x.value().iter().zip(0..).all(|(&x, i)| x == i as f32), "{rows} rows");
            assert_eq!(x.value().len(), rows * 700);
        }
        assert_eq!(*tape.constant_rows([], |_, x| x.fill(2.5)).value(), [2.5]);
    }
}

#[test]
fn a_parameter_without_part_in_the_result_has_no_gradient() {
    let mut tape = Tape::<f64>::new();
    let used = tape.param("used", Tensor::scalar(2.0));
    let unused = tape.param("unused", Tensor::scalar(3.0));
    (tape.var(used) * tape.var(used)).backward();
    assert_eq!(tape.value_and_grad(used).1, Some(&[4.0][..]));
    assert_eq!(tape.value_and_grad(unused).1, None);
    // A second backward pass replaces the first: gradients do not leak from step to step.
    tape.rewind();
    (tape.var(unused) * tape.var(unused)).backward();
    assert_eq!(tape.value_and_grad(used).1, None);
}

#[test]
fn a_constant_branch_receives_no_gradient() {
    let tape = Tape::<f64>::new();
    let x = tape.variable([2], &[1.0, 2.0]);
    let c = tape.constant([2], &[3.0, 4.0]);
    (x * c.exp().detach() + x.detach()).sum_all().backward();
    assert!(c.grad().is_none());
    assert_eq!(x.grad().unwrap().data(), [3.0f64.exp(), 4.0f64.exp()]);
}

#[test]
fn the_same_parameters_in_f64() {
    let mut tape = Tape::<f32>::new();
    let w = tape.param("w", Tensor::new([2], vec![0.1, -0.2]));
    let twin = tape.cast::<f64>();
    assert_eq!(*twin.value(w), [0.1f32 as f64, -0.2f32 as f64]);
    assert_eq!(twin.name(w), "w");
}

#[test]
#[should_panic(expected = "matmul: shapes [2, 3] and [2, 3], expected [m, k] and [k, n]")]
fn shapes_that_do_not_fit_are_named() {
    let tape = Tape::<f32>::new();
    let x = tape.constant([2, 3], &[0.0; 6]);
    x.matmul(x);
}

#[test]
#[should_panic(expected = "add: shapes [2, 3] and [2] do not broadcast to a common shape")]
fn shapes_that_do_not_broadcast_are_named() {
    let tape = Tape::<f32>::new();
    let _ = tape.constant([2, 3], &[0.0; 6]) + tape.constant([2], &[0.0; 2]);
}

#[test]
#[should_panic(expected = "mul: an input belongs to another tape")]
fn values_of_two_tapes_do_not_mix() {
    let (a, b) = (Tape::<f32>::new(), Tape::<f32>::new());
    fn same<'t>(x: Var<'t, f32>, y: Var<'t, f32>) {
        let _ = x * y;
    }
    same(a.constant([1], &[1.0]), b.constant([1], &[1.0]));
}

#[test]
#[should_panic(expected = "backward: a value of shape [2] is not one number")]
fn backward_needs_one_number() {
    Tape::<f32>::new().variable([2], &[1.0, 2.0]).backward();
}
