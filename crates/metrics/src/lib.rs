#![doc = include_str!("../README.md")]
//!
//! # What is where
//! | module | question | what |
//! |---|---|---|
//! | [`ranking`] | are positives scored above negatives? | average precision, ROC AUC, both curves |
//! | [`probability`] | can a score be read as a probability? | log loss, Brier score, ECE |
//! | [`calibration`] | how far off are probabilities, what repairs them? | reliability curve, temperature |
//! | [`threshold`] | are the decisions at one threshold good? | F1, MCC, precision, recall |
//! | [`classes`] | and with more than two classes? | macro averages, decisions for the most probable class |
//! | [`boxes`] | and for detectors? | COCO's and Pascal VOC's evaluation |
//! | [`registry`] | which metrics are there? | [`Metrics`], [`RowMetric`], [`BoxMetric`], [`Rows`] |
//! | [`summary`] | what came out over several seeds? | mean, standard deviation, n |
//! | [`statistics`] | is one better than another, and how sure is that? | tests, intervals, verdicts |
//!
//! # Conventions
//! - `scores[i]` is the score of example `i` for the positive class, higher is more positive; `labels[i]` is
//!   true for a positive. P and N count the positives and negatives, n = P + N. All arithmetic is in `f64`;
//!   scores computed in `f32` widen exactly, so their ties stay ties.
//! - A metric that is **mathematically undefined** on the data is `None` (null in `results.json`), never 0 or
//!   NaN. Every function says when; where scikit-learn returns a number instead, it says so too. On empty
//!   input all are `None`.
//! - A score that is NaN, infinite or (where a probability is needed) outside [0, 1] is a [`MetricError`].
//! - `scores` and `labels` of different lengths are a programming error and panic.
//! - A macro metric is the [`Summary`] mean of one metric over the classes, each against the rest, undefined
//!   ones left out.

mod box_metrics;
pub mod boxes;
pub mod calibration;
mod check;
pub mod classes;
mod logits;
pub mod probability;
pub mod ranking;
pub mod registry;
mod rows;
pub mod statistics;
pub mod summary;
pub mod threshold;

pub use box_metrics::BoxMetric;
pub use calibration::{Calibration, Reliability, Scored, assess, fit_temperature};
pub use check::MetricError;
pub use classes::{macro_average_precision, predicted_classes};
pub use logits::{probabilities, sigmoid};
pub use losslab_base::DataError;
pub use probability::{brier, ece, ece_mass, log_loss, log_loss_from_logits};
pub use ranking::{PrPoint, Ranking, RocPoint, average_precision, roc_auc};
pub use registry::{MetricInfo, Metrics, RowMetric, UnknownMetric, Weighted};
pub use rows::Rows;
pub use summary::Summary;
pub use threshold::{Confusion, best_f1_threshold};
