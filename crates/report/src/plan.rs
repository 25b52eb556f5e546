//! What a comparison is about, written to `DIR/comparison.json` before the first training: with the records
//! of the runs it is all that reports are made of.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

use crate::Margin;
use crate::history::Look;
use crate::views;
use losslab_base::Fnv1a;
use losslab_data::checks::Warning;
use losslab_losses::{OpenSpec, SpecDescription};
use losslab_metrics::MetricInfo;
use losslab_models::ModelInfo;
use losslab_train::{Comparison, Settings, Task, Tuning};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the plan's schema.
pub const PLAN_SCHEMA: u32 = 4;

/// What is compared on what data, and what was declared before the runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`PLAN_SCHEMA`].
    pub schema: u32,
    /// The kind of task, which says how `data`, `settings` and the task's part of records are to be read.
    pub task: String,
    /// Stands for the data, how models are trained, and the version of losslab: part of the key of every run.
    pub problem: String,
    /// The name of the metric that decides.
    pub metric: String,
    /// All metrics, in the order in which they are shown.
    pub metrics: Vec<MetricDescription>,
    /// The models or detectors.
    pub models: Vec<ModelDescription>,
    /// The losses.
    pub losses: Vec<SpecDescription>,
    /// What is compared: every model with every loss.
    pub arms: Vec<ArmName>,
    /// The arm that the others are judged against.
    pub reference: ArmName,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// Trials per arm and seed, of which the best on validation data is judged; 1 if nothing is tuned.
    pub trials: usize,
    /// The settings that trials vary, by name; absent if nothing is tuned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tune_over: Vec<TunedSetting>,
    /// The difference in the deciding metric that would not matter, if one was given; else
    /// [`Margin`](crate::Margin) has a rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// How models are trained: equal for all arms.
    pub settings: Value,
    /// What was learnt from.
    pub data: Value,
    /// What the checks of the data found.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// What was asked for, as flags of the command line with their values, but for paths, threads and the
    /// folder of the results.
    #[serde(default)]
    pub request: Value,
    /// The command that it was begun with, as it was typed.
    #[serde(default)]
    pub command: String,
    /// The verdicts that were given on these data in this folder, in their order.
    #[serde(default)]
    pub looks: Vec<Look>,
}

/// An arm by the specs of its model and its loss.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmName {
    /// The spec of the model or detector.
    pub model: String,
    /// The canonical spec of the loss, with a question mark for what is tuned.
    pub loss: String,
}

/// A setting that trials vary, as a plan holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TunedSetting {
    /// Its name in trials.
    pub name: String,
    /// Its name in sentences.
    pub title: String,
}

/// A metric as a plan holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricDescription {
    /// Its name in files.
    pub name: String,
    /// Its name in tables.
    pub title: String,
    /// Its name in sentences.
    pub words: String,
    /// What it tells.
    pub meaning: String,
    /// When it has no value.
    pub undefined: Option<String>,
    /// Whether more is better.
    pub higher_is_better: bool,
    /// The least value that it can take, if there is one.
    pub least: Option<f64>,
    /// The greatest value that it can take, if there is one.
    pub greatest: Option<f64>,
    /// What a run that diverged counts as, if it can be compared.
    pub diverged: Option<f64>,
}

impl From<&MetricInfo> for MetricDescription {
    fn from(info: &MetricInfo) -> Self {
        let finite = |x: f64| Some(x).filter(|x| x.is_finite());
        Self {
            name: info.name.into(),
            title: info.title.into(),
            words: info.words.into(),
            meaning: info.meaning.into(),
            undefined: info.undefined.map(Into::into),
            higher_is_better: info.higher_is_better,
            least: finite(info.range.0),
            greatest: finite(info.range.1),
            diverged: info.diverged,
        }
    }
}

impl MetricDescription {
    /// Its title, and whether more is better.
    pub fn heading(&self) -> String {
        format!("{} {}", self.title, if self.higher_is_better { "↑" } else { "↓" })
    }
}

/// A model or detector as a plan holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelDescription {
    /// Its spec.
    pub spec: String,
    /// Its name in sentences.
    pub title: String,
    /// What it computes.
    pub description: String,
    /// Where it was published.
    pub source: String,
}

impl ModelDescription {
    /// The description of a spec.
    pub fn new(spec: String, info: &ModelInfo) -> Self {
        let ModelInfo { title, description, source, .. } = *info;
        Self { spec, title: title.into(), description: description.into(), source: source.into() }
    }
}

impl Plan {
    /// The plan of a comparison. `models` and `losses` are those of the arms, each once, `reference` is one
    /// of the arms.
    pub fn new<T: Task>(
        task: &T,
        comparison: &Comparison<T>,
        models: Vec<ModelDescription>,
        losses: &[OpenSpec],
        reference: ArmName,
    ) -> Self {
        let arm = |arm: &losslab_train::Arm<T::Learner>| ArmName {
            model: arm.learner.to_string(),
            loss: arm.loss.to_string(),
        };
        let mut plan = Self {
            schema: PLAN_SCHEMA,
            task: T::KIND.into(),
            problem: String::new(),
            metric: task.deciding().name.into(),
            metrics: task.metrics().iter().map(MetricDescription::from).collect(),
            models,
            losses: losses.iter().map(|loss| loss.describe(task.classes())).collect(),
            arms: comparison.arms.iter().map(arm).collect(),
            reference,
            seeds: comparison.seeds.clone(),
            trials: comparison.tuning.trials,
            tune_over: tuned_settings(&comparison.tuning),
            margin: None,
            settings: as_value(&comparison.settings),
            data: as_value(&task.describe()),
            warnings: Vec::new(),
            request: Value::Null,
            command: String::new(),
            looks: Vec::new(),
        };
        plan.problem = plan.fingerprint();
        plan
    }

