//! The arithmetic that an equation may use.
//!
//! An equation written over [`Real`] runs on plain numbers (the forward pass), on
//! [`Dual`](crate::Dual) numbers (the exact derivative) and, inside a kernel compiled for a
//! machine with fused multiply-add, on [`Fused`] numbers.

use crate::math;
use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

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
    /// `e^self`, quicker than `exp`, where it is normal: from 88 on it is e^88 in f32, and below 2^-126.5 it
    /// is 0.
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
    (
        $type:ty, $inner:ty, $wrap:expr, $unwrap:expr, $mul_add:expr,
        $exp:path, $exp_neg_abs:expr, $exp_normal:path, $exp_m1:path,
        $ln:path, $ln_1p:path, $ln_1p_unit:path
    ) => {
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
