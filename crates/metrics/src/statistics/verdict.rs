//! The verdict: every loss against one reference that was declared before the runs.

use super::bootstrap::Resamples;
use super::effect::hedges_g;
use super::estimate::Estimate;
use super::fixed_test::fixed_test;
use super::holm::holm;
use super::paired::corrected_t;
use super::sentence;
use super::wilcoxon::{Wilcoxon, wilcoxon};
use crate::Summary;
use serde::{Deserialize, Serialize};

/// The power at which a detectable difference is stated.
pub const POWER: f64 = 0.8;

/// The runs of one loss.
#[derive(Clone, Debug, PartialEq)]
pub struct LossRuns {
    /// What the report calls it: the spec.
    pub loss: String,
    /// The metric of each run, in the order of the seeds; `None` for a run that diverged. A seed at which the metric is
    /// undefined, which depends on the test labels alone, is left out of all losses.
    pub values: Vec<Option<f64>>,
}

/// How the runs came about; it decides the test.
#[derive(Clone, Copy, Debug)]
pub enum Design<'a> {
    /// Each seed drew its own split of one data set: [`corrected_t`].
    Resplits {
        /// Rows tested over rows trained on; validation rows are neither.
        test_to_train: f64,
    },
    /// The test set is given, and seeds differ in the training alone: [`fixed_test`]. Runs stand in the resamples in the
    /// order losses x seeds.
    FixedTest(&'a Resamples),
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What sentences call the metric, such as `AP`; higher is better.
    pub metric: String,
    /// What sentences call the data.
    pub data: String,
    /// The least value that the metric can take, 0 for AP: what a diverged run scores.
    pub worst: f64,
    /// The probability of any false verdict in the whole comparison, usually 0.05; intervals cover 1 - alpha each.
    pub alpha: f64,
    /// Index of the reference.
    pub reference: usize,
}

/// What became of a loss beside the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Better, with a corrected p of at most alpha.
    Better,
    /// Worse, with a corrected p of at most alpha.
    Worse,
    /// The corrected p is above alpha. Not a proof of equality: see the detectable difference.
    NoDetectableDifference,
    /// The metric is the same in every run, to the last bit.
    Identical,
    /// At least one run diverged. Differences count it as the worst score.
    Diverged,
    /// No test is possible: one run alone, or differences without any spread.
    NotTested,
}

/// One loss against the reference. Numbers that do not exist are `None`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LossVerdict {
    /// The loss.
    pub loss: String,
    /// In a word.
    pub verdict: Verdict,
    /// In words: a sentence without a full stop.
    pub sentence: String,
    /// Mean difference to the reference, in units of the metric; positive is better. `None` without runs.
    pub difference: Option<f64>,
    /// Its interval at 1 - alpha, for this comparison alone: not widened for the number of comparisons.
    pub interval: Option<(f64, f64)>,
    /// Two-sided p of this comparison alone.
    pub p: Option<f64>,
    /// The same after Holm's correction: what the verdict rests on.
    pub p_holm: Option<f64>,
    /// [`hedges_g`] of the paired differences.
    pub effect: Option<f64>,
    /// The true difference that this comparison would have seen with 80 % power at level alpha / (k - 1).
    pub detectable: Option<f64>,
    /// The signed-rank test over runs, as a description.
    pub wilcoxon: Option<Wilcoxon>,
    /// Paired runs.
    pub runs: usize,
    /// Those in which this loss diverged.
    pub diverged: usize,
}

/// The whole comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdicts {
    /// The reference.
    pub reference: String,
    /// What the comparison says, in a sentence or two.
    pub sentence: String,
    /// Runs in which the reference diverged.
    pub reference_diverged: usize,
    /// The other losses, in the order given.
    pub losses: Vec<LossVerdict>,
}

