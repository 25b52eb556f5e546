//! A random use of an operation, and what only those are drawn from.

use crate::random::Draw;
use losslab_autograd::{Tape, Var};
use losslab_tensor::{Shape, Tensor};

/// A computation to check at these inputs.
pub struct Case {
    pub inputs: Vec<Tensor<f64>>,
    pub call: Call,
    /// What to print if it fails, beside the shapes.
    pub what: String,
}

pub type Call = Box<dyn for<'t> Fn(&'t Tape<f64>, &[Var<'t, f64>]) -> Var<'t, f64>>;

impl Case {
    pub fn new(
        inputs: Vec<Tensor<f64>>,
        what: String,
        call: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64> + 'static,
    ) -> Self {
        Self { inputs, what, call: Box::new(move |_, x| call(x)) }
    }

    pub fn shapes(&self) -> Vec<Shape> {
        self.inputs.iter().map(Tensor::shape).collect()
    }
}

impl Draw {
    pub fn seed(&mut self) -> u64 {
        self.0.next_u64()
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        self.0.shuffle(items);
    }

    /// As [`shape`](Draw::shape), without empty axes.
    pub fn full_shape(&mut self, low: usize, high: usize) -> Vec<usize> {
        self.shape(low, high).into_iter().map(|n| n.max(1)).collect()
    }

    /// So many shapes that broadcast to one: every axis of each may be 1 or missing in front.
    pub fn broadcast(&mut self, count: usize) -> Vec<Vec<usize>> {
        let whole = self.shape(0, 4);
        (0..count)
            .map(|_| {
                let missing = if self.chance(0.3) { self.below(whole.len() + 1) } else { 0 };
                whole[missing..].iter().map(|&n| if self.chance(0.25) { 1 } else { n }).collect()
            })
            .collect()
    }

    /// Numbers in [-3, 3].
    pub fn numbers(&mut self, shapes: &[Vec<usize>]) -> Vec<Tensor<f64>> {
        shapes.iter().map(|shape| self.tensor(shape, (-3.0, 3.0), 0.0)).collect()
    }

    /// Numbers that differ by at least .04 from each other, also between tensors.
    pub fn apart(&mut self, shapes: &[Vec<usize>]) -> Vec<Tensor<f64>> {
        let total: usize = shapes.iter().map(|shape| shape.iter().product::<usize>()).sum();
        let mut places: Vec<usize> = (0..total).collect();
        self.shuffle(&mut places);
        let mut places = places.into_iter();
        let mut next = || {
            let place = places.next().expect("as many as there are elements") as f64;
            (place - total as f64 / 2.0) * 0.1 + self.uniform(-0.03, 0.03)
        };
        shapes.iter().map(|shape| Tensor::from_fn(Shape::new(shape), |_| next())).collect()
    }

    /// Some of the axes, in any order.
    pub fn axes(&mut self, rank: usize) -> Vec<usize> {
        let mut axes: Vec<usize> = (0..rank).collect();
        self.shuffle(&mut axes);
        axes.truncate(self.below(rank + 1));
        axes
    }
}
