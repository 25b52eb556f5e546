//! The object-safe twins of the loss traits: one virtual call per slice, never per element.

use crate::info::{Accuracy, Alpha, Curvature, Heads, Info, ParamInfo, TargetKind};
use crate::loss::{Confusion, Shift};
use crate::probabilities::Probabilities;
use crate::{ClassCounts, Side};
use losslab_tensor::{Float, Lane};

/// A loss whose type has been forgotten: what the registry holds.
///
/// A [`SetLoss`](crate::SetLoss) has no margin: its [`Equation::set`] is there, and the methods that take
/// [`Points`] panic.
pub trait Equation: Send + Sync {
    /// All that the loss declares.
    fn declaration(&self) -> Declaration;

    /// Value and derivative in the margin, in f32: `value[i] = f(x[i])`, `slope[i] = f'(x[i])`.
    fn slopes_f32(&self, params: &[f64], points: Points<'_, f32>, value: &mut [f32], slope: &mut [f32]);
    /// The same in f64.
    fn slopes_f64(&self, params: &[f64], points: Points<'_, f64>, value: &mut [f64], slope: &mut [f64]);
    /// The whole way from logits to gradients on a block of hard targets, in f32; false if a target is
    /// neither 0 nor 1.
    fn fused_f32(&self, params: &[f64], block: Block<'_, f32>) -> bool;
    /// The same in f64.
    fn fused_f64(&self, params: &[f64], block: Block<'_, f64>) -> bool;
    /// The derivative of each value with respect to parameter `k`.
    fn param_slopes(&self, params: &[f64], k: usize, points: Points<'_, f64>, slope: &mut [f64]);
    /// The derivative of f'(x) in the margin, f''(x), and with `Some(k)` with respect to parameter `k`.
    fn second_derivatives(
        &self,
        params: &[f64],
        k: Option<usize>,
        points: Points<'_, f64>,
        second: &mut [f64],
    );
    /// What happens to the logits first, and with `Some(k)` its derivative with respect to parameter `k`.
    ///
    /// # Errors
    /// Why it cannot be done with these counts.
    fn shift(&self, params: &[f64], k: Option<usize>, counts: &ClassCounts) -> Result<Shift<f64>, String>;

    /// What reported probabilities are worth, with these values of the parameters.
    fn probabilities(&self, params: &[f64]) -> Probabilities;

    /// The loss on soft targets, if it takes them.
    fn soft(&self) -> Option<&dyn SoftEquation> {
        None
    }
    /// The loss as one of a whole batch, if it is one.
    fn set(&self) -> Option<&dyn SetEquation> {
        None
    }

    /// The name in specs.
    fn name(&self) -> &'static str {
        self.declaration().name
    }
    /// The name in sentences and plots.
    fn title(&self) -> &'static str {
        self.declaration().title
    }
    /// The equation as text.
    fn equation(&self) -> &'static str {
        self.declaration().equation
    }
    /// Where it was published.
    fn source(&self) -> &'static str {
        self.declaration().source
    }
    /// The equation's parameters.
    fn params(&self) -> &'static [ParamInfo] {
        self.declaration().params
    }
    /// Whether it takes alpha.
    fn alpha(&self) -> Alpha {
        self.declaration().alpha
    }
    /// The heads that it makes sense on.
    fn heads(&self) -> Heads {
        self.declaration().heads
    }
    /// The targets that it takes with a sigmoid head.
    fn targets(&self) -> TargetKind {
        self.declaration().targets
    }
    /// Whether it needs the class counts.
    fn needs_counts(&self) -> bool {
        self.declaration().needs_counts
    }
    /// Whether it can be drawn against p_t.
    fn has_curve(&self) -> bool {
        self.declaration().has_curve
    }
    /// Whether 0.5 of the reported probability may not be 0.5 of the true one, apart from alpha and class
    /// weights.
    fn moves_threshold(&self) -> bool {
        self.declaration().moves_threshold
    }
    /// Whether label smoothing is defined for it.
    fn may_be_smoothed(&self) -> bool {
        self.declaration().may_be_smoothed
    }
    /// Where its gradient vanishes, and where digits are lost.
    fn limits(&self) -> &'static str {
        self.declaration().limits
    }
}

