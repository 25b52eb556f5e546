//! Random cases, and what they are drawn from: what the tests `jacobian` of three crates share. `lengths.rs` adds shapes,
//! `case.rs` what only uses of operations are drawn from.

use losslab_tensor::rng::Rng;
use losslab_tensor::{Shape, Tensor};

/// Calls `check` with the number of each case: `LOSSLAB_GRADIENT_CASES` of them, or as many as a quick test has time for,
/// from the seed `LOSSLAB_GRADIENT_SEED`, or 1. Returns how many.
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

    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.uniform()
    }

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
}
