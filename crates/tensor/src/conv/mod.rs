//! Convolution: forward, and the gradients of images and weights.
//!
//! Images are `[N, H, W, C]`, weights `[kh, kw, C, F]`: the channels under a window times the weights are a
//! row of the output, nothing is transposed. All three passes are matrix products whose left operand is never
//! made: the tile kernel of the product finds it in the images through a table of offsets, one per row of the
//! tile, and stretches of steps along k: the channels of a tap, or the outputs of a line. That is possible
//! wherever all rows of a tile see the same taps, so the outputs are grouped by the taps that they see
//! (`spans.rs`), and the padding costs nothing.
//!
//! **Bits.** Each number of the output, or of a gradient, is one chain of multiply-adds in an order that the
//! shape alone determines; work is shared among threads by lines of the output and by rows of the weights.
//!
//! Groups of channels go another way: [`grouped`].

pub mod grouped;
mod spans;

use crate::gemm::blocks::{ACROSS, Blocking, DEPTH, even_depth};
use crate::gemm::sweep::{Rows, Run, Sweep, unpacked_stride};
use crate::gemm::{Finish, Matrix, Row, Start, Stretch};
use crate::transpose::{Transposition, transpose};
use crate::window::Windows;
use crate::{Float, Workers, lines, shards};
use spans::{Axis, Span};

/// Multiply-adds that a piece should have: 65536 take about a microsecond, ten times a hand-over between
/// threads.
const PIECE: usize = 64 * 1024;

/// `y = bias + x * weight`, or its ReLU, for `weight [kh, kw, C, F]` and `bias [F]`; the weights as they are,
/// or with the rows that [`pad_weight`] has made longer.
pub fn forward<T: Float>(
    workers: &Workers,
    w: &Windows,
    x: &[T],
    [weight, bias]: [&[T]; 2],
    finish: Finish,
    y: &mut [T],
) {
    T::conv_forward(workers, w, x, [weight, bias], finish, y);
}

/// The generic body of [`forward`].
pub(crate) fn forward_of<T: Float>(
    workers: &Workers,
    w: &Windows,
    x: &[T],
    [weight, bias]: [&[T]; 2],
    finish: Finish,
    y: &mut [T],
) {
    let classes = Classes { w, axes: [0, 1].map(|axis| Axis::new(w, axis)), backward: false };
    classes.gather(
        workers,
        x,
        Matrix::padded(weight, w.taps() * w.channels, bias.len()),
        (Start::Bias(bias), finish),
        y,
    );
}

/// The gradient of the images, for weights that [`transpose_weight`] has transposed: each pixel collects what
/// the outputs that saw it send back. With stride s there are s^2 kinds of pixels, which see different taps.
pub fn input_gradient<T: Float>(workers: &Workers, w: &Windows, transposed: &[T], dy: &[T], dx: &mut [T]) {
    T::conv_input_gradient(workers, w, transposed, dy, dx);
}

/// The generic body of [`input_gradient`].
pub(crate) fn input_gradient_of<T: Float>(
    workers: &Workers,
    w: &Windows,
    transposed: &[T],
    dy: &[T],
    dx: &mut [T],
) {
    let transposed = &transposed[lines::within(transposed)];
    let classes = Classes { w, axes: [0, 1].map(|axis| Axis::new(w, axis)), backward: true };
    let features = dy.len() / w.positions().max(1);
    classes.gather(
        workers,
        dy,
        Matrix::padded(transposed, w.taps() * features, w.channels),
        (Start::Zero, Finish::Keep),
        dx,
    );
}

/// The gradient of the weights: for each tap, what lay under it times what came of it, summed over all
/// positions.
pub fn weight_gradient<T: Float>(workers: &Workers, w: &Windows, x: &[T], dy: &[T], dw: &mut [T]) {
    T::conv_weight_gradient(workers, w, x, dy, dw);
}

