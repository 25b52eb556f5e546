//! Functions of one number, applied to every element: written once, as an equation over [`Real`].

use crate::op::{Args, At, Op};
use losslab_tensor::{Dual, Float, Kernel, Lane, Real, Shape, Workers};
use std::fmt::Debug;

/// A function of one number. Its derivative comes from evaluating it on dual numbers.
///
/// ```
/// use losslab_autograd::{Map, Pointwise, Tape};
/// use losslab_tensor::Real;
///
/// /// mish(x) = x tanh(softplus(x))
/// #[derive(Clone, Copy, Debug)]
/// struct Mish;
/// impl Pointwise for Mish {
///     const NAME: &'static str = "mish";
///     fn eval<R: Real>(&self, x: R) -> R {
///         let n = x.exp() * (x.exp() + R::lift(2.0));
///         x * n / (n + R::lift(2.0))
///     }
/// }
///
/// let tape = Tape::<f64>::new();
/// let x = tape.variable([1], &[0.0]);
/// tape.push(Map(Mish), &[x]).backward();
/// assert!((x.grad().unwrap().data()[0] - 0.6).abs() < 1e-12);
/// ```
pub trait Pointwise: Copy + Debug + Sync + 'static {
    /// The name in messages.
    const NAME: &'static str;
    /// The equation. Mark it `#[inline(always)]`, or it will not be vectorised.
    fn eval<R: Real>(&self, x: R) -> R;
    /// The derivative: from dual numbers, unless an edge needs a rule of its own.
    #[inline(always)]
    fn slope<R: Real>(&self, x: R) -> R {
        self.eval(Dual::variable(x)).slope
    }
}

/// The operation `y_i = f(x_i)`; its output has the shape of its input.
///
/// `dx = dy f'(x)`, and exactly 0 where `dy` is exactly 0, even if the slope there is infinite or NaN: what
/// the result does not depend on has no gradient. So `condition.select(x.sqrt(), zero)` has no NaN in its
/// gradient at the x that it leaves out, while a NaN that does reach the result stays in value and gradient.
#[derive(Clone, Copy, Debug)]
pub struct Map<F>(pub F);

impl<T: Float, F: Pointwise> Op<T> for Map<F> {
    fn name(&self) -> &'static str {
        F::NAME
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(inputs[0])
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], _: &mut Vec<T>) {
        let (f, workers, x) = (self.0, x.workers(), x.value(0));
        workers.chunks([y], workers.share(x.len(), 16, Workers::NUMBERS), |start, [y]| {
            T::dispatch(Forward { f, x: &x[start..start + y.len()], y });
        });
    }
    fn vjp(&self, _: usize, at: At<'_, T>, dx: &mut [T]) {
        let (f, workers, x) = (self.0, at.x.workers(), at.x.value(0));
        workers.chunks([dx], workers.share(x.len(), 16, Workers::NUMBERS), |start, [dx]| {
            let part = start..start + dx.len();
            T::dispatch(Backward { f, x: &x[part.clone()], dy: &at.dy[part], dx });
        });
    }
}

/// The chain rule of elementwise operations: see [`Map`].
#[inline(always)]
pub(crate) fn chain<R: Real>(dy: R, slope: R) -> R {
    R::select(dy == R::lift(0.0), R::lift(0.0), dy * slope)
}

/// Whether a number of an equation is NaN.
#[inline(always)]
#[allow(clippy::eq_op)] // NaN alone differs from itself
pub(crate) fn is_nan<R: Real>(x: R) -> bool {
    x != x
}

struct Forward<'a, T, F> {
    f: F,
    x: &'a [T],
    y: &'a mut [T],
}

impl<T: Float, F: Pointwise> Kernel<T> for Forward<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        for (y, &x) in self.y.iter_mut().zip(self.x) {
            *y = self.f.eval(R::load(x)).store();
        }
    }
}

struct Backward<'a, T, F> {
    f: F,
    x: &'a [T],
    dy: &'a [T],
    dx: &'a mut [T],
}

impl<T: Float, F: Pointwise> Kernel<T> for Backward<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        for ((dx, &dy), &x) in self.dx.iter_mut().zip(self.dy).zip(self.x) {
            *dx = chain(R::load(dy), self.f.slope(R::load(x))).store();
        }
    }
}

