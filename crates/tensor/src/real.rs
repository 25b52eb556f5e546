//! The arithmetic an equation may use, and the two number types tensors are made of.
//!
//! An equation written over [`Real`] runs on plain numbers (the forward pass), on
//! [`Dual`](crate::Dual) numbers (the exact derivative) and, inside a kernel compiled for a
//! machine with fused multiply-add, on [`Fused`] numbers. [`Float`] adds what storage needs.

use crate::gemm::{TileProduct, tile};
use crate::short_rows::{ROWS, ShortRows};
use crate::transpose::{self, Transposition};
use crate::{Lines, kernel::Kernel, math};
use std::cell::Cell;
use std::fmt::{Debug, Display};
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};
use std::thread::LocalKey;

/// A real number as an equation sees it.
///
/// All functions are free of branches on their argument, propagate NaN, and give the same bits
/// on every machine for the same implementing type (none calls the system's mathematics library).
pub trait Real:
    Copy
    + Debug
    + PartialOrd
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
{
    /// A constant of the equation (its derivative is zero).
    fn lift(x: f64) -> Self;
    /// The largest finite number.
    fn largest() -> Self;
    /// `self * factor + term`, with one rounding where the type fuses it.
    fn mul_add(self, factor: Self, term: Self) -> Self;
    /// `e^self`; error bounds in [`math`].
    fn exp(self) -> Self;
    /// `e^-|self|`, quicker than `exp`, because it cannot overflow. At 0 the derivative is that of `e^-self`.
    fn exp_neg_abs(self) -> Self;
    /// `e^self`, quicker than `exp`, where it is normal: from 88 on it is e^88 in f32, and below 2^-126.5 it is 0.
    fn exp_normal(self) -> Self;
    /// `e^self - 1`, accurate near 0.
    fn exp_m1(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// `ln(1 + self)`, accurate near 0.
    fn ln_1p(self) -> Self;
    /// `ln(1 + self)` for `0 <= self <= 1` only: no exponent to take apart, half the time.
    fn ln_1p_unit(self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;

    /// `self * self`.
    #[inline(always)]
    fn square(self) -> Self {
        self * self
    }
    /// Whether this is the number `x`, and not a variable of differentiation that happens to stand at it.
    fn is_constant(self, x: f64) -> bool;

    /// `yes` where the condition holds, else `no`: compiled to a blend, never to a jump.
    #[inline(always)]
    fn select(condition: bool, yes: Self, no: Self) -> Self {
        if condition { yes } else { no }
    }
    /// Absolute value; at 0 the derivative is that of `+x`.
    #[inline(always)]
    fn abs(self) -> Self {
        Self::select(self < Self::lift(0.0), -self, self)
    }
    /// The larger of the two; `self` on ties, and NaN if `self` is NaN (`f32::max` would drop it).
    #[inline(always)]
    fn at_least(self, floor: Self) -> Self {
        Self::select(self < floor, floor, self)
    }
    /// The smaller of the two; `self` on ties, and NaN if `self` is NaN.
    #[inline(always)]
    fn at_most(self, ceiling: Self) -> Self {
        Self::select(self > ceiling, ceiling, self)
    }
}

/// A number type that tensors store: `f32` for training, `f64` for checking.
pub trait Float: Real + Default + Display + AddAssign + Send + Sync + 'static {
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
    /// Lends so many numbers, on whole lines of the cache and with any contents, which this thread keeps for the next call:
    /// nothing is allocated twice.
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

/// A number in a kernel's registers that came from, and goes back to, storage of type `T`.
pub trait Lane<T>: Real {
    /// From storage.
    fn load(x: T) -> Self;
    /// To storage.
    fn store(self) -> T;
}

/// `f32` whose [`mul_add`](Real::mul_add) is one instruction.
///
/// Only kernels compiled with the `fma` feature use it: elsewhere `f32::mul_add` is a call into
/// the mathematics library (71 ns in an equation that otherwise takes 2).
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
#[repr(transparent)]
pub struct Fused(pub f32);

macro_rules! operators {
    ($($trait:ident $method:ident),*) => {$(
        impl $trait for Fused {
            type Output = Self;
            #[inline(always)]
            fn $method(self, rhs: Self) -> Self {
                Self(self.0.$method(rhs.0))
            }
        }
    )*};
}
operators!(Add add, Sub sub, Mul mul, Div div);

impl Neg for Fused {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

/// The methods of `Real` for a type built as `$wrap(inner)` from the maths functions named.
macro_rules! real {
    ($type:ty, $inner:ty, $wrap:expr, $unwrap:expr, $mul_add:expr, $exp:path, $exp_neg_abs:expr, $exp_normal:path, $exp_m1:path, $ln:path, $ln_1p:path, $ln_1p_unit:path) => {
        impl Real for $type {
            #[inline(always)]
            fn lift(x: f64) -> Self {
                $wrap(x as $inner)
            }
            #[inline(always)]
            fn largest() -> Self {
                $wrap(<$inner>::MAX)
            }
            #[inline(always)]
            fn mul_add(self, factor: Self, term: Self) -> Self {
                $mul_add(self, factor, term)
            }
            #[inline(always)]
            fn exp(self) -> Self {
                $wrap($exp($unwrap(self)))
            }
            #[inline(always)]
            fn exp_neg_abs(self) -> Self {
                $wrap($exp_neg_abs($unwrap(self)))
            }
            #[inline(always)]
            fn exp_normal(self) -> Self {
                $wrap($exp_normal($unwrap(self)))
            }
            #[inline(always)]
            fn exp_m1(self) -> Self {
                $wrap($exp_m1($unwrap(self)))
            }
            #[inline(always)]
            fn ln(self) -> Self {
                $wrap($ln($unwrap(self)))
            }
            #[inline(always)]
            fn ln_1p(self) -> Self {
                $wrap($ln_1p($unwrap(self)))
            }
            #[inline(always)]
            fn ln_1p_unit(self) -> Self {
                $wrap($ln_1p_unit($unwrap(self)))
            }
            #[inline(always)]
            fn is_constant(self, x: f64) -> bool {
                self == Self::lift(x)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $wrap($unwrap(self).sqrt())
            }
        }

        impl Lane<$inner> for $type {
            #[inline(always)]
            fn load(x: $inner) -> Self {
                $wrap(x)
            }
            #[inline(always)]
            fn store(self) -> $inner {
                $unwrap(self)
            }
        }
    };
}

#[inline(always)]
fn identity<T>(x: T) -> T {
    x
}

real!(
    f32,
    f32,
    identity,
    identity,
    |x: f32, a, b| x * a + b,
    math::exp_f32::<false>,
    math::exp_neg_abs_f32::<false>,
    math::exp_normal_f32::<false>,
    math::exp_m1_f32::<false>,
    math::ln_f32::<false>,
    math::ln_1p_f32::<false>,
    math::ln_1p_unit_f32::<false>
);
real!(
    Fused,
    f32,
    Fused,
    |x: Fused| x.0,
    |x: Fused, a: Fused, b: Fused| Fused(x.0.mul_add(a.0, b.0)),
    math::exp_f32::<true>,
    math::exp_neg_abs_f32::<true>,
    math::exp_normal_f32::<true>,
    math::exp_m1_f32::<true>,
    math::ln_f32::<true>,
    math::ln_1p_f32::<true>,
    math::ln_1p_unit_f32::<true>
);
real!(
    f64,
    f64,
    identity,
    identity,
    |x: f64, a, b| x * a + b,
    math::exp_f64,
    |x: f64| math::exp_f64(-x.abs()),
    math::exp_f64,
    math::exp_m1_f64,
    math::ln_f64,
    math::ln_1p_f64,
    math::ln_1p_unit_f64
);

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
