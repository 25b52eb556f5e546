//! Verdicts from records: the arms against their references, by the test that suits how the runs came about.

use super::history::{Look, Past};
use super::margin::Margin;
use super::plan::{ArmName, Plan};
use super::record::RunRecord;
use crate::Store;
use crate::views::{self, Trials};
use losslab_metrics::statistics::bootstrap::Resamples;
use losslab_metrics::statistics::pairs::{Pair, pairs};
use losslab_metrics::statistics::training_check::TrainingState::Complete;
use losslab_metrics::statistics::verdict::{self, ArmRuns, Earlier, Question, Verdicts};
use losslab_train::Lab;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The probability of any false verdict in a comparison.
pub(crate) const ALPHA: f64 = 0.05;

/// The verdicts of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// How the runs came about, which decides the test.
    pub design: Design,
    /// The seeds that were judged: those that every arm was run with, and whose metric is defined.
    pub seeds: Vec<u64>,
    /// The margin of equivalence, if there is one.
    pub margin: Option<Margin>,
    /// What the correction for multiple tests covers.
    pub correction: String,
    /// Seeds that are left out because the metric is undefined in one of their runs, in words.
    pub left_out: Option<String>,
    /// What was judged before on the same data, as far as it matters here.
    pub history: Vec<String>,
    /// The verdicts.
    #[serde(flatten)]
    pub verdicts: Verdicts,
    /// Every arm against every other, as a description.
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
    /// The splits were given, and some seeds share one: the same test over the splits, the seeds of each
    /// averaged.
    GivenSplits {
        /// Splits with different test parts.
        splits: usize,
        /// Rows tested over rows trained on, mean over the seeds.
        test_to_train: f64,
    },
    /// One test set for all: its units are resampled, and the variance of seeds is added.
    FixedTest {
        /// What was resampled.
        unit: Unit,
        /// How many there are.
        units: usize,
        /// How often they were resampled.
        resamples: usize,
    },
}

/// What a test set is resampled by: what is independent in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A row of a table.
    Row,
    /// All rows of one group.
    Group,
    /// An image with all its objects.
    Image,
}

impl Unit {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Row => "row",
            Self::Group => "group",
            Self::Image => "image",
        }
    }
}

/// The runs of one seed, in the order of the plan's arms.
struct Paired<'a> {
    seed: u64,
    runs: Vec<&'a RunRecord>,
}

/// Judges the arms of the plan against their references; none if no seed was run with every arm.
///
/// Runs on the current rayon pool.
///
/// # Errors
/// Why runs cannot be compared: files that are missing, a metric that is undefined, runs of one seed on
/// different parts.
pub fn judge(
    lab: &Lab,
    plan: &Plan,
    records: &[RunRecord],
    store: &Store,
) -> Result<Option<Judgement>, String> {
    let (paired, left_out) = paired(plan, records)?;
    if paired.is_empty() {
        return match plan.seeds.iter().any(|&seed| plan.arms.iter().all(|arm| has_run(records, seed, arm))) {
            true => Err(format!("{} is undefined in a run of every seed", plan.metric)),
            false => Ok(None),
        };
    }
    let labels = plan.labels();
    let of_arm = |(index, label): (usize, &String)| ArmRuns {
        label: label.clone(),
        values: paired.iter().map(|seed| seed.runs[index].metric(&plan.metric)).collect(),
        // One that diverged is told apart by its value.
        trainings: paired.iter().map(|seed| seed.runs[index].training.unwrap_or(Complete)).collect(),
    };
    let arms: Vec<ArmRuns> = labels.iter().enumerate().map(of_arm).collect();
    let seeds: Vec<u64> = paired.iter().map(|seed| seed.seed).collect();
    let past = Past::of(plan, &Look::of(plan, &seeds));
    let of_reference = plan.arms.iter().position(|arm| *arm == plan.reference).unwrap_or_default();
    let references: Vec<&RunRecord> =
        paired.iter().filter_map(|seed| seed.runs.get(of_reference).copied()).collect();
    let margin = Margin::of(plan, &references);
    let question = question(plan, past.earlier, margin)?;
    let runs: Vec<&RunRecord> =
        (0..arms.len()).flat_map(|arm| paired.iter().map(move |seed| seed.runs[arm])).collect();
    let view = views::of(&plan.task)?;
    // Without a second run or a second arm there is no test, and nothing to resample for.
    let testable = paired.len() > 1 && !question.comparisons.is_empty();
    let by_splits = |test_to_train: f64, split_of_run: &[usize]| {
        verdict::judge(&arms, &question, verdict::Design::Splits { test_to_train, split_of_run })
    };
    let (design, verdicts) = match view.trials(plan, &runs, seeds.len()) {
        Trials::Splits { test_to_train, split_of_run, given } => {
            let design = match given {
                false => Design::Resplits { test_to_train },
                true => Design::GivenSplits { splits: distinct(&split_of_run), test_to_train },
            };
            (design, by_splits(test_to_train, &split_of_run))
        }
        Trials::FixedTest { unit, .. } if testable => {
            let resamples: Resamples = view.resample(lab, plan, &runs, store)?;
            let verdicts = verdict::judge(&arms, &question, verdict::Design::FixedTest(&resamples));
            let (units, resamples) = (resamples.units(), resamples.iter().len());
            (Design::FixedTest { unit, units, resamples }, verdicts)
        }
        Trials::FixedTest { unit, units } => {
            let design = Design::FixedTest { unit, units, resamples: 0 };
            (design, by_splits(0.0, &(0..seeds.len()).collect::<Vec<_>>()))
        }
    };
    Ok(Some(Judgement {
        design,
        seeds,
        margin,
        correction: correction(plan, question.comparisons.len(), past.earlier.comparisons),
        left_out,
        history: past.notes,
        verdicts,
        pairs: pairs(&arms, &question),
    }))
}

