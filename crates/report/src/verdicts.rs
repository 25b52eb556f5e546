//! What is printed below the table: the verdicts.

use super::judgement::{Design, Judgement};

/// The verdicts in words: the whole comparison in a line, what they rest on, and a line for each comparison.
pub fn verdict_lines(judgement: &Judgement, trials: usize) -> String {
    let Judgement { design, seeds, verdicts, .. } = judgement;
    let runs = seeds.len();
    let rests_on = match design {
        Design::Resplits { .. } => format!("{runs} splits of the data"),
        Design::FixedTest { units, .. } => format!("{runs} seeds and one test set of {units}"),
    };
    let mut lines = format!("verdict: {}\n", verdicts.sentence);
    for comparison in &verdicts.comparisons {
        lines += &format!("  {}\n", comparison.sentence);
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
