//! The verdicts of a comparison, from its plan and the records of its runs alone.

use super::data::Data;
use super::plan::Plan;
use super::record::RunRecord;
use losslab_metrics::boxes::{Detection, GroundTruth, WeightedBoxes};
use losslab_metrics::statistics::bootstrap::Resamples;
use losslab_metrics::statistics::pairs::{Pair, pairs};
use losslab_metrics::statistics::verdict::{self, ArmRuns, Question, Verdicts};
use losslab_metrics::statistics::weighted_ap::WeightedAveragePrecision;
use losslab_train::experiment::Task;
use serde::{Deserialize, Serialize};

/// The probability of any false verdict in a comparison.
const ALPHA: f64 = 0.05;
/// The average precision that a run that diverged counts as.
const DIVERGED: Option<f64> = Some(0.0);
/// Resamples of a fixed test set: they give the standard error within 3 %, those of images within 5 %.
const ROW_RESAMPLES: usize = 2000;
const IMAGE_RESAMPLES: usize = 800;
/// The seed that resamples are drawn with.
const SEED: u64 = 0;

/// Every loss against the reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// How the runs came about, which decides the test.
    pub design: Design,
    /// The seeds that were judged: those that every loss was run with, and whose test part has a positive.
    pub seeds: Vec<u64>,
    /// The verdicts.
    #[serde(flatten)]
    pub verdicts: Verdicts,
    /// Every loss against every other, as a description.
    pub pairs: Vec<Pair>,
}

/// How runs came about.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Design {
    /// Each seed has another split of one data set: Nadeau and Bengio's corrected t.
    Resplits {
        /// Rows tested over rows trained on, mean over the seeds.
        test_to_train: f64,
    },
    /// One test set for all: its units are resampled, and the variance of seeds is added.
    FixedTest {
        /// Test rows or images.
        units: usize,
        /// How often they were resampled.
        resamples: usize,
    },
}

/// The runs of one seed, in the order of the plan's losses.
struct Paired<'a> {
    seed: u64,
    runs: Vec<&'a RunRecord>,
}

/// Judges every loss of the plan against its reference; none if no seed was run with every loss.
///
/// For detectors, `detections` gives what was found in the test images from the name of a file, and `truth` is what there
/// was to find. Runs on the current rayon pool.
///
/// # Errors
/// Why runs cannot be compared: files that are missing, a metric that is undefined, runs of one seed on different parts.
pub fn judge(
    plan: &Plan,
    records: &[RunRecord],
    truth: &dyn Fn() -> Result<GroundTruth, String>,
    detections: &dyn Fn(&str) -> Result<Vec<Detection>, String>,
) -> Result<Option<Judgement>, String> {
    let paired = paired(plan, records)?;
    let Some(first) = paired.first() else { return Ok(None) };
    let value = |run: &RunRecord| run.metrics.get(&plan.primary_metric).copied().flatten();
    let of_loss = |(index, loss): (usize, &String)| ArmRuns {
        label: loss.clone(),
        values: paired.iter().map(|seed| value(seed.runs[index])).collect(),
    };
    let losses: Vec<ArmRuns> = plan.config.losses.iter().enumerate().map(of_loss).collect();
    let reference = plan.config.losses.iter().position(|loss| *loss == plan.reference);
    let reference =
        reference.ok_or_else(|| format!("the reference {} is none of the losses", plan.reference))?;
    let question = Question {
        metric: plan.metric_in_words().into(),
        higher_is_better: true,
        diverged: DIVERGED,
        data: plan.data.name().into(),
        arm: "loss".into(),
        alpha: ALPHA,
        reference,
        comparisons: verdict::against(reference, losses.len()),
    };
    // Without a second run or a second loss there is no test, and nothing to resample for.
    let testable = paired.len() > 1 && losses.len() > 1;
    let runs: Vec<&RunRecord> =
        (0..losses.len()).flat_map(|loss| paired.iter().map(move |seed| seed.runs[loss])).collect();
    let resamples = match &plan.data {
        Data::Table(table) if table.test_fingerprint.is_some() && testable => {
            Some(resampled_rows(table.task(), &runs)?)
        }
        Data::Images(_) if testable => Some(resampled_images(&runs, &truth()?, detections)?),
        _ => None,
    };
    let (design, verdicts) = match &resamples {
        Some(resamples) => {
            let design = Design::FixedTest { units: resamples.units(), resamples: resamples.iter().len() };
            (design, verdict::judge(&losses, &question, verdict::Design::FixedTest(resamples)))
        }
        None => {
            let test_to_train = test_to_train(&paired).unwrap_or_default();
            let verdicts = verdict::judge(&losses, &question, verdict::Design::Resplits { test_to_train });
            let design = match &plan.data {
                Data::Table(table) if table.test_fingerprint.is_none() => Design::Resplits { test_to_train },
                _ => Design::FixedTest { units: test_units(plan, first), resamples: 0 },
            };
            (design, verdicts)
        }
    };
    Ok(Some(Judgement {
        design,
        seeds: paired.iter().map(|seed| seed.seed).collect(),
        verdicts,
        pairs: pairs(&losses, &question),
    }))
}