/// Judges every loss against the reference.
///
/// Holm's correction is over all other losses, those without a test among them.
///
/// # Panics
/// If there is no such reference, losses differ in their number of runs, a value is NaN or infinite, alpha is not between
/// 0 and 1, or the resamples do not fit the runs.
#[track_caller]
pub fn judge(losses: &[LossRuns], question: &Question, design: Design<'_>) -> Verdicts {
    check(losses, question, design);
    let reference = &losses[question.reference];
    let others: Vec<usize> = (0..losses.len()).filter(|&loss| loss != question.reference).collect();
    let level = question.alpha / others.len().max(1) as f64;
    let mut verdicts: Vec<LossVerdict> = Vec::new();
    for &loss in &others {
        let differences = differences(&losses[loss], reference, question.worst);
        let estimate = estimate(&differences, (loss, question.reference), design);
        verdicts.push(measure(&losses[loss], &differences, estimate.as_ref(), question.alpha, level));
    }
    let corrected = holm(&verdicts.iter().map(|v| v.p).collect::<Vec<_>>());
    for (verdict, p_holm) in verdicts.iter_mut().zip(corrected) {
        verdict.p_holm = p_holm;
        verdict.verdict = decide(verdict, question.alpha);
        verdict.sentence = sentence::of_loss(verdict, &reference.loss, question);
    }
    let mut all = Verdicts {
        reference: reference.loss.clone(),
        sentence: String::new(),
        reference_diverged: diverged(reference),
        losses: verdicts,
    };
    all.sentence = sentence::of_all(&all, reference.values.len(), question);
    all
}

#[track_caller]
fn check(losses: &[LossRuns], question: &Question, design: Design<'_>) {
    assert!(question.reference < losses.len(), "judge: no loss {} of {}", question.reference, losses.len());
    assert!(question.alpha > 0.0 && question.alpha < 1.0, "judge: alpha {}", question.alpha);
    let runs = losses[question.reference].values.len();
    for loss in losses {
        assert!(loss.values.len() == runs, "judge: {} has {} runs, not {runs}", loss.loss, loss.values.len());
        let finite = loss.values.iter().flatten().all(|v| v.is_finite());
        assert!(finite, "judge: {} has values {:?}", loss.loss, loss.values);
    }
    if let Design::FixedTest(resamples) = design {
        let found = resamples.observed().len();
        assert!(
            found == runs * losses.len(),
            "judge: {found} resampled runs, {} losses x {runs}",
            losses.len()
        );
    }
}

fn diverged(loss: &LossRuns) -> usize {
    loss.values.iter().filter(|value| value.is_none()).count()
}

fn differences(loss: &LossRuns, reference: &LossRuns, worst: f64) -> Vec<f64> {
    let pairs = loss.values.iter().zip(&reference.values);
    pairs.map(|(a, b)| a.unwrap_or(worst) - b.unwrap_or(worst)).collect()
}

fn estimate(differences: &[f64], (loss, reference): (usize, usize), design: Design<'_>) -> Option<Estimate> {
    let runs = differences.len();
    let of = |loss: usize| loss * runs..(loss + 1) * runs;
    match design {
        _ if differences.iter().all(|d| *d == 0.0) => None,
        Design::Resplits { test_to_train } => corrected_t(differences, test_to_train),
        Design::FixedTest(resamples) => fixed_test(resamples, of(loss), of(reference)),
    }
}

/// All numbers of one comparison but the corrected p.
fn measure(
    loss: &LossRuns,
    differences: &[f64],
    estimate: Option<&Estimate>,
    alpha: f64,
    level: f64,
) -> LossVerdict {
    let identical = !differences.is_empty() && differences.iter().all(|d| *d == 0.0);
    LossVerdict {
        loss: loss.loss.clone(),
        verdict: if identical { Verdict::Identical } else { Verdict::NotTested },
        sentence: String::new(),
        difference: Summary::of(differences.iter().copied().map(Some)).mean,
        interval: estimate.map(|e| e.interval(alpha)),
        p: estimate.map(Estimate::p),
        p_holm: None,
        effect: hedges_g(differences),
        detectable: estimate.map(|e| e.detectable(level, POWER)),
        wilcoxon: wilcoxon(differences),
        runs: differences.len(),
        diverged: diverged(loss),
    }
}

fn decide(loss: &LossVerdict, alpha: f64) -> Verdict {
    match (loss.p_holm, loss.difference) {
        _ if loss.diverged > 0 => Verdict::Diverged,
        _ if loss.verdict == Verdict::Identical => Verdict::Identical,
        (Some(p), Some(difference)) if p <= alpha && difference > 0.0 => Verdict::Better,
        (Some(p), Some(_)) if p <= alpha => Verdict::Worse,
        (Some(_), _) => Verdict::NoDetectableDifference,
        (None, _) => Verdict::NotTested,
    }
}
