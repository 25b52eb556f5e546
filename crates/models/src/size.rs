//! How much memory a network takes.

/// The size of a network, estimated before any memory is taken for it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NetworkSize {
    /// Its weights.
    pub weights: f64,
    /// The numbers that one example leaves on the tape in a forward pass.
    pub numbers: f64,
}

/// Bytes of a number.
const F32: f64 = size_of::<f32>() as f64;

impl NetworkSize {
    /// Bytes of the weights in training: each with its gradient, the moments of its optimiser, and its best
    /// value so far.
    pub fn weight_bytes(&self, moments: usize) -> u64 {
        (self.weights * F32 * (3 + moments) as f64) as u64
    }

    /// Bytes of a training step on so many examples: each number with its gradient.
    pub fn step_bytes(&self, examples: usize) -> u64 {
        (self.numbers * F32 * 2.0 * examples as f64) as u64
    }

    /// Bytes of scoring so many examples at a time.
    pub fn scoring_bytes(&self, examples: usize) -> u64 {
        (self.numbers * F32 * examples as f64) as u64
    }
}
