//! Powers with a constant exponent.

use super::pointwise::{chain, is_nan};
use crate::op::{Args, At, Op};
use losslab_tensor::{Float, Kernel, Lane, Real, Shape};

/// `y = x^c` for a constant c.
///
/// dx = dy c x^(c-1), from x itself: c y / x is NaN at 0. The derivative of x^0 is 0 everywhere, at 0 too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pow {
    pub(crate) exponent: f64,
}

/// Every whole number up to here is exact, and its last bit tells odd from even.
const LARGEST: f64 = (1u64 << 53) as f64;

impl<T: Float> Op<T> for Pow {
    fn name(&self) -> &'static str {
        "pow"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        match self.exponent.abs() <= LARGEST {
            true => Ok(inputs[0]),
            false => Err(format!("exponent {}, expected a number of at most 2^53 in size", self.exponent)),
        }
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], _: &mut Vec<T>) {
        T::dispatch(Forward { c: self.exponent, x: x.value(0), y });
    }
    fn vjp(&self, _: usize, at: At<'_, T>, dx: &mut [T]) {
        T::dispatch(Backward { c: self.exponent, x: at.x.value(0), dy: at.dy, dx });
    }
}

struct Forward<'a, T> {
    c: f64,
    x: &'a [T],
    y: &'a mut [T],
}

impl<T: Float> Kernel<T> for Forward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        for (y, &x) in self.y.iter_mut().zip(self.x) {
            *y = power(R::load(x), self.c).store();
        }
    }
}

struct Backward<'a, T> {
    c: f64,
    x: &'a [T],
    dy: &'a [T],
    dx: &'a mut [T],
}

impl<T: Float> Kernel<T> for Backward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        // x^0 has slope 0 at every x, but 0 * x^-1 would be NaN at 0.
        let exponent = if self.c == 0.0 { 0.0 } else { self.c - 1.0 };
        for ((dx, &dy), &x) in self.dx.iter_mut().zip(self.dy).zip(self.x) {
            let slope = R::lift(self.c) * power(R::load(x), exponent);
            *dx = chain(R::load(dy), slope).store();
        }
    }
}

/// `x^c`: by repeated squaring if c is whole, for any x; else `e^(c ln x)`, which is NaN below 0.
///
/// NaN stays NaN, even to the power 0.
#[inline(always)]
fn power<R: Real>(x: R, c: f64) -> R {
    if c.fract() != 0.0 {
        return (R::lift(c) * x.ln()).exp();
    }
    let (mut base, mut n) = (x, c.abs() as u64);
    let mut y = R::select(is_nan(x), x, R::lift(1.0));
    while n > 0 {
        if n & 1 == 1 {
            y = y * base;
        }
        base = base * base;
        n >>= 1;
    }
    if c < 0.0 { R::lift(1.0) / y } else { y }
}
