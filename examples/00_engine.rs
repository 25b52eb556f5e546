//! Reverse-mode automatic differentiation in one file, without anything that makes it fast: a tape, five
//! operations and SGD, with which a net learns XOR (`cargo run --release --example 00_engine`). The names are
//! those of `losslab_autograd`; `tests/project/engine.rs` compares values and gradients with it.
#![allow(missing_docs)]

use std::cell::RefCell;
use std::ops::{Add, Mul};

/// A matrix, row by row.
#[derive(Clone)]
pub struct Tensor {
    pub shape: [usize; 2],
    pub data: Vec<f64>,
}
#[rustfmt::skip]
impl Tensor {
    pub fn from_fn([m, n]: [usize; 2], f: impl Fn(usize, usize) -> f64) -> Self {
        Self { shape: [m, n], data: (0..m * n).map(|k| f(k / n, k % n)).collect() }
    }
    fn zip(&self, other: &Self, f: fn(f64, f64) -> f64) -> Self {
        assert_eq!(self.shape, other.shape, "elementwise operations need equal shapes");
        Self::from_fn(self.shape, |i, j| f(self.at(i, j), other.at(i, j)))
    }
    fn at(&self, i: usize, j: usize) -> f64 { self.data[i * self.shape[1] + j] }
}

/// A differentiable function `y = f(x_0, x_1, ..)`. In the real engine this is a trait.
pub struct Op {
    forward: fn(x: &[Tensor]) -> Tensor,
    /// The vector-Jacobian product: the gradient `dx_i` of the loss in `x_i`, from its gradient `dy` in `y`.
    vjp: fn(i: usize, x: &[Tensor], dy: &Tensor) -> Tensor,
}

/// `a + b`; a `b` of one row is added to every row of `a`, so its gradient is a sum over these rows.
const ADD: Op = Op {
    forward: |x| {
        assert!(
            [x[0].shape, [1, x[0].shape[1]]].contains(&x[1].shape),
            "add: equal shapes, or b has one row"
        );
        Tensor::from_fn(x[0].shape, |i, j| x[0].at(i, j) + x[1].at(i % x[1].shape[0], j))
    },
    vjp: |i, x, dy| {
        let rows = |row: usize| (row..dy.shape[0]).step_by(x[i].shape[0]);
        Tensor::from_fn(x[i].shape, |row, j| rows(row).map(|row| dy.at(row, j)).sum())
    },
};
/// `a * b`, element by element.
const MUL: Op = Op {
    forward: |x| x[0].zip(&x[1], |a, b| a * b),
    vjp: |i, x, dy| x[1 - i].zip(dy, |other, dy| other * dy),
};
/// The matrix product `A B`: `dA = dY B^T`, `dB = A^T dY`.
const MATMUL: Op = Op {
    forward: |x| {
        assert_eq!(x[0].shape[1], x[1].shape[0], "matmul: columns of the left matrix, rows of the right one");
        let shape = [x[0].shape[0], x[1].shape[1]];
        Tensor::from_fn(shape, |i, j| (0..x[0].shape[1]).map(|k| x[0].at(i, k) * x[1].at(k, j)).sum())
    },
    vjp: |i, x, dy| match i {
        0 => Tensor::from_fn(x[0].shape, |i, k| (0..dy.shape[1]).map(|j| dy.at(i, j) * x[1].at(k, j)).sum()),
        _ => Tensor::from_fn(x[1].shape, |k, j| (0..dy.shape[0]).map(|i| x[0].at(i, k) * dy.at(i, j)).sum()),
    },
};
/// `max(x, 0)`, with slope 0 at 0.
const RELU: Op = Op {
    forward: |x| x[0].zip(&x[0], |x, _| if x <= 0.0 { 0.0 } else { x }),
    vjp: |_, x, dy| x[0].zip(dy, |x, dy| if x <= 0.0 { 0.0 } else { dy }),
};
/// `ln(1 + e^x)`, written so that `e^x` cannot overflow; its slope is the sigmoid.
const SOFTPLUS: Op = Op {
    forward: |x| x[0].zip(&x[0], |x, _| x.max(0.0) + (-x.abs()).exp().ln_1p()),
    vjp: |_, x, dy| x[0].zip(dy, |x, dy| dy / (1.0 + (-x).exp())),
};

/// A value and how it was computed; weights and data have no `op`.
#[rustfmt::skip]
struct Node { op: Option<&'static Op>, inputs: Vec<usize>, value: Tensor, grad: Tensor }
/// The record of a computation, every node after its inputs.
#[derive(Default)]
pub struct Tape(RefCell<Vec<Node>>);
/// The value at this place of a tape.
#[derive(Clone, Copy)]
pub struct Var<'t>(&'t Tape, usize);

