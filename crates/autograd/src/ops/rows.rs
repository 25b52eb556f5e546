//! The sum of the rows of a matrix: the gradient of a bias, also behind a ReLU.

use super::pointwise::chain;
use losslab_tensor::{Float, Kernel, Lane, Workers};

/// Numbers of a shard, whose sum is one piece of work: about a microsecond.
const SHARD: usize = 8 * 1024;
/// Most numbers of all sums of shards, which stand on the stack.
const SUMS: usize = 4096;
/// Sums that run side by side: with 16 columns a single row of sums would wait for each addition (44 instead
/// of 8 microseconds for 16384 rows).
const LANES: usize = 128;

/// `sum = ` the sum of the rows of `x`, which are as long as `sum`.
///
/// The order of the sum depends on the shape alone: rows in turn into lanes, the lanes in order, shards of
/// rows in order.
pub(super) fn sum_rows<T: Float>(workers: &Workers, x: &[T], sum: &mut [T]) {
    let Some((rows, shards)) = shards(x.len(), sum.len()) else {
        return T::dispatch(SumRows { x, sum });
    };
    let (mut sums, columns) = ([T::default(); SUMS], sum.len());
    let sums = &mut sums[..shards * columns];
    workers.chunks([&mut *sums], columns, |start, [sum]| {
        let first = start * rows;
        T::dispatch(SumRows { x: &x[first..x.len().min(first + rows * columns)], sum });
    });
    T::dispatch(SumRows { x: sums, sum });
}

/// What goes back through a ReLU with the output `y`: `dx = dy` where y is above 0, and the sum of its rows,
/// as [`sum_rows`] takes it.
pub(super) fn relu_gradient<T: Float>(workers: &Workers, y: &[T], dy: &[T], dx: &mut [T], sum: &mut [T]) {
    let Some((rows, shards)) = shards(y.len(), sum.len()) else {
        return T::dispatch(ReluGradient { y, dy, dx, sum });
    };
    let (mut sums, columns) = ([T::default(); SUMS], sum.len());
    let sums = &mut sums[..shards * columns];
    workers.chunks_of([dx, &mut *sums], [rows * columns, columns], |shard, [dx, sum]| {
        let here = shard * rows * columns..shard * rows * columns + dx.len();
        T::dispatch(ReluGradient { y: &y[here.clone()], dy: &dy[here], dx, sum });
    });
    T::dispatch(SumRows { x: sums, sum });
}

/// Rows of a shard and the number of shards, unless there is but one, or their sums are too many.
fn shards(length: usize, columns: usize) -> Option<(usize, usize)> {
    let columns = columns.max(1);
    let rows = (SHARD / columns).max(1).max((length / columns).div_ceil((SUMS / columns).max(1)));
    let shards = length.div_ceil(rows * columns);
    (shards > 1 && shards * columns <= SUMS).then_some((rows, shards))
}

struct ReluGradient<'a, T> {
    y: &'a [T],
    dy: &'a [T],
    dx: &'a mut [T],
    sum: &'a mut [T],
}

impl<T: Float> Kernel<T> for ReluGradient<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        for ((dx, &dy), &y) in self.dx.iter_mut().zip(self.dy).zip(self.y) {
            // NaN is not at most 0, and lets through what comes.
            let slope = R::select(R::load(y) <= R::lift(0.0), R::lift(0.0), R::lift(1.0));
            *dx = chain(R::load(dy), slope).store();
        }
        SumRows { x: self.dx, sum: self.sum }.run::<R>();
    }
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