/// How many different numbers there are.
fn distinct(numbers: &[usize]) -> usize {
    numbers.iter().collect::<HashSet<_>>().len()
}

fn has_run(records: &[RunRecord], seed: u64, arm: &ArmName) -> bool {
    records.iter().any(|run| run.seed == seed && run.arm == *arm)
}

fn question(plan: &Plan, earlier: Earlier, margin: Option<Margin>) -> Result<Question, String> {
    let metric = plan.deciding().ok_or_else(|| format!("no metric {}", plan.metric))?;
    let reference = plan.arms.iter().position(|arm| *arm == plan.reference);
    let name = plan.data.get("name").and_then(serde_json::Value::as_str).unwrap_or("the data");
    Ok(Question {
        metric: metric.words.clone(),
        higher_is_better: metric.higher_is_better,
        range: (metric.least.unwrap_or(f64::NEG_INFINITY), metric.greatest.unwrap_or(f64::INFINITY)),
        diverged: metric.diverged,
        data: name.into(),
        arm: String::from(match (plan.models.len(), plan.losses.len()) {
            (0 | 1, _) => "loss",
            (_, 1) => "model",
            _ => "arm",
        }),
        alpha: ALPHA,
        earlier,
        margin: margin.map(|margin| margin.value),
        reference: reference
            .ok_or_else(|| format!("the reference {} is none of the arms", plan.label(&plan.reference)))?,
        comparisons: plan.comparisons(),
    })
}

/// What the correction for multiple tests covers, in words.
fn correction(plan: &Plan, comparisons: usize, earlier: usize) -> String {
    let what = match (plan.models.len(), plan.losses.len()) {
        (0 | 1, _) => "every loss with the reference loss",
        (_, 1) => "every model with the reference model",
        _ => {
            "within each model every loss with the reference loss, and at the reference loss every model with the \
             reference model"
        }
    };
    let listed =
        if comparisons == 1 { "the comparison".into() } else { format!("the {comparisons} comparisons") };
    let before = match earlier {
        0 => String::new(),
        more => format!(", and over {more} judged in this folder before"),
    };
    format!("Holm, over {listed} listed: {what}{before}")
}

/// The seeds that all arms were run with and whose metric is defined in every run; and a sentence on those
/// where it is not.
fn paired<'a>(plan: &Plan, records: &'a [RunRecord]) -> Result<(Vec<Paired<'a>>, Option<String>), String> {
    let (mut paired, mut undefined) = (Vec::new(), Vec::new());
    for &seed in &plan.seeds {
        let find = |arm: &_| records.iter().find(|run| run.seed == seed && run.arm == *arm);
        let Some(runs) = plan.arms.iter().map(find).collect::<Option<Vec<_>>>() else { continue };
        if let Some(other) = runs.iter().find(|run| run.split != runs[0].split) {
            let (a, b) = (plan.label(&runs[0].arm), plan.label(&other.arm));
            return Err(format!("seed {seed}: {a} and {b} were run on different parts of the data"));
        }
        let is_undefined = |run: &&&RunRecord| run.diverged.is_none() && run.metric(&plan.metric).is_none();
        match runs.iter().find(is_undefined) {
            Some(run) => undefined.push(format!("seed {seed} ({})", plan.label(&run.arm))),
            None => paired.push(Paired { seed, runs }),
        }
    }
    let metric = plan.deciding().map_or(&plan.metric, |metric| &metric.words);
    let left_out = (!undefined.is_empty()).then(|| {
        format!(
            "{metric} is undefined in runs of {}: the verdicts leave these seeds out",
            undefined.join(", ")
        )
    });
    Ok((paired, left_out))
}
