//! What a training takes in memory, estimated before any of it is taken.

use losslab_base::Bytes;
use losslab_models::NetworkSize;
use std::fmt;

/// Bytes that trainings take. It is an estimate of what grows with the settings, not of all that is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// The data, as they are trained on.
    pub data: u64,
    /// Weights, gradients and the state of the optimiser.
    pub weights: u64,
    /// What a step leaves on the tape.
    pub steps: u64,
}

impl Memory {
    /// One training of such a network with steps of `batch` examples, whose optimiser has so many `moments`
    /// per weight; `scored` examples are scored at a time.
    pub fn of_training(data: u64, size: NetworkSize, moments: usize, batch: usize, scored: usize) -> Self {
        let steps = size.step_bytes(batch).max(size.scoring_bytes(scored));
        Self { data, weights: size.weight_bytes(moments), steps }
    }

    /// So many trainings at a time on the same data.
    #[must_use]
    pub fn times(self, trainings: usize) -> Self {
        let times = |bytes: u64| bytes.saturating_mul(trainings as u64);
        Self { data: self.data, weights: times(self.weights), steps: times(self.steps) }
    }

    /// All of it.
    pub fn total(&self) -> u64 {
        self.data.saturating_add(self.weights).saturating_add(self.steps)
    }

    /// Refuses more than so many bytes.
    ///
    /// # Errors
    /// What is needed, and for what.
    pub fn check(&self, most: u64) -> Result<(), String> {
        match self.total() > most {
            true => Err(format!("needs about {self}, expected at most {} (--max-memory)", Bytes(most))),
            false => Ok(()),
        }
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [total, data, weights, steps] = [self.total(), self.data, self.weights, self.steps].map(Bytes);
        write!(f, "{total} of memory (data {data}, weights and optimiser {weights}, training steps {steps})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_add_up_and_the_limit_is_kept() {
        // Adam: value, gradient, best value and two moments of 4 bytes; a number of a step with its gradient.
        let size = NetworkSize { weights: 1000.0, numbers: 50.0 };
        let one = Memory::of_training(7, size, 2, 10, 1);
        assert_eq!(one, Memory { data: 7, weights: 20_000, steps: 4000 });
        let two = one.times(2);
        assert_eq!(two.total(), 7 + 2 * 24_000);
        assert_eq!(two.check(two.total()), Ok(()));
        assert_eq!(
            two.check(1024).unwrap_err(),
            "needs about 46.9 KiB of memory (data 7 bytes, weights and optimiser 39.1 KiB, training steps \
             7.8 KiB), expected at most 1.0 KiB (--max-memory)"
        );
        // Absurd sizes stay at the greatest number.
        let absurd = NetworkSize { weights: 1e30, numbers: 1e30 };
        assert_eq!(Memory::of_training(1, absurd, 2, 1, 1).times(9).total(), u64::MAX);
    }
}
