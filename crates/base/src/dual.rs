//! Dual numbers: a value together with its exact derivative.

use crate::Real;
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// `value + slope * eps` with `eps^2 = 0`: evaluating an equation on it applies the chain rule.
///
/// Seed the variable with slope 1, lift constants with slope 0, and read the derivative off the
/// result. Comparisons look at the value alone, so a `select` takes the derivative of its branch.
#[derive(Clone, Copy, Debug)]
pub struct Dual<R> {
    /// f(x).
    pub value: R,
    /// f'(x) times the seed.
    pub slope: R,
}

impl<R: Real> Dual<R> {
    /// The variable of differentiation: slope 1.
    #[inline(always)]
    pub fn variable(value: R) -> Self {
        Self { value, slope: R::lift(1.0) }
    }
    /// A constant: slope 0.
    #[inline(always)]
    pub fn constant(value: R) -> Self {
        Self { value, slope: R::lift(0.0) }
    }
    #[inline(always)]
    fn chain(self, value: R, derivative: R) -> Self {
        Self { value, slope: derivative * self.slope }
    }
}

impl<R: Real> PartialEq for Dual<R> {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<R: Real> PartialOrd for Dual<R> {
    #[inline(always)]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
    #[inline(always)]
    fn lt(&self, other: &Self) -> bool {
        self.value < other.value
    }
    #[inline(always)]
    fn le(&self, other: &Self) -> bool {
        self.value <= other.value
    }
    #[inline(always)]
    fn gt(&self, other: &Self) -> bool {
        self.value > other.value
    }
    #[inline(always)]
    fn ge(&self, other: &Self) -> bool {
        self.value >= other.value
    }
}

impl<R: Real> Neg for Dual<R> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self { value: -self.value, slope: -self.slope }
    }
}

impl<R: Real> Add for Dual<R> {
    type Output = Self;
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        Self { value: self.value + b.value, slope: self.slope + b.slope }
    }
}

impl<R: Real> Sub for Dual<R> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        Self { value: self.value - b.value, slope: self.slope - b.slope }
    }
}

impl<R: Real> Mul for Dual<R> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        Self { value: self.value * b.value, slope: self.value.mul_add(b.slope, self.slope * b.value) }
    }
}

impl<R: Real> Div for Dual<R> {
    type Output = Self;
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        let value = self.value / b.value;
        Self { value, slope: (self.slope - value * b.slope) / b.value }
    }
}

impl<R: Real> Real for Dual<R> {
    #[inline(always)]
    fn lift(x: f64) -> Self {
        Self::constant(R::lift(x))
    }
    #[inline(always)]
    fn largest() -> Self {
        Self::constant(R::largest())
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        let slope = self.value.mul_add(factor.slope, self.slope.mul_add(factor.value, term.slope));
        Self { value: self.value.mul_add(factor.value, term.value), slope }
    }
    #[inline(always)]
    fn exp(self) -> Self {
        let y = self.value.exp();
        self.chain(y, y)
    }
    #[inline(always)]
    fn exp_neg_abs(self) -> Self {
        let y = self.value.exp_neg_abs();
        self.chain(y, R::select(self.value < R::lift(0.0), y, -y))
    }
    #[inline(always)]
    fn exp_normal(self) -> Self {
        let y = self.value.exp_normal();
        self.chain(y, y)
    }
    #[inline(always)]
    fn square(self) -> Self {
        self.chain(self.value * self.value, self.value + self.value)
    }
    #[inline(always)]
    fn exp_m1(self) -> Self {
        self.chain(self.value.exp_m1(), self.value.exp())
    }
    #[inline(always)]
    fn ln(self) -> Self {
        Self { value: self.value.ln(), slope: self.slope / self.value }
    }
    #[inline(always)]
    fn ln_1p(self) -> Self {
        Self { value: self.value.ln_1p(), slope: self.slope / (R::lift(1.0) + self.value) }
    }
    #[inline(always)]
    fn ln_1p_unit(self) -> Self {
        Self { value: self.value.ln_1p_unit(), slope: self.slope / (R::lift(1.0) + self.value) }
    }
    #[inline(always)]
    fn is_constant(self, x: f64) -> bool {
        self.value.is_constant(x) && self.slope.is_constant(0.0)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        let y = self.value.sqrt();
        Self { value: y, slope: self.slope / (y + y) }
    }
}
