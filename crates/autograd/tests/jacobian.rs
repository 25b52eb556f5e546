//! Every operation of the list on random cases: its whole Jacobian, in f64.
//!
//! `LOSSLAB_GRADIENT_CASES=1000` makes it the long check, `LOSSLAB_GRADIENT_SEED` draws other cases.

use losslab_autograd::ops::all;
use losslab_autograd::{Args, At, GradCheck, Op};
use losslab_tensor::{Shape, Tensor};

#[test]
fn every_operation_on_random_cases() {
    let (ops, mut total) = (all(), 0);
    for (stream, op) in ops.iter().enumerate() {
        total += losslab_testing::random::cases(25, stream, |draw, number| {
            let case = crate::random::case(op.name, draw);
            let result = GradCheck::default().jacobian(&case.call, &case.inputs, number);
            if let Err(mismatch) = result {
                panic!("{} case {number}, {:?} {}: {mismatch}", op.name, case.shapes(), case.what);
            }
        });
    }
    println!("checked {total} cases of {} operations", ops.len());
}

/// `y = x`, with a mistake in its backward pass.
#[derive(Clone, Copy, Debug)]
enum Mistaken {
    /// Wrong by this factor.
    Factor(f64),
    /// Not the gradient, but whatever this is.
    Always(f64),
    /// Right where only one element has an upstream gradient.
    Crosstalk,
}

impl Op<f64> for Mistaken {
    fn name(&self) -> &'static str {
        "mistaken"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(inputs[0])
    }
    fn forward(&self, x: Args<'_, f64>, y: &mut [f64], _: &mut Vec<f64>) {
        y.copy_from_slice(x.value(0));
    }
    fn vjp(&self, _: usize, at: At<'_, f64>, dx: &mut [f64]) {
        let several = at.dy.iter().filter(|dy| **dy != 0.0).count() > 1;
        for (dx, dy) in dx.iter_mut().zip(at.dy) {
            *dx = match *self {
                Mistaken::Factor(factor) => dy * factor,
                Mistaken::Always(number) => number,
                Mistaken::Crosstalk => dy * if several { 1.1 } else { 1.0 },
            };
        }
    }
}

#[test]
fn the_checker_finds_what_is_wrong() {
    let x = [Tensor::new([3], vec![1.0, -2.0, 3.0])];
    let check = |mistake| GradCheck::default().jacobian(|t, x| t.push(mistake, &[x[0]]), &x, 3);
    // Within the tolerance, and just outside of it.
    assert!(check(Mistaken::Factor(1.0 + 9e-7)).is_ok());
    for factor in [1.0 + 1.2e-6, 1.0 - 1.2e-6, -1.0, 0.0, f64::NAN, f64::INFINITY] {
        let mismatch = check(Mistaken::Factor(factor)).unwrap_err();
        assert!(mismatch.output.is_some() && mismatch.input == 0, "{factor}: {mismatch}");
    }
    assert!(check(Mistaken::Always(1.0)).is_err());
    assert_eq!(check(Mistaken::Crosstalk).unwrap_err().output, None);
}

#[test]
fn a_gradient_that_depends_on_who_else_needs_one_is_found() {
    /// `y = a + b`, whose gradient of a is right only if b needs one too.
    #[derive(Clone, Copy, Debug)]
    struct Sharing;
    impl Op<f64> for Sharing {
        fn name(&self) -> &'static str {
            "sharing"
        }
        fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
            Ok(inputs[0])
        }
        fn forward(&self, x: Args<'_, f64>, y: &mut [f64], _: &mut Vec<f64>) {
            y.iter_mut().zip(x.value(0)).zip(x.value(1)).for_each(|((y, a), b)| *y = a + b);
        }
        fn vjp(&self, _: usize, at: At<'_, f64>, dx: &mut [f64]) {
            let factor = if at.x.needs_grad(1) { 1.0 } else { 2.0 };
            dx.iter_mut().zip(at.dy).for_each(|(dx, dy)| *dx = factor * dy);
        }
    }
    let x = [Tensor::new([2], vec![1.0, 2.0]), Tensor::new([2], vec![3.0, 4.0])];
    let mismatch = GradCheck::default().jacobian(|t, x| t.push(Sharing, &[x[0], x[1]]), &x, 3).unwrap_err();
    assert_eq!((mismatch.input, mismatch.output), (0, None));
}
