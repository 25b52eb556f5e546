//! The running statistics of batch norm: buffers outside of the gradient.

use super::norm::BATCH_NORM;
use crate::Var;
use losslab_tensor::Float;

/// The mean and the variance of each channel that batch norm uses in evaluation: exponential averages of the
/// batches'.
///
/// They stand outside of the gradient; a model keeps one beside each batch norm and saves it with its
/// parameters.
///
/// ```
/// use losslab_autograd::{RunningStatistics, Tape};
/// let tape = Tape::<f64>::new();
/// let [gamma, beta] = [1.0, 0.0].map(|value| tape.constant([1], &[value]));
/// let mut running = RunningStatistics::new(1);
/// let y = tape.constant([2, 1], &[3.0, 5.0]).batch_norm(gamma, beta, 1e-5);
/// running.update(y, 0.1); // after the step: mean 4, unbiased variance 2
/// assert!((running.mean[0] - 0.4).abs() < 1e-15 && (running.variance[0] - 1.1).abs() < 1e-15);
/// let y = running.normalise(tape.constant([1, 1], &[0.4]), gamma, beta, 1e-5);
/// assert!(y.item().abs() < 1e-12);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RunningStatistics<T> {
    /// Mean of each channel.
    pub mean: Vec<T>,
    /// Variance of each channel.
    pub variance: Vec<T>,
}

impl<T: Float> RunningStatistics<T> {
    /// Mean 0 and variance 1, as in PyTorch.
    pub fn new(channels: usize) -> Self {
        Self { mean: vec![T::default(); channels], variance: vec![T::lift(1.0); channels] }
    }

    /// `r = (1 - momentum) r + momentum b`, with b the mean and the unbiased variance (divided by n - 1) of
    /// the batch that `y`, the result of a `batch_norm`, was normalised with: PyTorch's rule and its meaning
    /// of momentum. A batch of one row has no unbiased variance; its biased one, 0, is taken.
    ///
    /// # Panics
    /// If `y` is no result of a `batch_norm` over as many channels.
    #[track_caller]
    pub fn update(&mut self, y: Var<'_, T>, momentum: f64) {
        let (shape, own) = (y.shape(), self.mean.len());
        let (rows, channels) = shape.rows_and_columns();
        let Some(saved) = y.saved_by(BATCH_NORM) else {
            panic!("running statistics: the value is no batch_norm")
        };
        assert!(channels == own, "running statistics of {own} channels: a batch_norm of shape {shape}");
        let unbiased = T::lift(rows as f64 / rows.saturating_sub(1).max(1) as f64);
        let average = |running: T, batch: T| running + T::lift(momentum) * (batch - running);
        let (mean, variance) = (&saved[..own], &saved[own..2 * own]);
        self.mean.iter_mut().zip(mean).for_each(|(r, &b)| *r = average(*r, b));
        self.variance.iter_mut().zip(variance).for_each(|(r, &b)| *r = average(*r, b * unbiased));
    }

    /// Batch norm in evaluation: `y = (x - mean) / sqrt(variance + epsilon) * gamma + beta` with these
    /// statistics, for `x [.., C]`. Gradients flow to x, gamma and beta.
    #[track_caller]
    pub fn normalise<'t>(
        &self,
        x: Var<'t, T>,
        gamma: Var<'t, T>,
        beta: Var<'t, T>,
        epsilon: f64,
    ) -> Var<'t, T> {
        let tape = x.tape();
        let mean = tape.constant([self.mean.len()], &self.mean);
        let variance = tape.constant([self.variance.len()], &self.variance);
        let scale = gamma / (variance + tape.constant([], &[T::lift(epsilon)])).sqrt();
        (x - mean) * scale + beta
    }
}
