//! The contract: what a loss declares and the one equation that it is.

use crate::{Pt, Side};
use losslab_tensor::Real;
use std::fmt;

/// A classification loss as one equation in p_t, with `P` parameters.
///
/// The implementation is all that a loss needs: its value, its exact derivative in the logits and in
/// its parameters, its vectorised kernel, its checks, its documentation and its place in every
/// comparison follow from it once it is in a [`Registry`](crate::Registry).
///
/// ```
/// use losslab_losses::{Alpha, Heads, Info, Loss, ParamInfo, Pt, Range, Side};
/// use losslab_tensor::Real;
///
/// struct SquaredError;
/// impl Loss<1> for SquaredError {
///     const INFO: Info<1> = Info {
///         name: "squared",
///         title: "Squared error of the probability",
///         equation: "L = scale * (1 - p_t)^2",
///         source: "Brier 1950",
///         params: [ParamInfo { name: "scale", default: 1.0, range: Range::above(0.0), meaning: "factor" }],
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
}

/// What a loss declares of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Info<const P: usize> {
    /// The name in specs: lower case, words joined by hyphens.
    pub name: &'static str,
    /// The name in sentences and plots.
    pub title: &'static str,
    /// The equation as text.
    pub equation: &'static str,
    /// Where it was published, with the equation's number.
    pub source: &'static str,
    /// Parameters, in the order of [`Loss::eval`].
    pub params: [ParamInfo; P],
    /// Whether the loss takes the class-balancing weight alpha.
    pub alpha: Alpha,
    /// The heads that it makes sense on.
    pub heads: Heads,
}

impl Info<0> {
    /// A start for `..Info::EMPTY` in declarations without parameters.
    pub const PLAIN: Info<0> = Info::<0>::EMPTY;
}

impl<const P: usize> Info<P> {
    /// A start for `..Info::EMPTY`: no alpha, both heads.
    pub const EMPTY: Info<P> = Info {
        name: "",
        title: "",
        equation: "",
        source: "",
        params: [ParamInfo { name: "", default: 0.0, range: Range::ANY, meaning: "" }; P],
        alpha: Alpha::Optional,
        heads: Heads::Both,
    };
}

/// A parameter of a loss or a modifier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParamInfo {
    /// The key in specs.
    pub name: &'static str,
    /// The value if a spec does not give it.
    pub default: f64,
    /// The values that make sense.
    pub range: Range,
    /// What it does.
    pub meaning: &'static str,
}

/// The values that a parameter may take; NaN is never among them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    low: f64,
    high: f64,
    low_included: bool,
    high_included: bool,
}

impl Range {
    /// Any finite number.
    pub const ANY: Range =
        Range { low: f64::NEG_INFINITY, high: f64::INFINITY, low_included: false, high_included: false };

    /// `low <= x <= high`.
    pub const fn closed(low: f64, high: f64) -> Self {
        Self { low, high, low_included: true, high_included: true }
    }
    /// `low < x < high`.
    pub const fn open(low: f64, high: f64) -> Self {
        Self { low, high, low_included: false, high_included: false }
    }
    /// `x >= low`, finite.
    pub const fn at_least(low: f64) -> Self {
        Self { low, high: f64::INFINITY, low_included: true, high_included: false }
    }
    /// `x > low`, finite.
    pub const fn above(low: f64) -> Self {
        Self { low, high: f64::INFINITY, low_included: false, high_included: false }
    }
    /// `low <= x < high`.
    pub const fn from_to(low: f64, high: f64) -> Self {
        Self { low, high, low_included: true, high_included: false }
    }
    /// `low < x <= high`.
    pub const fn up_to(low: f64, high: f64) -> Self {
        Self { low, high, low_included: false, high_included: true }
    }

    /// Whether the value is allowed.
    pub fn contains(&self, x: f64) -> bool {
        let above = if self.low_included { x >= self.low } else { x > self.low };
        let below = if self.high_included { x <= self.high } else { x < self.high };
        above && below
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = if self.low_included { '[' } else { '(' };
        let close = if self.high_included { ']' } else { ')' };
        write!(f, "{open}{}, {}{close}", self.low, self.high)
    }
}

/// The class-balancing weight: alpha for positives, 1 - alpha for negatives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Alpha {
    /// The loss has no such weight.
    None,
    /// Only if the spec gives it; otherwise no weighting at all (not 0.5, which would halve the loss).
    Optional,
    /// This value unless the spec gives another.
    Default(f64),
}

/// How scores become probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// Independent logits: the margin is the logit for positives, minus the logit for negatives.
    Sigmoid,
    /// One logit per class: the margin is the true class's logit minus logsumexp of the others.
    Softmax,
}

/// The heads that a loss makes sense on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heads {
    /// Sigmoid and softmax.
    Both,
    /// Sigmoid only: the loss distinguishes positives from negatives.
    SigmoidOnly,
}

impl Heads {
    /// Whether this head is among them.
    pub fn contains(self, head: Head) -> bool {
        self == Heads::Both || head == Head::Sigmoid
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Head::Sigmoid => "sigmoid",
            Head::Softmax => "softmax",
        })
    }
}
