//! The list of operations. ONE entry makes an operation usable and checked: it generates the
//! method of [`Var`] and the cases that [`all`] hands to the gradient checker.
//!
//! To add an operation: write its equation (in `pointwise.rs` or `binary.rs`) or its [`Op`](crate::Op) in a
//! file of this folder, and add one entry below.

pub(crate) mod axes;
pub(crate) mod binary;
pub(crate) mod broadcast;
mod cases;
pub(crate) mod conv;
pub(crate) mod dropout;
pub(crate) mod gather;
pub(crate) mod gelu;
pub(crate) mod linear;
pub(crate) mod max;
pub(crate) mod movement;
pub(crate) mod norm;
pub(crate) mod pointwise;
pub(crate) mod pool;
pub(crate) mod power;
pub(crate) mod reduce;
pub(crate) mod relu;
mod rows;
pub(crate) mod running;
pub(crate) mod select;
pub(crate) mod shape;
pub(crate) mod softmax;

use crate::{Conv2d, Dropout, Indices, MAX_INPUTS, Pool, Var};
use axes::Axes;
use binary::Zip;
pub use cases::{Case, OpCheck};
use cases::{apart, choices, conv, join, off_0, pool, within};
use losslab_tensor::{Float, Shape};
use norm::Norm;
use pointwise::Map;
use relu::WithRelu;
use std::ops::Range;

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
            [&[2, 3], &[2, 3]], [&[2, 3], &[3]], [&[3], &[2, 3]], [&[2, 1], &[1, 3]], [&[], &[4]],
            [&[4], &[]], [&[2, 1, 4], &[5, 1]], [&[1], &[3, 2]], [&[3, 2], &[3, 1]], [&[2, 3, 1], &[2, 1, 5]])
    };
}

/// The operands of an operation that takes as many as it is given.
struct Operands<'t, T> {
    all: [Var<'t, T>; MAX_INPUTS],
    count: usize,
}

impl<'t, T: Float> Operands<'t, T> {
    #[track_caller]
    fn new(op: &str, first: Var<'t, T>, others: &[Var<'t, T>]) -> Self {
        let count = 1 + others.len();
        assert!(count <= MAX_INPUTS, "{op}: {count} inputs, at most {MAX_INPUTS}");
        let mut all = [first; MAX_INPUTS];
        all[1..count].copy_from_slice(others);
        Self { all, count }
    }
}

