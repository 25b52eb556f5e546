//! Windows copied into rows of a matrix, and added back: what turns a convolution into a matrix product.

use crate::window::Windows;
use crate::{Float, Kernel, Lane};
use std::ops::Range;

/// Writes one row per position: the channels under each of `taps`, 0 in the padding.
///
/// `columns` is `positions x (taps * C)`, row-major. With channels last, a line of the window is one contiguous copy.
pub fn im2col<T: Float>(
    w: &Windows,
    x: &[T],
    positions: Range<usize>,
    taps: Range<usize>,
    columns: &mut [T],
) {
    let width = taps.len() * w.channels;
    let first = positions.start;
    w.for_each_position(positions, |number, at| {
        let row = &mut columns[(number - first) * width..][..width];
        let mut done = 0;
        w.for_each_run(at, taps.clone(), |tap, from, count| {
            let (to, length) = ((tap - taps.start) * w.channels, count * w.channels);
            row[done..to].fill(T::default());
            row[to..to + length].copy_from_slice(&x[from..from + length]);
            done = to + length;
        });
        row[done..].fill(T::default());
    });
}

/// The transpose of [`im2col`]: adds each row of `columns` to the channels that it was copied from.
pub fn col2im<T: Float>(
    w: &Windows,
    columns: &[T],
    positions: Range<usize>,
    taps: Range<usize>,
    x: &mut [T],
) {
    T::dispatch(Col2im { w, columns, positions, taps, x });
}

struct Col2im<'a, T> {
    w: &'a Windows,
    columns: &'a [T],
    positions: Range<usize>,
    taps: Range<usize>,
    x: &'a mut [T],
}

impl<T: Float> Kernel<T> for Col2im<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let Self { w, columns, positions, taps, x } = self;
        let width = taps.len() * w.channels;
        let first = positions.start;
        w.for_each_position(positions, |number, at| {
            let row = &columns[(number - first) * width..][..width];
            w.for_each_run(at, taps.clone(), |tap, from, count| {
                let row = &row[(tap - taps.start) * w.channels..][..count * w.channels];
                for (x, &dx) in x[from..from + row.len()].iter_mut().zip(row) {
                    *x = (R::load(*x) + R::load(dx)).store();
                }
            });
        });
    }
}
