//! The sum of the rows of a matrix: the gradient of a bias.

use losslab_tensor::{Float, Kernel, Lane, Workers};

/// Numbers of a shard, whose sum is one piece of work: about a microsecond.
const SHARD: usize = 8 * 1024;
/// Most numbers of all sums of shards, which stand on the stack.
const SUMS: usize = 4096;
/// Sums that run side by side: with 16 columns a single row of sums would wait for each addition (44 instead of
/// 8 microseconds for 16384 rows).
const LANES: usize = 128;

/// `sum = ` the sum of the rows of `x`, which are as long as `sum`.
///
/// The order of the sum depends on the shape alone: rows in turn into lanes, the lanes in order, shards of rows in order.
pub(super) fn sum_rows<T: Float>(workers: &Workers, x: &[T], sum: &mut [T]) {
    let columns = sum.len().max(1);
    let rows = (SHARD / columns).max(1).max((x.len() / columns).div_ceil((SUMS / columns).max(1)));
    let shards = x.len().div_ceil(rows * columns);
    if shards <= 1 || shards * columns > SUMS {
        return T::dispatch(SumRows { x, sum });
    }
    let mut sums = [T::default(); SUMS];
    let sums = &mut sums[..shards * columns];
    workers.chunks([&mut *sums], columns, |start, [sum]| {
        let first = start * rows;
        T::dispatch(SumRows { x: &x[first..x.len().min(first + rows * columns)], sum });
    });
    T::dispatch(SumRows { x: sums, sum });
}

struct SumRows<'a, T> {
    x: &'a [T],
    sum: &'a mut [T],
}

impl<T: Float> Kernel<T> for SumRows<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let columns = self.sum.len().max(1);
        self.sum.fill(T::default());
        let add = |sum: &mut [T], x: &[T]| {
            for (sum, &x) in sum.iter_mut().zip(x) {
                *sum = (R::load(*sum) + R::load(x)).store();
            }
        };
        if columns > LANES {
            return self.x.chunks_exact(columns).for_each(|row| add(self.sum, row));
        }
        let mut lanes = [T::default(); LANES];
        let lanes = &mut lanes[..LANES / columns * columns];
        self.x.chunks(lanes.len()).for_each(|rows| add(lanes, rows));
        lanes.chunks_exact(columns).for_each(|row| add(self.sum, row));
    }
}
