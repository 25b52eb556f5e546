//! What tuning chose, summed up over the seeds.

use super::record::RunRecord;
use losslab_metrics::Summary;
use losslab_train::experiment::TrialRecord;

/// What tuning chose for one loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Choices {
    /// The canonical spec, with a question mark for what was tuned.
    pub loss: String,
    /// Learning rates that were chosen, and how often, the most frequent first.
    pub learning_rates: Vec<(String, usize)>,
    /// Specs that were chosen, and how often; a single one if the spec leaves nothing open.
    pub specs: Vec<(String, usize)>,
    /// Mean over the seeds of what the chosen trial has more than the first one in average precision on the validation part.
    pub gain: Option<f64>,
    /// Trials that diverged, of all seeds.
    pub diverged: usize,
}

/// What was chosen for each of these losses; none where nothing was tuned.
pub fn choices(losses: &[String], records: &[RunRecord]) -> Vec<Choices> {
    let of = |loss: &String| {
        let runs = || records.iter().filter(|run| run.loss == *loss && !run.trials.is_empty());
        let chosen: Vec<&TrialRecord> =
            runs().filter(|run| run.diverged.is_none()).filter_map(chosen_trial).collect();
        let gain = |run: &RunRecord| Some(chosen_trial(run)?.validation_ap? - run.trials[0].validation_ap?);
        runs().next().map(|_| Choices {
            loss: loss.clone(),
            learning_rates: counted(chosen.iter().map(|trial| format!("{}", rounded(trial.learning_rate)))),
            specs: counted(chosen.iter().map(|trial| trial.loss.clone())),
            gain: Summary::of(runs().map(gain)).mean,
            diverged: runs().flat_map(|run| &run.trials).filter(|trial| trial.diverged.is_some()).count(),
        })
    };
    losses.iter().filter_map(of).collect()
}

/// A line for each loss: what tuning chose.
pub fn tuning_lines(losses: &[String], records: &[RunRecord]) -> String {
    let line = |choices: &Choices| {
        let gain = choices.gain.map_or_else(String::new, |gain| format!(", {gain:+.3} AP on validation"));
        let specs = match choices.specs.len() {
            1 if choices.specs[0].0 == choices.loss => String::new(),
            _ => format!("; {}", listed(&choices.specs)),
        };
        let rates = listed(&choices.learning_rates);
        format!("  {}: learning rate {rates}{specs}{gain}\n", choices.loss)
    };
    let lines: String = choices(losses, records).iter().map(line).collect();
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
