//! Functions of two numbers, applied element by element with NumPy broadcasting.

use super::broadcast::Rows;
use super::pointwise::chain;
use crate::op::{Args, At, Op};
use losslab_tensor::{Dual, Float, Kernel, Lane, Real, Shape};
use std::fmt::Debug;
use std::iter::repeat;

/// A function of two numbers, as an equation.
pub trait Pointwise2: Copy + Debug + 'static {
    /// The name in messages.
    const NAME: &'static str;
    /// The equation. Mark it `#[inline(always)]`.
    fn eval<R: Real>(&self, a: R, b: R) -> R;
    /// The derivative in `a`, if `first`, or in `b`: from dual numbers, unless ties need a rule of their own.
    #[inline(always)]
    fn slope<R: Real>(&self, first: bool, a: R, b: R) -> R {
        if first {
            self.eval(Dual::variable(a), Dual::constant(b)).slope
        } else {
            self.eval(Dual::constant(a), Dual::variable(b)).slope
        }
    }
}

/// The operation `y = f(a, b)`, where `a` and `b` are broadcast to a common shape.
///
/// Where `dy` is exactly 0 the gradient is exactly 0, whatever the slope (as for [`Map`](crate::Map)).
#[derive(Clone, Copy, Debug)]
pub struct Zip<F>(pub F);

impl<T: Float, F: Pointwise2> Op<T> for Zip<F> {
    fn name(&self) -> &'static str {
        F::NAME
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (a, b) = (inputs[0], inputs[1]);
        a.broadcast(b).ok_or_else(|| format!("shapes {a} and {b} do not broadcast to a common shape"))
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], _: &mut Vec<T>) {
        let Some(shape) = x.shape(0).broadcast(x.shape(1)) else { unreachable!("checked by `shape`") };
        for row in Rows::<2>::new(x, shape) {
            let out = &mut y[row.out..row.out + row.len];
            T::dispatch(Forward { f: self.0, a: row.operand(x, 0), b: row.operand(x, 1), y: out });
        }
    }
    fn vjp(&self, i: usize, at: At<'_, T>, dx: &mut [T]) {
        // Elements of the output that share an element of the input add up their gradients.
        dx.fill(T::default());
        for row in Rows::<2>::new(at.x, at.shape) {
            let dy = &at.dy[row.out..row.out + row.len];
            let dx = &mut dx[row.range(i)];
            let (a, b) = (row.operand(at.x, 0), row.operand(at.x, 1));
            T::dispatch(Backward { f: self.0, first: i == 0, a, b, dy, dx });
        }
    }
}

struct Forward<'a, T, F> {
    f: F,
    a: &'a [T],
    b: &'a [T],
    y: &'a mut [T],
}

impl<T: Float, F: Pointwise2> Kernel<T> for Forward<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let n = self.y.len();
        let eval = |a: T, b: T| self.f.eval(R::load(a), R::load(b)).store();
        match (self.a, self.b) {
            (&[a], b) if b.len() == n => self.y.iter_mut().zip(b).for_each(|(y, &b)| *y = eval(a, b)),
            (a, &[b]) => self.y.iter_mut().zip(a).for_each(|(y, &a)| *y = eval(a, b)),
            (a, b) => self.y.iter_mut().zip(a).zip(b).for_each(|((y, &a), &b)| *y = eval(a, b)),
        }
    }
}

struct Backward<'a, T, F> {
    f: F,
    /// Differentiate with respect to `a` rather than `b`.
    first: bool,
    a: &'a [T],
    b: &'a [T],
    dy: &'a [T],
    dx: &'a mut [T],
}

impl<'a, T: Float, F: Pointwise2> Kernel<T> for Backward<'a, T, F> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        if self.dx.len() == self.dy.len() {
            return self.add_to_each::<R>();
        }
        let Self { f, first, a, b, dy, dx } = self;
        // All share one element of the gradient. Its terms are written to a block first, see
        // `losslab_tensor::sum`.
        let mut block = [T::default(); 256];
        for (k, dy) in dy.chunks(block.len()).enumerate() {
            let start = k * block.len();
            let part = |x: &'a [T]| if x.len() == 1 { x } else { &x[start..start + dy.len()] };
            let terms = &mut block[..dy.len()];
            terms.fill(T::default());
            Backward { f, first, a: part(a), b: part(b), dy, dx: terms }.add_to_each::<R>();
            dx[0] += losslab_tensor::sum(terms);
        }
    }
}

impl<T: Float, F: Pointwise2> Backward<'_, T, F> {
    /// One loop for each way of broadcasting: an index that steps by 0 or 1 is not vectorised.
    #[inline(always)]
    fn add_to_each<R: Lane<T>>(self) {
        match (self.a, self.b) {
            (&[a], b) => self.add_terms::<R>(repeat(a), b.iter().copied()),
            (a, &[b]) => self.add_terms::<R>(a.iter().copied(), repeat(b)),
            (a, b) => self.add_terms::<R>(a.iter().copied(), b.iter().copied()),
        }
    }

    #[inline(always)]
    fn add_terms<R: Lane<T>>(self, a: impl Iterator<Item = T>, b: impl Iterator<Item = T>) {
        for ((dx, &dy), (a, b)) in self.dx.iter_mut().zip(self.dy).zip(a.zip(b)) {
            let slope = self.f.slope(self.first, R::load(a), R::load(b));
            *dx = (R::load(*dx) + chain(R::load(dy), slope)).store();
        }
    }
}

macro_rules! equations {
    ($($name:ident $label:literal |$a:ident, $b:ident| $body:expr;)*) => {$(
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name;
        impl Pointwise2 for $name {
            const NAME: &'static str = $label;
            #[inline(always)]
            fn eval<R: Real>(&self, $a: R, $b: R) -> R {
                $body
            }
        }
    )*};
}

equations! {
    Add "add" |a, b| a + b;
    Sub "sub" |a, b| a - b;
    Mul "mul" |a, b| a * b;
    Div "div" |a, b| a / b;
}

/// The larger of two numbers (`LARGER`), or the smaller; NaN if either is NaN. On ties each has slope 1/2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extreme<const LARGER: bool>;

impl<const LARGER: bool> Extreme<LARGER> {
    /// Whether `a` wins, ties apart.
    #[inline(always)]
    fn wins<R: Real>(a: R, b: R) -> bool {
        if LARGER { a > b } else { a < b }
    }
}

impl<const LARGER: bool> Pointwise2 for Extreme<LARGER> {
    const NAME: &'static str = if LARGER { "maximum" } else { "minimum" };
    #[inline(always)]
    fn eval<R: Real>(&self, a: R, b: R) -> R {
        // What neither wins nor ties is NaN, and so is its sum.
        let tie = R::select(a == b, a, a + b);
        R::select(Self::wins(a, b), a, R::select(Self::wins(b, a), b, tie))
    }
    #[inline(always)]
    fn slope<R: Real>(&self, first: bool, a: R, b: R) -> R {
        let (own, other) = if first { (a, b) } else { (b, a) };
        let [all, half, none] = [1.0, 0.5, 0.0].map(R::lift);
        R::select(Self::wins(own, other), all, R::select(Self::wins(other, own), none, half))
    }
}
