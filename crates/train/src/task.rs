//! What is learnt, from what, and how it is judged: a [`Task`]. Everything else of a comparison is written
//! once.

use crate::predict::Predictor;
use crate::{Course, History, Lab, Memory, TrainError};
use losslab_base::Domain;
use losslab_data::Gaps;
use losslab_data::checks::Warning;
use losslab_losses::{Spec, SpecError};
use losslab_metrics::MetricInfo;
use losslab_models::State;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;

/// A kind of problem with its data: rows of a table, or images with boxes.
///
/// One task serves a whole comparison: a run is one [`Arm`](crate::Arm) and one seed.
pub trait Task: Sync {
    /// The tag of such tasks in files.
    const KIND: &'static str;
    /// What people call the part that runs are judged on.
    const TEST_PART: &'static str;
    /// Threads of a single training unless more are asked for: steps too short to be shared gain nothing from
    /// more.
    const MOST_THREADS: usize = usize::MAX;
    /// A model or detector with its parameters; prints as its spec.
    type Learner: fmt::Display + Clone + Send + Sync;
    /// How it is trained: equal for all arms.
    type Settings: Settings;
    /// What was learnt from, as results describe it.
    type Description: Serialize + DeserializeOwned + Clone + Send + Sync + 'static;
    /// The task's part of a record: logits, or detections.
    type Found: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// What was learnt from.
    fn describe(&self) -> Self::Description;

    /// A line for people on what was learnt from.
    fn introduction(&self) -> String;

    /// What the loader decided.
    fn notes(&self) -> Vec<String>;

    /// What the checks of the lab find in the data and their parts. It is looked for on every call.
    fn warnings(&self) -> Vec<Warning>;

    /// A line for people on what the run of this number does with the data.
    fn outline(&self, run: usize, settings: &Self::Settings) -> String;

    /// Lines for people on what the trained model decides and reports.
    fn conclusion(&self, loss: &Spec, judged: &Judged<Self::Found>) -> String {
        let _ = (loss, judged);
        String::new()
    }

    /// The metrics, in the order in which they are shown.
    fn metrics(&self) -> Vec<MetricInfo>;

    /// The metric that decides: it chooses epochs and trials, and verdicts rest on it.
    fn deciding(&self) -> MetricInfo;

    /// Classes as losses see them: 2 with a sigmoid head.
    fn classes(&self) -> usize;

    /// Stands for the parts that the run of this number is trained and judged on.
    fn split(&self, run: usize) -> String;

    /// What was filled or ignored in the data of the run of this number, kept with its record.
    fn gaps(&self, run: usize) -> Vec<Gaps> {
        let _ = run;
        Vec::new()
    }

    /// Most epochs of a training of this run with this loss.
    fn epochs(&self, run: usize, loss: &Spec, settings: &Self::Settings) -> usize;

    /// Says so if this learner cannot be trained on such data, or not with these settings, whatever the loss.
    ///
    /// # Errors
    /// What does not suit the data.
    fn check_learner(&self, learner: &Self::Learner, settings: &Self::Settings) -> Result<(), TrainError>;

    /// What one training of this learner takes in memory, estimated before any of it is taken.
    ///
    /// # Errors
    /// As [`check_learner`](Task::check_learner).
    fn memory(&self, learner: &Self::Learner, settings: &Self::Settings) -> Result<Memory, TrainError>;

    /// Says so if this learner cannot be trained with this loss.
    ///
    /// # Errors
    /// What does not suit the task.
    fn check(&self, learner: &Self::Learner, loss: &Spec, settings: &Self::Settings)
    -> Result<(), SpecError>;

    /// Begins a training. Its result depends on the arguments alone, and not on the number of threads.
    ///
    /// # Errors
    /// If the loss or the learner does not suit the task.
    fn begin<'a>(
        &'a self,
        start: &Start<'_, Self>,
    ) -> Result<Box<dyn Training<Self::Found> + 'a>, TrainError>
    where
        Self: Sized;

    /// A file that all runs share, with its text, for reports that have no data: its name in the folder of
    /// the comparison.
    fn shared_file(&self) -> Option<(&'static str, String)> {
        None
    }

    /// What of a record stands in a file of its own: the folder of such files, and the text.
    fn attachment(found: &Self::Found) -> Option<(&'static str, String)>
    where
        Self: Sized,
    {
        let _ = found;
        None
    }

    /// Pictures of what was found, from an attachment of each arm, as PNG with the index of the arm.
    ///
    /// # Errors
    /// If an attachment cannot be read.
    fn pictures(&self, attachments: &[Option<String>]) -> Result<Vec<(usize, Vec<u8>)>, String> {
        let _ = attachments;
        Ok(Vec::new())
    }

    /// The description of a trained learner in a model file.
    fn model(&self, start: &Start<'_, Self>, judged: &Judged<Self::Found>) -> Value
    where
        Self: Sized;

    /// The learner of a model file, from its description and its weights.
    ///
    /// # Errors
    /// What contradicts itself, or what the lab lacks.
    fn load(lab: &Lab, description: Value, weights: &State) -> Result<Box<dyn Predictor>, String>
    where
        Self: Sized;
}

/// What distinguishes one training from another of the same task.
pub struct Start<'a, T: Task> {
    /// The number of the run, from 0: the place of its seed.
    pub run: usize,
    /// What is trained.
    pub learner: &'a T::Learner,
    /// The loss that it is trained with.
    pub loss: &'a Spec,
    /// How.
    pub settings: &'a T::Settings,
    /// The seed of all random numbers.
    pub seed: u64,
    /// Threads that share its steps.
    pub threads: usize,
}

