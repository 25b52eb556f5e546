//! Convolution as matrix products: forward, and the gradients of images and weights.
//!
//! Images are `[N, H, W, C]`, weights `[kh, kw, C, F]`: the rows of im2col times the weights are the rows of the
//! output, nothing is transposed. A 1x1 window that moves by 1 reads the images where they lie.
//!
//! im2col is never whole: a block of it that fits the second-level cache is written on the stack, multiplied and
//! forgotten, and the backward pass writes it again. For 8x32x32x32 -> 32, 3x3, the whole is 9.4 MB: the
//! forward pass takes 1.77 ms in blocks and 2.04 ms with the whole, the gradient of the weights 1.75 ms with im2col
//! made again and 2.21 ms from saved columns (one thread; 0.28 ms of each is im2col, the rest the matrix product).
//!
//! Groups of channels go another way: [`crate::conv_grouped`].

use crate::Float;
use crate::gemm::{Matrix, Store, gemm};
use crate::im2col::{col2im, im2col};
use crate::window::{Window, Windows};
use std::ops::Range;

/// Numbers in a block of im2col: 128 KB of f32.
const BLOCK: usize = 32 * 1024;
/// Positions that a block should have at least: each block packs its weights once.
const POSITIONS: usize = 64;

/// Most input channels of a convolution: one row of one tap must fit a block.
pub const MAX_CHANNELS: usize = BLOCK;

/// `y += im2col(x) . weight` for `weight [kh, kw, C, F]` and `y` with F channels, which holds the bias already.
pub fn forward<T: Float>(w: &Windows, x: &[T], weight: &[T], y: &mut [T]) {
    let features = features(w, weight);
    if is_pointwise(&w.window) {
        let x = Matrix::new(x, w.positions(), w.channels);
        return gemm(x, Matrix::new(weight, w.channels, features), y, Store::Accumulate);
    }
    let mut buffer = [T::default(); BLOCK];
    for_each_block(w, |rows, taps| {
        let (height, depth) = (rows.len(), taps.len() * w.channels);
        let columns = &mut buffer[..height * depth];
        im2col(w, x, rows.clone(), taps.clone(), columns);
        let weight = Matrix::new(&weight[part(&taps, w.channels * features)], depth, features);
        let y = &mut y[part(&rows, features)];
        gemm(Matrix::new(columns, height, depth), weight, y, Store::Accumulate);
    });
}

/// The gradient of the weights: `dw = im2col(x)^T . dy`.
pub fn weight_gradient<T: Float>(w: &Windows, x: &[T], dy: &[T], dw: &mut [T]) {
    let features = features(w, dw);
    if is_pointwise(&w.window) {
        let x = Matrix::new(x, w.positions(), w.channels);
        return gemm(x.t(), Matrix::new(dy, w.positions(), features), dw, Store::Overwrite);
    }
    dw.fill(T::default());
    let mut buffer = [T::default(); BLOCK];
    for_each_block(w, |rows, taps| {
        let (height, depth) = (rows.len(), taps.len() * w.channels);
        let columns = &mut buffer[..height * depth];
        im2col(w, x, rows.clone(), taps.clone(), columns);
        let dy = Matrix::new(&dy[part(&rows, features)], height, features);
        let dw = &mut dw[part(&taps, w.channels * features)];
        gemm(Matrix::new(columns, height, depth).t(), dy, dw, Store::Accumulate);
    });
}

/// The gradient of the images: `dx = col2im(dy . weight^T)`, for weights that [`transpose_weight`] has transposed.
pub fn input_gradient<T: Float>(w: &Windows, transposed: &[T], dy: &[T], dx: &mut [T]) {
    let features = features(w, transposed);
    if is_pointwise(&w.window) {
        let dy = Matrix::new(dy, w.positions(), features);
        return gemm(dy, Matrix::new(transposed, features, w.channels), dx, Store::Overwrite);
    }
    dx.fill(T::default());
    let mut buffer = [T::default(); BLOCK];
    for_each_block(w, |rows, taps| {
        let (height, depth) = (rows.len(), taps.len() * w.channels);
        let columns = &mut buffer[..height * depth];
        let dy = Matrix::new(&dy[part(&rows, features)], height, features);
        let weight = Matrix::new(&transposed[part(&taps, w.channels * features)], features, depth);
        gemm(dy, weight, columns, Store::Overwrite);
        col2im(w, columns, rows, taps, dx);
    });
}

/// Transposes the weights for [`input_gradient`], once per pass: packing them transposed for each block costs
/// a third of the time of its product.
pub fn transpose_weight<T: Float>(w: &Windows, weight: &[T], transposed: &mut [T]) {
    let features = features(w, weight);
    for taps in tap_blocks(w) {
        let part = part(&taps, w.channels * features);
        let (weight, transposed) = (&weight[part.clone()], &mut transposed[part]);
        let depth = taps.len() * w.channels;
        for (k, row) in weight.chunks_exact(features.max(1)).enumerate() {
            row.iter().enumerate().for_each(|(f, &value)| transposed[f * depth + k] = value);
        }
    }
}

/// Features of weights of this geometry.
fn features<T>(w: &Windows, weight: &[T]) -> usize {
    weight.len() / (w.taps() * w.channels).max(1)
}

/// Whether im2col would copy the images unchanged.
fn is_pointwise(window: &Window) -> bool {
    *window == Window { kernel: [1; 2], stride: [1; 2], padding: [0; 2], dilation: window.dilation }
}

/// Rows `range` of a matrix that has `width` numbers a row.
fn part(range: &Range<usize>, width: usize) -> Range<usize> {
    range.start * width..range.end * width
}

/// The taps in equal parts, such that a block of one part has at least [`POSITIONS`] rows if that is possible.
fn tap_blocks(w: &Windows) -> impl Iterator<Item = Range<usize>> + use<> {
    let taps = w.taps();
    let most = (BLOCK / (POSITIONS * w.channels.max(1))).clamp(1, taps);
    let each = taps.div_ceil(taps.div_ceil(most));
    (0..taps).step_by(each).map(move |first| first..taps.min(first + each))
}

/// Calls `visit(positions, taps)` for blocks that cover all of im2col: each output sees its taps in ascending order.
fn for_each_block(w: &Windows, mut visit: impl FnMut(Range<usize>, Range<usize>)) {
    let widest = tap_blocks(w).map(|taps| taps.len()).max().unwrap_or(1) * w.channels.max(1);
    // A multiple of 8 rows, the height of a tile of the matrix product, where there are as many.
    let rows = match BLOCK / widest {
        rows @ 0..8 => rows.max(1),
        rows => rows / 8 * 8,
    };
    for first in (0..w.positions()).step_by(rows) {
        tap_blocks(w).for_each(|taps| visit(first..w.positions().min(first + rows), taps));
    }
}
