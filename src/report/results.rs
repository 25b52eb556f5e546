//! `results.json`: the schema, and how it is written.
//!
//! All that data, config and seeds do not determine stands under `environment` and nowhere else: the rest is
//! the same, byte for byte, on every run.

use super::atomic::write_atomically;
use super::data::{Data, ImageData, TableData};
use super::gaps::{SeedGaps, by_seed};
use crate::detection::{CategoryResult, VocResults};
use crate::detector::{DetectorComparison, DetectorEpoch, DetectorOutcome, DetectorSettings};
use crate::experiment::{Comparison, Outcome, TrainConfig};
use crate::metrics::{BOX_METRICS, Metric, Summary, evaluate_boxes};
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

/// What was compared, and how.
#[derive(Clone, Debug, Serialize)]
pub struct Config {
    losses: Vec<String>,
    seeds: Vec<u64>,
    #[serde(flatten)]
    train: Training,
}

/// How models were trained.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Training {
    Table(TrainConfig),
    Detector(Box<DetectorSettings>),
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
    /// What a detector has beside.
    #[serde(flatten)]
    pub detector: Option<DetectorRun>,
}

/// What the training of a detector has to say beside its metrics.
#[derive(Clone, Debug, Serialize)]
pub struct DetectorRun {
    /// Average precision of each category.
    pub per_category: Vec<CategoryResult>,
    /// Pascal VOC's own average precision, for data in its form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voc: Option<VocResults>,
    /// How the training went: losses, and whose they were.
    pub epochs: Vec<DetectorEpoch>,
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
    /// Sums up a comparison on a table.
    pub fn of_tables(
        data: TableData,
        comparison: &Comparison,
        outcomes: &[Outcome],
        environment: Environment,
    ) -> Self {
        let losses: Vec<String> = comparison.losses.iter().map(ToString::to_string).collect();
        let metrics = data.task().metrics();
        let runs = outcomes.iter().map(|outcome| Run::of_table(outcome, &losses, metrics)).collect();
        let train = Training::Table(comparison.train.clone());
        let config = Config { losses, seeds: comparison.seeds.clone(), train };
        Self { gaps: by_seed(outcomes), ..Self::sum_up(Data::Table(data), config, runs, environment) }
    }

    /// Sums up a comparison of detectors.
    pub fn of_detectors(
        data: ImageData,
        comparison: &DetectorComparison,
        outcomes: &[DetectorOutcome],
        environment: Environment,
    ) -> Self {
        let losses: Vec<String> = comparison.losses.iter().map(ToString::to_string).collect();
        let runs = outcomes.iter().map(|outcome| Run::of_detector(outcome, &losses)).collect();
        let train = Training::Detector(Box::new(comparison.settings.clone()));
        let config = Config { losses, seeds: comparison.seeds.clone(), train };
        Self::sum_up(Data::Images(data), config, runs, environment)
    }

    fn sum_up(data: Data, config: Config, runs: Vec<Run>, environment: Environment) -> Self {
        let summary = config.losses.iter().map(|loss| {
            let of_loss: Vec<&Run> = runs.iter().filter(|run| run.loss == *loss).collect();
            Summaries { loss: loss.clone(), metrics: summarise(&of_loss, data.metrics()) }
        });
        Self {
            schema: SCHEMA,
            complete: runs.len() == config.losses.len() * config.seeds.len(),
            gaps: Vec::new(),
            summary: summary.collect(),
            data,
            runs,
            config,
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
    fn of_table(outcome: &Outcome, losses: &[String], metrics: &[Metric]) -> Self {
        let trained = outcome.result.as_ref().ok();
        Self {
            loss: losses[outcome.loss].clone(),
            seed: outcome.seed,
            epochs_run: trained.map(|t| t.epochs_run),
            best_epoch: trained.map(|t| t.best_epoch),
            threshold: trained.and_then(|t| t.threshold),
            diverged: outcome.result.as_ref().err().map(ToString::to_string),
            metrics: trained.map_or_else(|| undefined(metrics), |t| Named(t.metrics.clone())),
            detector: None,
        }
    }

    fn of_detector(outcome: &DetectorOutcome, losses: &[String]) -> Self {
        let trained = outcome.result.as_ref().ok();
        Self {
            loss: losses[outcome.loss].clone(),
            seed: outcome.seed,
            epochs_run: trained.map(|t| t.epochs.len()),
            best_epoch: trained.map(|t| t.best_epoch),
            threshold: None,
            diverged: outcome.result.as_ref().err().map(ToString::to_string),
            metrics: trained.map_or_else(|| undefined(BOX_METRICS), |t| Named(evaluate_boxes(&t.results))),
            detector: trained.map(|t| DetectorRun {
                per_category: t.results.per_category.clone(),
                voc: None,
                epochs: t.epochs.clone(),
            }),
        }
    }
}

/// The metrics of a run that diverged.
fn undefined(metrics: &[Metric]) -> Named<Option<f64>> {
    Named(metrics.iter().map(|metric| (metric.name, None)).collect())
}

fn summarise(runs: &[&Run], metrics: &[Metric]) -> Named<MeanSd> {
    let of = |metric: &'static str| {
        let values = runs.iter().map(|run| run.metrics.get(metric).copied().flatten());
        let Summary { mean, std, n } = Summary::of(values);
        (metric, MeanSd { mean, sd: std, n })
    };
    Named(metrics.iter().map(|metric| of(metric.name)).collect())
}
