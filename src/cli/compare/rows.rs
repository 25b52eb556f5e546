//! The comparison on rows: tables, and images that are rows of a table.

use super::{Arguments, DEFAULT_SEEDS, conclude, ensure_writable, environment, pool};
use crate::cli::progress::Progress;
use crate::cli::{emit, notes};
use crate::experiment::{Comparison, Task, bind, compare};
use crate::report::{Results, TableData, unseen_notes};
use std::path::Path;
use std::time::Instant;

/// What is compared unless `--loss` says otherwise.
const DEFAULT_LOSSES: [&str; 4] = ["ce", "alpha-ce:alpha=0.75", "focal:gamma=2,alpha=0.25", "focal:gamma=2"];
/// The same for more than two classes, which have no alpha.
const DEFAULT_CLASS_LOSSES: [&str; 3] = ["ce", "ce+class-balanced", "focal:gamma=2"];

/// Compares losses on rows, and writes to this folder.
pub fn run(arguments: &Arguments, folder: &Path) -> anyhow::Result<()> {
    let start = Instant::now();
    // What can be refused without reading the data is refused first.
    let (seeds, train) = (arguments.seeds(DEFAULT_SEEDS)?, arguments.train.config()?);
    let threads = arguments.threads()?;
    arguments.losses(&[])?;
    let (source, found) = arguments.data.load()?;
    let counts: Vec<u64> = source.dataset.class_counts().iter().map(|&n| n as u64).collect();
    let losses = arguments.losses(match Task::of(counts.len()) {
        Task::Binary => &DEFAULT_LOSSES,
        Task::Classes(_) => &DEFAULT_CLASS_LOSSES,
    })?;
    for spec in &losses {
        bind(spec, &counts)?;
    }
    let comparison = Comparison { losses, seeds, train };
    ensure_writable(folder)?;

    let data = TableData::of(&source, found);
    if !arguments.quiet {
        emit(&introduction(&data, &comparison))?;
    }
    let pool = pool(threads)?;
    let runs = comparison.losses.len() * comparison.seeds.len();
    let names = comparison.losses.iter().map(ToString::to_string).collect();
    let progress = Progress::new(names, runs, comparison.train.epochs, arguments.quiet);
    let outcomes = compare(&source, &comparison, &pool, &progress)?;
    progress.finish();

    let mut paths = arguments.data.paths();
    paths.push(folder.display().to_string());
    let results = Results::of_tables(data, &comparison, &outcomes, environment(start, threads, paths));
    if !arguments.quiet {
        emit(&notes(&unseen_notes(&results.gaps)))?;
    }
    conclude(&results, folder, arguments.quiet)
}

/// What is about to be done.
fn introduction(data: &TableData, comparison: &Comparison) -> String {
    let (losses, seeds) = (comparison.losses.len(), comparison.seeds.len());
    format!(
        "{}{}training {losses} losses x {seeds} seeds, at most {} epochs each\n",
        data.describe(),
        notes(&data.notes),
        comparison.train.epochs
    )
}
