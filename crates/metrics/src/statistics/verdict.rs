//! The verdict: pairs of arms that were declared before the runs, one a candidate and the other its
//! reference.
//!
//! An arm is what was run with every seed: a model with its settings, and a loss.

use super::bootstrap::Resamples;
use super::effect::hedges_g;
use super::equivalence::{Equivalence, outperforms};
use super::estimate::{Estimate, Variance};
use super::fixed_test::fixed_test;
use super::holm::{holm, levels};
use super::paired::corrected_t;
use super::rounding::{settled, tolerance};
use super::sentence;
use super::training_check::{TrainingState, Unfit, unfit};
use super::wilcoxon::{Wilcoxon, wilcoxon};
use crate::Summary;
use serde::{Deserialize, Serialize};

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
    /// Runs on different splits of one data set: [`corrected_t`] over the splits. The runs of one split are
    /// averaged first: its seeds are no further splits.
    Splits {
        /// Rows tested over rows trained on; validation rows are neither.
        test_to_train: f64,
        /// The split of each run, as any number that is another one for another split.
        split_of_run: &'a [usize],
    },
    /// The test set is given, and seeds differ in the training alone: [`fixed_test`]. Runs stand in the
    /// resamples in the order arms x seeds.
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
    /// The difference that would not matter, in units of the metric and above 0; without one nothing is tested
    /// for equivalence.
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
    /// The metric is the same in every run, but for rounding.
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
    /// [`hedges_g`] of the paired differences.
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
    /// The share of runs in which the candidate was better ([`outperforms`]): what to expect of one training of
    /// each.
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

/// Judges the comparisons that the question lists.
///
/// Holm's correction covers all comparisons listed, those without a test among them, and the earlier ones. The
/// tests of equivalence are corrected in the same way, as a family of their own: the probability of any false
/// difference is at most alpha, and so is that of any false equivalence.
///
/// # Panics
/// If the reference or a comparison names an arm that is not there or an arm twice, a comparison is listed
/// twice, arms differ in their number of runs, a value is NaN or infinite, alpha is not between 0 and 1, or
/// the resamples or splits do not fit the runs.
#[track_caller]
pub fn judge(arms: &[ArmRuns], question: &Question, design: Design<'_>) -> Verdicts {
    check(arms, question, design);
    let looks = f64::from(question.earlier.looks).exp2();
    let found: Vec<(Option<Vec<f64>>, Option<Estimate>)> = question
        .comparisons
        .iter()
        .map(|&(candidate, reference)| {
            let differences = differences(&arms[candidate], &arms[reference], question.diverged);
            let differences = differences.map(|d| by_unit(&d, design));
            let estimate = differences
                .as_ref()
                .and_then(|d| estimate(d, arms[candidate].values.len(), (candidate, reference), design));
            (differences, estimate)
        })
        .collect();
    let mut p: Vec<Option<f64>> =
        found.iter().map(|(_, estimate)| estimate.as_ref().map(Estimate::p)).collect();
    p.resize(p.len() + question.earlier.comparisons, None);
    let (corrected, levels) = (holm(&p), levels(&p, question.alpha / looks));
    let equivalences = equivalences(&found, question, looks);
    let mut comparisons: Vec<ArmVerdict> = Vec::new();
    for (index, (differences, estimate)) in found.iter().enumerate() {
        let (candidate, reference) = question.comparisons[index];
        let pair = (&arms[candidate], &arms[reference]);
        let mut verdict = measure(pair, differences.as_deref(), estimate.as_ref(), question, levels[index]);
        verdict.p_holm = corrected[index].map(|p| (looks * p).min(1.0));
        verdict.equivalence = equivalences[index].map(|equivalence| verdict.cut(equivalence));
        verdict.verdict = decide(&verdict, question);
        verdict.sentence = sentence::of_arm(&verdict, diverged(pair.1), question);
        comparisons.push(verdict);
    }
    let reference = &arms[question.reference];
    Verdicts {
        reference: reference.label.clone(),
        sentence: sentence::of_all(&comparisons, arms, question),
        reference_diverged: diverged(reference),
        comparisons,
    }
}

