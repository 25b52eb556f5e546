//! The contract: a loss is what it declares and the one equation that it is.

use crate::info::Info;
use crate::{ClassCounts, Pt, Side};
use losslab_tensor::Real;

/// A classification loss as one equation in p_t, with `P` parameters.
///
/// The implementation is all that a loss needs: its value, its exact derivative in the logits and in
/// its parameters, its vectorised kernel, its checks, its documentation and its place in every
/// comparison follow from it once it is in a [`Registry`](crate::Registry).
///
/// ```
/// use losslab_losses::{Alpha, Domain, Heads, Info, Loss, ParamInfo, Pt, Range, Side};
/// use losslab_tensor::Real;
///
/// struct SquaredError;
/// impl Loss<1> for SquaredError {
///     const INFO: Info<1> = Info {
///         name: "squared",
///         title: "Squared error of the probability",
///         equation: "L = scale * (1 - p_t)^2",
///         source: "Brier 1950",
///         params: [ParamInfo {
///             name: "scale",
///             default: 1.0,
///             range: Range::above(0.0),
///             tuned: Some(Domain::Log(0.5, 2.0)),
///             meaning: "factor",
///         }],
///         ..Info::EMPTY
///     };
///     #[inline(always)]
///     fn eval<R: Real>([scale]: [R; 1], t: Pt<R>, _side: Side) -> R {
///         scale * t.q * t.q
///     }
/// }
/// ```
pub trait Loss<const P: usize>: Send + Sync + 'static {
    /// What the loss declares of itself.
    const INFO: Info<P>;

    /// The loss of one element. Mark it `#[inline(always)]`, or it will not be vectorised.
    fn eval<R: Real>(params: [R; P], t: Pt<R>, side: Side) -> R;

    /// What happens to the logits before the equation, for losses that declare `needs_counts` and no others.
    ///
    /// # Errors
    /// Why it cannot be done with these counts.
    fn shift<R: Real>(_params: [R; P], counts: &ClassCounts) -> Result<Shift<R>, String> {
        Ok(Shift { scale: R::lift(1.0), target: vec![R::lift(0.0); counts.len()] })
    }
}

/// A loss that also takes targets between 0 and 1, with the sigmoid head.
///
/// Its [`Loss::eval`] is the case of y = 0 or 1, e.g.
/// `Self::eval_soft(params, t.at_logit(side), side.pick(one, zero))`.
pub trait SoftLoss<const P: usize>: Loss<P> {
    /// The loss of one element: `p` at the logit (p.p is the probability of the positive class), and the
    /// target y.
    fn eval_soft<R: Real>(params: [R; P], p: Pt<R>, y: R) -> R;
}

/// A loss of a whole batch in the counts of true and false predictions, each a sum of probabilities, with the
/// sigmoid head: Dice, Jaccard, Tversky.
pub trait SetLoss<const P: usize>: Send + Sync + 'static {
    /// What the loss declares of itself.
    const INFO: Info<P>;

    /// The loss of the batch.
    fn eval<R: Real>(params: [R; P], counts: Confusion<R>) -> R;
}

/// Counts of predictions in which each element counts by its probability and its weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Confusion<R> {
    /// sum of w y p.
    pub true_positive: R,
    /// sum of w (1 - y) p.
    pub false_positive: R,
    /// sum of w y (1 - p).
    pub false_negative: R,
}

/// The margin handed to the equation is that of the logits times `scale`, less `target[y]` for the true class
/// y.
#[derive(Clone, Debug, PartialEq)]
pub struct Shift<R> {
    /// Factor of all logits, above 0.
    pub scale: R,
    /// What is subtracted from the margin, per class (sigmoid: negative, positive).
    pub target: Vec<R>,
}
