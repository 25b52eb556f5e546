//! What is printed of a comparison of detectors beside the table: each category, the shares of easy negatives, and Pascal VOC's numbers.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

use super::results::{Results, Run, Summaries};
use comfy_table::{CellAlignment, Table, presets::UTF8_BORDERS_ONLY};
use losslab_metrics::Summary;
use losslab_metrics::boxes::{CategoryResult, VocResults};
use losslab_train::detector::{Share, Shares};

/// A spec as part of a file's name: `focal:gamma=2,alpha=0.25` becomes `focal_gamma=2,alpha=0.25`.
pub fn file_name(spec: &str) -> String {
    spec.replace([':', '/', '\\'], "_")
}

/// Who had the class loss and its gradient: for each loss, the first, the middle and the last epoch, mean over the seeds.
/// Empty where no loss has such parts.
pub fn share_table(results: &Results) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    table.set_header([
        "share of class loss | gradient, %",
        "epoch",
        "easy negatives",
        "hard negatives",
        "positives",
    ]);
    let mut rows = 0;
    for summary in &results.summary {
        let runs: Vec<&Run> = results.runs.iter().filter(|run| run.loss == summary.loss).collect();
        let epochs = runs.iter().filter_map(|run| run.epochs_run).max().unwrap_or(0);
        let mut shown = vec![1, epochs.div_ceil(2), epochs];
        shown.dedup();
        for (i, epoch) in shown.into_iter().filter(|&epoch| epoch > 0).enumerate() {
            let Some(shares) = mean_shares(&runs, epoch) else { continue };
            let show = |share: Share| format!("{:.1} | {:.1}", 100.0 * share.loss, 100.0 * share.gradient);
            table.add_row([
                if i == 0 { summary.loss.clone() } else { String::new() },
                epoch.to_string(),
                show(shares.easy_negatives),
                show(shares.hard_negatives),
                show(shares.positives),
            ]);
            rows += 1;
        }
    }
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    if rows == 0 { String::new() } else { format!("{table}\neasy negatives: p_t > 0.9\n") }
}

/// AP and AP50 of each category, mean over the seeds in which it is defined: a row per category, a column per loss.
pub fn category_table(results: &Results) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    let losses = results.summary.iter().map(|summary| summary.loss.replace(':', ":\n"));
    table.set_header(std::iter::once("category: AP | AP50".to_string()).chain(losses));
    let categories = results.runs.iter().find_map(|run| run.detector.as_ref());
    for (i, category) in categories.iter().flat_map(|run| &run.per_category).enumerate() {
        let mut row = vec![category.name.clone()];
        for summary in &results.summary {
            let mean = |of: fn(&CategoryResult) -> Option<f64>| {
                let runs = results.runs.iter().filter(|run| run.loss == summary.loss);
                let values = runs.filter_map(|run| Some(of(run.detector.as_ref()?.per_category.get(i)?)));
                Summary::of(values).mean.map_or_else(|| "–".to_string(), |mean| format!("{mean:.3}"))
            };
            row.push(format!("{} | {}", mean(|c| c.ap), mean(|c| c.ap50)));
        }
        table.add_row(row);
    }
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    format!("{table}\n")
}

/// A line for each loss with the mean over seeds of Pascal VOC's own average precision, where runs have it.
pub fn voc_lines(results: &Results) -> String {
    let line = |summary: &Summaries| {
        let runs = results.runs.iter().filter(|run| run.loss == summary.loss);
        let of_runs: Vec<&VocResults> = runs.filter_map(|run| run.detector.as_ref()?.voc.as_ref()).collect();
        let means: Vec<f64> = of_runs.iter().filter_map(|voc| voc.mean_ap).collect();
        let rule = &of_runs.first()?.rule;
        let mean = means.iter().sum::<f64>() / means.len() as f64;
        Some(format!("{}: Pascal VOC's mean AP ({rule}) {mean:.3}\n", summary.loss))
    };
    results.summary.iter().filter_map(line).collect()
}

/// The mean over the runs that have the epoch.
fn mean_shares(runs: &[&Run], epoch: usize) -> Option<Shares> {
    let of_runs: Vec<Shares> =
        runs.iter().filter_map(|run| run.detector.as_ref()?.epochs.get(epoch - 1)?.shares).collect();
    let mean = |of: fn(&Shares) -> Share| {
        let n = of_runs.len() as f64;
        of_runs.iter().map(of).fold(Share::default(), |sum, share| Share {
            logits: sum.logits + share.logits / n,
            loss: sum.loss + share.loss / n,
            gradient: sum.gradient + share.gradient / n,
        })
    };
    (!of_runs.is_empty()).then(|| Shares {
        easy_negatives: mean(|s| s.easy_negatives),
        hard_negatives: mean(|s| s.hard_negatives),
        positives: mean(|s| s.positives),
    })
}
