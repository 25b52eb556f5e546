//! Functions of one number, applied to every element: written once, as an equation over [`Real`].

use crate::op::{Args, At, Op};
use losslab_tensor::{Dual, Float, Kernel, Lane, Real, Shape};
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
pub trait Pointwise: Copy + Debug + 'static {
    /// The name in messages.
    const NAME: &'static str;
    /// The equation. Mark it `#[inline(always)]`, or it will not be vectorised.
    fn eval<R: Real>(&self, x: R) -> R;
}

/// The operation `y_i = f(x_i)`; its output has the shape of its input.
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
        T::dispatch(Forward { f: self.0, x: x.value(0), y });
    }
    fn vjp(&self, _: usize, at: At<'_, T>, dx: &mut [T]) {
        T::dispatch(Backward { f: self.0, x: at.x.value(0), dy: at.dy, dx });
    }
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
            *dx = (R::load(dy) * self.f.eval(Dual::variable(R::load(x))).slope).store();
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
        let m = (R::lift(-2.0) * x.abs()).exp_m1();
        let t = -m / (R::lift(2.0) + m);
        R::select(x < R::lift(0.0), -t, t)
    };
    // ln(1 + e^x) without overflow.
    Softplus "softplus" |x| R::select(x < R::lift(0.0), R::lift(0.0), x) + (-x.abs()).exp().ln_1p_unit();
}
