//! What a loss is evaluated on.

use crate::loss::Head;

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
        /// 0 or 1 for each logit.
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