impl Plan {
    /// What sentences call the primary metric.
    pub fn metric_in_words(&self) -> &'static str {
        match &self.data {
            Data::Table(table) if table.task() != Task::Binary => "macro AP",
            _ => "AP",
        }
    }
}

/// The seeds that all losses were run with and whose metric is defined, which depends on the test part alone.
fn paired<'a>(plan: &Plan, records: &'a [RunRecord]) -> Result<Vec<Paired<'a>>, String> {
    let mut paired = Vec::new();
    for &seed in &plan.config.seeds {
        let find = |loss: &String| records.iter().find(|run| run.seed == seed && run.loss == *loss);
        let Some(runs) = plan.config.losses.iter().map(find).collect::<Option<Vec<_>>>() else { continue };
        if let Some(other) = runs.iter().find(|run| run.split != runs[0].split) {
            let (a, b) = (&runs[0].loss, &other.loss);
            return Err(format!("seed {seed}: {a} and {b} were run on different parts of the data"));
        }
        let undefined = |run: &&RunRecord| {
            run.diverged.is_none() && run.metrics.get(&plan.primary_metric).copied().flatten().is_none()
        };
        if !runs.iter().any(undefined) {
            paired.push(Paired { seed, runs });
        }
    }
    Ok(paired)
}

/// Mean over the seeds of test rows over training rows; none where all runs diverged.
fn test_to_train(paired: &[Paired<'_>]) -> Option<f64> {
    let of_seed = |seed: &Paired<'_>| {
        let table = seed.runs.iter().find_map(|run| run.table.as_ref())?;
        Some(table.test.labels.len() as f64 / table.class_counts.iter().sum::<u64>() as f64)
    };
    let ratios: Vec<f64> = paired.iter().filter_map(of_seed).collect();
    (!ratios.is_empty()).then(|| ratios.iter().sum::<f64>() / ratios.len() as f64)
}

fn test_units(plan: &Plan, seed: &Paired<'_>) -> usize {
    match &plan.data {
        Data::Images(images) => images.parts[2].images,
        Data::Table(_) => {
            let table = seed.runs.iter().find_map(|run| run.table.as_ref());
            table.map_or(0, |table| table.test.labels.len())
        }
    }
}

fn resampled_rows(task: Task, runs: &[&RunRecord]) -> Result<Resamples, String> {
    let (mut units, mut rarest) = (1, 1);
    let mut weighted = Vec::new();
    for run in runs {
        let Some(table) = run.table.as_ref().filter(|_| run.diverged.is_none()) else {
            weighted.push(None);
            continue;
        };
        let (scores, labels) = (task.scores(&table.test.logits), &table.test.labels);
        (units, rarest) = (labels.len(), rarest_class(labels));
        let ap = match task {
            Task::Binary => {
                let positives: Vec<bool> = labels.iter().map(|&label| label == 1).collect();
                WeightedAveragePrecision::new(&scores, &positives)
            }
            Task::Classes(classes) => WeightedAveragePrecision::of_classes(&scores, classes, labels),
        };
        let ap = ap.map_err(|error| format!("{}: {error}", run.file_name()))?;
        weighted.push(Some(move |weights: &[u32]| ap.with_weights(weights)));
    }
    let resamples = Resamples::draw(units, &weighted, DIVERGED, ROW_RESAMPLES, SEED);
    Ok(resamples.map_err(|error| error.to_string())?.with_informative(rarest))
}

/// Rows of the rarest class that occurs.
fn rarest_class(labels: &[u32]) -> usize {
    let classes = labels.iter().max().map_or(0, |&label| label as usize + 1);
    let mut counts = vec![0; classes];
    labels.iter().for_each(|&label| counts[label as usize] += 1);
    counts.into_iter().filter(|&count| count > 0).min().unwrap_or(1)
}

fn resampled_images(
    runs: &[&RunRecord],
    truth: &GroundTruth,
    detections: &dyn Fn(&str) -> Result<Vec<Detection>, String>,
) -> Result<Resamples, String> {
    let mut weighted = Vec::new();
    for run in runs {
        let Some(detector) = &run.detector else {
            weighted.push(None);
            continue;
        };
        let found = detections(&detector.detections)?;
        let boxes =
            WeightedBoxes::new(truth, &detector.detections, &found).map_err(|error| error.to_string())?;
        weighted.push(Some(move |weights: &[u32]| boxes.ap(weights)));
    }
    let units = truth.images().len().max(1);
    Resamples::draw(units, &weighted, DIVERGED, IMAGE_RESAMPLES, SEED).map_err(|error| error.to_string())
}
