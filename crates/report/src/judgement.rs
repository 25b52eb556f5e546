//! Verdicts from records: the arms against their references, by the test that suits how the runs came about.

use super::history::{Look, Past};
use super::margin::Margin;
use super::other_metrics::Others;
use super::plan::{ArmName, MetricDescription, Plan};
use super::record::RunRecord;
use crate::Store;
use crate::views::{self, Resampling, Trials};
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
    /// The same arms under the other metrics.
    #[serde(flatten)]
    pub others: Others,
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
    let metric = plan.deciding().ok_or_else(|| format!("no metric {}", plan.metric))?;
    let case = Case { lab, plan, records, store };
    let Some(runs) = case.under(metric)? else { return Ok(None) };
    let seeds = runs.seeds();
    let past = Past::of(plan, &Look::of(plan, &seeds));
    let margin = Margin::of(plan, &runs.of_reference());
    let question = Question {
        earlier: past.earlier,
        margin: margin.map(|margin| margin.value),
        comparisons: plan.comparisons(),
        ..runs.question()?
    };
    let (design, verdicts) = runs.judge(&question, None)?;
    Ok(Some(Judgement {
        design,
        seeds,
        margin,
        correction: correction(plan, question.comparisons.len(), past.earlier.comparisons),
        left_out: runs.left_out.clone(),
        history: past.notes,
        verdicts,
        pairs: pairs(&runs.arms(), &question),
        others: Others::default(),
    }))
}

/// All that judgements of a comparison are made from.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub lab: &'a Lab,
    pub plan: &'a Plan,
    pub records: &'a [RunRecord],
    pub store: &'a Store,
}

/// The runs that can be judged under a metric.
pub(crate) struct Runs<'a> {
    case: Case<'a>,
    metric: &'a MetricDescription,
    paired: Vec<Paired<'a>>,
    left_out: Option<String>,
}

impl<'a> Case<'a> {
    /// The runs with a value of this metric; none if no seed was run with every arm.
    pub fn under(self, metric: &'a MetricDescription) -> Result<Option<Runs<'a>>, String> {
        let (paired, left_out) = paired(self.plan, metric, self.records)?;
        if !paired.is_empty() {
            return Ok(Some(Runs { case: self, metric, paired, left_out }));
        }
        let has_runs = |&seed: &u64| self.plan.arms.iter().all(|arm| has_run(self.records, seed, arm));
        match self.plan.seeds.iter().any(has_runs) {
            true => Err(format!("{} is undefined in a run of every seed", metric.name)),
            false => Ok(None),
        }
    }
}

impl<'a> Runs<'a> {
    fn seeds(&self) -> Vec<u64> {
        self.paired.iter().map(|seed| seed.seed).collect()
    }

    fn arms(&self) -> Vec<ArmRuns> {
        let of_arm = |(index, label): (usize, String)| ArmRuns {
            label,
            values: self.paired.iter().map(|seed| seed.runs[index].metric(&self.metric.name)).collect(),
            // One that diverged is told apart by its value.
            trainings: self.paired.iter().map(|seed| seed.runs[index].training.unwrap_or(Complete)).collect(),
        };
        self.case.plan.labels().into_iter().enumerate().map(of_arm).collect()
    }

    fn of_reference(&self) -> Vec<&'a RunRecord> {
        let plan = self.case.plan;
        let reference = plan.arms.iter().position(|arm| *arm == plan.reference).unwrap_or_default();
        self.paired.iter().filter_map(|seed| seed.runs.get(reference).copied()).collect()
    }

