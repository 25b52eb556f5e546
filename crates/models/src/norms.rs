//! What a network with batch norm keeps beside its parameters: the running statistics.

use losslab_autograd::{RunningStatistics, Var};
use losslab_tensor::Float;

/// What follows a convolution, before its ReLU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// Batch norm (Ioffe & Szegedy 2015), with running statistics in [`BatchNorms`](crate::BatchNorms).
    Batch,
    /// Group norm with so many groups (Wu & He 2018): no statistics beyond the image.
    Group(usize),
    /// Nothing; the convolution has a bias instead.
    None,
}

/// The share of the new batch in the running statistics, as in PyTorch.
const MOMENTUM: f64 = 0.1;

/// The running statistics of a network's batch norms, named so that they can be saved with its parameters.
///
/// Updated by every forward pass of training (r = .9 r + .1 batch; PyTorch's rule), read by those of
/// evaluation. Without batch norm there are none.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchNorms<T> {
    norms: Vec<Named<T>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Named<T> {
    mean_name: String,
    variance_name: String,
    statistics: RunningStatistics<T>,
}

impl<T: Float> BatchNorms<T> {
    /// Mean 0 and variance 1 for each norm: its name and its number of channels, as
    /// [`Network::norms`](crate::Network::norms) lists them.
    pub fn new(norms: &[(String, usize)]) -> Self {
        let norms = norms.iter().map(|(name, channels)| Named {
            mean_name: format!("{name}.running_mean"),
            variance_name: format!("{name}.running_variance"),
            statistics: RunningStatistics::new(*channels),
        });
        Self { norms: norms.collect() }
    }

    /// The names and numbers of all buffers, in a fixed order: `NAME.running_mean`, `NAME.running_variance`
    /// of each norm, one number per channel.
    pub fn named(&self) -> impl Iterator<Item = (&str, &[T])> {
        self.norms.iter().flat_map(|norm| {
            let RunningStatistics { mean, variance } = &norm.statistics;
            [(&norm.mean_name[..], &mean[..]), (&norm.variance_name[..], &variance[..])]
        })
    }

    /// The same, to change: what loading writes to.
    pub fn named_mut(&mut self) -> impl Iterator<Item = (&str, &mut [T])> {
        self.norms.iter_mut().flat_map(|norm| {
            let RunningStatistics { mean, variance } = &mut norm.statistics;
            [(&norm.mean_name[..], &mut mean[..]), (&norm.variance_name[..], &mut variance[..])]
        })
    }

    /// The same numbers rounded to another type.
    pub fn cast<U: Float>(&self) -> BatchNorms<U> {
        let cast = |numbers: &[T]| numbers.iter().map(|&x| U::from_f64(x.to_f64())).collect();
        let norms = self.norms.iter().map(|norm| Named {
            mean_name: norm.mean_name.clone(),
            variance_name: norm.variance_name.clone(),
            statistics: RunningStatistics {
                mean: cast(&norm.statistics.mean),
                variance: cast(&norm.statistics.variance),
            },
        });
        BatchNorms { norms: norms.collect() }
    }

    pub(crate) fn statistics(&self, norm: usize) -> &RunningStatistics<T> {
        &self.norms[norm].statistics
    }

    /// Takes in the batch that `y`, the result of a `batch_norm`, was normalised with.
    pub(crate) fn update(&mut self, norm: usize, y: Var<'_, T>) {
        self.norms[norm].statistics.update(y, MOMENTUM);
    }
}
