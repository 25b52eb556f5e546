//! What tuning chose, summed up over the seeds.

use super::plan::{ArmName, Plan};
use super::record::RunRecord;
use losslab_metrics::Summary;
use losslab_train::TrialRecord;

/// What tuning chose for one arm.
#[derive(Clone, Debug, PartialEq)]
pub struct Choices {
    /// What people call the arm, with a question mark for what was tuned.
    pub label: String,
    /// The canonical spec of its loss.
    pub loss: String,
    /// Learning rates that were chosen, and how often, the most frequent first.
    pub learning_rates: Vec<(String, usize)>,
    /// Specs that were chosen, and how often; a single one if the spec leaves nothing open.
    pub specs: Vec<(String, usize)>,
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
        let gain = |run: &RunRecord| Some(chosen_trial(run)?.validation? - run.trials[0].validation?);
        runs().next().map(|_| Choices {
            label: plan.label(arm),
            loss: arm.loss.clone(),
            learning_rates: counted(chosen.iter().map(|trial| format!("{}", rounded(trial.learning_rate)))),
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
        let gain =
            choices.gain.map_or_else(String::new, |gain| format!(", {gain:+.3} {metric} on validation"));
        let specs = match choices.specs.len() {
            1 if choices.specs[0].0 == choices.loss => String::new(),
            _ => format!("; {}", listed(&choices.specs)),
        };
        let rates = listed(&choices.learning_rates);
        format!("  {}: learning rate {rates}{specs}{gain}\n", choices.label)
    };
    let lines: String = choices(plan, records).iter().map(line).collect();
    if lines.is_empty() { lines } else { format!("chosen by tuning (how often):\n{lines}") }
}

/// `0.001 (3), 0.0032 (2)`.
pub fn listed(counts: &[(String, usize)]) -> String {
    counts.iter().map(|(what, n)| format!("{what} ({n})")).collect::<Vec<_>>().join(", ")
}

fn chosen_trial(run: &RunRecord) -> Option<&TrialRecord> {
    run.trials.get(run.chosen?)
}

/// A learning rate without the noise of its product: six digits.
fn rounded(rate: f64) -> f64 {
    format!("{rate:.5e}").parse().unwrap_or(rate)
}

/// Each value once with its count, the most frequent first, of equals in order of appearance.
fn counted(values: impl Iterator<Item = String>) -> Vec<(String, usize)> {
    let mut counts: Vec<(String, usize)> = Vec::new();
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
    fn counts_and_learning_rates() {
        let values = ["b", "a", "a", "c", "b", "a"].map(String::from);
        let counts = counted(values.into_iter());
        assert_eq!(listed(&counts), "a (3), b (2), c (1)");
        assert_eq!(rounded(1e-3 * 0.32), 3.2e-4);
        assert_eq!(rounded(0.1 * 0.1 * 0.1), 1e-3);
    }
}
