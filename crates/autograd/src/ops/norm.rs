//! Group norm and batch norm: one operation, which differs in what shares its statistics.
//!
//! Values are `[.., C]`, seen as rows of C channels. The rows are cut into blocks, the channels into groups;
//! mean and variance are taken over each block and group. Group norm: a block per image. Batch norm: one
//! block, C groups.

use crate::op::{Args, At, Op};
use losslab_tensor::{Float, Kernel, Lane, Lines, Shape, Workers};
use std::ops::Range;

/// Most channels of an input.
const MAX_CHANNELS: usize = 4096;
/// The name by which running statistics find what was saved.
pub(super) const BATCH_NORM: &str = "batch_norm";
/// Rows that are summed one after the other; the sums of such runs are added up in turn. An f32 sum of n rows
/// then carries n / 64 + 64 roundings instead of n, and threads can share the runs without changing the order
/// of the sum.
const RUN: usize = 64;

/// `y = (x - mean) / sqrt(variance + epsilon) * gamma + beta` with mean and variance (the biased one, divided
/// by the number of elements) over each block of rows and group of channels, `gamma [C]`, `beta [C]`.
///
/// With z = (x - mean) / sqrt(variance + epsilon) and g = gamma dy: dx = (g - mean(g) - z mean(g z)) /
/// sqrt(variance + epsilon), the means over block and group; dgamma = sum of dy z, dbeta = sum of dy. Saved:
/// for each block, mean, variance and 1 / sqrt(variance + epsilon) of each channel's group, C numbers each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Norm {
    name: &'static str,
    /// `None`: as many as there are channels.
    groups: Option<usize>,
    /// A block for each index of the first axis, rather than one for all.
    per_image: bool,
    epsilon: f64,
}

impl Norm {
    /// Wu & He 2018, equations 1, 2, 6 and 7.
    pub(crate) fn group(groups: usize, epsilon: f64) -> Self {
        Self { name: "group_norm", groups: Some(groups), per_image: true, epsilon }
    }

    /// Ioffe & Szegedy 2015, algorithm 1.
    pub(crate) fn batch(epsilon: f64) -> Self {
        Self { name: BATCH_NORM, groups: None, per_image: false, epsilon }
    }

    /// The blocks of values of shape `x`, which `shape` has accepted.
    fn layout(&self, x: Shape) -> Layout {
        let (rows, channels) = x.rows_and_columns();
        let blocks = if self.per_image { x.dims()[0] } else { 1 };
        let width = channels / self.groups.unwrap_or(channels);
        Layout { blocks, rows: rows / blocks.max(1), channels, width }
    }
}

