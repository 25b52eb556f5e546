//! Large batches in chunks that threads share: the sum does not depend on how many there are.

use crate::batch::{Batch, BatchError, Targets};
use crate::criterion::Scalar;
use crate::evaluate::Outputs;
use losslab_tensor::Workers;
use std::ops::Range;
use std::sync::LazyLock;

/// Logits of a chunk at least: 5 microseconds of focal loss, ten hand-overs. Shorter batches are one chunk on
/// the calling thread.
const LOGITS: usize = 8192;

/// Most chunks of a batch: they stand on the stack, and a training step allocates nothing. (Each fills the
/// buffers of its head with zeros, 16 KB for softmax, so that more of them would cost more.)
const MOST: usize = 32;

/// Logits of a batch that no cache holds: 4 million take 50 MB with targets and gradients.
const FAR: usize = 4 << 20;

/// The threads of losses that no tape lends its own: as many as rayon would use, started by the first large
/// batch.
///
/// They look for more before they sleep. Waking threads of rayon's pool for each batch, which sleep, as its
/// caller does, took a tenth of the time of a million logits of focal loss. A caller that belongs to a pool
/// works alone: its other threads have work.
pub(crate) fn shared() -> &'static Workers {
    static SHARED: LazyLock<Workers> = LazyLock::new(|| Workers::new(rayon::current_num_threads()));
    if rayon::current_thread_index().is_some() { Workers::alone() } else { &SHARED }
}

/// Runs `head` on each chunk of the batch and adds up what it returns, in the order of the chunks.
///
/// # Errors
/// Of the first chunk that fails, with its place in the whole batch.
pub(crate) fn sum<T: Scalar>(
    workers: &Workers,
    batch: &Batch<'_, T>,
    out: Outputs<'_, T>,
    head: impl Fn(&Batch<'_, T>, Outputs<'_, T>) -> Result<f64, BatchError> + Sync,
) -> Result<f64, BatchError> {
    let per_loss = batch.targets.classes().unwrap_or(1);
    let count = batch.targets.len();
    // Whole blocks of either head: 1024 logits, 64 rows.
    let block = if per_loss == 1 { 1024 } else { 64 };
    let size = (LOGITS / per_loss).max(count.div_ceil(MOST)).next_multiple_of(block);
    if count <= size {
        return head(batch, out);
    }
    let mut chunks: [_; MOST] = std::array::from_fn(|_| None);
    let used =
        chunks.iter_mut().zip(out.chunks(size, per_loss)).map(|(chunk, out)| *chunk = Some((out, Ok(0.0))));
    let used = used.count();
    workers.chunks([&mut chunks[..used]], 1, |i, [chunk]| {
        for (out, sum) in chunk.iter_mut().flatten() {
            let start = i * size;
            let part = batch.part(start..count.min(start + size), per_loss);
            *sum = head(&part, out.reborrow()).map_err(|error| error.shifted(start));
        }
    });
    chunks.iter_mut().filter_map(Option::take).map(|(_, sum)| sum).sum()
}

impl<'a, T: Scalar> Batch<'a, T> {
    /// The losses of this range.
    fn part(&self, range: Range<usize>, per_loss: usize) -> Batch<'a, T> {
        Batch {
            logits: &self.logits[range.start * per_loss..range.end * per_loss],
            targets: match self.targets {
                Targets::Sigmoid { targets, columns } => {
                    Targets::Sigmoid { targets: &targets[range.clone()], columns }
                }
                Targets::Softmax { targets, classes } => {
                    Targets::Softmax { targets: &targets[range.clone()], classes }
                }
            },
            weights: self.weights.map(|weights| &weights[range.clone()]),
            valid: self.valid.map(|valid| &valid[range]),
        }
    }
}

impl<'a, T> Outputs<'a, T> {
    /// The outputs of each chunk of `size` losses.
    fn chunks(self, size: usize, per_loss: usize) -> impl Iterator<Item = Outputs<'a, T>> {
        let mut values = self.values.map(|values| values.chunks_mut(size));
        let mut hardness = self.hardness.map(|hardness| hardness.chunks_mut(size));
        let far = self.grad.len() >= FAR;
        self.grad.chunks_mut(size * per_loss).map(move |grad| Outputs {
            values: values.as_mut().and_then(Iterator::next),
            hardness: hardness.as_mut().and_then(Iterator::next),
            grad,
            far,
        })
    }

    fn reborrow(&mut self) -> Outputs<'_, T> {
        Outputs {
            values: self.values.as_deref_mut(),
            hardness: self.hardness.as_deref_mut(),
            grad: self.grad,
            far: self.far,
        }
    }
}

impl BatchError {
    /// The error, where its place was counted from `start` on.
    fn shifted(mut self, start: usize) -> Self {
        match &mut self {
            BatchError::Target { index, .. }
            | BatchError::SoftTarget { index, .. }
            | BatchError::Class { index, .. } => *index += start,
            BatchError::Length { .. }
            | BatchError::Head { .. }
            | BatchError::Undivided { .. }
            | BatchError::NoMargin { .. }
            | BatchError::Weights { .. } => {}
        }
        self
    }
}
