//! One run as a file, `DIR/runs/MODEL__LOSS__SEED.json`: all that reports, verdicts and `--resume` need, so
//! that nothing is trained twice.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

use super::found::Found;
use super::plan::{ArmName, Plan};
use crate::views;
use indexmap::IndexMap;
use losslab_data::Gaps;
use losslab_metrics::statistics::training_check::TrainingState;
use losslab_train::{EpochRecord, Outcome, Task, TrialRecord};
use serde::{Deserialize, Serialize};

/// The version of the records' schema.
pub const RECORD_SCHEMA: u32 = 5;

/// Metrics by name, in their order; none where undefined.
pub type Metrics = IndexMap<String, Option<f64>>;

/// One training: what it was given, how it went, and what came out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// [`RECORD_SCHEMA`].
    pub schema: u32,
    /// Stands for all that the outcome depends on: version, data, settings, split, arm and seed.
    pub key: String,
    /// Stands for the parts of the data; runs of one seed must agree in it to be paired.
    pub split: String,
    /// What was trained.
    pub arm: ArmName,
    /// The seed.
    pub seed: u64,
    /// How the training went, up to where it ended or diverged.
    pub epochs: Vec<EpochRecord>,
    /// Epochs until training stopped; none if it diverged.
    pub epochs_run: Option<usize>,
    /// The epoch whose weights were judged.
    pub best_epoch: Option<usize>,
    /// Optimiser steps that these weights have seen.
    pub kept_steps: Option<usize>,
    /// The deciding metric of predictions that know nothing, on the validation part; none if unknown.
    pub chance: Option<f64>,
    /// Whether the training was long enough to be judged; none if it diverged.
    pub training: Option<TrainingState>,
    /// The threshold of the `_tuned` metrics: a reported probability.
    pub threshold: Option<f64>,
    /// How it diverged, if it did.
    pub diverged: Option<String>,
    /// What was tried, in order; empty if nothing was tuned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trials: Vec<TrialRecord>,
    /// Which of the trials was judged; epochs and all that follows are its.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<usize>,
    /// On the test part; none where undefined.
    pub metrics: Metrics,
    /// What was filled or ignored in the data of this seed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gaps>,
    /// The task's part; none if the training diverged.
    pub found: Option<Found>,
}

impl RunRecord {
    /// The record of a run.
    ///
    /// # Errors
    /// If what was found has no form as JSON.
    pub fn of<T: Task>(plan: &Plan, task: &T, outcome: &Outcome<T::Found>) -> serde_json::Result<Self> {
        #[expect(clippy::indexing_slicing, reason = "an outcome is of an arm of its comparison")]
        let arm = plan.arms[outcome.arm].clone();
        let split = task.split(outcome.run);
        let tuned = outcome.trials.len() > 1;
        let blank = Self {
            schema: RECORD_SCHEMA,
            key: plan.key(&split, &arm, outcome.seed),
            split,
            arm,
            seed: outcome.seed,
            epochs: outcome.epochs.clone(),
            epochs_run: None,
            best_epoch: None,
            kept_steps: None,
            chance: None,
            training: None,
            threshold: None,
            diverged: None,
            trials: if tuned { outcome.trials.clone() } else { Vec::new() },
            chosen: tuned.then_some(outcome.chosen),
            metrics: plan.metrics.iter().map(|metric| (metric.name.clone(), None)).collect(),
            gaps: task.gaps(outcome.run),
            found: None,
        };
        Ok(match &outcome.result {
            Err(error) => Self { diverged: Some(error.to_string()), ..blank },
            Ok(trained) => Self {
                epochs_run: Some(trained.history.epochs.len()),
                best_epoch: Some(trained.history.best_epoch),
                kept_steps: Some(trained.kept_steps),
                chance: trained.chance,
                training: Some(trained.state),
                threshold: trained.judged.threshold,
                metrics: trained.judged.metrics.iter().cloned().collect(),
                found: Some(Found::new(&trained.judged.found)?),
                ..blank
            },
        })
    }

    /// What in a record from a file cannot be a run of this plan, if anything.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self, plan: &Plan) -> Result<(), String> {
        match &self.found {
            Some(found) => views::of(&plan.task)?.check(plan, found),
            None => Ok(()),
        }
    }

    /// The name of its file: `mlp__focal_gamma=2,alpha=0.25__3.json`.
    pub fn file_name(&self) -> String {
        run_file(&self.arm, self.seed)
    }

    /// The deciding metric of the kept weights on the validation part.
    pub fn validation(&self) -> Option<f64> {
        let kept = self.best_epoch?;
        self.epochs.iter().find(|epoch| epoch.epoch == kept)?.validation
    }

    /// The value of the metric of this name.
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.get(name).copied().flatten()
    }

    /// The canonical spec of the loss that was trained with: where parameters were tuned, the chosen ones.
    pub fn trained_loss(&self) -> &str {
        self.chosen.and_then(|chosen| self.trials.get(chosen)).map_or(&self.arm.loss, |trial| &trial.loss)
    }
}

/// The spec that all these runs were trained with, if it is one.
pub fn trained_alike<'a>(runs: impl IntoIterator<Item = &'a RunRecord>) -> Option<&'a str> {
    let mut losses = runs.into_iter().map(RunRecord::trained_loss);
    let first = losses.next()?;
    losses.all(|loss| loss == first).then_some(first)
}

/// The name of the file of a run.
pub fn run_file(arm: &ArmName, seed: u64) -> String {
    format!("{}__{seed}.json", arm_file(arm))
}

/// An arm as part of a file's name: `mlp__focal_gamma=2,alpha=0.25`.
pub fn arm_file(arm: &ArmName) -> String {
    format!("{}__{}", arm.model, arm.loss).replace([':', '/', '\\'], "_")
}
