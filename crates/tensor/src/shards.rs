//! Long sums in two shards, so that each thread reads what it has written.
//!
//! The gradient of weights is a sum over all rows of a batch, or all positions of its images. Cut by its
//! output alone, every thread would read the whole batch, half of which stands in the other thread's cache.
//! So where the batch is large beside the weights, its first half and its second half are summed apart, and
//! the two sums added. The shape alone says whether: the bits do not depend on the number of threads.
//!
//! (A layer forward whose weights are large beside its batch would gain, too: 7 % of a step of an MLP
//! 784-256-128-10, since each thread would read the half of the weights that it has updated. But then the
//! bits of a row would depend on the rows beside it.)

use crate::{Float, Kernel, Lane, Workers};

/// Whether a sum of `length` products of columns of `rows` and rows of `columns` numbers reads so much more
/// than it writes that shards pay.
pub(crate) fn pay(length: usize, rows: usize, columns: usize) -> bool {
    length >= 2 && length.saturating_mul(rows + columns) > rows.saturating_mul(columns).saturating_mul(4)
}

/// `out = sum of shard 0 + sum of shard 1`, for `rows x columns` numbers: `sum(shard, first row, rows)`
/// overwrites some rows of the sum of a shard.
pub(crate) fn in_shards<T: Float>(
    workers: &Workers,
    columns: usize,
    out: &mut [T],
    sum: impl Fn(usize, usize, &mut [T]) + Sync,
) {
    let rows = out.len() / columns.max(1);
    if rows == 0 {
        return;
    }
    let share = rows.div_ceil(workers.threads().div_ceil(2)).next_multiple_of(8);
    let stride = rows.div_ceil(share) * share * columns;
    T::with_scratch(2 * stride, |parts| {
        workers.chunks([&mut *parts], share * columns, |start, [part]| {
            let (shard, first) = (start / stride, start % stride / columns);
            sum(shard, first, &mut part[..share.min(rows - first) * columns]);
        });
        let (a, b) = parts.split_at(stride);
        workers.chunks([out], workers.share(rows * columns, 16, Workers::NUMBERS), |start, [out]| {
            T::dispatch(Add { a: &a[start..], b: &b[start..], out });
        });
    });
}

struct Add<'a, T> {
    a: &'a [T],
    b: &'a [T],
    out: &'a mut [T],
}

impl<T: Float> Kernel<T> for Add<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        for ((out, &a), &b) in self.out.iter_mut().zip(self.a).zip(self.b) {
            *out = (R::load(a) + R::load(b)).store();
        }
    }
}
