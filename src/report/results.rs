//! `results.json`: the schema, and how it is written.
//!
//! All that data, config and seeds do not determine stands under `environment` and nowhere else: the rest is
//! the same, byte for byte, on every run.

use super::atomic::write_atomically;
use super::gaps::{SeedGaps, by_seed};
use crate::data::Dataset;
use crate::experiment::{Comparison, Outcome, Source, Task, TrainConfig};
use crate::metrics::Summary;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use std::io;
use std::path::Path;

/// The version of the schema.
const SCHEMA: u32 = 1;

/// Everything that a comparison found.
#[derive(Clone, Debug, Serialize)]
pub struct Results {
    schema: u32,
    /// Whether every run was done.
    pub complete: bool,
    /// What was learnt from.
    pub data: Data,
    /// What was compared, and how.
    pub config: Config,
    /// Values that were filled or ignored, by seed; empty if there were none.
    pub gaps: Vec<SeedGaps>,
    /// One entry per loss and seed.
    pub runs: Vec<Run>,
    /// One entry per loss.
    pub summary: Vec<Summaries>,
    /// Where and how fast it was run.
    pub environment: Environment,
}

/// What was learnt from.
#[derive(Clone, Debug, Serialize)]
pub struct Data {
    /// The file's name without its folder, or the synthetic specification.
    pub name: String,
    /// Rows, the test set's not among them.
    pub rows: usize,
    /// Feature columns.
    pub columns: usize,
    /// The label that counts as positive.
    pub positive: Option<String>,
    /// Rows of that label.
    pub positives: usize,
    /// Their share.
    pub prevalence: Option<f64>,
    /// The classes in order, with their rows; in a binary problem the negative one is first.
    pub classes: Vec<ClassRows>,
    /// The column whose groups no split parts, and their number.
    pub groups: Option<(String, usize)>,
    /// Stands for the contents.
    pub fingerprint: String,
    /// The same of a test set of its own.
    pub test_fingerprint: Option<String>,
    /// `given` or `drawn per seed`.
    pub splits: &'static str,
    /// What the loader decided.
    pub notes: Vec<String>,
}

/// A class of the data.
#[derive(Clone, Debug, Serialize)]
pub struct ClassRows {
    /// Its label.
    pub name: String,
    /// Rows of it.
    pub rows: usize,
}

impl Data {
    /// What kind of problem it is.
    pub fn task(&self) -> Task {
        Task::of(self.classes.len())
    }

    /// A line for people: size and classes.
    pub fn describe(&self) -> String {
        let classes = match self.prevalence {
            Some(share) => format!("{} positive ({:.2} %)", self.positives, 100.0 * share),
            None => {
                let rows: Vec<usize> = self.classes.iter().map(|class| class.rows).collect();
                let (least, most) = (rows.iter().min().unwrap_or(&0), rows.iter().max().unwrap_or(&0));
                format!("{} classes of {least} to {most} rows", rows.len())
            }
        };
        format!("{}: {} rows x {} columns, {classes}\n", self.name, self.rows, self.columns)
    }

    /// Describes a source; `notes` are what the loader said.
    pub fn of(source: &Source, notes: Vec<String>) -> Self {
        let data: &Dataset = &source.dataset;
        let positives = data.labels.iter().filter(|&&label| Some(label) == data.positive).count();
        Self {
            name: data.name.clone(),
            rows: data.rows(),
            columns: data.columns(),
            positive: data.positive.map(|class| data.class_names[class as usize].clone()),
            positives,
            prevalence: data.prevalence(),
            classes: data
                .class_names
                .iter()
                .zip(data.class_counts())
                .map(|(name, rows)| ClassRows { name: name.clone(), rows })
                .collect(),
            groups: data.groups.as_ref().map(|groups| (groups.column.clone(), groups.names.len())),
            fingerprint: data.fingerprint(),
            test_fingerprint: source.test.as_ref().map(Dataset::fingerprint),
            splits: if source.splits.is_some() { "given" } else { "drawn per seed" },
            notes,
        }
    }
}

