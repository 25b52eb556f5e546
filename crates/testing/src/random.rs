//! Random cases, and what they are drawn from: for the tests `jacobian` of three crates.

use losslab_base::rng::Rng;
use losslab_tensor::{Shape, Tensor};

/// Calls `check` with the number of each case: `LOSSLAB_GRADIENT_CASES` of them, or as many as a quick test
/// has time for, from the seed `LOSSLAB_GRADIENT_SEED`, or 1. Returns how many.
///
/// # Panics
/// If one of the two is no whole number.
pub fn cases(quick: usize, stream: usize, mut check: impl FnMut(&mut Draw, u64)) -> usize {
    let number = |name: &str, default: usize| {
        std::env::var(name)
            .map_or(default, |text| text.parse().unwrap_or_else(|e| panic!("{name}={text}: {e}")))
    };
    let (count, seed) = (number("LOSSLAB_GRADIENT_CASES", quick), number("LOSSLAB_GRADIENT_SEED", 1));
    for case in 0..count as u64 {
        let mut rng = Rng::stream(seed as u64, stream as u64);
        check(&mut Draw(rng.fork(case)), case);
    }
    count
}

/// What random cases are drawn from.
#[derive(Debug)]
pub struct Draw(pub Rng);

impl Draw {
    /// One of 0, .., n - 1.
    pub fn below(&mut self, n: usize) -> usize {
        self.0.below(n as u64) as usize
    }

    /// One of low, .., high.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// A number of the interval.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.uniform()
    }

    /// True with this probability.
    pub fn chance(&mut self, p: f64) -> bool {
        self.0.uniform() < p
    }

    /// Numbers in the interval, none closer than `gap` to 0.
    pub fn tensor(&mut self, shape: &[usize], interval: (f64, f64), gap: f64) -> Tensor<f64> {
        Tensor::from_fn(Shape::new(shape), |_| {
            loop {
                let x = self.uniform(interval.0, interval.1);
                if x.abs() >= gap {
                    break x;
                }
            }
        })
    }

    /// A seed for something else.
    pub fn seed(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Brings items into a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        self.0.shuffle(items);
    }

    /// The length of an axis: often 1, else up to 5.
    pub fn length(&mut self) -> usize {
        if self.chance(0.25) { 1 } else { self.between(2, 5) }
    }

    /// The length of an axis that may be empty.
    pub fn length_or_none(&mut self) -> usize {
        if self.chance(0.04) { 0 } else { self.length() }
    }

    /// A shape of so many axes, some of them empty, and of at most 60 elements.
    pub fn shape(&mut self, low: usize, high: usize) -> Vec<usize> {
        let rank = self.between(low, high);
        let mut shape: Vec<usize> = (0..rank).map(|_| self.length_or_none()).collect();
        while shape.iter().product::<usize>() > 60 {
            let axis = self.below(rank);
            shape[axis] = 1;
        }
        shape
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
