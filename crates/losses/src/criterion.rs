//! A loss as trained: a spec bound to a head, class counts, a reduction and a normaliser.
//!
//! The pipeline: logits -> margin -> EQUATION -> element weights (alpha, class, sample) -> normaliser.
//! Only the equation is code of the loss; all else stands here, once for all losses.

use crate::batch::{Batch, BatchError, Targets};
use crate::equation::Equation;
use crate::loss::Head;
use crate::modifiers::{ClassCounts, Effect, Training};
use crate::spec::{Spec, SpecError};
use crate::{sigmoid, softmax};
use losslab_tensor::Float;

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

/// What a mean divides by. Elements that are not valid do not count; a count of 0 divides by 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalizer {
    /// The number of losses: logits (sigmoid) or rows (softmax).
    Elements,
    /// The number of samples: rows, for both heads.
    Samples,
    /// The number of positives, at least 1; with a softmax head, of rows whose class is not 0.
    Positives,
    /// The sum of the weights: alpha, class and sample.
    WeightSum,
}

/// A loss ready to be evaluated and differentiated.
#[derive(Clone, Debug)]
pub struct Criterion {
    pub(crate) spec: Spec,
    pub(crate) head: Head,
    pub(crate) reduction: Reduction,
    /// Weight of each class; for a sigmoid head: of negatives and of positives. Alpha is in it.
    pub(crate) class_weights: Vec<f64>,
    training: Vec<Training>,
}

/// Number types that losses are evaluated in.
pub trait Scalar: Float {
    /// [`Equation::slopes_f32`] or [`Equation::slopes_f64`].
    #[doc(hidden)]
    fn slopes(
        equation: &dyn Equation,
        params: &[f64],
        points: crate::Points<'_, Self>,
        value: &mut [Self],
        slope: &mut [Self],
    );
}

macro_rules! scalar {
    ($type:ty, $method:ident) => {
        impl Scalar for $type {
            #[inline]
            fn slopes(
                equation: &dyn Equation,
                params: &[f64],
                points: crate::Points<'_, Self>,
                value: &mut [Self],
                slope: &mut [Self],
            ) {
                equation.$method(params, points, value, slope);
            }
        }
    };
}
scalar!(f32, slopes_f32);
scalar!(f64, slopes_f64);

impl Criterion {
    /// Binds a spec to a head.
    ///
    /// `class_counts` are those of the training set: negatives and positives for a sigmoid head, one per
    /// class for softmax; they determine the number of classes.
    ///
    /// # Errors
    /// If the loss does not suit the head, alpha is given for more than two classes, or a modifier
    /// cannot work with these counts.
    pub fn new(
        spec: &Spec,
        head: Head,
        class_counts: &ClassCounts,
        reduction: Reduction,
    ) -> Result<Self, SpecError> {
        let fail = |problem: String| SpecError { spec: spec.to_string(), problem };
        let classes = class_counts.len();
        if !spec.loss.heads().contains(head) {
            return Err(fail(format!("{} has no {head} form", spec.loss.name())));
        }
        let enough = if head == Head::Sigmoid { classes == 2 } else { classes >= 2 };
        if !enough {
            return Err(fail(format!("a {head} head cannot tell {classes} classes apart")));
        }
        let mut class_weights = vec![1.0; classes];
        if let Some(alpha) = spec.alpha {
            if classes != 2 {
                let advice = "use class weights, e.g. +inverse-freq or +class-balanced";
                return Err(fail(format!(
                    "alpha weighs two classes against each other, here are {classes}; {advice}"
                )));
            }
            class_weights = vec![1.0 - alpha, alpha];
        }
        let mut training = Vec::new();
        for (info, params) in spec.modifiers() {
            let effect = (info.effect)(params, class_counts);
            match effect.map_err(|why| fail(format!("{}: {why}", info.name)))? {
                Effect::ClassWeights(weights) => {
                    class_weights.iter_mut().zip(weights).for_each(|(all, w)| *all *= w);
                }
                Effect::Training(change) => training.push(change),
            }
        }
        Ok(Self { spec: spec.clone(), head, reduction, class_weights, training })
    }

    /// What the modifiers ask of the training.
    pub fn training(&self) -> &[Training] {
        &self.training
    }

