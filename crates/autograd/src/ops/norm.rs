//! Group norm and batch norm: one operation, which differs in what shares its statistics.
//!
//! Values are `[.., C]`, seen as rows of C channels. The rows are cut into blocks, the channels into groups; mean and
//! variance are taken over each block and group. Group norm: a block per image. Batch norm: one block, C groups.

use crate::op::{Args, At, Op};
use losslab_tensor::{Float, Kernel, Lane, Shape};

/// Most channels: sums per channel stand on the stack.
const MAX_CHANNELS: usize = 4096;
/// The name by which running statistics find what was saved.
pub(super) const BATCH_NORM: &str = "batch_norm";
/// Rows that are summed one after the other; the sums of such runs are added up in turn. An f32 sum of n rows then
/// carries n / 64 + 64 roundings instead of n.
const RUN: usize = 64;

/// `y = (x - mean) / sqrt(variance + epsilon) * gamma + beta` with mean and variance (the biased one, divided by the
/// number of elements) over each block of rows and group of channels, `gamma [C]`, `beta [C]`.
///
/// With z = (x - mean) / sqrt(variance + epsilon) and g = gamma dy: dx = (g - mean(g) - z mean(g z)) / sqrt(variance +
/// epsilon), the means over block and group; dgamma = sum of dy z, dbeta = sum of dy. Saved: for each block, the mean
/// and the variance of each channel's group, C numbers each.
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
        Layout { rows: rows / blocks.max(1), channels, width, epsilon: self.epsilon }
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
        let layout = self.layout(x.shape(0));
        let block = layout.rows * layout.channels;
        saved.resize(y.len() / block * 2 * layout.channels, T::default());
        let statistics = saved.chunks_exact_mut(2 * layout.channels);
        for ((y, x0), statistics) in
            y.chunks_exact_mut(block).zip(x.value(0).chunks_exact(block)).zip(statistics)
        {
            T::dispatch(Forward { layout, x: x0, gamma: x.value(1), beta: x.value(2), y, statistics });
        }
    }
    fn vjp(&self, i: usize, at: At<'_, T>, dx: &mut [T]) {
        let layout = self.layout(at.shape);
        let block = layout.rows * layout.channels;
        let blocks = at.x.value(0).chunks_exact(block).zip(at.dy.chunks_exact(block));
        let blocks = blocks.zip(at.saved.chunks_exact(2 * layout.channels));
        let backward = |x, dy, statistics| Backward { layout, x, dy, statistics };
        if i == 0 {
            for (((x, dy), statistics), dx) in blocks.zip(dx.chunks_exact_mut(block)) {
                T::dispatch(InputGradient { at: backward(x, dy, statistics), gamma: at.x.value(1), dx });
            }
            return;
        }
        dx.fill(T::default());
        for ((x, dy), statistics) in blocks {
            T::dispatch(ParameterGradient { at: backward(x, dy, statistics), gamma: i == 1, sum: dx });
        }
    }
}

/// One block: its rows, their channels, how many channels make a group.
#[derive(Clone, Copy)]
struct Layout {
    rows: usize,
    channels: usize,
    width: usize,
    epsilon: f64,
}

impl Layout {
    /// `1 / sqrt(variance + epsilon)` of each channel.
    #[inline(always)]
    fn inverse_deviations<T: Float, R: Lane<T>>(&self, variances: &[T], inverse: &mut [T]) {
        for (inverse, &variance) in inverse.iter_mut().zip(variances) {
            *inverse = (R::lift(1.0) / (R::load(variance) + R::lift(self.epsilon)).sqrt()).store();
        }
    }

    /// Adds to `sums` the sum over the rows of what `add(row, run)` adds to a run's sums for one row.
    #[inline(always)]
    fn sum_rows<T: Float, R: Lane<T>>(&self, sums: &mut [T], mut add: impl FnMut(usize, &mut [T])) {
        let mut buffer = [T::default(); MAX_CHANNELS];
        let run = &mut buffer[..self.channels];
        for first in (0..self.rows).step_by(RUN) {
            run.fill(T::default());
            // Not `for_each`: it is a function of its own, which the instruction set would not reach.
            for row in first..self.rows.min(first + RUN) {
                add(row * self.channels, run);
            }
            for (sum, &run) in sums.iter_mut().zip(run.iter()) {
                *sum = (R::load(*sum) + R::load(run)).store();
            }
        }
    }

