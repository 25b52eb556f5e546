//! What checks of the data find, as lines, and as an error where that is asked for.

use clap::Args;
use losslab_data::checks::Warning;

/// Whether severe warnings are errors.
#[derive(Args, Clone, Copy, Debug)]
pub struct DenyArguments {
    /// Make severe warnings about the data errors: nothing is trained or predicted (losslab models lists the
    /// checks)
    #[arg(long, help_heading = "Running")]
    deny_warnings: bool,
}

impl DenyArguments {
    /// Refuses severe warnings where that is asked for.
    pub fn check(self, warnings: &[Warning]) -> anyhow::Result<()> {
        let severe: Vec<String> =
            severe(warnings).map(|found| format!("{}: {}", found.kind, found.text)).collect();
        anyhow::ensure!(!self.deny_warnings || severe.is_empty(), "--deny-warnings: {}", severe.join("; "));
        Ok(())
    }
}

fn severe(warnings: &[Warning]) -> impl Iterator<Item = &Warning> {
    warnings.iter().filter(|warning| warning.is_severe())
}

/// A line for each warning, the severe ones first; notes are told as other notes are.
pub fn lines(warnings: &[Warning]) -> String {
    let notes = warnings.iter().filter(|warning| !warning.is_severe());
    severe_lines(warnings) + &notes.map(|found| format!("note: {}\n", found.text)).collect::<String>()
}

/// A line for each severe warning.
pub fn severe_lines(warnings: &[Warning]) -> String {
    severe(warnings).map(|found| format!("warning: {}: {}\n", found.kind, found.text)).collect()
}