/// A loss on targets between 0 and 1, in the logit.
pub trait SoftEquation {
    /// Value and derivative in the logit, in f32.
    fn soft_slopes_f32(
        &self,
        params: &[f64],
        points: SoftPoints<'_, f32>,
        value: &mut [f32],
        slope: &mut [f32],
    );
    /// The same in f64.
    fn soft_slopes_f64(
        &self,
        params: &[f64],
        points: SoftPoints<'_, f64>,
        value: &mut [f64],
        slope: &mut [f64],
    );
    /// The derivative of each value with respect to parameter `k`.
    fn soft_param_slopes(&self, params: &[f64], k: usize, points: SoftPoints<'_, f64>, slope: &mut [f64]);
    /// The derivative of the slope in the logit, and with `Some(k)` with respect to parameter `k`.
    fn soft_second_derivatives(
        &self,
        params: &[f64],
        k: Option<usize>,
        points: SoftPoints<'_, f64>,
        second: &mut [f64],
    );
}

/// A loss of a whole batch.
pub trait SetEquation {
    /// The loss and its derivative in each of the counts.
    fn value_and_partials(&self, params: &[f64], counts: Confusion<f64>) -> (f64, Confusion<f64>);
    /// The derivative of the loss with respect to parameter `k`.
    fn set_param_slope(&self, params: &[f64], k: usize, counts: Confusion<f64>) -> f64;
}

/// Where an equation is evaluated.
#[derive(Clone, Copy, Debug)]
pub struct Points<'a, T> {
    /// Margins.
    pub margin: &'a [T],
    /// +1 where the true class is the positive one, else -1.
    pub sign: &'a [T],
}

/// A block of the sigmoid head without marks, shifts and weights per element: what the fused kernel takes.
#[derive(Debug)]
pub struct Block<'a, T> {
    /// Logits.
    pub logits: &'a [T],
    /// 0 or 1 for each logit.
    pub targets: &'a [T],
    /// What the losses of negatives and of positives are multiplied by.
    pub weights: BySide<T>,
    /// What the slopes in the margin are multiplied by; below 0 for negatives, whose margin is minus the
    /// logit.
    pub slope_weights: BySide<T>,
    /// Receives the weighted loss of each logit.
    pub value: &'a mut [T],
    /// Receives the gradient in each logit.
    pub grad: &'a mut [T],
    /// Whether no cache holds what follows in memory: it is asked for in time.
    pub far: bool,
}

/// A number for negatives and one for positives.
///
/// Not an array: two f32 of an array travel as one u64, and a select between them becomes one of 64-bit
/// lanes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct BySide<T> {
    pub negative: T,
    pub positive: T,
}

impl<T: Float> BySide<T> {
    #[inline(always)]
    pub(crate) fn pick<R: Lane<T>>(self, side: Side) -> R {
        side.pick(R::load(self.positive), R::load(self.negative))
    }
}

/// Where an equation on soft targets is evaluated.
#[derive(Clone, Copy, Debug)]
pub struct SoftPoints<'a, T> {
    /// Logits.
    pub logit: &'a [T],
    /// Targets, from 0 to 1.
    pub target: &'a [T],
}

/// [`Info`] without its number of parameters: the fields mean the same. [`Info::probabilities`], which takes
/// so many, is [`Equation::probabilities`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Declaration {
    pub name: &'static str,
    pub title: &'static str,
    pub equation: &'static str,
    pub source: &'static str,
    pub params: &'static [ParamInfo],
    pub alpha: Alpha,
    pub heads: Heads,
    pub targets: TargetKind,
    pub needs_counts: bool,
    pub has_curve: bool,
    pub moves_threshold: bool,
    pub may_be_smoothed: bool,
    pub fades_when_wrong: bool,
    pub limits: &'static str,
    pub curvature: Option<Curvature>,
    pub accuracy: Option<Accuracy>,
}

impl Declaration {
    pub(crate) fn of<const P: usize>(info: &'static Info<P>) -> Self {
        Self {
            name: info.name,
            title: info.title,
            equation: info.equation,
            source: info.source,
            params: &info.params,
            alpha: info.alpha,
            heads: info.heads,
            targets: info.targets,
            needs_counts: info.needs_counts,
            has_curve: info.has_curve,
            moves_threshold: info.moves_threshold,
            may_be_smoothed: info.may_be_smoothed,
            fades_when_wrong: info.fades_when_wrong,
            limits: info.limits,
            curvature: info.curvature,
            accuracy: info.accuracy,
        }
    }
}