/// The generic body of [`weight_gradient`].
pub(crate) fn weight_gradient_of<'a, T: Float>(
    workers: &Workers,
    w: &Windows,
    x: &'a [T],
    dy: &'a [T],
    dw: &mut [T],
) {
    let rows = w.taps() * w.channels;
    let features = dw.len() / rows.max(1);
    if dw.is_empty() {
        return;
    }
    assert!(x.len().max(dy.len()) <= u32::MAX as usize, "convolution of {} numbers is too large", x.len());
    if w.images >= 2 && shards::pay(w.positions(), rows, features) {
        let half = w.images / 2;
        return shards::in_shards(workers, features, dw, |shard, first, dw| {
            let images = if shard == 0 { 0..half } else { half..w.images };
            let part = |x: &'a [T]| {
                let image = x.len() / w.images;
                &x[images.start * image..images.end * image]
            };
            let w = Windows { images: images.len(), ..*w };
            some_weights(&w, part(x), part(dy), first, features, dw);
        });
    }
    let share = rows.div_ceil(workers.threads()).max(PIECE.div_ceil((w.positions() * features).max(1)));
    let share = if share < 64 { share } else { share.next_multiple_of(Blocking::current().tile) };
    workers.chunks([dw], share * features, |start, [dw]| {
        some_weights(w, x, dy, start / features, features, dw);
    });
}

/// Some rows of the gradient of the weights, from row `first` on.
fn some_weights<T: Float>(w: &Windows, x: &[T], dy: &[T], first: usize, features: usize, dw: &mut [T]) {
    let classes = Classes { w, axes: [0, 1].map(|axis| Axis::new(w, axis)), backward: false };
    let count = dw.len() / features;
    dw.fill(T::default());
    T::with_scratch(Blocking::current().packed, |panels| {
        classes.for_each(|ys, xs| {
            let rows = WeightRows { w, ys, xs, first, features, count };
            let mut steps = [Stretch::default(); ACROSS];
            let (mut filled, mut depth) = (0, 0);
            let mut sweep = |steps: &mut [Stretch]| {
                let b = Matrix::new(dy, w.positions(), features);
                let (start, finish, a_stride) = (Start::Old, Finish::Keep, xs.per_output * w.channels);
                let (c, panels) = (&mut *dw, &mut *panels);
                Sweep { a: x, steps, a_stride, b, start, finish, c, panels, packed: false }.run(&rows);
            };
            for_each_line(w, ys, xs, |a, position| {
                let mut done = 0;
                while done < xs.count {
                    let count = (xs.count - done).min(ACROSS - depth);
                    let first = a + done * xs.per_output * w.channels;
                    steps[filled] =
                        Stretch { a: first as u32, b: (position + done) as u32, count: count as u32 };
                    (filled, depth, done) = (filled + 1, depth + count, done + count);
                    if depth == ACROSS {
                        sweep(&mut steps[..filled]);
                        (filled, depth) = (0, 0);
                    }
                }
            });
            if filled > 0 {
                sweep(&mut steps[..filled]);
            }
        });
    });
}

/// Calls `visit(first channel of what the first tap reads, position)` for the first position of a class on
/// each line, in order.
#[inline(always)]
fn for_each_line(w: &Windows, ys: Span, xs: Span, mut visit: impl FnMut(usize, usize)) {
    for image in 0..w.images {
        for i in 0..ys.count {
            let source = (image * w.input[0] + ys.source + i * ys.per_output) * w.input[1] + xs.source;
            let position = (image * w.output[0] + ys.first + i) * w.output[1] + xs.first;
            visit(source * w.channels, position);
        }
    }
}

/// Outputs by the taps that they see, vertically and horizontally.
struct Classes<'a> {
    w: &'a Windows,
    axes: [Axis; 2],
    /// The outputs are pixels of the images.
    backward: bool,
}

