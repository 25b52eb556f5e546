//! `results.json`: the schema, and how it is written.
//!
//! All that data, request and seeds do not determine stands under `environment` and nowhere else: the rest is
//! the same, byte for byte, on every run.

use super::gaps::{SeedGaps, by_seed};
use super::judgement::Judgement;
use super::plan::{ArmName, MetricDescription, Plan};
use super::record::{Metrics, RunRecord};
use crate::views;
use indexmap::IndexMap;
use losslab_data::files::ConfinedFolder;
use losslab_metrics::Summary;
use losslab_metrics::statistics::training_check::TrainingState;
use losslab_train::TrialRecord;
use serde::Serialize;
use serde_json::{Map, Value};
use std::io;
use std::path::Path;

/// The version of the schema of `results.json`.
pub const RESULTS_SCHEMA: u32 = 4;

/// Everything that a comparison found.
#[derive(Clone, Debug, Serialize)]
pub struct Results {
    schema: u32,
    /// Whether every run was done.
    pub complete: bool,
    /// What was compared on what data, and what was declared before the runs.
    #[serde(flatten)]
    pub plan: PlanPart,
    /// Values that were filled or ignored, by seed; empty if there were none.
    pub gaps: Vec<SeedGaps>,
    /// One entry per arm and seed.
    pub runs: Vec<Run>,
    /// One entry per arm.
    pub summary: Vec<Summaries>,
    /// The verdicts; none where nothing can be judged.
    pub verdicts: Option<Judgement>,
    /// Where and how fast it was run.
    pub environment: Environment,
}

/// The plan without its own schema, command and looks, which depend on how it was called.
#[derive(Clone, Debug)]
pub struct PlanPart(pub Plan);

impl Serialize for PlanPart {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut value = serde_json::to_value(&self.0).map_err(serde::ser::Error::custom)?;
        if let Some(object) = value.as_object_mut() {
            ["schema", "command", "problem", "looks"]
                .into_iter()
                .for_each(|key| drop(object.shift_remove(key)));
        }
        value.serialize(serializer)
    }
}

/// One training.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// What was trained.
    #[serde(flatten)]
    pub arm: ArmName,
    /// The seed.
    pub seed: u64,
    /// Epochs until training stopped; null if it diverged.
    pub epochs_run: Option<usize>,
    /// The epoch whose weights were judged.
    pub best_epoch: Option<usize>,
    /// Optimiser steps that these weights have seen.
    pub kept_steps: Option<usize>,
    /// Whether the training was long enough to be judged; null if it diverged.
    pub training: Option<TrainingState>,
    /// The threshold of the `_tuned` metrics.
    pub threshold: Option<f64>,
    /// How it diverged, if it did.
    pub diverged: Option<String>,
    /// What was tried, in order; absent if nothing was tuned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trials: Vec<TrialRecord>,
    /// Which of the trials was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chosen: Option<usize>,
    /// On the test part; null where undefined.
    pub metrics: Metrics,
    /// What the task tells beside.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// The runs of one arm, summed up.
#[derive(Clone, Debug, Serialize)]
pub struct Summaries {
    /// What was trained.
    #[serde(flatten)]
    pub arm: ArmName,
    /// What people call it.
    #[serde(skip)]
    pub label: String,
    /// Mean, standard deviation and number of runs, for each metric.
    pub metrics: IndexMap<String, MeanSd>,
    /// What the task tells beside.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// A [`Summary`] under the names of the schema.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct MeanSd {
    /// The mean.
    pub mean: Option<f64>,
    /// The sample standard deviation.
    pub sd: Option<f64>,
    /// Runs in which the metric is defined.
    pub n: usize,
}

/// Where and how fast it was run.
#[derive(Clone, Debug, Serialize)]
pub struct Environment {
    /// Version of losslab.
    pub version: &'static str,
    /// The command, as it was typed.
    pub command: String,
    /// From the start of the command to its end.
    pub seconds: f64,
    /// Threads that trained.
    pub threads: usize,
    /// Processors of the machine.
    pub processors: usize,
    /// Operating system and architecture.
    pub machine: String,
    /// The instruction set of the kernels.
    pub instruction_set: &'static str,
    /// Files that were read, by the flags that named them.
    pub data: IndexMap<String, Vec<String>>,
    /// The folder that was written.
    pub out: String,
}

impl Results {
    /// Sums up the runs of a comparison.
    pub fn of(
        plan: Plan,
        records: &[RunRecord],
        verdicts: Option<Judgement>,
        environment: Environment,
    ) -> Self {
        let view = views::of(&plan.task).ok();
        let summary = plan.arms.iter().map(|arm| {
            let of_arm: Vec<&RunRecord> = records.iter().filter(|run| run.arm == *arm).collect();
            Summaries {
                arm: arm.clone(),
                label: plan.label(arm),
                metrics: summarise(&of_arm, &plan.metrics),
                more: view.map(|view| view.summary(&of_arm)).unwrap_or_default(),
            }
        });
        let run = |record: &RunRecord| Run::of(record, view.map(|view| view.run(record)).unwrap_or_default());
        Self {
            schema: RESULTS_SCHEMA,
            complete: records.len() == plan.arms.len() * plan.seeds.len(),
            gaps: by_seed(&plan.seeds, records),
            runs: records.iter().map(run).collect(),
            summary: summary.collect(),
            plan: PlanPart(plan),
            verdicts,
            environment,
        }
    }

    /// What was compared.
    pub fn plan(&self) -> &Plan {
        &self.plan.0
    }

    /// Writes `results.json` into the folder; no reader ever sees a part of it.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(self).map_err(io::Error::other)?;
        text.push('\n');
        ConfinedFolder::new(folder).write("results.json", text.as_bytes())
    }
}

impl Run {
    fn of(record: &RunRecord, more: Map<String, Value>) -> Self {
        Self {
            arm: record.arm.clone(),
            seed: record.seed,
            epochs_run: record.epochs_run,
            best_epoch: record.best_epoch,
            kept_steps: record.kept_steps,
            training: record.training,
            threshold: record.threshold,
            diverged: record.diverged.clone(),
            trials: record.trials.clone(),
            chosen: record.chosen,
            metrics: record.metrics.clone(),
            more,
        }
    }
}

fn summarise(runs: &[&RunRecord], metrics: &[MetricDescription]) -> IndexMap<String, MeanSd> {
    let of = |metric: &MetricDescription| {
        (metric.name.clone(), MeanSd::of(runs.iter().map(|run| run.metric(&metric.name))))
    };
    metrics.iter().map(of).collect()
}

impl MeanSd {
    /// Sums up the values that are defined.
    pub fn of(values: impl IntoIterator<Item = Option<f64>>) -> Self {
        let Summary { mean, std, n } = Summary::of(values);
        Self { mean, sd: std, n }
    }
}