/// The test of equivalence of each comparison that has an estimate, corrected.
fn equivalences(
    found: &[(Option<Vec<f64>>, Option<Estimate>)],
    question: &Question,
    looks: f64,
) -> Vec<Option<Equivalence>> {
    let Some(margin) = question.margin else { return vec![None; found.len()] };
    let estimates = || found.iter().map(|(_, estimate)| estimate.as_ref());
    let mut p: Vec<Option<f64>> = estimates().map(|estimate| Some(estimate?.p_equivalence(margin))).collect();
    p.resize(p.len() + question.earlier.comparisons, None);
    let (corrected, levels) = (holm(&p), levels(&p, question.alpha / looks));
    let tested = |(index, estimate): (usize, Option<&Estimate>)| {
        let p_holm = (looks * corrected[index]?).min(1.0);
        let tested = Equivalence::of(estimate?, margin, levels[index], question.higher_is_better);
        Some(Equivalence { p_holm, ..tested })
    };
    estimates().enumerate().map(tested).collect()
}

#[track_caller]
fn check(arms: &[ArmRuns], question: &Question, design: Design<'_>) {
    let Question { reference, alpha, margin, comparisons, .. } = question;
    assert!(*reference < arms.len(), "judge: no arm {reference} of {}", arms.len());
    assert!(*alpha > 0.0 && *alpha < 1.0, "judge: alpha {alpha}");
    assert!(margin.is_none_or(|m| m > 0.0 && m.is_finite()), "judge: a margin of {margin:?}");
    for (i, &(candidate, reference)) in comparisons.iter().enumerate() {
        let known = candidate < arms.len() && reference < arms.len() && candidate != reference;
        assert!(known, "judge: comparison of arm {candidate} with arm {reference} of {}", arms.len());
        let first = !comparisons[..i].contains(&(candidate, reference));
        assert!(first, "judge: the comparison of arm {candidate} with arm {reference} is listed twice");
    }
    let runs = arms[*reference].values.len();
    for arm in arms {
        let found = [arm.values.len(), arm.trainings.len()];
        assert!(
            found == [runs; 2],
            "judge: {} has {} runs and {} trainings, not {runs}",
            arm.label,
            found[0],
            found[1]
        );
        let finite = arm.values.iter().flatten().all(|v| v.is_finite());
        assert!(finite, "judge: {} has values {:?}", arm.label, arm.values);
    }
    match design {
        Design::FixedTest(resamples) => {
            let found = resamples.observed().len();
            assert!(
                found == runs * arms.len(),
                "judge: {found} resampled runs, {} arms x {runs}",
                arms.len()
            );
        }
        Design::Splits { split_of_run, .. } => {
            assert!(split_of_run.len() == runs, "judge: splits of {} runs, not {runs}", split_of_run.len());
        }
    }
}

/// Runs that diverged.
pub(super) fn diverged(arm: &ArmRuns) -> usize {
    arm.values.iter().filter(|value| value.is_none()).count()
}

/// Candidate minus reference, run by run, differences that are equal but for rounding made equal; `None` if
/// one of them diverged and has no value.
pub(super) fn differences(arm: &ArmRuns, reference: &ArmRuns, diverged: Option<f64>) -> Option<Vec<f64>> {
    let pairs = arm.values.iter().zip(&reference.values);
    let differences: Vec<f64> =
        pairs.map(|(a, b)| Some(a.or(diverged)? - b.or(diverged)?)).collect::<Option<_>>()?;
    let values = arm.values.iter().chain(&reference.values).flatten();
    Some(settled(&differences, tolerance(values.chain(&diverged))))
}

/// The differences of the units that the design counts: of each split the mean over its runs, else of each
/// run.
fn by_unit(differences: &[f64], design: Design<'_>) -> Vec<f64> {
    let Design::Splits { split_of_run, .. } = design else { return differences.to_vec() };
    let mut splits: Vec<(usize, Vec<f64>)> = Vec::new();
    for (&split, &difference) in split_of_run.iter().zip(differences) {
        match splits.iter_mut().find(|(known, _)| *known == split) {
            Some((_, of_split)) => of_split.push(difference),
            None => splits.push((split, vec![difference])),
        }
    }
    let mean = |of: Vec<f64>| if let [one] = of[..] { one } else { of.iter().sum::<f64>() / of.len() as f64 };
    splits.into_iter().map(|(_, of_split)| mean(of_split)).collect()
}

fn estimate(
    differences: &[f64],
    runs: usize,
    (arm, reference): (usize, usize),
    design: Design<'_>,
) -> Option<Estimate> {
    let of = |arm: usize| arm * runs..(arm + 1) * runs;
    match design {
        _ if differences.iter().all(|d| *d == 0.0) => None,
        Design::Splits { test_to_train, .. } => corrected_t(differences, test_to_train),
        Design::FixedTest(resamples) => fixed_test(resamples, of(arm), of(reference)),
    }
}