/// The settings of a training.
pub trait Settings:
    Clone + fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// The settings that tuning can vary. The first is varied unless others are named.
    const TUNABLE: &'static [Tunable<Self>];

    /// The learning rate, or the peak of its schedule.
    fn learning_rate(&self) -> f64;
}

/// A setting that tuning can vary: from the given value divided by a factor to the value times the factor,
/// evenly in the logarithm.
pub struct Tunable<S> {
    /// Its name in `--tune-over` and in records.
    pub name: &'static str,
    /// Its name in sentences.
    pub title: &'static str,
    /// The flag that gives it.
    pub flag: &'static str,
    /// The factor.
    pub factor: f64,
    /// Reads it.
    pub get: fn(&S) -> f64,
    /// Sets it to a value of the domain; a setting that is a whole number rounds.
    pub set: fn(&mut S, f64),
}

impl<S> Tunable<S> {
    /// The learning rate.
    pub const fn learning_rate(get: fn(&S) -> f64, set: fn(&mut S, f64)) -> Self {
        Self { name: "lr", title: "learning rate", flag: "--lr", factor: 10.0, get, set }
    }

    /// The weight decay.
    pub const fn weight_decay(get: fn(&S) -> f64, set: fn(&mut S, f64)) -> Self {
        Self { name: "wd", title: "weight decay", flag: "--weight-decay", factor: 10.0, get, set }
    }

    /// Rows or images per optimiser step.
    pub const fn batch(get: fn(&S) -> f64, set: fn(&mut S, f64)) -> Self {
        Self { name: "batch", title: "batch size", flag: "--batch", factor: 4.0, get, set }
    }

    /// The values that tuning tries where these settings are given; none around a value of 0.
    pub fn domain(&self, settings: &S) -> Option<Domain> {
        Domain::around((self.get)(settings), self.factor)
    }
}

/// A training, an epoch at a time.
pub trait Training<Found> {
    /// Runs the epoch of this number, from 1.
    ///
    /// # Errors
    /// If it diverges.
    fn epoch(&mut self, epoch: usize) -> Result<Losses, TrainError>;

    /// Whether the validation part is evaluated after this epoch; it is after the last.
    fn is_validated(&self, epoch: usize) -> bool;

    /// The deciding metric on the validation part; none where it is undefined.
    ///
    /// # Errors
    /// If scores are not finite.
    fn validate(&mut self) -> Result<Option<f64>, TrainError>;

    /// Whether the training ends after these epochs.
    fn is_over(&self, history: &History) -> bool;

    /// What tells whether it was long enough, beside its history.
    fn course(&self) -> Course;

    /// All that judging depends on.
    fn weights(&self) -> State;

    /// Takes back what [`weights`](Training::weights) returned.
    ///
    /// # Errors
    /// Which tensor does not fit.
    fn set_weights(&mut self, weights: &State) -> Result<(), String>;

    /// Adds the tensors that the next epoch depends on to a checkpoint, and returns what else it depends on.
    fn save(&mut self, tensors: &mut State) -> Value;

    /// Takes back what [`save`](Training::save) added and returned.
    ///
    /// # Errors
    /// What does not fit.
    fn load(&mut self, value: Value, tensors: &mut State) -> Result<(), String>;

    /// Judges the weights as they are on the test part.
    ///
    /// # Errors
    /// If scores are not finite.
    fn judge(&mut self) -> Result<Judged<Found>, TrainError>;
}

/// The losses of an epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Losses {
    /// Mean of the losses of the steps.
    pub train_loss: f64,
    /// What the task tells beside.
    pub detail: Option<Value>,
}

/// What came out of a training on the test part.
#[derive(Clone, Debug)]
pub struct Judged<Found> {
    /// The metrics by name; none where undefined.
    pub metrics: Vec<(String, Option<f64>)>,
    /// The probability from which on an example is called positive, where there is one positive class.
    pub threshold: Option<f64>,
    /// The task's part of a record.
    pub found: Found,
}