/// What was compared, and how.
#[derive(Clone, Debug, Serialize)]
pub struct Config {
    losses: Vec<String>,
    seeds: Vec<u64>,
    #[serde(flatten)]
    train: TrainConfig,
}

/// One training.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// The canonical spec.
    pub loss: String,
    /// The seed.
    pub seed: u64,
    /// Epochs until training stopped; null if it diverged.
    pub epochs_run: Option<usize>,
    /// The epoch whose weights were judged.
    pub best_epoch: Option<usize>,
    /// The threshold of the `_tuned` metrics.
    pub threshold: Option<f64>,
    /// How it diverged, if it did.
    pub diverged: Option<String>,
    /// On the test part; null where undefined.
    pub metrics: Named<Option<f64>>,
}

/// The runs of one loss, summed up.
#[derive(Clone, Debug, Serialize)]
pub struct Summaries {
    /// The canonical spec.
    pub loss: String,
    /// Mean, standard deviation and number of runs, for each metric.
    pub metrics: Named<MeanSd>,
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

/// Values by name, written as a JSON object in this order.
#[derive(Clone, Debug)]
pub struct Named<V>(pub Vec<(&'static str, V)>);

impl<V> Named<V> {
    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&V> {
        self.0.iter().find(|(n, _)| *n == name).map(|(_, value)| value)
    }
}

impl<V: Serialize> Serialize for Named<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Where and how fast it was run.
#[derive(Clone, Debug, Serialize)]
pub struct Environment {
    /// Version of losslab.
    pub version: &'static str,
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
    /// Files that were read, and the folder that was written.
    pub paths: Vec<String>,
}

impl Results {
    /// Sums up the outcomes of a comparison.
    pub fn new(data: Data, comparison: &Comparison, outcomes: &[Outcome], environment: Environment) -> Self {
        let losses: Vec<String> = comparison.losses.iter().map(ToString::to_string).collect();
        let task = data.task();
        let summary = losses.iter().enumerate().map(|(index, loss)| {
            let of_loss: Vec<&Outcome> = outcomes.iter().filter(|o| o.loss == index).collect();
            Summaries { loss: loss.clone(), metrics: summarise(&of_loss, task) }
        });
        Self {
            schema: SCHEMA,
            complete: outcomes.len() == losses.len() * comparison.seeds.len(),
            data,
            gaps: by_seed(outcomes),
            runs: outcomes.iter().map(|outcome| Run::of(outcome, &losses, task)).collect(),
            summary: summary.collect(),
            config: Config { losses, seeds: comparison.seeds.clone(), train: comparison.train.clone() },
            environment,
        }
    }

    /// Writes `results.json` into the folder; no reader ever sees a part of it.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(self).map_err(io::Error::other)?;
        text.push('\n');
        write_atomically(&folder.join("results.json"), text.as_bytes())
    }
}

impl Run {
    fn of(outcome: &Outcome, losses: &[String], task: Task) -> Self {
        let metrics = task.metrics().iter();
        let trained = outcome.result.as_ref().ok();
        Self {
            loss: losses[outcome.loss].clone(),
            seed: outcome.seed,
            epochs_run: trained.map(|t| t.epochs_run),
            best_epoch: trained.map(|t| t.best_epoch),
            threshold: trained.and_then(|t| t.threshold),
            diverged: outcome.result.as_ref().err().map(ToString::to_string),
            metrics: Named(metrics.map(|metric| (metric.name, value(outcome, metric.name))).collect()),
        }
    }
}

/// A metric of a run; none if it is undefined or the run diverged.
fn value(outcome: &Outcome, metric: &str) -> Option<f64> {
    let trained = outcome.result.as_ref().ok()?;
    trained.metrics.iter().find(|(name, _)| *name == metric)?.1
}

fn summarise(outcomes: &[&Outcome], task: Task) -> Named<MeanSd> {
    let of = |metric: &'static str| {
        let Summary { mean, std, n } = Summary::of(outcomes.iter().map(|outcome| value(outcome, metric)));
        (metric, MeanSd { mean, sd: std, n })
    };
    Named(task.metrics().iter().map(|metric| of(metric.name)).collect())
}
