//! One job that updates all parameters.
//!
//! A job for each would hand over more often than it computes: of the parameters of an MLP 32-64-64-1 the
//! largest has 4096 numbers. Done by one thread alone they took 6 of the 58 microseconds of a training step,
//! for the lines of the cache that the other thread has read, or written, and gives up one by one.

use losslab_tensor::{Float, Workers, prefetch_to_write};

/// Parts that a job has room for.
const MOST: usize = 64;

/// Fewer numbers than this one thread updates by itself.
const SHARED: usize = 2048;

/// Numbers of a part, but for the last of a parameter: whole lines of the cache.
const LEAST: usize = 64;

/// Numbers that are updated while the lines of the weights behind them are taken back from the other cores,
/// which have read them: waiting for one line after the other took two thirds of an update on two cores.
pub(super) const STRETCH: usize = 256;

/// A parameter or a part of one.
pub(super) struct Part<'a, T, F, const N: usize> {
    pub value: &'a mut [T],
    pub grad: &'a [T],
    /// What the optimiser remembers of each number.
    pub state: [&'a mut [T]; N],
    /// What all numbers of the parameter share.
    pub factors: F,
}

impl<'a, T, F: Copy, const N: usize> Part<'a, T, F, N> {
    /// At most `parts` parts of one length, but for the last.
    fn cut(self, parts: usize) -> impl Iterator<Item = Self> + use<'a, T, F, N> {
        let size = self.value.len().div_ceil(parts).next_multiple_of(LEAST).max(LEAST);
        let mut state = self.state.map(|state| state.chunks_mut(size));
        self.value.chunks_mut(size).zip(self.grad.chunks(size)).map(move |(value, grad)| Part {
            value,
            grad,
            state: state.each_mut().map(|state| state.next().unwrap_or_default()),
            factors: self.factors,
        })
    }
}

/// Takes a step for each number of these parameters, `total` in all.
///
/// Piece i of the job has part i of every parameter: a thread updates the rows of a weight whose gradient it
/// has computed.
pub(super) fn update<'a, T: Float, F: Copy + Send + Sync, const N: usize>(
    workers: &Workers,
    total: usize,
    mut params: impl Iterator<Item = Part<'a, T, F, N>>,
    step: impl Fn(Part<'a, T, F, N>) + Sync,
) {
    let parts = match workers.threads() {
        1 => return params.for_each(step),
        _ if total < SHARED => return params.for_each(step),
        threads => (2 * threads).min(MOST),
    };
    let at_a_time = MOST / parts;
    loop {
        let mut room: [Option<Part<'a, T, F, N>>; MOST] = [const { None }; MOST];
        let mut count = 0;
        for param in params.by_ref().take(at_a_time) {
            for (i, part) in param.cut(parts).enumerate() {
                room[i * at_a_time + count] = Some(part);
            }
            count += 1;
        }
        if count == 0 {
            return;
        }
        workers.chunks([&mut room[..parts * at_a_time]], at_a_time, |_, [piece]| {
            piece.iter_mut().filter_map(Option::take).for_each(&step);
        });
    }
}

/// The stretches of so many numbers, one after the other; of `value` the one after the next is asked for
/// meanwhile.
#[inline(always)]
pub(super) fn stretches<T>(value: &mut [T], mut step: impl FnMut(std::ops::Range<usize>, &mut [T])) {
    let n = value.len();
    prefetch_to_write(&value[..n.min(2 * STRETCH)], 0);
    for start in (0..n).step_by(STRETCH) {
        let at = |i: usize| n.min(start + i * STRETCH);
        prefetch_to_write(&value[at(2)..at(3)], 0);
        step(start..at(1), &mut value[start..at(1)]);
    }
}
