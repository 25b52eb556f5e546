//! What is printed below the table: the verdicts on the deciding metric and on probabilities.

use super::judgement::{Design, Judgement};
use losslab_base::counted;

/// The verdicts in words: the whole comparison in a line, a line for each comparison, a line on
/// probabilities, what they rest on and which question that answers, and what was judged before. Those of a
/// comparison that is not `complete` are preliminary.
pub fn verdict_lines(judgement: &Judgement, trials: usize, complete: bool) -> String {
    let Judgement { verdicts, seeds, .. } = judgement;
    let preliminary = if complete { "" } else { " (preliminary, not all trainings are done)" };
    let mut lines = format!("verdict{preliminary}: {}\n", verdicts.sentence);
    for comparison in &verdicts.comparisons {
        lines += &format!("  {}\n", comparison.sentence);
    }
    if let (Some(probabilities), 2..) = (&judgement.others.probabilities, seeds.len()) {
        lines += &format!("probabilities: {}\n", probabilities.verdicts.sentence);
    }
    if seeds.len() > 1 && !verdicts.comparisons.is_empty() {
        let tuned = match trials {
            1 => "models untuned".to_owned(),
            _ => format!("each model the best of {trials} trials on validation data"),
        };
        let rests_on = judgement.rests_on();
        lines += &format!("  ({rests_on}, reference {}, {tuned})\n", verdicts.reference);
        lines += &format!("  ({})\n", judgement.answers());
    }
    for note in judgement.left_out.iter().chain(&judgement.history) {
        lines += &format!("note: {note}\n");
    }
    lines
}

impl Judgement {
    /// What the verdicts rest on.
    pub(crate) fn rests_on(&self) -> String {
        let runs = self.seeds.len();
        match self.design {
            Design::Resplits { .. } => format!("{runs} splits of the data"),
            Design::GivenSplits { splits, .. } if splits == runs => format!("{splits} given splits"),
            Design::GivenSplits { splits, .. } => format!("{splits} given splits with {runs} seeds"),
            Design::FixedTest { unit, units, .. } => {
                format!("{} and one test set of {}", counted(runs, "seed"), counted(units, unit.word()))
            }
        }
    }

    /// The question that the verdicts answer.
    pub(crate) fn answers(&self) -> &'static str {
        match self.design {
            Design::Resplits { .. } | Design::GivenSplits { .. } => {
                "the verdicts answer what to expect on other data of this kind, with models trained anew"
            }
            Design::FixedTest { .. } => {
                "the verdicts answer what to expect of other trainings on these training data, judged on \
                 other test data of this kind"
            }
        }
    }
}