    /// What is asked under this metric: so far without comparisons, a margin or earlier verdicts.
    pub fn question(&self) -> Result<Question, String> {
        let (plan, metric) = (self.case.plan, self.metric);
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
            earlier: Earlier::default(),
            margin: None,
            reference: reference.ok_or_else(|| {
                format!("the reference {} is none of the arms", plan.label(&plan.reference))
            })?,
            comparisons: Vec::new(),
        })
    }

    /// What the earlier verdicts of the folder mean for one on these runs.
    pub fn earlier(&self) -> Earlier {
        Past::of(self.case.plan, &Look::of(self.case.plan, &self.seeds())).earlier
    }

    /// The seeds that were left out because the metric is undefined in one of their runs, in words.
    pub fn left_out(&self) -> Option<&str> {
        self.left_out.as_deref()
    }

    /// The verdicts, with a fixed test set from so many resamples (none for as many as a verdict needs).
    pub fn judge(&self, question: &Question, times: Option<usize>) -> Result<(Design, Verdicts), String> {
        let Case { lab, plan, store, .. } = self.case;
        let arms = self.arms();
        let runs: Vec<&RunRecord> =
            (0..arms.len()).flat_map(|arm| self.paired.iter().map(move |seed| seed.runs[arm])).collect();
        let view = views::of(&plan.task)?;
        let seeds = self.paired.len();
        // Without a second run or a second arm there is no test, and nothing to resample for.
        let testable = seeds > 1 && !question.comparisons.is_empty();
        let by_splits = |test_to_train: f64, split_of_run: &[usize]| {
            verdict::judge(&arms, question, verdict::Design::Splits { test_to_train, split_of_run })
        };
        Ok(match view.trials(plan, &runs, seeds) {
            Trials::Splits { test_to_train, split_of_run, given } => {
                let design = match given {
                    false => Design::Resplits { test_to_train },
                    true => Design::GivenSplits { splits: distinct(&split_of_run), test_to_train },
                };
                (design, by_splits(test_to_train, &split_of_run))
            }
            Trials::FixedTest { unit, .. } if testable => {
                let of = Resampling { metric: &self.metric.name, runs: &runs, store, times };
                let resamples: Resamples = view.resample(lab, plan, &of)?;
                let verdicts = verdict::judge(&arms, question, verdict::Design::FixedTest(&resamples));
                let (units, resamples) = (resamples.units(), resamples.iter().len());
                (Design::FixedTest { unit, units, resamples }, verdicts)
            }
            Trials::FixedTest { unit, units } => {
                let design = Design::FixedTest { unit, units, resamples: 0 };
                (design, by_splits(0.0, &(0..seeds).collect::<Vec<_>>()))
            }
        })
    }
}

/// How many different numbers there are.
fn distinct(numbers: &[usize]) -> usize {
    numbers.iter().collect::<HashSet<_>>().len()
}

fn has_run(records: &[RunRecord], seed: u64, arm: &ArmName) -> bool {
    records.iter().any(|run| run.seed == seed && run.arm == *arm)
}

/// What the correction for multiple tests covers, in words.
fn correction(plan: &Plan, comparisons: usize, earlier: usize) -> String {
    let what = match (plan.models.len(), plan.losses.len()) {
        (0 | 1, _) => "every loss with the reference loss",
        (_, 1) => "every model with the reference model",
        _ => {
            "within each model every loss with the reference loss, and at the reference loss every model \
             with the reference model"
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
fn paired<'a>(
    plan: &Plan,
    metric: &MetricDescription,
    records: &'a [RunRecord],
) -> Result<(Vec<Paired<'a>>, Option<String>), String> {
    let (mut paired, mut undefined) = (Vec::new(), Vec::new());
    for &seed in &plan.seeds {
        let find = |arm: &_| records.iter().find(|run| run.seed == seed && run.arm == *arm);
        let Some(runs) = plan.arms.iter().map(find).collect::<Option<Vec<_>>>() else { continue };
        if let Some(other) = runs.iter().find(|run| run.split != runs[0].split) {
            let (a, b) = (plan.label(&runs[0].arm), plan.label(&other.arm));
            return Err(format!("seed {seed}: {a} and {b} were run on different parts of the data"));
        }
        let is_undefined = |run: &&&RunRecord| run.diverged.is_none() && run.metric(&metric.name).is_none();
        match runs.iter().find(is_undefined) {
            Some(run) => undefined.push(format!("seed {seed} ({})", plan.label(&run.arm))),
            None => paired.push(Paired { seed, runs }),
        }
    }
    let left_out = (!undefined.is_empty()).then(|| {
        format!(
            "{} is undefined in runs of {}: the verdicts leave these seeds out",
            metric.words,
            undefined.join(", ")
        )
    });
    Ok((paired, left_out))
}
