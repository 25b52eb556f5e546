//! A loss as trained: a spec bound to a head, class counts and a reduction.
//!
//! The pipeline, of which only the equation is code of the loss; all else stands in this crate once for all
//! losses:
//!
//! ```text
//! logits -> shift -> margin -> EQUATION -> element weights -> batch weights -> normaliser
//!           logit-adjust       +smooth     alpha, class,      ohem, ghm-c
//!           ldam                           sample
//! ```

use crate::equation::{Block, Equation, Points, SoftEquation, SoftPoints};
use crate::erased::Soft;
use crate::info::Head;
use crate::loss::Shift;
use crate::modifiers::{BatchWeights, ClassCounts, Decision, Effect, Training};
use crate::spec::{Spec, SpecError};
use crate::zoo::SmoothCe;
use losslab_tensor::Float;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// What becomes of the losses of the elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// They stay as they are, one per element (sigmoid) or sample (softmax).
    None,
    /// Their sum divided by the normaliser.
    Mean(Normalizer),
    /// Their sum.
    Sum,
}

/// What a mean divides by. Elements that are not valid, or that hard example mining dropped, do not count; a
/// count of 0 divides by 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalizer {
    /// The number of losses: logits (sigmoid) or rows (softmax).
    Elements,
    /// The number of samples: rows, for both heads.
    Samples,
    /// The number of positives, at least 1; with a softmax head, of rows whose class is not 0.
    Positives,
    /// The sum of the weights: alpha, class, sample and batch.
    WeightSum,
}

/// A loss ready to be evaluated and differentiated.
///
/// A loss of a whole batch (Dice) is one number already: `Mean` and `Sum` both return it, and `None` is
/// refused.
#[derive(Clone)]
pub struct Criterion {
    pub(crate) spec: Spec,
    pub(crate) head: Head,
    pub(crate) reduction: Reduction,
    /// What is evaluated: the loss of the spec, or its smoothed form.
    pub(crate) equation: Arc<dyn Equation>,
    /// The parameters of `equation`.
    pub(crate) params: Vec<f64>,
    pub(crate) counts: Vec<u64>,
    pub(crate) shift: Option<LogitShift>,
    /// eps / C of label smoothing with a softmax head, for what the equation in p_t leaves out.
    pub(crate) smooth: Option<f64>,
    /// Weight of each class; for a sigmoid head: of negatives and of positives. Alpha is in it.
    pub(crate) class_weights: Vec<f64>,
    /// The derivative of `class_weights` with respect to alpha, where alpha is given.
    pub(crate) alpha_slopes: Option<Vec<f64>>,
    pub(crate) batch_weights: Option<BatchWeights>,
    training: Vec<Training>,
    decision: Option<Decision>,
}

/// What happens to logits and margins before the equation: x = margin(scale z + add) - target[y].
#[derive(Clone, Debug)]
pub(crate) struct LogitShift {
    pub scale: f64,
    pub add: Vec<f64>,
    pub target: Vec<f64>,
}

/// Number types that losses are evaluated in.
pub trait Scalar: Float {
    /// [`Equation::slopes_f32`] or [`Equation::slopes_f64`].
    #[doc(hidden)]
    fn slopes(
        equation: &dyn Equation,
        params: &[f64],
        points: Points<'_, Self>,
        value: &mut [Self],
        slope: &mut [Self],
    );
    /// [`Equation::fused_f32`] or [`Equation::fused_f64`].
    #[doc(hidden)]
    fn fused(equation: &dyn Equation, params: &[f64], block: Block<'_, Self>) -> bool;
    /// [`SoftEquation::soft_slopes_f32`] or [`SoftEquation::soft_slopes_f64`].
    #[doc(hidden)]
    fn soft_slopes(
        equation: &dyn SoftEquation,
        params: &[f64],
        points: SoftPoints<'_, Self>,
        value: &mut [Self],
        slope: &mut [Self],
    );
}

macro_rules! scalar {
    ($type:ty, $slopes:ident, $fused:ident, $soft_slopes:ident) => {
        impl Scalar for $type {
            #[inline]
            fn slopes(
                equation: &dyn Equation,
                params: &[f64],
                points: Points<'_, Self>,
                value: &mut [Self],
                slope: &mut [Self],
            ) {
                equation.$slopes(params, points, value, slope);
            }
            #[inline]
            fn fused(equation: &dyn Equation, params: &[f64], block: Block<'_, Self>) -> bool {
                equation.$fused(params, block)
            }
            #[inline]
            fn soft_slopes(
                equation: &dyn SoftEquation,
                params: &[f64],
                points: SoftPoints<'_, Self>,
                value: &mut [Self],
                slope: &mut [Self],
            ) {
                equation.$soft_slopes(params, points, value, slope);
            }
        }
    };
}
scalar!(f32, slopes_f32, fused_f32, soft_slopes_f32);
scalar!(f64, slopes_f64, fused_f64, soft_slopes_f64);

impl Criterion {
    /// Binds a spec to a head.
    ///
    /// `class_counts` are those of the training set: negatives and positives for a sigmoid head, one per
    /// class for softmax; they determine the number of classes.
    ///
    /// # Errors
    /// If the loss does not suit the head or the reduction, alpha is given for more than two classes, or the
    /// loss or a modifier cannot work with these counts.
    pub fn new(
        spec: &Spec,
        head: Head,
        class_counts: &ClassCounts,
        reduction: Reduction,
    ) -> Result<Self, SpecError> {
        Self::bind(spec, head, class_counts, reduction)
            .map_err(|problem| SpecError { spec: spec.to_string(), problem })
    }