    /// The spec that this criterion was made from.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The loss of a batch, and its gradient.
    ///
    /// Returns the reduced loss (the sum, if the reduction is `None`) and overwrites `grad` with its derivative in each
    /// logit. `values`, if given, is overwritten with the weighted loss of each element (sigmoid) or sample
    /// (softmax), not normalised. A NaN logit gives NaN, unless it is not valid.
    ///
    /// # Errors
    /// If lengths differ or a target is not one of its head's.
    pub fn evaluate<T: Scalar>(
        &self,
        batch: &Batch<'_, T>,
        values: Option<&mut [T]>,
        grad: &mut [T],
    ) -> Result<T, BatchError> {
        let losses = self.check(batch, values.as_deref(), grad)?;
        let scale = match self.reduction {
            Reduction::None | Reduction::Sum => 1.0,
            Reduction::Mean(normalizer) => {
                let count = self.count(normalizer, batch, losses);
                1.0 / if count > 0.0 { count } else { 1.0 }
            }
        };
        let sum = match batch.targets {
            Targets::Sigmoid { targets, .. } => sigmoid::evaluate(self, batch, targets, scale, values, grad)?,
            Targets::Softmax { targets, classes } => {
                softmax::evaluate(self, batch, targets, classes, scale, values, grad)?
            }
        };
        Ok(T::from_f64(sum * scale))
    }

    /// Compares all lengths; returns the number of losses.
    fn check<T: Scalar>(
        &self,
        batch: &Batch<'_, T>,
        values: Option<&[T]>,
        grad: &[T],
    ) -> Result<usize, BatchError> {
        let classes = self.class_weights.len();
        let losses = match batch.targets {
            Targets::Sigmoid { targets, .. } if self.head == Head::Sigmoid => targets.len(),
            Targets::Softmax { targets, classes: found }
                if self.head == Head::Softmax && found == classes =>
            {
                targets.len()
            }
            _ => {
                let found = match batch.targets {
                    Targets::Sigmoid { .. } => "a sigmoid head".into(),
                    Targets::Softmax { classes, .. } => format!("a softmax head of {classes} classes"),
                };
                let expected = match self.head {
                    Head::Sigmoid => "a sigmoid head".into(),
                    Head::Softmax => format!("a softmax head of {classes} classes"),
                };
                return Err(BatchError::Head { found, expected });
            }
        };
        let logits = if self.head == Head::Softmax { losses * classes } else { losses };
        let lengths = [
            ("logits", Some(batch.logits.len()), logits),
            ("gradient elements", Some(grad.len()), logits),
            ("losses", values.map(<[T]>::len), losses),
            ("weights", batch.weights.map(<[T]>::len), losses),
            ("validity marks", batch.valid.map(<[T]>::len), losses),
        ];
        for (what, found, expected) in lengths {
            if let Some(found) = found.filter(|&found| found != expected) {
                return Err(BatchError::Length { what, found, expected });
            }
        }
        Ok(losses)
    }

    /// What a mean divides by.
    fn count<T: Scalar>(&self, normalizer: Normalizer, batch: &Batch<'_, T>, losses: usize) -> f64 {
        let zero = T::default();
        let valid = |i: usize| batch.valid.is_none_or(|valid| valid[i] != zero);
        let positive = |i: usize| match batch.targets {
            Targets::Sigmoid { targets, .. } => targets[i] > zero,
            Targets::Softmax { targets, .. } => targets[i] > 0,
        };
        let class = |i: usize| match batch.targets {
            Targets::Sigmoid { targets, .. } => usize::from(targets[i] > zero),
            Targets::Softmax { targets, .. } => targets[i] as usize,
        };
        let weight = |i: usize| {
            let class_weight = self.class_weights.get(class(i)).copied().unwrap_or_default();
            class_weight * batch.weights.map_or(1.0, |w| w[i].to_f64())
        };
        match normalizer {
            Normalizer::Elements if batch.valid.is_none() => losses as f64,
            Normalizer::Elements => (0..losses).filter(|&i| valid(i)).count() as f64,
            Normalizer::Samples => {
                let columns = match batch.targets {
                    Targets::Sigmoid { columns, .. } => columns.max(1),
                    Targets::Softmax { .. } => 1,
                };
                (0..losses.div_ceil(columns))
                    .filter(|row| (row * columns..((row + 1) * columns).min(losses)).any(valid))
                    .count() as f64
            }
            Normalizer::Positives => (0..losses).filter(|&i| valid(i) && positive(i)).count() as f64,
            Normalizer::WeightSum => (0..losses).filter(|&i| valid(i)).map(weight).sum(),
        }
    }
}