#[rustfmt::skip]
impl Tape {
    /// Records a value that no operation computed.
    pub fn variable(&self, value: &Tensor) -> Var<'_> { self.record(None, &[], value.clone()) }
    /// Evaluates an operation and records it.
    fn push(&self, op: &'static Op, inputs: &[Var<'_>]) -> Var<'_> {
        assert!(inputs.iter().all(|input| std::ptr::eq(input.0, self)), "an input belongs to another tape");
        let x: Vec<Tensor> = inputs.iter().map(|input| input.value()).collect();
        self.record(Some(op), inputs, (op.forward)(&x))
    }
    fn record(&self, op: Option<&'static Op>, inputs: &[Var<'_>], value: Tensor) -> Var<'_> {
        let inputs = inputs.iter().map(|input| input.1).collect();
        let grad = Tensor::from_fn(value.shape, |_, _| 0.0);
        self.0.borrow_mut().push(Node { op, inputs, value, grad });
        Var(self, self.0.borrow().len() - 1)
    }
    /// The chain rule, last node first: a node is reached after all that use it, so its gradient is complete.
    fn backward(&self, last: usize) {
        let mut nodes = self.0.borrow_mut();
        nodes.iter_mut().for_each(|node| node.grad.data.fill(0.0));
        assert_eq!(nodes[last].value.shape, [1, 1], "backward: the loss is one number");
        nodes[last].grad.data.fill(1.0);
        for id in (0..=last).rev() {
            let (before, rest) = nodes.split_at_mut(id);
            let Node { op: Some(op), inputs, grad: dy, .. } = &rest[0] else { continue };
            let x: Vec<Tensor> = inputs.iter().map(|&input| before[input].value.clone()).collect();
            for (i, &input) in inputs.iter().enumerate() {
                // Added, not assigned: in x * x, one value is both inputs.
                before[input].grad = before[input].grad.zip(&(op.vjp)(i, &x, dy), |sum, dx| sum + dx);
            }
        }
    }
}

#[rustfmt::skip]
impl Var<'_> {
    pub fn value(self) -> Tensor { self.0.0.borrow()[self.1].value.clone() }
    pub fn grad(self) -> Tensor { self.0.0.borrow()[self.1].grad.clone() }
    pub fn backward(self) { self.0.backward(self.1) }
    pub fn matmul(self, b: Self) -> Self { self.0.push(&MATMUL, &[self, b]) }
    pub fn relu(self) -> Self { self.0.push(&RELU, &[self]) }
    pub fn softplus(self) -> Self { self.0.push(&SOFTPLUS, &[self]) }
}
#[rustfmt::skip]
impl Add for Var<'_> { type Output = Self; fn add(self, b: Self) -> Self { self.0.push(&ADD, &[self, b]) } }
#[rustfmt::skip]
impl Mul for Var<'_> { type Output = Self; fn mul(self, b: Self) -> Self { self.0.push(&MUL, &[self, b]) } }

/// Stochastic gradient descent: `w = w - rate dL/dw`.
pub fn sgd(w: &mut Tensor, grad: &Tensor, rate: f64) {
    w.data.iter_mut().zip(&grad.data).for_each(|(w, g)| *w -= rate * g);
}

fn main() {
    // XOR; the sign is -1 where the target is 1. The row of 1/4 makes a mean of a column.
    let data = [
        Tensor::from_fn([4, 2], |i, j| [i / 2, i % 2][j] as f64),
        Tensor::from_fn([4, 1], |i, _| [1.0, -1.0, -1.0, 1.0][i]),
        Tensor::from_fn([1, 4], |_, _| 0.25),
    ];
    let start = |i, j| ((1 + 5 * i + 3 * j) as f64).sin();
    let mut weights = [[2, 8], [1, 8], [8, 1], [1, 1]].map(|shape| Tensor::from_fn(shape, start));
    for step in 0..=500 {
        let tape = Tape::default();
        let [w1, b1, w2, b2] = weights.each_ref().map(|w| tape.variable(w));
        let [x, sign, mean] = data.each_ref().map(|data| tape.variable(data));
        let z = (x.matmul(w1) + b1).relu().matmul(w2) + b2;
        let loss = mean.matmul((sign * z).softplus()); // the mean cross-entropy
        if step % 100 == 0 {
            println!("step {step:3}  loss {:.4}  logits {:.2?}", loss.value().data[0], z.value().data);
        }
        loss.backward();
        weights.iter_mut().zip([w1, b1, w2, b2]).for_each(|(w, var)| sgd(w, &var.grad(), 0.5));
    }
}
