//! A trained classifier as a thing of its own: saved, loaded, used on new rows.
//!
//! | file | what |
//! |---|---|
//! | [`Model`] | the network with all that turns a row of a table into a decision |
//! | `file` | the same as a safetensors file |
//! | `tensors` | safetensors files of ours in general |
//! | [`inverse`] | the true probability behind what a focal loss makes a network report |

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod file;
#[allow(clippy::indexing_slicing, reason = "classes of its own arrays")]
pub mod inverse;
mod tensors;

pub use tensors::{Shapes, load_tensors, read_tensors, save_tensors};

use crate::experiment::{Classifier, Task, TrainConfig, Trained};
use inverse::Inverse;
use losslab_base::rng::Rng;
use losslab_data::{Column, Dataset, Encoder, Matrix, Prepared, Schema};
use losslab_losses::{Registry, Spec, Stage};
use losslab_metrics::MetricError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A metric by name; `None` where it is undefined.
type Value = (&'static str, Option<f64>);

/// A trained network with all that turns a row of a table into a decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Everything but the weights.
    pub info: Info,
    /// The weights, in the order of [`Classifier::save`].
    weights: Vec<Vec<f32>>,
}

/// What a model knows beside its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Info {
    /// The loss that it was trained with, as a spec.
    pub loss: String,
    /// The seed of the training.
    pub seed: u64,
    /// Rows of each class in the training part.
    pub class_counts: Vec<u64>,
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// How a row of the table becomes the network's input.
    pub encoder: Encoder,
    /// The classes; of two the second is the positive one.
    pub class_names: Vec<String>,
    /// The labels of the table with their classes.
    pub label_values: Vec<(String, u32)>,
    /// With two classes: the network's probability from which on a row is called positive.
    pub threshold: Option<f64>,
    /// What the training set was called, and its fingerprint.
    pub trained_on: (String, String),
    /// Metrics on the test part of the training set.
    pub test_metrics: BTreeMap<String, Option<f64>>,
}

/// What a model says of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// Of the positive class, or of each class, row by row.
    pub probabilities: Vec<f64>,
    /// The class of each row: decided on the network's own probabilities, as the metrics of the training were.
    pub classes: Vec<u32>,
    /// The threshold that separates the decisions in `probabilities`, in a binary problem: for metrics.
    pub threshold: Option<f64>,
}

impl Model {
    /// The outcome of a training as a model.
    pub fn new(
        dataset: &Dataset,
        prepared: &Prepared,
        spec: &Spec,
        config: &TrainConfig,
        seed: u64,
        trained: &Trained,
    ) -> Model {
        let metrics = trained.metrics.iter().map(|(name, value)| (name.to_string(), *value));
        let info = Info {
            loss: spec.to_string(),
            seed,
            class_counts: prepared.train.class_counts(),
            hidden: config.hidden.clone(),
            encoder: prepared.encoder.clone(),
            class_names: dataset.class_names.clone(),
            label_values: dataset.label_values.clone(),
            threshold: trained.threshold,
            trained_on: (dataset.name.clone(), dataset.fingerprint()),
            test_metrics: metrics.collect(),
        };
        Model { info, weights: trained.weights.clone() }
    }

    /// The kind of problem.
    pub fn task(&self) -> Task {
        Task::of(self.info.class_names.len())
    }

    /// What a table has to hold to be scored; `name` is what messages call the model.
    pub fn schema(&self, name: &str) -> Schema {
        Schema {
            name: name.into(),
            columns: self.info.encoder.kinds(),
            label_values: self.info.label_values.clone(),
            group: None,
        }
    }

    /// The network's input for these columns, which are those of the [`schema`](Model::schema).
    pub fn encode(&self, columns: &[Column], rows: usize) -> Arc<Matrix> {
        self.info.encoder.transform_columns(columns, rows)
    }

    /// The inverse of the bias of the loss, or why there is none.
    pub fn inverse(&self) -> Result<Inverse, String> {
        let spec = Spec::parse(&self.info.loss, &Registry::standard()).map_err(|error| error.problem)?;
        Inverse::of(&spec, &self.info.class_counts)
    }

    /// The network's outputs for all rows of an encoded table: one per row with two classes, else one per class.
    ///
    /// # Panics
    /// If the matrix has another width than the network.
    #[track_caller]
    pub fn logits(&self, input: &Matrix) -> Vec<f32> {
        let rows: Vec<u32> = (0..input.rows() as u32).collect();
        self.classifier().logits(input, &rows)
    }

    /// Scores all rows of an encoded table: with the network's own probabilities, or with those that an inverse makes of
    /// them. The decisions are the same.
    ///
    /// # Panics
    /// If the matrix has another width than the network.
    #[track_caller]
    pub fn predict(&self, input: &Matrix, inverse: Option<&Inverse>) -> Predictions {
        let task = self.task();
        let logits = self.logits(input);
        let mut own = Vec::with_capacity(logits.len());
        task.probabilities(&logits, &mut own);
        let threshold = self.info.threshold.unwrap_or(0.5);
        let classes = match task {
            Task::Binary => own.iter().map(|&p| u32::from(p >= threshold)).collect(),
            Task::Classes(classes) => losslab_metrics::predicted_classes(&own, classes),
        };
        let probabilities = match inverse {
            None => own,
            Some(inverse) => inverse.apply(&logits),
        };
        // The least probability that is called positive separates the decisions, whatever the map rounds.
        let called = probabilities.iter().zip(&classes).filter(|(_, class)| **class == 1).map(|(&p, _)| p);
        let threshold = match (task, inverse) {
            (Task::Classes(_), _) => None,
            (Task::Binary, None) => Some(threshold),
            (Task::Binary, Some(_)) => Some(called.fold(f64::INFINITY, f64::min)),
        };
        Predictions { probabilities, classes, threshold }
    }

    /// The metrics of predictions against the true classes.
    ///
    /// # Errors
    /// If a probability is not a number.
    pub fn evaluate(&self, predictions: &Predictions, labels: &[u32]) -> Result<Vec<Value>, MetricError> {
        let spec = Spec::parse(&self.info.loss, &Registry::standard());
        let decided = spec.is_ok_and(|spec| spec.modifiers().any(|(info, _)| info.stage == Stage::Decision));
        self.task().evaluate(&predictions.probabilities, labels, decided, predictions.threshold)
    }

    fn classifier(&self) -> Classifier {
        let Info { encoder, hidden, .. } = &self.info;
        // The first weights are drawn and then replaced.
        let mut classifier = Classifier::new(self.task(), encoder.width(), hidden, &mut Rng::seed(0));
        classifier.restore(&self.weights);
        classifier
    }
}
