//! What is printed below the table: the verdicts, and what a reported probability means.

use super::judgement::{Design, Judgement};
use super::record::{RunRecord, trained_alike};
use losslab_losses::{Registry, Spec};
use losslab_train::model::inverse::Inverse;

/// The verdicts in words: the whole comparison in a line, what they rest on, and a line for each loss.
pub fn verdict_lines(judgement: &Judgement, trials: usize) -> String {
    let Judgement { design, seeds, verdicts, .. } = judgement;
    let runs = seeds.len();
    let rests_on = match design {
        Design::Resplits { .. } => format!("{runs} splits of the data"),
        Design::FixedTest { units, .. } => format!("{runs} seeds and one test set of {units}"),
    };
    let mut lines = format!("verdict: {}\n", verdicts.sentence);
    for loss in &verdicts.comparisons {
        lines += &format!("  {}\n", loss.sentence);
    }
    if runs > 1 && !verdicts.comparisons.is_empty() {
        let tuned = match trials {
            1 => "models untuned".to_owned(),
            _ => format!("each model the best of {trials} trials on validation data"),
        };
        lines += &format!("  ({rests_on}, reference {}, {tuned})\n", verdicts.reference);
    }
    lines
}

/// A warning if a focal loss is among the losses: what its reports stand for, where that is known.
pub fn score_note(records: &[RunRecord]) -> Option<String> {
    let mut losses: Vec<&RunRecord> = Vec::new();
    for run in records.iter().filter(|run| run.table.is_some() && run.loss.contains("focal")) {
        if losses.iter().all(|other| other.loss != run.loss) {
            losses.push(run);
        }
    }
    let stands_for = losses.iter().filter_map(|run| {
        let counts =
            run.table.as_ref().map(|table| &*table.class_counts).filter(|counts| counts.len() == 2)?;
        let trained = trained_alike(records.iter().filter(|other| other.loss == run.loss))?;
        let inverse = Inverse::of(&Spec::parse(trained, &Registry::standard()).ok()?, counts).ok()?;
        let of = |reported| inverse.of_probability(reported);
        Some(format!("with {trained} a reported 0.5 stands for {:.3} and 0.1 for {:.4}", of(0.5), of(0.1)))
    });
    let known: Vec<String> = stands_for.collect();
    let known = if known.is_empty() { String::new() } else { format!(": {}", known.join(", ")) };
    (!losses.is_empty()).then(|| {
        format!(
            "focal losses report no probabilities, so that a threshold such as 0.5 is biased wherever the two differ{known}; \
             see the tuned metrics, and \"calibration\" in results.json"
        )
    })
}
