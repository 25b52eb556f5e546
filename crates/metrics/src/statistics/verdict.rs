//! The verdict: pairs of arms that were declared before the runs, one a candidate and the other its
//! reference.
//!
//! An arm is what was run with every seed: a model with its settings, and a loss.

use super::bootstrap::Resamples;
use super::equivalence::Equivalence;
use super::estimate::Variance;
use super::training_check::{TrainingState, Unfit};
use super::wilcoxon::Wilcoxon;
use serde::{Deserialize, Serialize};

pub use super::judge::judge;

/// The power at which a detectable difference is stated.
pub const POWER: f64 = 0.8;

/// The runs of one arm.
#[derive(Clone, Debug, PartialEq)]
pub struct ArmRuns {
    /// What the report calls it, such as the spec of its loss.
    pub label: String,
    /// The metric of each run, in the order of the seeds; `None` for a run that diverged. A seed at which the
    /// metric is undefined, which depends on the test labels alone, is left out of all arms.
    pub values: Vec<Option<f64>>,
    /// What became of the training of each run.
    pub trainings: Vec<TrainingState>,
}

impl ArmRuns {
    /// Runs that were all trained out.
    pub fn new(label: impl Into<String>, values: Vec<Option<f64>>) -> Self {
        let trainings = vec![TrainingState::Complete; values.len()];
        Self { label: label.into(), values, trainings }
    }

    /// The same runs with what became of each training.
    #[must_use]
    pub fn with_trainings(self, trainings: Vec<TrainingState>) -> Self {
        Self { trainings, ..self }
    }
}

/// How the runs came about; it decides the test.
#[derive(Clone, Copy, Debug)]
pub enum Design<'a> {
    /// Runs on different splits of one data set: [`corrected_t`](super::paired::corrected_t) over the splits.
    /// The runs of one split are averaged first: its seeds are no further splits.
    Splits {
        /// Rows tested over rows trained on; validation rows are neither.
        test_to_train: f64,
        /// The split of each run, as any number that is another one for another split.
        split_of_run: &'a [usize],
    },
    /// The test set is given, and seeds differ in the training alone:
    /// [`fixed_test`](super::fixed_test::fixed_test). Runs stand in the resamples in the order arms x seeds.
    FixedTest(&'a Resamples),
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What sentences call the metric, such as `AP`.
    pub metric: String,
    /// True if more of the metric is better, false if less is.
    pub higher_is_better: bool,
    /// Least and greatest value of the metric; infinite where it has no bound.
    pub range: (f64, f64),
    /// The value that a run that diverged counts as, 0 for AP. `None` if the metric has none, as log loss:
    /// then arms of which a run diverged are not compared.
    pub diverged: Option<f64>,
    /// What sentences call the data.
    pub data: String,
    /// What sentences call an arm, such as `loss` or `model`.
    pub arm: String,
    /// The probability of any false verdict in the whole comparison, usually 0.05.
    pub alpha: f64,
    /// What was judged before on the same data.
    pub earlier: Earlier,
    /// Index of the arm that was declared as the reference of the whole comparison.
    pub reference: usize,
    /// The difference that would not matter, in units of the metric and above 0; without one nothing is
    /// tested for equivalence.
    pub margin: Option<f64>,
    /// Indices of a candidate and its reference, for each comparison; [`against`] lists those with one
    /// reference. The correction covers all comparisons listed.
    pub comparisons: Vec<(usize, usize)>,
}

/// What was judged before on the same data, and makes this judgement stricter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    /// Comparisons that were judged then and are not listed now: the correction covers them, too.
    pub comparisons: usize,
    /// Verdicts that were given with fewer seeds: each halves the level of this one.
    pub looks: u32,
}

/// Every other of so many arms against one reference.
pub fn against(reference: usize, arms: usize) -> Vec<(usize, usize)> {
    (0..arms).filter(|&arm| arm != reference).map(|arm| (arm, reference)).collect()
}

/// What became of a candidate beside its reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Better, with a corrected p of at most alpha.
    Better,
    /// Worse, with a corrected p of at most alpha.
    Worse,
    /// Neither better nor worse, and the difference is within the margin with a corrected p of at most alpha.
    Equivalent,
    /// Neither better nor worse nor equivalent: see the detectable difference.
    Undecided,
    /// More than a fifth of the runs of the candidate or its reference were not trained out, so that the
    /// numbers say nothing about the losses.
    NotTrainedOut,
    /// The same, most of these runs having never left chance while the other arm did.
    TrainingFailed,
    /// The metric is the same in every run of several, but for rounding.
    Identical,
    /// At least one run of the candidate diverged; differences count it as the worst score. Or a run of
    /// either diverged under a metric without a value for that: then there are no differences.
    Diverged,
    /// No test is possible: one run alone, or differences without any spread beyond rounding.
    NotTested,
}

/// A candidate against its reference. Numbers that do not exist are `None`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmVerdict {
    /// The candidate.
    pub label: String,
    /// What it was compared with.
    pub reference: String,
    /// In a word.
    pub verdict: Verdict,
    /// In words: a sentence without a full stop.
    pub sentence: String,
    /// Mean of candidate minus reference, in units of the metric: positive is better if more of it is, else
    /// worse. `None` without runs, and where a run that diverged has no value.
    pub difference: Option<f64>,
    /// The parts of its variance, in squared units of the metric; empty without a test.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variances: Vec<Variance>,
    /// Its standard error, of the estimate that p and the interval rest on; `None` where there is no test.
    pub standard_error: Option<f64>,
    /// Its interval at 1 - [`level`](Self::level), cut at what the metric can be beside the mean of the
    /// reference ([`room`](Self::room)). It excludes 0 exactly where the corrected p is at most alpha.
    pub interval: Option<(f64, f64)>,
    /// The level at which this comparison was tested: alpha shared among the comparisons by Holm's method.
    pub level: Option<f64>,
    /// Two-sided p of this comparison alone.
    pub p: Option<f64>,
    /// The same after Holm's correction over all comparisons, doubled for each earlier look: what the verdict
    /// rests on.
    pub p_holm: Option<f64>,
    /// [`hedges_g`](super::effect::hedges_g) of the paired differences.
    pub effect: Option<f64>,
    /// The true difference that this comparison would have seen with 80 % power at its level. `None` also if
    /// that is beyond what the metric can be ([`room`](Self::room)).
    pub detectable: Option<f64>,
    /// How far the metric can lie below and above the mean of the reference; `None` where it has no bound, or
    /// the reference no mean.
    pub room: (Option<f64>, Option<f64>),
    /// The test of equivalence within the margin, if one was asked for and there is a test.
    #[serde(default)]
    pub equivalence: Option<Equivalence>,
    /// The share of runs in which the candidate was better, see
    /// [`outperforms`](super::equivalence::outperforms): what to expect of one training of each.
    #[serde(default)]
    pub outperforms: Option<f64>,
    /// The signed-rank test over runs, as a description.
    pub wilcoxon: Option<Wilcoxon>,
    /// Paired runs.
    pub runs: usize,
    /// Those in which the candidate diverged.
    pub diverged: usize,
    /// Which of the two arms have more than a fifth of runs that cannot be judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfit: Vec<Unfit>,
}

/// All comparisons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdicts {
    /// The arm that was declared as the reference of the whole comparison.
    pub reference: String,
    /// What the comparisons say, in a sentence or two for each reference.
    pub sentence: String,
    /// Runs in which that reference diverged.
    pub reference_diverged: usize,
    /// The comparisons, in the order given.
    pub comparisons: Vec<ArmVerdict>,
}