impl<T: Float> Op<T> for Norm {
    fn name(&self) -> &'static str {
        self.name
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let [x, gamma, beta] = [inputs[0], inputs[1], inputs[2]];
        let (rows, channels) = x.rows_and_columns();
        if x.rank() < 2 || rows == 0 || !(1..=MAX_CHANNELS).contains(&channels) {
            return Err(format!(
                "values of shape {x}, expected [.., C] with at least one row, C of 1 to {MAX_CHANNELS}"
            ));
        }
        if gamma.dims() != [channels] || beta.dims() != [channels] {
            return Err(format!(
                "values of shape {x}, gamma {gamma}, beta {beta}, expected [{channels}] for both"
            ));
        }
        match self.groups {
            Some(groups) if groups == 0 || channels % groups != 0 => {
                Err(format!("values of shape {x}: {channels} channels do not divide into {groups} groups"))
            }
            _ if self.epsilon > 0.0 => Ok(x),
            _ => Err(format!("epsilon {}, expected more than 0", self.epsilon)),
        }
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], saved: &mut Vec<T>) {
        let (layout, workers) = (self.layout(x.shape(0)), x.workers());
        let (c, [x, gamma, beta]) = (layout.channels, [x.value(0), x.value(1), x.value(2)]);
        saved.resize(layout.blocks * STATISTICS * c, T::default());
        T::with_scratch(layout.blocks * layout.runs() * c, |sums| {
            layout.sum_runs(workers, c, sums, |_, rows, sum| T::dispatch(Sum { x: &x[rows], sum }));
            for (runs, statistics) in layout.by_block(sums).zip(saved.chunks_exact_mut(STATISTICS * c)) {
                add_up(runs.chunks_exact(c), &mut statistics[..c]);
                layout.group_means(&mut statistics[..c]);
            }
            // In a second pass: E[x^2] - E[x]^2 loses all digits where the mean is large.
            layout.sum_runs(workers, c, sums, |block, rows, sum| {
                let mean = &saved[block * STATISTICS * c..][..c];
                T::dispatch(SquaredDeviations { x: &x[rows], mean, sum });
            });
            for (runs, statistics) in layout.by_block(sums).zip(saved.chunks_exact_mut(STATISTICS * c)) {
                let (variance, inverse) = statistics[c..].split_at_mut(c);
                add_up(runs.chunks_exact(c), variance);
                layout.group_means(variance);
                for (inverse, &variance) in inverse.iter_mut().zip(variance.iter()) {
                    *inverse = T::lift(1.0) / (variance + T::lift(self.epsilon)).sqrt();
                }
            }
        });
        layout.by_rows(workers, y, |block, rows, y| {
            let [mean, _, inverse] = statistics(saved, block, c);
            T::dispatch(Normalise { x: &x[rows], mean, inverse, gamma, beta, y });
        });
    }
    /// What all three gradients begin with: the sums of dy and of dy z over each run, C numbers each; then,
    /// for each block, the means of g and of g z over each channel's group.
    fn prepare(&self, at: At<'_, T>, room: &mut Lines<T>) {
        let layout = self.layout(at.shape);
        let (c, x, gamma) = (layout.channels, at.x.value(0), at.x.value(1));
        let (dy, saved) = (at.dy, at.saved);
        let of_runs = layout.blocks * layout.runs() * 2 * c;
        room.resize(of_runs + layout.blocks * 2 * c);
        let (sums, means) = room.split_at_mut(of_runs);
        layout.sum_runs(at.x.workers(), 2 * c, sums, |block, rows, sums| {
            let [mean, _, inverse] = statistics(saved, block, c);
            let (x, dy, sums) = (&x[rows.clone()], &dy[rows], sums.split_at_mut(c));
            T::dispatch(GradientSums { x, dy, mean, inverse, sums });
        });
        for (runs, means) in layout.by_block(sums).zip(means.chunks_exact_mut(2 * c)) {
            add_up(runs.chunks_exact(2 * c), means);
            // gamma is constant over the rows: it may stand outside of the sums.
            means.iter_mut().zip(gamma.iter().chain(gamma)).for_each(|(sum, &gamma)| *sum = gamma * *sum);
            means.chunks_exact_mut(c).for_each(|means| layout.group_means(means));
        }
    }
    fn vjp(&self, i: usize, at: At<'_, T>, dx: &mut [T]) {
        let layout = self.layout(at.shape);
        let c = layout.channels;
        let (sums, means) = at.room.split_at(layout.blocks * layout.runs() * 2 * c);
        let of_runs = sums.chunks_exact(2 * c);
        let (x, gamma, dy, saved) = (at.x.value(0), at.x.value(1), at.dy, at.saved);
        match i {
            0 => layout.by_rows(at.x.workers(), dx, |block, rows, dx| {
                let [mean, _, inverse] = statistics(saved, block, c);
                let means = means[block * 2 * c..][..2 * c].split_at(c);
                let (x, dy) = (&x[rows.clone()], &dy[rows]);
                T::dispatch(InputGradient { x, dy, mean, inverse, gamma, means, dx });
            }),
            1 => add_up(of_runs.map(|sums| &sums[c..]), dx),
            _ => add_up(of_runs.map(|sums| &sums[..c]), dx),
        }
    }
}

/// Mean, variance and `1 / sqrt(variance + epsilon)`.
const STATISTICS: usize = 3;

/// The statistics of a block, C numbers each.
fn statistics<T>(saved: &[T], block: usize, c: usize) -> [&[T]; STATISTICS] {
    std::array::from_fn(|k| &saved[(block * STATISTICS + k) * c..][..c])
}

/// The sum of rows, in their order.
fn add_up<'a, T: Float>(rows: impl Iterator<Item = &'a [T]>, sum: &mut [T]) {
    sum.fill(T::default());
    rows.for_each(|row| sum.iter_mut().zip(row).for_each(|(sum, &x)| *sum += x));
}

/// How many blocks there are, the rows of each, their channels, and how many channels make a group.
#[derive(Clone, Copy)]
struct Layout {
    blocks: usize,
    rows: usize,
    channels: usize,
    width: usize,
}

impl Layout {
    /// Runs of a block.
    fn runs(&self) -> usize {
        self.rows.div_ceil(RUN)
    }

    /// `sum(block, rows, sums)` for each run, on all threads: where the run's numbers stand, and `count`
    /// numbers of `sums` to overwrite.
    fn sum_runs<T: Float>(
        &self,
        workers: &Workers,
        count: usize,
        sums: &mut [T],
        sum: impl Fn(usize, Range<usize>, &mut [T]) + Sync,
    ) {
        let all = self.blocks * self.runs();
        let share = workers.share(all, 1, Workers::NUMBERS.div_ceil(RUN * self.channels));
        workers.chunks_of([sums], [share * count], |piece, [sums]| {
            for (sums, run) in sums.chunks_exact_mut(count).zip(piece * share..) {
                let (block, first) = (run / self.runs(), run % self.runs() * RUN);
                let start = |row: usize| (block * self.rows + row) * self.channels;
                sum(block, start(first)..start(self.rows.min(first + RUN)), sums);
            }
        });
    }

