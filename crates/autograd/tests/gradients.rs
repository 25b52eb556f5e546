//! Every operation of the list, through the gradient checker, on every case of its entry.

use losslab_autograd::ops::{Case, all};
use losslab_autograd::{Args, At, GradCheck, Op, Tape, Var};
use losslab_tensor::{Shape, Tensor};

/// Inputs of a case, drawn uniformly from its interval and kept `gap` away from 0.
fn draw(case: &Case, seed: u64) -> Vec<Tensor<f64>> {
    let mut state = seed;
    let mut uniform = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let (low, high) = case.interval;
    let mut number = |_| {
        let x = low + (high - low) * uniform();
        if x.abs() < case.gap { x + case.gap.copysign(x) } else { x }
    };
    case.shapes.iter().map(|shape| Tensor::from_fn(Shape::new(shape), &mut number)).collect()
}

#[test]
fn every_operation_on_every_case() {
    let ops = all();
    assert!(!ops.is_empty());
    for op in &ops {
        assert!(!op.cases.is_empty(), "{} has no case", op.name);
        for (number, case) in op.cases.iter().enumerate() {
            for seed in 0..5 {
                let inputs = draw(case, 1000 * number as u64 + seed);
                let result = GradCheck::default().run(|_, x| (case.call)(x), &inputs, seed);
                assert!(
                    result.is_ok(),
                    "{} case {number} {:?}: {}",
                    op.name,
                    case.shapes,
                    result.unwrap_err()
                );
            }
        }
    }
}

#[test]
fn a_value_used_more_than_once_collects_all_its_gradients() {
    let x = [Tensor::new([2, 2], vec![0.5, -1.5, 2.0, 0.3])];
    fn f<'t>(x: &[Var<'t, f64>]) -> Var<'t, f64> {
        x[0] * x[0] + x[0].matmul(x[0]).exp() / x[0]
    }
    GradCheck { rtol: 1e-5, ..Default::default() }.run(|_, x| f(x), &x, 1).unwrap();
}

/// An operation whose backward pass ignores its upstream gradient and says this of every element.
#[derive(Debug)]
struct Careless(f64);
impl Op<f64> for Careless {
    fn name(&self) -> &'static str {
        "careless"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(inputs[0])
    }
    fn forward(&self, x: Args<'_, f64>, y: &mut [f64], _: &mut Vec<f64>) {
        y.copy_from_slice(x.value(0));
    }
    fn vjp(&self, _: usize, _: At<'_, f64>, dx: &mut [f64]) {
        dx.fill(self.0);
    }
}

type Computation<'a> = &'a dyn for<'t> Fn(&'t Tape<f64>, &[Var<'t, f64>]) -> Var<'t, f64>;

#[test]
fn the_checker_finds_what_is_wrong() {
    let x = [Tensor::new([3], vec![1.0, 2.0, 3.0])];
    let run = |f: Computation<'_>| GradCheck::default().run(f, &x, 7);
    for gradient in [1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        assert_eq!(run(&|tape, x| tape.push(Careless(gradient), &[x[0]])).unwrap_err().input, 0);
    }
    // A gradient that is cut off, and one that is NaN (0 * inf in exp at 800).
    assert_eq!(run(&|_, x| x[0] * x[0].detach()).unwrap_err().element, 0);
    assert!(run(&|tape, x| x[0] * tape.constant([1], &[800.0]).exp()).is_err());
}

#[test]
fn ties_and_edges_follow_the_documents() {
    let tape = Tape::<f64>::new();
    let at = |f: for<'t> fn(Var<'t, f64>) -> Var<'t, f64>, x: f64| {
        let x = tape.variable([1], &[x]);
        let y = f(x);
        y.backward();
        (y.item(), x.grad().unwrap().data()[0])
    };
    assert_eq!(at(|x| x.relu(), 0.0), (0.0, 0.0));
    assert!(at(|x| x.relu(), f64::NAN).0.is_nan());
    assert_eq!(at(|x| x.ln(), 0.0), (f64::NEG_INFINITY, f64::INFINITY));
    assert!(at(|x| x.ln(), -1.0).0.is_nan());
    assert_eq!(at(|x| x.sigmoid(), -1000.0), (0.0, 0.0));
    assert_eq!(at(|x| x.sigmoid(), 1000.0), (1.0, 0.0));
    assert_eq!(at(|x| x.softplus(), 1000.0), (1000.0, 1.0));
    assert_eq!(at(|x| x.softplus(), -1000.0), (0.0, 0.0));
    assert_eq!(at(|x| x.tanh(), 1000.0), (1.0, 0.0));
    for f in [|x| x.sigmoid(), |x| x.tanh(), |x| x.softplus(), |x: Var<'_, f64>| x.log_softmax()]
        as [for<'t> fn(Var<'t, f64>) -> Var<'t, f64>; 4]
    {
        assert!(at(f, f64::NAN).0.is_nan());
    }
}

#[test]
fn log_softmax_at_extremes() {
    let tape = Tape::<f32>::new();
    let y = tape.constant([2, 3], &[1e4, -1e4, 0.0, 3e38, 3e38, -3e38]).log_softmax();
    let y = y.value();
    assert_eq!(y[..3], [0.0, -2e4, -1e4]);
    assert!((y[3] + std::f32::consts::LN_2).abs() < 1e-7 && y[5] == f32::NEG_INFINITY, "{y:?}");
}