impl Classes<'_> {
    fn for_each(&self, mut visit: impl FnMut(Span, Span)) {
        let each = |axis: &Axis, visit: &mut dyn FnMut(Span)| match self.backward {
            false => axis.for_each_forward(visit),
            true => axis.for_each_backward(visit),
        };
        each(&self.axes[0], &mut |ys| each(&self.axes[1], &mut |xs| visit(ys, xs)));
    }

    /// `out = start + source * weight`, finished, one row of `out` per pixel; a tap has `weight.rows / taps`
    /// rows of the weights.
    fn gather<T: Float>(
        &self,
        workers: &Workers,
        source: &[T],
        weight: Matrix<'_, T>,
        (start, finish): (Start<'_, T>, Finish),
        out: &mut [T],
    ) {
        let (input, output) = match self.backward {
            false => (self.w.input, self.w.output),
            true => (self.w.output, self.w.input),
        };
        if out.is_empty() {
            return;
        }
        let (lines, line) = (self.w.images * output[0], output[1] * weight.columns());
        let channels = weight.rows() / self.w.taps().max(1);
        let least = PIECE.div_ceil((line * weight.rows()).max(1));
        workers.chunks([out], workers.share(lines, 1, least) * line, |first, [out]| {
            let lines = first / line..(first + out.len()) / line;
            weight.fetch(workers);
            T::with_scratch(Blocking::current().packed, |panels| {
                self.for_each(|ys, xs| {
                    let rows = Lines {
                        lines: lines.clone(),
                        input,
                        output,
                        ys,
                        xs,
                        channels,
                        columns: weight.columns(),
                    };
                    let all = ys.taps * xs.taps * channels;
                    let depth = even_depth(all, DEPTH);
                    for p0 in (0..all.max(1)).step_by(depth) {
                        let part = p0..all.min(p0 + depth);
                        let start = if p0 == 0 { start } else { Start::Old };
                        let finish = if part.end == all { finish } else { Finish::Keep };
                        let mut steps = [Stretch::default(); DEPTH];
                        let steps = self.list_steps(ys, xs, channels, input[1], part, &mut steps);
                        let (c, panels) = (&mut *out, &mut *panels);
                        Sweep {
                            a: source,
                            steps,
                            a_stride: 1,
                            b: weight,
                            start,
                            finish,
                            c,
                            panels,
                            packed: false,
                        }
                        .run(&rows);
                    }
                });
            });
        });
    }

    /// Lists these steps of a class: taps in order, the channels of each.
    fn list_steps<'s>(
        &self,
        ys: Span,
        xs: Span,
        channels: usize,
        width: usize,
        part: std::ops::Range<usize>,
        steps: &'s mut [Stretch],
    ) -> &'s mut [Stretch] {
        let kw = self.w.window.kernel[1];
        let (mut filled, mut at) = (0, part.start);
        while at < part.end {
            let (tap, channel) = (at / channels, at % channels);
            let (ty, tx) = (tap / xs.taps, tap % xs.taps);
            let a = (ty * ys.per_tap * width + tx * xs.per_tap) * channels + channel;
            let b = (ys.tap(ty) * kw + xs.tap(tx)) * channels + channel;
            let count = (channels - channel).min(part.end - at);
            steps[filled] = Stretch { a: a as u32, b: b as u32, count: count as u32 };
            (filled, at) = (filled + 1, at + count);
        }
        &mut steps[..filled]
    }
}

/// The outputs of a class on some lines, as rows of a product.
struct Lines {
    lines: std::ops::Range<usize>,
    input: [usize; 2],
    output: [usize; 2],
    ys: Span,
    xs: Span,
    channels: usize,
    columns: usize,
}

impl Rows for Lines {
    #[inline(always)]
    fn each(&self, mut visit: impl FnMut(Run)) {
        let Self { input, output, ys, xs, channels, columns, .. } = *self;
        let (mut image, mut y) = (self.lines.start / output[0], self.lines.start % output[0]);
        for line in 0..self.lines.len() {
            if let Some(i) = ys.index(y) {
                let source = (image * input[0] + ys.source + i * ys.per_output) * input[1] + xs.source;
                visit(Run {
                    first: Row { a: source * channels, c: (line * output[1] + xs.first) * columns },
                    stride: Row { a: xs.per_output * channels, c: xs.step * columns },
                    count: xs.count,
                });
            }
            y += 1;
            if y == output[0] {
                (image, y) = (image + 1, 0);
            }
        }
    }
}