    /// Replaces the sums of channels by the mean over their group.
    #[inline(always)]
    fn group_means<T: Float, R: Lane<T>>(&self, sums: &mut [T]) {
        let count = R::lift((self.rows * self.width) as f64);
        for group in sums.chunks_exact_mut(self.width) {
            let sum = group.iter().fold(R::lift(0.0), |sum, &x| sum + R::load(x));
            group.fill((sum / count).store());
        }
    }
}

struct Forward<'a, T> {
    layout: Layout,
    x: &'a [T],
    gamma: &'a [T],
    beta: &'a [T],
    y: &'a mut [T],
    statistics: &'a mut [T],
}

impl<T: Float> Kernel<T> for Forward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let Self { layout, x, gamma, beta, y, statistics } = self;
        let c = layout.channels;
        statistics.fill(T::default());
        let (mean, variance) = statistics.split_at_mut(c);
        layout.sum_rows::<T, R>(mean, |row, sum| {
            for (sum, &x) in sum.iter_mut().zip(&x[row..row + c]) {
                *sum = (R::load(*sum) + R::load(x)).store();
            }
        });
        layout.group_means::<T, R>(mean);
        // In a second pass: E[x^2] - E[x]^2 loses all digits where the mean is large.
        layout.sum_rows::<T, R>(variance, |row, sum| {
            for ((sum, &x), &mean) in sum.iter_mut().zip(&x[row..row + c]).zip(mean.iter()) {
                let centred = R::load(x) - R::load(mean);
                *sum = centred.mul_add(centred, R::load(*sum)).store();
            }
        });
        layout.group_means::<T, R>(variance);
        let mut inverse = [T::default(); MAX_CHANNELS];
        let inverse = &mut inverse[..c];
        layout.inverse_deviations::<T, R>(variance, inverse);
        for (y, x) in y.chunks_exact_mut(c).zip(x.chunks_exact(c)) {
            for i in 0..c {
                let z = (R::load(x[i]) - R::load(mean[i])) * R::load(inverse[i]);
                y[i] = z.mul_add(R::load(gamma[i]), R::load(beta[i])).store();
            }
        }
    }
}

/// One block as the backward pass sees it.
#[derive(Clone, Copy)]
struct Backward<'a, T> {
    layout: Layout,
    x: &'a [T],
    dy: &'a [T],
    statistics: &'a [T],
}

/// dgamma (+= sum of dy z) or dbeta (+= sum of dy).
struct ParameterGradient<'a, T> {
    at: Backward<'a, T>,
    gamma: bool,
    sum: &'a mut [T],
}

impl<T: Float> Kernel<T> for ParameterGradient<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let Backward { layout, x, dy, statistics } = self.at;
        let c = layout.channels;
        let (mean, variance) = statistics.split_at(c);
        let mut inverse = [T::default(); MAX_CHANNELS];
        let inverse = &mut inverse[..c];
        layout.inverse_deviations::<T, R>(variance, inverse);
        layout.sum_rows::<T, R>(self.sum, |row, sum| {
            let (x, dy) = (&x[row..row + c], &dy[row..row + c]);
            for i in 0..c {
                let z = (R::load(x[i]) - R::load(mean[i])) * R::load(inverse[i]);
                let factor = R::select(self.gamma, z, R::lift(1.0));
                sum[i] = factor.mul_add(R::load(dy[i]), R::load(sum[i])).store();
            }
        });
    }
}

struct InputGradient<'a, T> {
    at: Backward<'a, T>,
    gamma: &'a [T],
    dx: &'a mut [T],
}

impl<T: Float> Kernel<T> for InputGradient<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let Self { at, gamma, dx } = self;
        let Backward { layout, x, dy, statistics } = at;
        let c = layout.channels;
        let (mean, variance) = statistics.split_at(c);
        let mut buffers = [[T::default(); MAX_CHANNELS]; 3];
        let [inverse, mean_g, mean_gz] = buffers.each_mut().map(|buffer| &mut buffer[..c]);
        layout.inverse_deviations::<T, R>(variance, inverse);
        ParameterGradient { at, gamma: false, sum: mean_g }.run::<R>();
        ParameterGradient { at, gamma: true, sum: mean_gz }.run::<R>();
        // gamma is constant over the rows: it may stand outside of the sums.
        for i in 0..c {
            mean_g[i] = (R::load(gamma[i]) * R::load(mean_g[i])).store();
            mean_gz[i] = (R::load(gamma[i]) * R::load(mean_gz[i])).store();
        }
        layout.group_means::<T, R>(mean_g);
        layout.group_means::<T, R>(mean_gz);
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