    /// What stands for each run, block by block.
    fn by_block<'a, T>(&self, of_runs: &'a [T]) -> std::slice::ChunksExact<'a, T> {
        of_runs.chunks_exact(of_runs.len() / self.blocks)
    }

    /// Replaces the sums of channels by the mean over their group.
    fn group_means<T: Float>(&self, sums: &mut [T]) {
        let count = T::lift((self.rows * self.width) as f64);
        for group in sums.chunks_exact_mut(self.width) {
            let sum = group.iter().fold(T::lift(0.0), |sum, &x| sum + x);
            group.fill(sum / count);
        }
    }

    /// `write(block, rows, numbers)` for parts of an array of rows, each of one block, on all threads.
    fn by_rows<T: Float>(
        &self,
        workers: &Workers,
        array: &mut [T],
        write: impl Fn(usize, Range<usize>, &mut [T]) + Sync,
    ) {
        let share = workers.share(array.len(), self.channels, Workers::NUMBERS);
        let block = self.rows * self.channels;
        workers.chunks([array], share, |mut start, [mut rest]| {
            while !rest.is_empty() {
                let length = rest.len().min(block - start % block);
                let (part, behind) = std::mem::take(&mut rest).split_at_mut(length);
                write(start / block, start..start + length, part);
                (rest, start) = (behind, start + length);
            }
        });
    }
}

struct Sum<'a, T> {
    x: &'a [T],
    sum: &'a mut [T],
}

impl<T: Float> Kernel<T> for Sum<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let Self { x, sum } = self;
        sum.fill(T::default());
        for x in x.chunks_exact(sum.len()) {
            for (sum, &x) in sum.iter_mut().zip(x) {
                *sum = (R::load(*sum) + R::load(x)).store();
            }
        }
    }
}

/// The sum of (x - mean)^2.
struct SquaredDeviations<'a, T> {
    x: &'a [T],
    mean: &'a [T],
    sum: &'a mut [T],
}

impl<T: Float> Kernel<T> for SquaredDeviations<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let Self { x, mean, sum } = self;
        sum.fill(T::default());
        for x in x.chunks_exact(sum.len()) {
            for ((sum, &x), &mean) in sum.iter_mut().zip(x).zip(mean) {
                let centred = R::load(x) - R::load(mean);
                *sum = centred.mul_add(centred, R::load(*sum)).store();
            }
        }
    }
}

/// y = z gamma + beta.
struct Normalise<'a, T> {
    x: &'a [T],
    mean: &'a [T],
    inverse: &'a [T],
    gamma: &'a [T],
    beta: &'a [T],
    y: &'a mut [T],
}

impl<T: Float> Kernel<T> for Normalise<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let Self { x, mean, inverse, gamma, beta, y } = self;
        let c = mean.len();
        for (y, x) in y.chunks_exact_mut(c).zip(x.chunks_exact(c)) {
            for i in 0..c {
                let z = (R::load(x[i]) - R::load(mean[i])) * R::load(inverse[i]);
                y[i] = z.mul_add(R::load(gamma[i]), R::load(beta[i])).store();
            }
        }
    }
}

/// The sums of dy and of dy z.
struct GradientSums<'a, T> {
    x: &'a [T],
    dy: &'a [T],
    mean: &'a [T],
    inverse: &'a [T],
    sums: (&'a mut [T], &'a mut [T]),
}

impl<T: Float> Kernel<T> for GradientSums<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let Self { x, dy, mean, inverse, sums: (sum, sum_z) } = self;
        let c = mean.len();
        sum.fill(T::default());
        sum_z.fill(T::default());
        for (x, dy) in x.chunks_exact(c).zip(dy.chunks_exact(c)) {
            for i in 0..c {
                let z = (R::load(x[i]) - R::load(mean[i])) * R::load(inverse[i]);
                sum[i] = (R::load(dy[i]) + R::load(sum[i])).store();
                sum_z[i] = z.mul_add(R::load(dy[i]), R::load(sum_z[i])).store();
            }
        }
    }
}

/// dx, from the means of g and of g z.
struct InputGradient<'a, T> {
    x: &'a [T],
    dy: &'a [T],
    mean: &'a [T],
    inverse: &'a [T],
    gamma: &'a [T],
    means: (&'a [T], &'a [T]),
    dx: &'a mut [T],
}

impl<T: Float> Kernel<T> for InputGradient<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let Self { x, dy, mean, inverse, gamma, means: (mean_g, mean_gz), dx } = self;
        let c = mean.len();
        for ((dx, x), dy) in dx.chunks_exact_mut(c).zip(x.chunks_exact(c)).zip(dy.chunks_exact(c)) {
            for i in 0..c {
                let inverse = R::load(inverse[i]);
                let z = (R::load(x[i]) - R::load(mean[i])) * inverse;
                let g = R::load(gamma[i]) * R::load(dy[i]);
                dx[i] = ((g - R::load(mean_g[i]) - z * R::load(mean_gz[i])) * inverse).store();
            }
        }
    }
}