    /// Stands for all that the outcome of a run depends on beside its split, arm and seed.
    fn fingerprint(&self) -> String {
        let mut hash = Fnv1a::new();
        [env!("CARGO_PKG_VERSION"), &self.task, &self.metric].into_iter().for_each(|text| hash.text(text));
        hash.text(&self.data.to_string());
        hash.text(&self.settings.to_string());
        hash.number(self.trials as u64);
        self.tune_over.iter().for_each(|setting| hash.text(&setting.name));
        format!("{:016x}", hash.finish())
    }

    /// What in a plan from a file cannot be, if anything.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self) -> Result<(), String> {
        let known = |name: &ArmName| {
            self.models.iter().any(|model| model.spec == name.model)
                && self.losses.iter().any(|loss| loss.spec == name.loss)
        };
        if let Some(arm) = self.arms.iter().find(|arm| !known(arm)) {
            return Err(format!("an arm {} / {} of an unknown model or loss", arm.model, arm.loss));
        }
        if !self.arms.contains(&self.reference) {
            return Err(format!("the reference {}, which is none of the arms", self.label(&self.reference)));
        }
        if self.arms.iter().enumerate().any(|(i, arm)| self.arms.iter().take(i).any(|other| other == arm)) {
            return Err("an arm twice".into());
        }
        if self.deciding().is_none() {
            return Err(format!("the deciding metric {}, which is none of the metrics", self.metric));
        }
        if let (Some(margin), Some(metric)) = (self.margin, self.deciding()) {
            let fault = |fault| format!("an equivalence margin of {margin}, {fault}");
            Margin::check(metric, margin).map_err(fault)?;
        }
        views::of(&self.task)?.check_plan(self)
    }

    /// The deciding metric.
    pub fn deciding(&self) -> Option<&MetricDescription> {
        self.metrics.iter().find(|metric| metric.name == self.metric)
    }

    /// What people call an arm: its loss, and its model where there are several.
    pub fn label(&self, arm: &ArmName) -> String {
        match (self.models.len(), self.losses.len()) {
            (0 | 1, _) => arm.loss.clone(),
            (_, 1) => arm.model.clone(),
            _ => format!("{} / {}", arm.model, arm.loss),
        }
    }

    /// The labels of all arms.
    pub fn labels(&self) -> Vec<String> {
        self.arms.iter().map(|arm| self.label(arm)).collect()
    }

    /// Every arm with every seed, in the order of results.
    pub fn runs(&self) -> impl Iterator<Item = (&ArmName, u64)> {
        self.arms.iter().flat_map(move |arm| self.seeds.iter().map(move |&seed| (arm, seed)))
    }

    /// Which arm is compared with which, as indices of a candidate and its reference: within each model its
    /// losses with the reference loss, and at the reference loss each model with the reference model.
    pub fn comparisons(&self) -> Vec<(usize, usize)> {
        Self::pairs(&self.arms, &self.reference)
    }

    /// The same of any arms and their reference.
    pub(crate) fn pairs(arms: &[ArmName], reference: &ArmName) -> Vec<(usize, usize)> {
        let place =
            |model: &str, loss: &str| arms.iter().position(|arm| arm.model == model && arm.loss == loss);
        let ArmName { model: reference_model, loss: reference_loss } = reference;
        let mut pairs = Vec::new();
        for (candidate, arm) in arms.iter().enumerate() {
            let reference = match (arm.loss == *reference_loss, arm.model == *reference_model) {
                (false, _) => place(&arm.model, reference_loss),
                (true, false) => place(reference_model, reference_loss),
                (true, true) => None,
            };
            pairs.extend(reference.map(|reference| (candidate, reference)));
        }
        pairs
    }

    /// What the loader decided, as notes.
    pub fn notes(&self) -> Vec<String> {
        let notes = self.data.get("notes").and_then(Value::as_array);
        notes.into_iter().flatten().filter_map(Value::as_str).map(Into::into).collect()
    }

    /// The key of a run whose parts have the fingerprint `split`.
    pub fn key(&self, split: &str, arm: &ArmName, seed: u64) -> String {
        let mut hash = Fnv1a::new();
        [&self.problem, split, &arm.model, &arm.loss].into_iter().for_each(|text| hash.text(text));
        hash.number(seed);
        format!("{:016x}", hash.finish())
    }
}

/// The settings that trials vary; none if there is one trial.
fn tuned_settings<S: Settings>(tuning: &Tuning<S>) -> Vec<TunedSetting> {
    let varied = tuning.over.iter().filter(|_| tuning.trials > 1);
    varied.map(|over| TunedSetting { name: over.name.into(), title: over.title.into() }).collect()
}

/// As JSON; by way of its text, so that an f32 keeps its few digits.
fn as_value(data: &impl Serialize) -> Value {
    // Plain data always have a form as JSON; if they had none, runs of any data would seem alike.
    let text = serde_json::to_string(data).unwrap_or_else(|error| unreachable!("{error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| unreachable!("{error}"))
}
