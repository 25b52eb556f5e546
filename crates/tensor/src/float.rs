//! The number types that tensors are made of: `f32` for training, `f64` for checking.

use crate::gemm::{TileProduct, tile};
use crate::short_rows::{ROWS, ShortRows};
use crate::transpose::{self, Transposition};
use crate::{Compiled, Lines, Real, kernel::Kernel};
use std::cell::Cell;
use std::fmt::Display;
use std::ops::AddAssign;
use std::thread::LocalKey;

/// A number type that tensors store: `f32` for training, `f64` for checking.
pub trait Float: Real + Compiled + Default + Display + AddAssign + Send + Sync + 'static {
    /// The type's name, for messages.
    const NAME: &'static str;
    /// Distance from 1 to the next larger number.
    const EPSILON: f64;
    /// Rounds to nearest.
    fn from_f64(x: f64) -> Self;
    /// Exact.
    fn to_f64(self) -> f64;
    /// Whether the number is neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// Runs a kernel compiled for the best instruction set of this machine (see [`crate::kernel`]).
    fn dispatch<K: Kernel<Self>>(kernel: K) -> K::Output;
    /// Lends so many numbers, on whole lines of the cache and with any contents, which this thread keeps for
    /// the next call: nothing is allocated twice.
    fn with_scratch<R>(length: usize, work: impl FnOnce(&mut [Self]) -> R) -> R;
    /// [`transpose`](crate::transpose::transpose) for this type; the slices have been checked.
    fn transpose(matrix: Transposition<'_, Self>);
    /// [`ShortRows::spread`] for this type; the lengths have been checked.
    fn spread(rows: &ShortRows, per_row: &[Self; ROWS], out: &mut [Self]);
    /// [`ShortRows::sums`] for this type; the lengths have been checked.
    fn row_sums(rows: &ShortRows, x: &[Self], out: &mut [Self; ROWS]);
    /// The innermost loop of [`gemm`](crate::gemm::gemm) for this type.
    fn multiply_tile<const NR: usize>(tile: TileProduct<'_, Self, NR>, c: &mut [Self]);
}

/// The scratch of a thread: a buffer for each depth that calls within `work` have reached.
type Scratch<T> = Cell<Vec<Lines<T>>>;

fn lend<T: Float, R>(
    scratch: &'static LocalKey<Scratch<T>>,
    length: usize,
    work: impl FnOnce(&mut [T]) -> R,
) -> R {
    let mut free = scratch.take();
    let mut numbers = free.pop().unwrap_or_default();
    scratch.set(free);
    if numbers.len() < length {
        numbers.resize(length);
    }
    let result = work(&mut numbers[..length]);
    let mut free = scratch.take();
    free.push(numbers);
    scratch.set(free);
    result
}

impl Float for f32 {
    const NAME: &'static str = "f32";
    const EPSILON: f64 = f32::EPSILON as f64;
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        x as f32
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self as f64
    }
    fn is_finite(self) -> bool {
        f32::is_finite(self)
    }
    #[inline(always)]
    fn dispatch<K: Kernel<Self>>(kernel: K) -> K::Output {
        crate::kernel::dispatch(kernel)
    }
    fn with_scratch<R>(length: usize, work: impl FnOnce(&mut [Self]) -> R) -> R {
        thread_local!(static SCRATCH: Scratch<f32> = const { Cell::new(Vec::new()) });
        lend(&SCRATCH, length, work)
    }
    fn transpose(matrix: Transposition<'_, Self>) {
        transpose::transpose_f32(matrix);
    }
    fn spread(rows: &ShortRows, per_row: &[f32; ROWS], out: &mut [f32]) {
        rows.spread_f32(per_row, out);
    }
    fn row_sums(rows: &ShortRows, x: &[f32], out: &mut [f32; ROWS]) {
        rows.sums_f32(x, out);
    }
    #[inline]
    fn multiply_tile<const NR: usize>(tile: TileProduct<'_, Self, NR>, c: &mut [Self]) {
        tile::multiply_f32(tile, c);
    }
}

impl Float for f64 {
    const NAME: &'static str = "f64";
    const EPSILON: f64 = f64::EPSILON;
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        x
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    fn is_finite(self) -> bool {
        f64::is_finite(self)
    }
    /// f64 checks, it does not train: one plain instantiation keeps the build short.
    #[inline(always)]
    fn dispatch<K: Kernel<Self>>(kernel: K) -> K::Output {
        kernel.run::<f64>()
    }
    fn with_scratch<R>(length: usize, work: impl FnOnce(&mut [Self]) -> R) -> R {
        thread_local!(static SCRATCH: Scratch<f64> = const { Cell::new(Vec::new()) });
        lend(&SCRATCH, length, work)
    }
    fn transpose(mut matrix: Transposition<'_, Self>) {
        transpose::plain(&mut matrix);
    }
    fn spread(rows: &ShortRows, per_row: &[f64; ROWS], out: &mut [f64]) {
        rows.spread_plain(per_row, out);
    }
    fn row_sums(rows: &ShortRows, x: &[f64], out: &mut [f64; ROWS]) {
        rows.sums_plain(x, out);
    }
    fn multiply_tile<const NR: usize>(tile: TileProduct<'_, Self, NR>, c: &mut [Self]) {
        tile::multiply_plain(tile, c);
    }
}
