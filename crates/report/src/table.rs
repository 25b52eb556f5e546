//! The table that people read: a row per metric, a column per arm.

use super::plan::{ArmName, MetricDescription};
use super::results::{MeanSd, Results};
use comfy_table::{Cell, CellAlignment, Table, presets::UTF8_BORDERS_ONLY};

/// Arms that stand side by side; more are put below, so that lines stay under 100 columns.
const ARMS_PER_TABLE: usize = 4;

/// Mean +- standard deviation over the seeds, for each metric and arm.
pub fn table(results: &Results) -> String {
    let runs = |arm: &ArmName| results.runs.iter().filter(|run| run.arm == *arm).count();
    let tables = results.summary.chunks(ARMS_PER_TABLE).map(|arms| {
        let mut table = Table::new();
        table.load_style(UTF8_BORDERS_ONLY);
        let header = arms.iter().map(|arm| narrow(&arm.label));
        table.set_header(std::iter::once("test part, mean ± sd".to_string()).chain(header));
        for metric in &results.plan().metrics {
            let mut row = vec![Cell::new(metric.heading())];
            for summary in arms {
                let value = summary.metrics.get(&metric.name);
                let text = value.map_or_else(String::new, |value| show(value, runs(&summary.arm)));
                row.push(Cell::new(text).set_alignment(CellAlignment::Right));
            }
            table.add_row(row);
        }
        table.to_string()
    });
    tables.collect::<Vec<_>>().join("\n\n")
}

/// A label broken after its names and between parameters: columns stay as narrow as their numbers.
pub(crate) fn narrow(label: &str) -> String {
    label.replace(" / ", " /\n").replace(':', ":\n").replace(',', ",\n").replace('+', "\n+")
}

/// The metrics of one model: a row per metric.
pub fn metrics_table(rows: &str, loss: &str, metrics: &[(MetricDescription, Option<f64>)]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    table.set_header([rows, loss]);
    for (metric, value) in metrics {
        let value = value.map_or_else(|| "–".into(), |value| format!("{value:.3}"));
        let value = Cell::new(value).set_alignment(CellAlignment::Right);
        table.add_row([Cell::new(metric.heading()), value]);
    }
    table.to_string()
}

/// `0.721 ± 0.047`; a dash where it is undefined in every run, and the number of runs where it is in some: a
/// mean over those that did well must not look like one over all.
fn show(value: &MeanSd, runs: usize) -> String {
    let text = match (value.mean, value.sd) {
        (None, _) => return "–".into(),
        (Some(mean), None) => format!("{mean:.3}"),
        (Some(mean), Some(sd)) => format!("{mean:.3} ± {sd:.3}"),
    };
    if value.n < runs { format!("{text}\n({} of {runs})", value.n) } else { text }
}

/// A line for each arm with trainings that diverged, which the table leaves out, and how the first of them
/// did.
pub fn diverged_notes(results: &Results) -> Vec<String> {
    let lines = results.summary.iter().filter_map(|summary| {
        let runs = || results.runs.iter().filter(|run| run.arm == summary.arm);
        let lost: Vec<_> = runs().filter_map(|run| Some((run.seed, run.diverged.as_deref()?))).collect();
        let (first, how) = lost.first()?;
        let how = how.trim_start_matches("diverged: ");
        let seeds: Vec<String> = lost.iter().map(|(seed, _)| seed.to_string()).collect();
        let what = format!("{}: {} of {} trainings diverged", summary.label, lost.len(), runs().count());
        let seeds = seeds.join(", ");
        Some(format!("{what} (seeds {seeds}); the table is over the others; with seed {first} {how}"))
    });
    lines.collect()
}
