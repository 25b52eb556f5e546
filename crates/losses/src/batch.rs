//! What a loss is evaluated on.

use crate::info::Head;
use losslab_tensor::Float;

/// Logits with their targets, as plain slices.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a, T> {
    /// Sigmoid head: one logit per element. Softmax head: one row of logits per sample, row-major.
    pub logits: &'a [T],
    /// The truth.
    pub targets: Targets<'a, T>,
    /// A weight per element (sigmoid) or per sample (softmax), or 1 for all.
    pub weights: Option<&'a [T]>,
    /// 0 takes an element (sigmoid) or a sample (softmax) out of value, gradient and normaliser, even
    /// at a NaN logit.
    pub valid: Option<&'a [T]>,
}

/// The truth, in the form of the head.
#[derive(Clone, Copy, Debug)]
pub enum Targets<'a, T> {
    /// One number per logit: 1 positive, 0 negative. Several logits may belong to one sample.
    Sigmoid {
        /// 0 or 1 for each logit, or a number between where the loss takes soft targets.
        targets: &'a [T],
        /// Logits per sample; 1 for binary classification.
        columns: usize,
    },
    /// The class of each row.
    Softmax {
        /// A class index below `classes` for each row.
        targets: &'a [u32],
        /// Logits per row.
        classes: usize,
    },
}

impl<T: Float> Batch<'_, T> {
    /// Whether a loss counts at all.
    pub(crate) fn is_valid(&self, i: usize) -> bool {
        self.valid.is_none_or(|valid| valid[i] != T::default())
    }
}

impl<T: Float> Targets<'_, T> {
    /// Number of losses: elements (sigmoid) or rows (softmax).
    pub(crate) fn len(&self) -> usize {
        match self {
            Targets::Sigmoid { targets, .. } => targets.len(),
            Targets::Softmax { targets, .. } => targets.len(),
        }
    }

    /// Logits per row, with a softmax head.
    pub(crate) fn classes(&self) -> Option<usize> {
        match *self {
            Targets::Sigmoid { .. } => None,
            Targets::Softmax { classes, .. } => Some(classes),
        }
    }

    /// Whether an element is positive at all (sigmoid), or a row's class is not 0 (softmax).
    pub(crate) fn is_positive(&self, i: usize) -> bool {
        match self {
            Targets::Sigmoid { targets, .. } => targets[i] > T::default(),
            Targets::Softmax { targets, .. } => targets[i] > 0,
        }
    }
}

impl<T> Targets<'_, T> {
    /// The head that these targets belong to.
    pub fn head(&self) -> Head {
        match self {
            Targets::Sigmoid { .. } => Head::Sigmoid,
            Targets::Softmax { .. } => Head::Softmax,
        }
    }
}

/// Why a batch cannot be evaluated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BatchError {
    /// Two arrays that belong together differ in length.
    #[error("{found} {what}, expected {expected}")]
    Length {
        /// Which array.
        what: &'static str,
        /// Its length.
        found: usize,
        /// What it should be.
        expected: usize,
    },
    /// A sigmoid target that is neither 0 nor 1.
    #[error("target {index} is {value}, expected 0 or 1")]
    Target {
        /// Which element.
        index: usize,
        /// What it is.
        value: f64,
    },
    /// A target outside [0, 1], of a loss that takes soft targets.
    #[error("target {index} is {value}, expected a number from 0 to 1")]
    SoftTarget {
        /// Which element.
        index: usize,
        /// What it is.
        value: f64,
    },
    /// Losses per element were asked of a loss that has none.
    #[error("{loss} is one number for the whole batch and has no losses per element")]
    Undivided {
        /// The name of the loss.
        loss: &'static str,
    },
    /// Second derivatives were asked of a loss of a whole batch, which is a function of no single margin.
    #[error("{loss} is a loss of the whole batch: it has no margin to take second derivatives in")]
    NoMargin {
        /// The name of the loss.
        loss: &'static str,
    },
    /// A mean over the sum of weights, which is so small that its reciprocal overflows.
    #[error("the weights sum to {sum:e}, too little to divide by in {float}; scale them up")]
    Weights {
        /// Their sum.
        sum: f64,
        /// The number type.
        float: &'static str,
    },
    /// A class that does not exist.
    #[error("target {index} is class {class}, expected one of the {classes} classes from 0 on")]
    Class {
        /// Which sample.
        index: usize,
        /// Its class index.
        class: u32,
        /// How many classes there are.
        classes: usize,
    },
    /// The criterion was made for the other head, or for another number of classes.
    #[error("the targets are for {found}, the loss was set up for {expected}")]
    Head {
        /// What the batch has.
        found: String,
        /// What the criterion has.
        expected: String,
    },
}
