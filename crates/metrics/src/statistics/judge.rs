//! How verdicts are reached: the estimate of each comparison, the corrections, and the decision.

use super::effect::hedges_g;
use super::equivalence::{Equivalence, outperforms};
use super::estimate::Estimate;
use super::fixed_test::fixed_test;
use super::holm::{holm, levels};
use super::paired::corrected_t;
use super::rounding::{settled, tolerance};
use super::sentence;
use super::training_check::{Unfit, learnt_nothing, unfit};
use super::verdict::{ArmRuns, ArmVerdict, Design, POWER, Question, Verdict, Verdicts};
use super::wilcoxon::wilcoxon;
use crate::Summary;

/// Judges the comparisons that the question lists.
///
/// Holm's correction covers all comparisons listed, those without a test among them, and the earlier ones.
/// The tests of equivalence are corrected in the same way, as a family of their own: the probability of any
/// false difference is at most alpha, and so is that of any false equivalence.
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
        verdict.withhold_if_nothing_was_learnt(pair);
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
    // One run alone says nothing of another.
    let several = arm.values.len() > 1;
    let identical = several && differences.is_some_and(|d| !d.is_empty() && d.iter().all(|d| *d == 0.0));
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
    /// The interval at 1 - alpha of this comparison alone, without a correction for the others, cut at what
    /// the metric can be; none without a test.
    pub fn interval_alone(&self, alpha: f64) -> Option<(f64, f64)> {
        let difference = self.difference.filter(|_| !self.variances.is_empty())?;
        let estimate = Estimate { difference, variances: self.variances.clone() };
        Some(cut(estimate.interval(alpha), difference, self.room))
    }

    /// Withholds "equivalent" and "identical" where one of the arms has learnt nothing.
    fn withhold_if_nothing_was_learnt(&mut self, (arm, reference): (&ArmRuns, &ArmRuns)) {
        if !matches!(self.verdict, Verdict::Equivalent | Verdict::Identical) {
            return;
        }
        self.unfit = learnt_nothing(arm, reference);
        if self.unfit.iter().any(Unfit::is_failure) {
            self.verdict = Verdict::TrainingFailed;
        } else if !self.unfit.is_empty() {
            self.verdict = Verdict::NotTrainedOut;
        }
    }

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
