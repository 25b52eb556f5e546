//! What tuning chose, summed up over the seeds, and what its trials brought.

use super::plan::{ArmName, Plan};
use super::record::RunRecord;
use losslab_metrics::Summary;
use losslab_train::TrialRecord;

/// Values that were chosen, each with how often, the most frequent first.
pub type Counts = Vec<(String, usize)>;

/// What tuning chose for one arm.
#[derive(Clone, Debug, PartialEq)]
pub struct Choices {
    /// What people call the arm, with a question mark for what was tuned.
    pub label: String,
    /// The canonical spec of its loss.
    pub loss: String,
    /// The settings that were tuned, by their name in sentences, and the values that were chosen.
    pub settings: Vec<(String, Counts)>,
    /// Specs that were chosen; a single one if the spec leaves nothing open.
    pub specs: Counts,
    /// Mean over the seeds of what the chosen trial has more than the first one in the deciding metric on the
    /// validation part.
    pub gain: Option<f64>,
    /// Trials that diverged, of all seeds.
    pub diverged: usize,
}

/// What was chosen for each arm; empty where nothing was tuned.
pub fn choices(plan: &Plan, records: &[RunRecord]) -> Vec<Choices> {
    let of = |arm: &ArmName| {
        let runs = || records.iter().filter(|run| run.arm == *arm && !run.trials.is_empty());
        let chosen: Vec<&TrialRecord> =
            runs().filter(|run| run.diverged.is_none()).filter_map(chosen_trial).collect();
        let gain = |run: &RunRecord| Some(chosen_trial(run)?.validation? - run.trials.first()?.validation?);
        let setting = |name: &str| {
            let values = chosen.iter().filter_map(|trial| trial.settings.get(name));
            counted(values.map(ToString::to_string))
        };
        runs().next().map(|_| Choices {
            label: plan.label(arm),
            loss: arm.loss.clone(),
            settings: plan.tune_over.iter().map(|over| (over.title.clone(), setting(&over.name))).collect(),
            specs: counted(chosen.iter().map(|trial| trial.loss.clone())),
            gain: Summary::of(runs().map(gain)).mean,
            diverged: runs().flat_map(|run| &run.trials).filter(|trial| trial.diverged.is_some()).count(),
        })
    };
    plan.arms.iter().filter_map(of).collect()
}

/// A line for each arm: what tuning chose.
pub fn tuning_lines(plan: &Plan, records: &[RunRecord]) -> String {
    let metric = plan.deciding().map_or("", |metric| &*metric.words);
    let line = |choices: &Choices| {
        let settings = choices.settings.iter().map(|(title, values)| format!("{title} {}", listed(values)));
        let specs = match &choices.specs[..] {
            [(only, _)] if *only == choices.loss => None,
            specs => Some(listed(specs)),
        };
        let gain = choices.gain.map(|gain| format!("{gain:+.3} {metric} on validation"));
        let parts: Vec<String> = settings.chain(specs).chain(gain).collect();
        format!("  {}: {}\n", choices.label, parts.join("; "))
    };
    let lines: String = choices(plan, records).iter().map(line).collect();
    if lines.is_empty() { lines } else { format!("chosen by tuning, over the seeds:\n{lines}") }
}

/// Most values that are listed.
const MOST_LISTED: usize = 6;

/// `0.001 (3 times), 0.0032, 0.0018`, or the first of many and how many more there are.
pub fn listed(counts: &[(String, usize)]) -> String {
    let (first, others) = counts.split_at(counts.len().min(MOST_LISTED));
    let value = |(what, n): &(String, usize)| match n {
        1 => what.clone(),
        n => format!("{what} ({n} times)"),
    };
    let mut parts: Vec<String> = first.iter().map(value).collect();
    if !others.is_empty() {
        parts.push(format!("and {} more", others.len()));
    }
    if parts.is_empty() { "none".into() } else { parts.join(", ") }
}

/// The best validation metric after 1, 2, .. trials, as mean over the runs. Runs that have no value in any
/// trial are left out, and the line begins where all others have one: it never gets worse.
pub fn budget_curve<'a>(
    runs: impl IntoIterator<Item = &'a RunRecord>,
    higher_is_better: bool,
) -> Vec<(usize, f64)> {
    let better = |a: f64, b: f64| if (b > a) == higher_is_better { b } else { a };
    let so_far = |run: &RunRecord| -> Vec<Option<f64>> {
        let best = |best: &mut Option<f64>, trial: &TrialRecord| {
            *best = [*best, trial.validation].into_iter().flatten().reduce(better);
            Some(*best)
        };
        run.trials.iter().scan(None, best).collect()
    };
    let curves: Vec<Vec<Option<f64>>> =
        runs.into_iter().map(so_far).filter(|curve| curve.last().is_some_and(Option::is_some)).collect();
    let longest = curves.iter().map(Vec::len).max().unwrap_or(0);
    let mean = |trial: usize| {
        let values: Option<Vec<f64>> = curves.iter().map(|curve| curve.get(trial).copied()?).collect();
        Some((trial + 1, Summary::of(values?.into_iter().map(Some)).mean?))
    };
    (0..longest).filter_map(mean).collect()
}

fn chosen_trial(run: &RunRecord) -> Option<&TrialRecord> {
    run.trials.get(run.chosen?)
}

/// Each value once with its count, the most frequent first, of equals in order of appearance.
fn counted(values: impl Iterator<Item = String>) -> Counts {
    let mut counts: Counts = Vec::new();
    for value in values {
        match counts.iter_mut().find(|(known, _)| *known == value) {
            Some((_, n)) => *n += 1,
            None => counts.push((value, 1)),
        }
    }
    counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_listed_with_their_counts_up_to_six() {
        let values = |text: &str| counted(text.split(' ').map(String::from));
        assert_eq!(listed(&values("b a a c b a")), "a (3 times), b (2 times), c");
        assert_eq!(listed(&values("a b c d e f")), "a, b, c, d, e, f");
        assert_eq!(listed(&values("a b c d e f g h")), "a, b, c, d, e, f, and 2 more");
        assert_eq!(listed(&[]), "none");
    }
}