impl<'t, T> std::ops::Deref for Operands<'t, T> {
    type Target = [Var<'t, T>];
    fn deref(&self) -> &[Var<'t, T>] {
        &self.all[..self.count]
    }
}

macro_rules! ops {
    ($(
        $(#[$doc:meta])*
        fn $name:ident($self:ident $(, $arg:ident: $kind:ty)*) = $op:expr, $inputs:expr; check $cases:expr;
    )*) => {
        impl<'t, T: Float> Var<'t, T> {
            $($(#[$doc])*
            #[track_caller]
            #[allow(clippy::should_implement_trait)] // the operators call these, see below
            pub fn $name($self $(, $arg: $kind)*) -> Var<'t, T> {
                $self.tape().push($op, &$inputs)
            })*
        }

        /// Every operation with the cases on which its gradient is checked.
        #[inline] // Compiled by the tests that call it, not into this crate.
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
    /// The larger of two, broadcast; each gets half of the gradient where they are equal. NaN if either is
    /// NaN.
    fn maximum(self, rhs: Var<'t, T>) = Zip(binary::Extreme::<true>), [self, rhs];
        check within(broadcast!(|x| apart(x[0], false).maximum(apart(x[1], true))), (-0.4, 0.4), 0.0);
    /// The smaller of two, broadcast; each gets half of the gradient where they are equal. NaN if either is
    /// NaN.
    fn minimum(self, rhs: Var<'t, T>) = Zip(binary::Extreme::<false>), [self, rhs];
        check within(broadcast!(|x| apart(x[0], false).minimum(apart(x[1], true))), (-0.4, 0.4), 0.0);
    /// `yes` where `self` is not 0, else `no`, all three broadcast: NumPy's `where`. `self` gets no gradient,
    /// the branch not taken exactly 0, also through elementwise operations with an infinite slope. A NaN in
    /// `self` gives NaN.
    fn select(self, yes: Var<'t, T>, no: Var<'t, T>) = select::Select, [self, yes, no]; check join([
        broadcast!(|x| choices(x[0], x[0].shape()).select(x[0], x[1])),
        broadcast!(|x| choices(x[0], []).select(x[1], x[0])),
        cases!(|x| choices(x[0], [4, 1, 3]).select(x[0], x[1]);
            [&[2, 1], &[1]], [&[], &[2, 3]], [&[4, 2, 3], &[3]]),
    ]);
    /// `-self`.
    fn neg(self) = Map(pointwise::Neg), [self]; check elementwise!(|x| x[0].neg());
    /// `e^self`; infinite above 88.7 (f32) or 709.8 (f64), and its gradient with it.
    fn exp(self) = Map(pointwise::Exp), [self]; check elementwise!(|x| x[0].exp());
    /// Natural logarithm; -inf at 0 (gradient +inf), NaN below.
    fn ln(self) = Map(pointwise::Ln), [self]; check within(elementwise!(|x| x[0].ln()), (0.2, 3.0), 0.0);
    /// `max(self, 0)`; the gradient at 0 is 0. NaN stays NaN.
    fn relu(self) = Map(pointwise::Relu), [self];
        check within(elementwise!(|x| x[0].relu()), (-3.0, 3.0), 0.1);
    /// `self` above 0, `slope * self` elsewhere; the gradient at 0 is `slope`. NaN stays NaN (Maas et al.
    /// 2013).
    fn leaky_relu(self, slope: f64) = Map(pointwise::LeakyRelu { slope }), [self];
        check within(elementwise!(|x| x[0].leaky_relu(0.2)), (-3.0, 3.0), 0.1);
    /// `self * Phi(self)`, with the exact distribution function of the normal, not its approximation by tanh
    /// (Hendrycks & Gimpel 2016). 0 at -inf.
    fn gelu(self) = gelu::Gelu, [self]; check elementwise!(|x| x[0].gelu());
    /// `self * sigmoid(self)`, without overflow (Hendrycks & Gimpel 2016; "swish"). 0 at -inf.
    fn silu(self) = Map(pointwise::Silu), [self]; check elementwise!(|x| x[0].silu());
    /// Absolute value; the gradient at 0 is 0. NaN stays NaN.
    fn abs(self) = Map(pointwise::Abs), [self]; check within(elementwise!(|x| x[0].abs()), (-3.0, 3.0), 0.1);
    /// Smooth L1: `self^2 / (2 beta)` where `|self| < beta`, else `|self| - beta / 2`, with beta above 0
    /// (Girshick 2015, "Fast R-CNN", eq. 3, where beta is 1). Its slope is within [-1, 1] and has no jump.
    /// NaN stays NaN.
    fn smooth_l1(self, beta: f64) = Map(pointwise::SmoothL1::new(beta)), [self]; check join([
        elementwise!(|x| x[0].smooth_l1(0.11)),
        elementwise!(|x| x[0].smooth_l1(1.5)),
    ]);
    /// Square root; 0 at 0 (gradient +inf), NaN below.
    fn sqrt(self) = Map(pointwise::Sqrt), [self];
        check within(elementwise!(|x| x[0].sqrt()), (0.2, 3.0), 0.0);
    /// `self^exponent`. A whole exponent takes any number (0 to a negative one is infinite), another one is
    /// NaN below 0. The gradient at 0 is that of the formula, `exponent * 0^(exponent - 1)`: infinite for an
    /// exponent below 1, but 0 for exponent 0. NaN stays NaN, also to the power 0. Error: about one ulp per
    /// bit of a whole exponent, else 2 + |exponent * ln self| ulps.
    fn pow(self, exponent: f64) = power::Pow { exponent }, [self]; check join([
        elementwise!(|x| x[0].pow(3.0)),
        cases!(|x| x[0].pow(0.0); [&[2, 3]]),
        cases!(|x| x[0].pow(1.0); [&[2, 3]]),
        within(cases!(|x| x[0].pow(-2.0); [&[2, 3]]), (-3.0, 3.0), 0.5),
        within(cases!(|x| x[0].pow(2.5); [&[2, 3]], [&[1]]), (0.2, 3.0), 0.0),
        within(cases!(|x| x[0].pow(-0.5); [&[3, 1]]), (0.2, 3.0), 0.0),
    ]);
    /// `self` within `[low, high]`, else the nearer bound; the gradient is 1 inside and at the bounds (a
    /// parameter on its bound can move back), 0 outside. NaN stays NaN.
    fn clamp(self, low: f64, high: f64) = Map(pointwise::Clamp::new(low, high)), [self]; check join([
        within(elementwise!(|x| x[0].clamp(-1.0, 1.5)), (-0.9, 1.4), 0.0),
        within(cases!(|x| x[0].clamp(-1.0, 1.5); [&[2, 3]]), (1.6, 3.0), 0.0),
        within(cases!(|x| x[0].clamp(-1.0, 1.5); [&[2, 3]]), (-3.0, -1.1), 0.0),
    ]);
    /// Dropout, or the identity for [`Dropout::EVALUATION`].
    fn dropout(self, dropout: Dropout) = dropout, [self]; check join([
        elementwise!(|x| x[0].dropout(Dropout { p: 0.4, seed: 7, step: 3, site: 1 })),
        cases!(|x| x[0].dropout(Dropout::EVALUATION); [&[2, 3]]),
    ]);
    /// `1 / (1 + e^-self)`, without overflow.
    fn sigmoid(self) = Map(pointwise::Sigmoid), [self]; check elementwise!(|x| x[0].sigmoid());
    /// Hyperbolic tangent.
    fn tanh(self) = Map(pointwise::Tanh), [self]; check elementwise!(|x| x[0].tanh());
    /// `ln(1 + e^self)`, without overflow.
    fn softplus(self) = Map(pointwise::Softplus), [self]; check elementwise!(|x| x[0].softplus());
    /// Matrix product of `[m, k]` and `[k, n]`.
    fn matmul(self, rhs: Var<'t, T>) = linear::MatMul, [self, rhs];
        check cases!(|x| x[0].matmul(x[1]);
            [&[2, 3], &[3, 4]], [&[1, 5], &[5, 1]], [&[9, 1], &[1, 3]], [&[7, 2], &[2, 33]]);
    /// Affine map `self . weight + bias` of `[.., in]`, `[in, out]`, `[out]`.
    fn linear(self, weight: Var<'t, T>, bias: Var<'t, T>) = linear::Linear, [self, weight, bias];
        check cases!(|x| x[0].linear(x[1], x[2]);
            [&[4, 3], &[3, 5], &[5]], [&[2, 3, 2], &[2, 1], &[1]], [&[3], &[3, 2], &[2]]);
    /// `max(self . weight + bias, 0)`: [`linear`](Var::linear) and [`relu`](Var::relu) in one pass, with the
    /// bits of the two.
    fn linear_relu(self, weight: Var<'t, T>, bias: Var<'t, T>)
        = WithRelu(linear::Linear), [self, weight, bias];
        check within(cases!(|x| off_0(x[0], true).linear_relu(off_0(x[1], false), x[2]);
            [&[4, 3], &[3, 5], &[5]], [&[2, 3, 2], &[2, 1], &[1]], [&[3], &[3, 2], &[2]]), (-0.4, 0.4), 0.0);
    /// Convolution of images `[N, H, W, C]` with weights `[kh, kw, C / groups, F]` and bias `[F]`: see
    /// [`Conv2d`].
    fn conv2d(self, weight: Var<'t, T>, bias: Var<'t, T>, conv: Conv2d)
        = conv, [self, weight, bias]; check join([
        cases!(|x| x[0].conv2d(x[1], x[2], conv([1, 1], [0, 0], [1, 1], 1));
            [&[2, 3, 4, 3], &[1, 1, 3, 2], &[2]], [&[1, 4, 3, 2], &[2, 3, 2, 3], &[3]],
            [&[1, 1, 1, 1], &[1, 1, 1, 1], &[1]]),
        // (H + 2p - k) and (W + 2p - k) leave remainders.
        cases!(|x| x[0].conv2d(x[1], x[2], conv([2, 3], [1, 2], [1, 1], 1));
            [&[2, 6, 4, 2], &[3, 2, 2, 3], &[3]], [&[1, 3, 5, 1], &[1, 1, 1, 2], &[2]]),
        cases!(|x| x[0].conv2d(x[1], x[2], conv([2, 1], [2, 1], [2, 3], 1));
            [&[1, 6, 7, 2], &[3, 2, 2, 3], &[3]]),
        cases!(|x| x[0].conv2d(x[1], x[2], conv([1, 2], [1, 0], [1, 2], 2));
            [&[2, 3, 6, 4], &[2, 3, 2, 6], &[6]]),
        cases!(|x| x[0].conv2d(x[1], x[2], conv([2, 1], [1, 2], [1, 1], 3));
            [&[2, 4, 3, 3], &[3, 2, 1, 3], &[3]]),
    ]);
    /// [`conv2d`](Var::conv2d) and [`relu`](Var::relu) in one pass, with the bits of the two.
    fn conv2d_relu(self, weight: Var<'t, T>, bias: Var<'t, T>, conv: Conv2d)
        = WithRelu(conv), [self, weight, bias];
        check within(cases!(
            |x| off_0(x[0], true).conv2d_relu(off_0(x[1], false), x[2], conv([1, 2], [1, 1], [1, 1], 1));
            [&[3, 3, 4, 2], &[3, 2, 2, 3], &[3]], [&[1, 2, 3, 1], &[3, 3, 1, 2], &[2]]), (-0.4, 0.4), 0.0);
    /// Maximum under each window of images `[N, H, W, C]`: see [`Pool`]. Among equals the first, in row-major
    /// order, gets the gradient; NaN if there is a NaN under the window.
    fn max_pool(self, pool: Pool) = pool::MaxPool(pool), [self]; check join([
        within(cases!(|x| apart(x[0], false).max_pool(pool([2, 3], [2, 3], [0, 0]));
            [&[2, 4, 7, 2]], [&[1, 2, 3, 1]]), (-0.4, 0.4), 0.0),
        within(cases!(|x| apart(x[0], true).max_pool(pool([3, 2], [2, 1], [1, 1]));
            [&[2, 6, 3, 2]]), (-0.4, 0.4), 0.0),
        cases!(|x| x[0].max_pool(pool([1, 1], [1, 1], [0, 0])); [&[1, 2, 3, 2]]),
    ]);
    /// Mean of the real cells under each window of images `[N, H, W, C]`, those in the padding not counted:
    /// see [`Pool`].
    fn avg_pool(self, pool: Pool) = pool::AvgPool(pool), [self]; check join([
        cases!(|x| x[0].avg_pool(pool([2, 3], [2, 3], [0, 0])); [&[2, 4, 7, 2]], [&[1, 2, 3, 1]]),
        cases!(|x| x[0].avg_pool(pool([3, 2], [2, 1], [1, 1])); [&[2, 6, 3, 2]]),
    ]);
    /// Images `[N, H, W, C]` made `factor` times as high and wide by repeating each pixel:
    /// `[N, H factor, W factor, C]`.
    fn upsample(self, factor: usize) = pool::Upsample { factor }, [self]; check join([
        cases!(|x| x[0].upsample(3); [&[2, 2, 3, 2]], [&[1, 1, 1, 1]]),
        cases!(|x| x[0].upsample(1); [&[1, 2, 3, 2]]),
    ]);
    /// Group norm of `[N, .., C]` with `gamma [C]` and `beta [C]`: the channels in `groups` equal groups,
    /// each group of each image less its mean, divided by its standard deviation (biased variance + epsilon),
    /// times gamma, plus beta (Wu & He 2018). One group is layer norm over the image, C groups are instance
    /// norm. C is at most 4096.
    fn group_norm(self, gamma: Var<'t, T>, beta: Var<'t, T>, groups: usize, epsilon: f64)
        = Norm::group(groups, epsilon), [self, gamma, beta]; check join([
        cases!(|x| x[0].group_norm(x[1], x[2], 2, 1e-2);
            [&[2, 3, 2, 4], &[4], &[4]], [&[3, 2, 6], &[6], &[6]]),
        cases!(|x| x[0].group_norm(x[1], x[2], 1, 1e-2); [&[2, 1, 3, 3], &[3], &[3]], [&[3, 5], &[5], &[5]]),
        cases!(|x| x[0].group_norm(x[1], x[2], 3, 1e-2); [&[2, 35, 2, 3], &[3], &[3]]),
    ]);
    /// Batch norm of `[.., C]` in training, with `gamma [C]` and `beta [C]`: each channel less its mean over
    /// all rows of the batch, divided by its standard deviation (biased variance + epsilon), times gamma,
    /// plus beta (Ioffe & Szegedy 2015). Evaluation: [`RunningStatistics`](crate::RunningStatistics). C is at
    /// most 4096. A batch of one row is beta.
    fn batch_norm(self, gamma: Var<'t, T>, beta: Var<'t, T>, epsilon: f64)
        = Norm::batch(epsilon), [self, gamma, beta]; check
        cases!(|x| x[0].batch_norm(x[1], x[2], 1e-2);
            [&[2, 3, 2, 4], &[4], &[4]], [&[5, 3], &[3], &[3]], [&[67, 1], &[1], &[1]]);
    /// Sum over these axes, which disappear from the shape; no axes: a copy.
    fn sum(self, axes: &[usize]) = reduce::Reduce::new(axes, false), [self]; check join([
        cases!(|x| x[0].sum(&[0]); [&[3]], [&[3, 4]], [&[2, 1, 3]]),
        cases!(|x| x[0].sum(&[1]); [&[3, 4]], [&[2, 5, 3]]),
        cases!(|x| x[0].sum(&[2, 0]); [&[2, 3, 4]], [&[2, 1, 4, 3]]),
        cases!(|x| x[0].sum(&[]); [&[2, 3]]),
    ]);
    /// Mean over these axes, which disappear from the shape.
    fn mean(self, axes: &[usize]) = reduce::Reduce::new(axes, true), [self]; check join([
        cases!(|x| x[0].mean(&[0]); [&[3]], [&[3, 4]]),
        cases!(|x| x[0].mean(&[1]); [&[3, 4]], [&[2, 5, 3]]),
        cases!(|x| x[0].mean(&[0, 2]); [&[2, 3, 4]]),
    ]);
    /// Maximum over these axes, which disappear from the shape. Among equals the first, in row-major order,
    /// gets the gradient. NaN if there is a NaN.
    fn max(self, axes: &[usize]) = max::Max(Axes::new(axes)), [self]; check join([
        within(cases!(|x| apart(x[0], false).max(&[0]); [&[3]], [&[3, 4]], [&[2, 1, 3]]), (-0.4, 0.4), 0.0),
        within(cases!(|x| apart(x[0], false).max(&[1]); [&[3, 4]], [&[2, 5, 3]]), (-0.4, 0.4), 0.0),
        within(cases!(|x| apart(x[0], true).max(&[2, 0]); [&[2, 3, 4]], [&[2, 1, 4, 3]]), (-0.4, 0.4), 0.0),
        cases!(|x| x[0].max(&[]); [&[2, 3]]),
    ]);
    /// The same numbers, in the same order, under another shape.
    fn reshape(self, shape: impl Into<Shape>) = shape::Reshape(shape.into()), [self];
        check cases!(|x| x[0].reshape([3, 2]); [&[2, 3]], [&[6]], [&[1, 6, 1]]);
    /// The axes in another order: axis k of the result is axis `axes[k]` of `self`.
    fn transpose(self, axes: &[usize]) = movement::Transpose(Axes::new(axes)), [self]; check join([
        cases!(|x| x[0].transpose(&[1, 0]); [&[2, 3]], [&[1, 4]], [&[4, 1]]),
        cases!(|x| x[0].transpose(&[2, 0, 1]); [&[2, 3, 4]], [&[2, 1, 3]]),
        cases!(|x| x[0].transpose(&[0, 3, 1, 2]); [&[2, 3, 1, 4]]),
    ]);
    /// The part `range` of one axis, which may be empty.
    fn slice(self, axis: usize, range: Range<usize>) = movement::Slice::new(axis, range), [self]; check join([
        cases!(|x| x[0].slice(0, 1..3); [&[4]], [&[3, 2]], [&[3, 1, 5]]),
        cases!(|x| x[0].slice(1, 2..3); [&[2, 3]], [&[2, 4, 3]]),
        cases!(|x| x[0].slice(2, 0..2); [&[2, 3, 4]], [&[1, 5, 2]]),
    ]);
    /// `self` and up to 7 others, one behind the other along one axis; their other axes are equal.
    fn concat(self, others: &[Var<'t, T>], axis: usize)
        = movement::Concat { axis }, Operands::new("concat", self, others);
        check join([
            cases!(|x| x[0].concat(&x[1..], 0); [&[2], &[3]], [&[2, 3], &[1, 3], &[4, 3]], [&[2, 3]]),
            cases!(|x| x[0].concat(&x[1..], 1); [&[2, 3], &[2, 1]], [&[2, 1, 3], &[2, 4, 3], &[2, 2, 3]]),
            cases!(|x| x[0].concat(&x[1..], 2); [&[3, 2, 1], &[3, 2, 5]]),
            cases!(|x| x[0].concat(&[x[1], x[0]], 1); [&[2, 3], &[2, 1]]),
        ]);
    /// The rows with these numbers, in this order; a row picked more than once collects all its gradients.
    /// Panics if `self` has no such row.
    fn gather(self, rows: Indices<'t, T>) = gather::Gather::checked(self, rows), [self, rows.operand()];
        check cases!(|x| x[0].gather(x[0].tape().indices(&[2, 0, 2, 1, 2])); [&[3]], [&[4, 1]], [&[3, 2, 5]]);
    /// Softmax over the last axis, without overflow. A row of -inf alone is NaN; one with +inf is NaN there.
    fn softmax(self) = softmax::Softmax, [self];
        check cases!(|x| x[0].softmax(); [&[1]], [&[4, 3]], [&[2, 3, 5]], [&[3, 1]]);
    /// Logarithm of the sum of the exponentials over the last axis, which disappears from the shape; without
    /// overflow. A row of -inf alone is -inf, with gradient 0; a row with +inf is +inf, with gradient NaN at
    /// that place.
    fn logsumexp(self) = softmax::LogSumExp, [self];
        check cases!(|x| x[0].logsumexp(); [&[1]], [&[4, 3]], [&[2, 3, 5]], [&[3, 1]]);
    /// Logarithm of the softmax over the last axis, without overflow. A row with +inf, or of -inf alone, is
    /// NaN.
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