/// Declares unit structs that are [`Pointwise`], each with its equation.
macro_rules! equations {
    ($($name:ident $label:literal |$x:ident| $body:expr;)*) => {$(
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name;
        impl Pointwise for $name {
            const NAME: &'static str = $label;
            #[inline(always)]
            fn eval<R: Real>(&self, $x: R) -> R {
                $body
            }
        }
    )*};
}

equations! {
    Neg "neg" |x| -x;
    Exp "exp" |x| x.exp();
    Ln "ln" |x| x.ln();
    // The condition is false for NaN, which passes through.
    Relu "relu" |x| R::select(x <= R::lift(0.0), R::lift(0.0), x);
    Sigmoid "sigmoid" |x| {
        // 1 / (1 + e^-x) overflows for x < -88: both sides are written in e^-|x|.
        let e = (-x.abs()).exp();
        R::select(x < R::lift(0.0), e, R::lift(1.0)) / (R::lift(1.0) + e)
    };
    Tanh "tanh" |x| {
        // (1 - e) / (1 + e) with e = e^-2|x|, through e - 1 so that small x keep their digits.
        // A sum, not a product: that has slope 0 * x, which is NaN at infinity.
        let m = (-(x.abs() + x.abs())).exp_m1();
        let t = -m / (R::lift(2.0) + m);
        R::select(x < R::lift(0.0), -t, t)
    };
    // The derivative of `Real::abs` at 0 is that of +x: the constant 0 there makes it 0. NaN falls to `abs`.
    Abs "abs" |x| R::select(x == R::lift(0.0), R::lift(0.0), x.abs());
    Sqrt "sqrt" |x| x.sqrt();
    Silu "silu" |x| {
        // x / (1 + e^-x) is -inf * 0 at -inf. As max(x, 0) - |x| s with s = sigmoid(-|x|) it is not, once
        // |x| is bounded where s has long been 0: s underflows at 745 in f64.
        let e = (-x.abs()).exp();
        let lost = x.abs().at_most(R::lift(1e4)) * (e / (R::lift(1.0) + e));
        R::select(x < R::lift(0.0), R::lift(0.0), x) - lost
    };
    // ln(1 + e^x) without overflow.
    Softplus "softplus" |x| R::select(x < R::lift(0.0), R::lift(0.0), x) + (-x.abs()).exp().ln_1p_unit();
}

/// `x` above 0, `slope x` elsewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeakyRelu {
    pub(crate) slope: f64,
}
impl Pointwise for LeakyRelu {
    const NAME: &'static str = "leaky_relu";
    #[inline(always)]
    fn eval<R: Real>(&self, x: R) -> R {
        // The condition is false for NaN, which passes through.
        R::select(x <= R::lift(0.0), R::lift(self.slope) * x, x)
    }
    // The product rule on dual numbers says slope * 1 + 0 * x, which is NaN at -inf.
    #[inline(always)]
    fn slope<R: Real>(&self, x: R) -> R {
        R::select(x <= R::lift(0.0), R::lift(self.slope), R::lift(1.0))
    }
}

/// `x` within `[low, high]`, else the nearer bound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clamp {
    low: f64,
    high: f64,
}
impl Clamp {
    #[track_caller]
    pub(crate) fn new(low: f64, high: f64) -> Self {
        assert!(low <= high, "clamp: bounds {low} and {high}, expected low <= high");
        Self { low, high }
    }
}
impl Pointwise for Clamp {
    const NAME: &'static str = "clamp";
    #[inline(always)]
    fn eval<R: Real>(&self, x: R) -> R {
        // Strict comparisons: the bounds themselves are inside and have gradient 1, and NaN stays.
        let (low, high) = (R::lift(self.low), R::lift(self.high));
        R::select(x < low, low, R::select(x > high, high, x))
    }
}

/// `x^2 / (2 beta)` where `|x| < beta`, else `|x| - beta / 2`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SmoothL1 {
    beta: f64,
}
impl SmoothL1 {
    #[track_caller]
    pub(crate) fn new(beta: f64) -> Self {
        assert!(beta > 0.0 && beta.is_finite(), "smooth_l1: beta {beta}, expected a number above 0");
        Self { beta }
    }
}
impl Pointwise for SmoothL1 {
    const NAME: &'static str = "smooth_l1";
    #[inline(always)]
    fn eval<R: Real>(&self, x: R) -> R {
        let (beta, half) = (R::lift(self.beta), R::lift(0.5));
        // The condition is false for NaN, which the other branch keeps.
        R::select(x.abs() < beta, half * x * x / beta, x.abs() - half * beta)
    }
}
