//! The list of operations. ONE entry makes an operation usable and checked: it generates the
//! method of [`Var`] and the cases that [`all`] hands to the gradient checker.
//!
//! To add an operation: write its equation (in [`pointwise`] or [`binary`]) or its [`Op`](crate::Op) in a
//! file of this folder, and add one entry below.

pub(crate) mod binary;
pub(crate) mod linear;
pub(crate) mod pointwise;
pub(crate) mod reduce;
pub(crate) mod shape;
pub(crate) mod softmax;

use crate::Var;
use binary::Zip;
use losslab_tensor::{Float, Shape};
use pointwise::Map;

/// An operation as the gradient checker sees it.
pub struct OpCheck {
    /// The method's name.
    pub name: &'static str,
    /// Where it is checked.
    pub cases: Vec<Case>,
}

/// One use of an operation: input shapes, the interval that inputs are drawn from, and the call.
pub struct Case {
    /// Shapes of the inputs: asymmetric, with axes of 1 and broadcasting where it applies.
    pub shapes: Vec<Vec<usize>>,
    /// Inputs are drawn uniformly from this interval.
    pub interval: (f64, f64),
    /// No input is drawn closer than this to 0, where the function has a kink.
    pub gap: f64,
    /// The operation.
    pub call: for<'t> fn(&[Var<'t, f64>]) -> Var<'t, f64>,
}

/// Cases over `[-3, 3]` with the given input shapes.
macro_rules! cases {
    ($call:expr; $([$(&[$($dim:literal),*]),+]),+) => {
        vec![$(Case { shapes: vec![$(vec![$($dim),*]),+], interval: (-3.0, 3.0), gap: 0.0, call: $call }),+]
    };
}

/// The shapes that every elementwise operation is checked on.
macro_rules! elementwise {
    ($call:expr) => { cases!($call; [&[]], [&[1]], [&[2, 3]], [&[3, 1, 5]], [&[37]]) };
}

/// The shapes that every broadcasting operation is checked on: equal, each axis of each operand stretched.
macro_rules! broadcast {
    ($call:expr) => {
        cases!($call;
            [&[2, 3], &[2, 3]], [&[2, 3], &[3]], [&[3], &[2, 3]], [&[2, 1], &[1, 3]], [&[], &[4]], [&[4], &[]],
            [&[2, 1, 4], &[5, 1]], [&[1], &[3, 2]], [&[3, 2], &[3, 1]], [&[2, 3, 1], &[2, 1, 5]])
    };
}

/// Narrows the interval of cases, or keeps them away from 0.
fn within(mut cases: Vec<Case>, interval: (f64, f64), gap: f64) -> Vec<Case> {
    for case in &mut cases {
        (case.interval, case.gap) = (interval, gap);
    }
    cases
}

