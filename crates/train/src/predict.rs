//! A trained learner at work: what every model file becomes when it is read.

use losslab_data::checks::Warning;
use losslab_data::formats::{ModelInput, NewData};
use losslab_metrics::MetricInfo;

/// A trained learner from a model file.
pub trait Predictor {
    /// What it takes in; `name` is what messages call it.
    fn input<'a>(&'a self, name: &'a str) -> ModelInput<'a>;

    /// Bytes that it takes to score new data, about, beside the data; 0 where that is little.
    fn scoring_bytes(&self) -> u64 {
        0
    }

    /// What it says of new data that fit its [`input`](Predictor::input).
    ///
    /// # Errors
    /// If an output is not finite, or the data are of another kind.
    fn predict(&mut self, data: &NewData, form: Form) -> Result<Prediction, String>;
}

/// What is wanted of a prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Probabilities, corrected as the model file says, or detections.
    Predictions,
    /// The learner's own probabilities, or detections.
    Raw,
    /// The outputs before any probability.
    Logits,
}

/// What a learner says of new data.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// A table as CSV, or detections as JSON.
    pub text: String,
    /// What people should know of it.
    pub notes: Vec<String>,
    /// What the checks of the lab find where the data say what is true.
    pub warnings: Vec<Warning>,
    /// How good it is, where the data say what is true.
    pub scores: Option<Scores>,
}

/// The metrics of a prediction.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// What was scored: `all rows`.
    pub of: &'static str,
    /// The loss that the learner was trained with.
    pub loss: String,
    /// The metrics; none where undefined.
    pub metrics: Vec<(MetricInfo, Option<f64>)>,
}
