//! `results.json`: the schema, and how it is written.
//!
//! All that data, config and seeds do not determine stands under `environment` and nowhere else: the rest is
//! the same, byte for byte, on every run.

use super::calibration::CalibrationSummary;
use super::data::Data;
use super::gaps::{SeedGaps, by_seed};
use super::judgement::Judgement;
use super::named::Named;
use super::plan::{Config, Plan};
use super::record::{EpochRecord, RunRecord};
use losslab_data::write_atomically;
use losslab_metrics::boxes::{CategoryResult, VocResults};
use losslab_metrics::{MetricInfo, Summary};
use losslab_train::detector::Shares;
use losslab_train::experiment::TrialRecord;
use serde::Serialize;
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
    /// The metric that verdicts rest on, declared before the runs.
    pub primary_metric: String,
    /// The loss that the others are judged against, declared before the runs.
    pub reference: String,
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
    /// Every loss against the reference; none where nothing can be judged.
    pub verdicts: Option<Judgement>,
    /// Where and how fast it was run.
    pub environment: Environment,
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
    /// What was tried, in order; absent if nothing was tuned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trials: Vec<TrialRecord>,
    /// Which of the trials was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chosen: Option<usize>,
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
    pub epochs: Vec<DetectorEpochs>,
}

/// An epoch of a detector's training.
#[derive(Clone, Debug, Serialize)]
pub struct DetectorEpochs {
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Mean of the class losses of the steps.
    pub class_loss: Option<f64>,
    /// Mean of the box losses of the steps.
    pub box_loss: Option<f64>,
    /// Whose class loss and gradient it was.
    pub shares: Option<Shares>,
    /// COCO AP on the validation images, where they were looked at.
    pub validation_ap: Option<f64>,
}

/// The runs of one loss, summed up.
#[derive(Clone, Debug, Serialize)]
pub struct Summaries {
    /// The canonical spec.
    pub loss: String,
    /// Mean, standard deviation and number of runs, for each metric.
    pub metrics: Named<MeanSd>,
    /// How far probabilities can be trusted, and what repairs them; of classifiers of rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration: Option<CalibrationSummary>,
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
    /// Sums up the runs of a comparison.
    pub fn of(
        plan: Plan,
        records: &[RunRecord],
        verdicts: Option<Judgement>,
        environment: Environment,
    ) -> Self {
        let Plan { data, config, primary_metric, reference, .. } = plan;
        let summary = config.losses.iter().map(|loss| {
            let of_loss: Vec<&RunRecord> = records.iter().filter(|run| run.loss == *loss).collect();
            Summaries {
                loss: loss.clone(),
                metrics: summarise(&of_loss, &data.metrics()),
                calibration: CalibrationSummary::of(&of_loss),
            }
        });
        Self {
            schema: SCHEMA,
            complete: records.len() == config.losses.len() * config.seeds.len(),
            gaps: by_seed(&config.seeds, records),
            runs: records.iter().map(Run::of).collect(),
            summary: summary.collect(),
            primary_metric,
            reference,
            data,
            config,
            verdicts,
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
    fn of(record: &RunRecord) -> Self {
        Self {
            loss: record.loss.clone(),
            seed: record.seed,
            epochs_run: record.epochs_run,
            best_epoch: record.best_epoch,
            threshold: record.threshold,
            diverged: record.diverged.clone(),
            trials: record.trials.clone(),
            chosen: record.chosen,
            metrics: record.metrics.clone(),
            detector: record.detector.as_ref().map(|detector| DetectorRun {
                per_category: detector.per_category.clone(),
                voc: detector.voc.clone(),
                epochs: record.epochs.iter().map(DetectorEpochs::of).collect(),
            }),
        }
    }
}

impl DetectorEpochs {
    fn of(epoch: &EpochRecord) -> Self {
        let EpochRecord { epoch, class_loss, box_loss, shares, validation_ap, .. } = *epoch;
        Self { epoch, class_loss, box_loss, shares, validation_ap }
    }
}

fn summarise(runs: &[&RunRecord], metrics: &[MetricInfo]) -> Named<MeanSd> {
    let of = |metric: &'static str| {
        let values = runs.iter().map(|run| run.metrics.get(metric).copied().flatten());
        (metric, MeanSd::of(values))
    };
    Named::new(metrics.iter().map(|metric| of(metric.name)))
}

impl MeanSd {
    /// Sums up the values that are defined.
    pub fn of(values: impl IntoIterator<Item = Option<f64>>) -> Self {
        let Summary { mean, std, n } = Summary::of(values);
        Self { mean, sd: std, n }
    }
}
