//! The table that people read: a row per metric, a column per loss.

use super::results::{MeanSd, Results};
use comfy_table::{Cell, CellAlignment, Table, presets::UTF8_BORDERS_ONLY};
use losslab_metrics::MetricInfo;

/// Losses that stand side by side; more are put below, so that lines stay under 100 columns.
const LOSSES_PER_TABLE: usize = 4;

/// Mean +- standard deviation over the seeds, for each metric and loss.
pub fn table(results: &Results) -> String {
    let runs = |loss: &str| results.runs.iter().filter(|run| run.loss == loss).count();
    let tables = results.summary.chunks(LOSSES_PER_TABLE).map(|losses| {
        let mut table = Table::new();
        table.load_style(UTF8_BORDERS_ONLY);
        // A spec breaks after its name and between parameters: columns stay as narrow as their numbers.
        let header =
            losses.iter().map(|l| l.loss.replace(':', ":\n").replace(',', ",\n").replace('+', "\n+"));
        table.set_header(std::iter::once("test part, mean ± sd".to_string()).chain(header));
        for metric in results.data.metrics() {
            let mut row = vec![Cell::new(title(&metric))];
            for loss in losses {
                let text = loss
                    .metrics
                    .get(metric.name)
                    .map_or_else(String::new, |value| show(value, runs(&loss.loss)));
                row.push(Cell::new(text).set_alignment(CellAlignment::Right));
            }
            table.add_row(row);
        }
        table.to_string()
    });
    tables.collect::<Vec<_>>().join("\n\n")
}

/// The metrics of one model: a row per metric.
pub fn metrics_table(
    rows: &str,
    list: &[MetricInfo],
    loss: &str,
    metrics: &[(&'static str, Option<f64>)],
) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    table.set_header([rows, loss]);
    for (metric, (_, value)) in list.iter().zip(metrics) {
        let value = value.map_or_else(|| "–".into(), |value| format!("{value:.3}"));
        let value = Cell::new(value).set_alignment(CellAlignment::Right);
        table.add_row([Cell::new(title(metric)), value]);
    }
    table.to_string()
}

/// A metric's name, and whether more is better.
fn title(metric: &MetricInfo) -> String {
    format!("{} {}", metric.title, if metric.higher_is_better { "↑" } else { "↓" })
}

/// `0.721 ± 0.047`; a dash where it is undefined in every run, and the number of runs where it is in some: a mean over
/// those that did well must not look like one over all.
fn show(value: &MeanSd, runs: usize) -> String {
    let text = match (value.mean, value.sd) {
        (None, _) => return "–".into(),
        (Some(mean), None) => format!("{mean:.3}"),
        (Some(mean), Some(sd)) => format!("{mean:.3} ± {sd:.3}"),
    };
    if value.n < runs { format!("{text}\n({} of {runs})", value.n) } else { text }
}

/// A line for each loss with trainings that diverged, which the table leaves out, and how the first of them did.
pub fn diverged_notes(results: &Results) -> Vec<String> {
    let lines = results.summary.iter().filter_map(|summary| {
        let runs = || results.runs.iter().filter(|run| run.loss == summary.loss);
        let lost: Vec<_> = runs().filter_map(|run| Some((run.seed, run.diverged.as_deref()?))).collect();
        let (first, how) = lost.first()?;
        let how = how.trim_start_matches("diverged: ");
        let seeds: Vec<String> = lost.iter().map(|(seed, _)| seed.to_string()).collect();
        let what = format!("{}: {} of {} trainings diverged", summary.loss, lost.len(), runs().count());
        let seeds = seeds.join(", ");
        Some(format!("{what} (seeds {seeds}); the table is over the others; with seed {first} {how}"))
    });
    lines.collect()
}