macro_rules! ops {
    ($($(#[$doc:meta])* fn $name:ident($self:ident $(, $arg:ident: $kind:ty)*) = $op:expr, [$($input:expr),*]; check $cases:expr;)*) => {
        impl<'t, T: Float> Var<'t, T> {
            $($(#[$doc])*
            #[track_caller]
            #[allow(clippy::should_implement_trait)] // the operators call these, see below
            pub fn $name($self $(, $arg: $kind)*) -> Var<'t, T> {
                $self.tape().push($op, &[$($input),*])
            })*
        }

        /// Every operation with the cases on which its gradient is checked.
        pub fn all() -> Vec<OpCheck> {
            vec![$(OpCheck { name: stringify!($name), cases: $cases }),*]
        }
    };
}

ops! {
    /// `self + rhs`, broadcast.
    fn add(self, rhs: Var<'t, T>) = Zip(binary::Add), [self, rhs]; check broadcast!(|x| x[0].add(x[1]));
    /// `self - rhs`, broadcast.
    fn sub(self, rhs: Var<'t, T>) = Zip(binary::Sub), [self, rhs]; check broadcast!(|x| x[0].sub(x[1]));
    /// `self * rhs`, element by element, broadcast.
    fn mul(self, rhs: Var<'t, T>) = Zip(binary::Mul), [self, rhs]; check broadcast!(|x| x[0].mul(x[1]));
    /// `self / rhs`, element by element, broadcast. Division by 0 follows IEEE 754: infinite, or NaN for 0/0.
    fn div(self, rhs: Var<'t, T>) = Zip(binary::Div), [self, rhs];
        check within(broadcast!(|x| x[0].div(x[1])), (-3.0, 3.0), 0.5);
    /// `-self`.
    fn neg(self) = Map(pointwise::Neg), [self]; check elementwise!(|x| x[0].neg());
    /// `e^self`; infinite above 88.7 (f32) or 709.8 (f64), and its gradient with it.
    fn exp(self) = Map(pointwise::Exp), [self]; check elementwise!(|x| x[0].exp());
    /// Natural logarithm; -inf at 0 (gradient +inf), NaN below.
    fn ln(self) = Map(pointwise::Ln), [self]; check within(elementwise!(|x| x[0].ln()), (0.2, 3.0), 0.0);
    /// `max(self, 0)`; the gradient at 0 is 0. NaN stays NaN.
    fn relu(self) = Map(pointwise::Relu), [self]; check within(elementwise!(|x| x[0].relu()), (-3.0, 3.0), 0.1);
    /// `1 / (1 + e^-self)`, without overflow.
    fn sigmoid(self) = Map(pointwise::Sigmoid), [self]; check elementwise!(|x| x[0].sigmoid());
    /// Hyperbolic tangent.
    fn tanh(self) = Map(pointwise::Tanh), [self]; check elementwise!(|x| x[0].tanh());
    /// `ln(1 + e^self)`, without overflow.
    fn softplus(self) = Map(pointwise::Softplus), [self]; check elementwise!(|x| x[0].softplus());
    /// Matrix product of `[m, k]` and `[k, n]`.
    fn matmul(self, rhs: Var<'t, T>) = linear::MatMul, [self, rhs];
        check cases!(|x| x[0].matmul(x[1]); [&[2, 3], &[3, 4]], [&[1, 5], &[5, 1]], [&[9, 1], &[1, 3]], [&[7, 2], &[2, 33]]);
    /// Affine map `self . weight + bias` of `[.., in]`, `[in, out]`, `[out]`.
    fn linear(self, weight: Var<'t, T>, bias: Var<'t, T>) = linear::Linear, [self, weight, bias];
        check cases!(|x| x[0].linear(x[1], x[2]); [&[4, 3], &[3, 5], &[5]], [&[2, 3, 2], &[2, 1], &[1]], [&[3], &[3, 2], &[2]]);
    /// Sum over these axes, which disappear from the shape; no axes: a copy.
    fn sum(self, axes: &[usize]) = reduce::Reduce::new(axes, false), [self]; check [
        cases!(|x| x[0].sum(&[0]); [&[3]], [&[3, 4]], [&[2, 1, 3]]),
        cases!(|x| x[0].sum(&[1]); [&[3, 4]], [&[2, 5, 3]]),
        cases!(|x| x[0].sum(&[2, 0]); [&[2, 3, 4]], [&[2, 1, 4, 3]]),
        cases!(|x| x[0].sum(&[]); [&[2, 3]]),
    ].into_iter().flatten().collect();
    /// Mean over these axes, which disappear from the shape.
    fn mean(self, axes: &[usize]) = reduce::Reduce::new(axes, true), [self]; check [
        cases!(|x| x[0].mean(&[0]); [&[3]], [&[3, 4]]),
        cases!(|x| x[0].mean(&[1]); [&[3, 4]], [&[2, 5, 3]]),
        cases!(|x| x[0].mean(&[0, 2]); [&[2, 3, 4]]),
    ].into_iter().flatten().collect();
    /// The same numbers, in the same order, under another shape.
    fn reshape(self, shape: impl Into<Shape>) = shape::Reshape(shape.into()), [self];
        check cases!(|x| x[0].reshape([3, 2]); [&[2, 3]], [&[6]], [&[1, 6, 1]]);
    /// Logarithm of the softmax over the last axis.
    fn log_softmax(self) = softmax::LogSoftmax, [self];
        check cases!(|x| x[0].log_softmax(); [&[1]], [&[4, 3]], [&[2, 3, 5]], [&[3, 1]]);
    /// The same numbers as a constant: no gradient flows back through it.
    fn detach(self) = shape::Detach, [self];
        check cases!(|x| x[0].mul(x[0].add(x[0].sub(x[0]).detach())); [&[2, 3]]);
}

impl<'t, T: Float> Var<'t, T> {
    /// Sum of all elements, of shape `[]`.
    #[track_caller]
    pub fn sum_all(self) -> Var<'t, T> {
        self.reshape([self.shape().elements()]).sum(&[0])
    }

    /// Mean of all elements, of shape `[]`.
    #[track_caller]
    pub fn mean_all(self) -> Var<'t, T> {
        self.reshape([self.shape().elements()]).mean(&[0])
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident),*) => {$(
        impl<'t, T: Float> std::ops::$trait for Var<'t, T> {
            type Output = Var<'t, T>;
            #[track_caller]
            fn $method(self, rhs: Self) -> Self {
                Var::$method(self, rhs)
            }
        }
    )*};
}
operators!(Add add, Sub sub, Mul mul, Div div);

impl<'t, T: Float> std::ops::Neg for Var<'t, T> {
    type Output = Var<'t, T>;
    fn neg(self) -> Self {
        Var::neg(self)
    }
}