    fn bind(spec: &Spec, head: Head, counts: &ClassCounts, reduction: Reduction) -> Result<Self, String> {
        let (name, classes) = (spec.loss.name(), counts.len());
        if !spec.loss.heads().contains(head) {
            return Err(format!("{name} has no {head} form"));
        }
        if head == Head::Sigmoid && classes != 2 {
            return Err(format!(
                "a sigmoid head counts negatives and positives, found {classes} class counts"
            ));
        }
        if classes < 2 {
            return Err(format!("a softmax head needs at least two classes, found {classes}"));
        }
        if reduction == Reduction::None && spec.loss.set().is_some() {
            return Err(format!("{name} is one number for the whole batch and has no losses per element"));
        }
        let mut criterion = Self {
            spec: spec.clone(),
            head,
            reduction,
            equation: spec.loss.clone(),
            params: spec.params.clone(),
            counts: counts.to_vec(),
            shift: None,
            smooth: None,
            class_weights: vec![1.0; classes],
            alpha_slopes: None,
            batch_weights: None,
            training: Vec::new(),
            decision: None,
        };
        if let Some(alpha) = spec.alpha {
            if classes != 2 {
                let advice = "use class weights, e.g. +inverse-freq or +class-balanced";
                return Err(format!(
                    "alpha weighs two classes against each other, here are {classes}; {advice}"
                ));
            }
            criterion.class_weights = vec![1.0 - alpha, alpha];
            criterion.alpha_slopes = Some(vec![-1.0, 1.0]);
        }
        if spec.loss.needs_counts() {
            let shift = spec.loss.shift(&spec.params, None, counts);
            let Shift { scale, target } = shift.map_err(|why| format!("{name}: {why}"))?;
            criterion.shift = Some(LogitShift { scale, add: vec![0.0; classes], target });
        }
        for (info, params) in spec.modifiers() {
            let effect = (info.effect)(params, counts);
            let effect = effect.and_then(|effect| effect.check(info.stage, classes).map(|()| effect));
            criterion.apply(effect.map_err(|why| format!("{}: {why}", info.name))?);
        }
        Ok(criterion)
    }

    /// Puts what a modifier does into its stage.
    fn apply(&mut self, effect: Effect) {
        let classes = self.class_weights.len();
        match effect {
            Effect::Logits(add) => {
                self.shift = Some(LogitShift { scale: 1.0, add, target: vec![0.0; classes] });
            }
            Effect::Smooth(eps) => {
                let share = eps / classes as f64;
                self.equation = Arc::new(Soft::<SmoothCe, 1>(PhantomData));
                self.params = vec![share * (classes - 1) as f64];
                self.smooth = Some(share);
            }
            Effect::ClassWeights(weights) => {
                for all in [Some(&mut self.class_weights), self.alpha_slopes.as_mut()].into_iter().flatten() {
                    all.iter_mut().zip(&weights).for_each(|(all, w)| *all *= w);
                }
            }
            Effect::BatchWeights(weights) => self.batch_weights = Some(weights),
            Effect::Training(change) => self.training.push(change),
            Effect::Decision(decision) => self.decision = Some(decision),
        }
    }

    /// What the modifiers ask of the training.
    pub fn training(&self) -> &[Training] {
        &self.training
    }

    /// What the modifiers ask of the decision, if anything.
    pub fn decision(&self) -> Option<Decision> {
        self.decision
    }

    /// The spec that this criterion was made from.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The head that it was bound to.
    pub fn head(&self) -> Head {
        self.head
    }

    /// What becomes of the losses of the elements.
    pub fn reduction(&self) -> Reduction {
        self.reduction
    }
}

impl fmt::Debug for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { spec, head, reduction, class_weights, .. } = self;
        write!(f, "Criterion {{ {spec}, {head}, {reduction:?}, class weights {class_weights:?} }}")
    }
}