/// All numbers of one comparison but the corrected p; `differences` are those of the design's units.
fn measure(
    (arm, reference): (&ArmRuns, &ArmRuns),
    differences: Option<&[f64]>,
    estimate: Option<&Estimate>,
    question: &Question,
    level: f64,
) -> ArmVerdict {
    let room = room(reference, question);
    let most = room.0.unwrap_or(f64::INFINITY).max(room.1.unwrap_or(f64::INFINITY));
    let possible = |e: &Estimate| cut(e.interval(level), e.difference, room);
    let identical = differences.is_some_and(|d| !d.is_empty() && d.iter().all(|d| *d == 0.0));
    ArmVerdict {
        label: arm.label.clone(),
        reference: reference.label.clone(),
        verdict: match differences {
            None => Verdict::Diverged,
            Some(_) if identical => Verdict::Identical,
            Some(_) => Verdict::NotTested,
        },
        sentence: String::new(),
        difference: differences.and_then(|d| Summary::of(d.iter().copied().map(Some)).mean),
        variances: estimate.map(|e| e.variances.clone()).unwrap_or_default(),
        standard_error: estimate.map(Estimate::standard_error),
        interval: estimate.map(possible),
        level: estimate.map(|_| level),
        p: estimate.map(Estimate::p),
        p_holm: None,
        effect: differences.and_then(hedges_g),
        detectable: estimate.map(|e| e.detectable(level, POWER)).filter(|d| *d <= most),
        room,
        equivalence: None,
        outperforms: self::differences(arm, reference, question.diverged)
            .and_then(|runs| outperforms(&runs, question.higher_is_better)),
        wilcoxon: differences.and_then(wilcoxon),
        runs: arm.values.len(),
        diverged: diverged(arm),
        unfit: unfit(arm, reference),
    }
}

impl ArmVerdict {
    /// The same test with its interval cut at what the metric can be.
    fn cut(&self, tested: Equivalence) -> Equivalence {
        let difference = self.difference.unwrap_or(0.0);
        Equivalence { interval: cut(tested.interval, difference, self.room), ..tested }
    }
}

/// An interval within what the metric can be. The difference itself is possible; its rounding must not put it
/// outside.
fn cut((low, high): (f64, f64), difference: f64, (below, above): (Option<f64>, Option<f64>)) -> (f64, f64) {
    let (below, above) = (below.unwrap_or(f64::INFINITY), above.unwrap_or(f64::INFINITY));
    (low.max(-below).min(difference), high.min(above).max(difference))
}

/// How far the metric can lie below and above the mean of the reference.
fn room(reference: &ArmRuns, question: &Question) -> (Option<f64>, Option<f64>) {
    let values = reference.values.iter().map(|value| value.or(question.diverged));
    let Some(mean) =
        values.collect::<Option<Vec<f64>>>().and_then(|v| Summary::of(v.into_iter().map(Some)).mean)
    else {
        return (None, None);
    };
    let (least, greatest) = question.range;
    let bounded = |room: f64| room.is_finite().then_some(room.max(0.0));
    (bounded(mean - least), bounded(greatest - mean))
}

fn decide(v: &ArmVerdict, question: &Question) -> Verdict {
    match (v.p_holm, v.difference) {
        _ if v.diverged > 0 => Verdict::Diverged,
        _ if v.verdict == Verdict::Diverged => v.verdict,
        _ if !v.unfit.is_empty() && (v.p.is_some() || v.verdict == Verdict::Identical) => {
            match v.unfit.iter().any(Unfit::is_failure) {
                true => Verdict::TrainingFailed,
                false => Verdict::NotTrainedOut,
            }
        }
        _ if v.verdict == Verdict::Identical => v.verdict,
        (Some(p), Some(difference)) if p <= question.alpha => {
            let better = if question.higher_is_better { difference > 0.0 } else { difference < 0.0 };
            if better { Verdict::Better } else { Verdict::Worse }
        }
        (Some(_), _) if v.equivalence.is_some_and(|test| test.holds(question.alpha)) => Verdict::Equivalent,
        (Some(_), _) => Verdict::Undecided,
        (None, _) => Verdict::NotTested,
    }
}
