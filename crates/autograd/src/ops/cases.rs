//! Where the gradient of an operation is checked: shapes, intervals, and inputs that keep away from kinks and
//! ties.

use crate::{Conv2d, Pool, Var};
use losslab_tensor::Shape;

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

/// Narrows the interval of cases, or keeps them away from 0.
pub(super) fn within(mut cases: Vec<Case>, interval: (f64, f64), gap: f64) -> Vec<Case> {
    for case in &mut cases {
        (case.interval, case.gap) = (interval, gap);
    }
    cases
}

/// The cases of several lists.
pub(super) fn join<const N: usize>(lists: [Vec<Case>; N]) -> Vec<Case> {
    lists.into_iter().flatten().collect()
}

/// `x` with different whole numbers added to its elements, even or odd ones: inputs drawn from [-0.4, 0.4]
/// have no ties then, neither within one value nor between an even and an odd one.
pub(super) fn apart<'t>(x: Var<'t, f64>, odd: bool) -> Var<'t, f64> {
    let offset = |i: usize| (2 * (i * 7 % 11) + 22 * (i / 11)) as f64 + f64::from(odd);
    let offsets: Vec<f64> = (0..x.shape().elements()).map(offset).collect();
    x.add(x.tape().constant(x.shape(), &offsets))
}

/// `x` with 3 or -3 added, by the place along its first axis, or along its last: products of two such values
/// drawn from [-0.4, 0.4] keep away from 0 and have either sign.
pub(super) fn off_0<'t>(x: Var<'t, f64>, by_first: bool) -> Var<'t, f64> {
    let (rows, columns) = (x.shape().dims()[0], x.shape().rows_and_columns().1);
    let each = x.shape().elements() / rows.max(1);
    let offset =
        |i: usize| if (if by_first { i / each } else { i % columns }).is_multiple_of(2) { 3.0 } else { -3.0 };
    x.add(x.tape().constant_with(x.shape(), |c| c.iter_mut().enumerate().for_each(|(i, c)| *c = offset(i))))
}

/// A constant of 0 and 1 of this shape, from which `select` chooses.
pub(super) fn choices<'t>(like: Var<'t, f64>, shape: impl Into<Shape>) -> Var<'t, f64> {
    let fill = |c: &mut [f64]| c.iter_mut().enumerate().for_each(|(i, c)| *c = f64::from(i * 5 % 7 < 3));
    like.tape().constant_with(shape, fill)
}

/// A convolution that moves like this.
pub(super) const fn conv(
    stride: [usize; 2],
    padding: [usize; 2],
    dilation: [usize; 2],
    groups: usize,
) -> Conv2d {
    Conv2d { stride, padding, dilation, groups }
}

/// A pooling with this window.
pub(super) const fn pool(kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2]) -> Pool {
    Pool { kernel, stride, padding }
}