/// Rows of the weights, `count` from `first` on, as far as their taps belong to a class.
struct WeightRows<'a> {
    w: &'a Windows,
    ys: Span,
    xs: Span,
    first: usize,
    count: usize,
    features: usize,
}

impl Rows for WeightRows<'_> {
    #[inline(always)]
    fn each(&self, mut visit: impl FnMut(Run)) {
        let Self { w, ys, xs, first, count, features } = *self;
        for ty in 0..ys.taps {
            for tx in 0..xs.taps {
                let row = (ys.tap(ty) * w.window.kernel[1] + xs.tap(tx)) * w.channels;
                let source = (ty * ys.per_tap * w.input[1] + tx * xs.per_tap) * w.channels;
                let channels = first.saturating_sub(row)..w.channels.min((first + count).saturating_sub(row));
                if !channels.is_empty() {
                    visit(Run {
                        first: Row {
                            a: source + channels.start,
                            c: (row + channels.start - first) * features,
                        },
                        stride: Row { a: 1, c: features },
                        count: channels.len(),
                    });
                }
            }
        }
    }
}

/// Room for weights `[kh, kw, C, F]` after [`pad_weight`], if that changes anything: rows of 27, 36 or 48
/// numbers would be packed again for each class of outputs and each piece of work.
pub fn padded_length(w: &Windows, features: usize) -> Option<usize> {
    let stride = unpacked_stride(features);
    (stride > features).then_some(w.taps() * w.channels * stride + lines::SLACK)
}

/// Copies the weights to rows that end in zeros, and returns them.
pub fn pad_weight<'a, T: Float>(w: &Windows, weight: &[T], room: &'a mut [T]) -> &'a [T] {
    let padded = lines::within(room);
    let padded = &mut room[padded];
    let rows = (w.taps() * w.channels).max(1);
    let (features, stride) = (weight.len() / rows, padded.len() / rows);
    for (to, from) in padded.chunks_exact_mut(stride.max(1)).zip(weight.chunks_exact(features.max(1))) {
        to[..features].copy_from_slice(from);
        to[features..].fill(T::default());
    }
    padded
}

/// Room for weights that [`transpose_weight`] transposes, and [`input_gradient`] reads there: where in it
/// they begin depends on its address.
pub fn transposed_length(w: &Windows, features: usize) -> usize {
    w.taps() * features * unpacked_stride(w.channels) + lines::SLACK
}

/// Transposes the weights of each tap for [`input_gradient`]: `[kh, kw, C, F]` to `[kh, kw, F, C]`, the rows
/// ending in zeros.
pub fn transpose_weight<T: Float>(workers: &Workers, w: &Windows, weight: &[T], room: &mut [T]) {
    let transposed = lines::within(room);
    let transposed = &mut room[transposed];
    let (channels, each) = (w.channels, weight.len() / w.taps().max(1));
    if weight.is_empty() {
        return;
    }
    let (features, stride) = (each / channels, unpacked_stride(channels));
    // One tap a piece, if it is large: nine make shares of 4 and 5, three pieces of three do not.
    let taps = (PIECE / 32 / each).max(1);
    workers.chunks([transposed], taps * features * stride, |start, [part]| {
        let weight = &weight[start / (features * stride) * each..];
        for (transposed, weight) in part.chunks_exact_mut(features * stride).zip(weight.chunks_exact(each)) {
            transpose(Transposition {
                from: weight,
                from_stride: features,
                rows: channels,
                columns: features,
                to: &mut *transposed,
                to_stride: stride,
            });
            transposed.chunks_exact_mut(stride).for_each(|row| row[channels..].fill(T::default()));
        }
    });
}
