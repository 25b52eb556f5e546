//! Metrics of classifiers: how well scores rank, how well probabilities are calibrated, how good decisions are.
//!
//! | file | question | metrics |
//! |---|---|---|
//! | [`ranking`] | are positives scored above negatives? | average precision, ROC AUC, both curves |
//! | [`probability`] | can a score be read as a probability? | log loss, Brier score, ECE |
//! | [`calibration`] | how far off are probabilities, and what repairs them? | reliability curve, Brier parts, temperature |
//! | [`threshold`] | are the decisions at one threshold good? | F1, MCC, balanced accuracy, precision, recall |
//! | [`registry`] | which metrics are there, what are they called? | [`METRICS`], [`evaluate`] |
//! | [`classes`] | and with more than two classes? | macro averages, [`CLASS_METRICS`], [`evaluate_classes`] |
//! | `boxes` | and for detectors? | [`BOX_METRICS`], [`evaluate_boxes`] |
//! | [`summary`] | what came out over several seeds? | mean, standard deviation, n |
//!
//! # Conventions
//! - `scores[i]` is the score of example `i` for the positive class, higher is more positive; `labels[i]` is true for a
//!   positive. P and N count the positives and negatives, n = P + N. All arithmetic is in `f64`; scores computed in
//!   `f32` widen exactly, so their ties stay ties.
//! - A metric that is **mathematically undefined** on the data is `None` (null in `results.json`), never 0 or NaN. Every
//!   function says when; where scikit-learn returns a number instead, it says so too. On empty input all are `None`.
//! - A score that is NaN, infinite or (where a probability is needed) outside [0, 1] is a [`MetricError`].
//! - `scores` and `labels` of different lengths are a programming error and panic.
//!
//! # More than two classes
//! All but [`classes`] see one class against the rest. A macro metric is the [`Summary`] mean of one metric over the
//! classes, undefined classes left out.
//!
//! ```
//! use losslab_metrics::{best_f1_threshold, evaluate};
//! let (scores, labels) = ([0.9, 0.4, 0.6, 0.1], [true, true, false, false]);
//! let tuned = best_f1_threshold(&scores, &labels)?; // on validation data, in earnest
//! let results = evaluate(&scores, &labels, 0.5, tuned)?;
//! assert_eq!(results[1], ("roc_auc", Some(0.75)));
//! # Ok::<(), losslab_metrics::MetricError>(())
//! ```

mod box_metrics;
pub mod boxes;
pub mod calibration;
mod check;
pub mod classes;
pub mod probability;
pub mod ranking;
pub mod registry;
pub mod statistics;
pub mod summary;
pub mod threshold;

pub use box_metrics::{BOX_METRICS, evaluate_boxes};
pub use calibration::{Calibration, Reliability, Scored, assess, fit_temperature};
pub use check::MetricError;
pub use classes::{CLASS_METRICS, evaluate_classes, macro_average_precision, predicted_classes};
pub use probability::{brier, ece, ece_mass, log_loss, log_loss_from_logits};
pub use ranking::{PrPoint, Ranking, RocPoint, average_precision, roc_auc};
pub use registry::{METRICS, Metric, evaluate, metric};
pub use summary::Summary;
pub use threshold::{Confusion, best_f1_threshold};
