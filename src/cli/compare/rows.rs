//! The comparison on rows: tables, and images that are rows of a table.

use super::session::Session;
use super::{Arguments, DEFAULT_SEEDS, ensure_writable, environment, pool};
use crate::cli::{emit, notes, thread_count};
use losslab_report::{Config, Data, Plan, RunRecord, Training};
use losslab_train::experiment::TableData;
use losslab_train::experiment::{Comparison, LossSet, ProblemKind, Task, bind, compare, prepare};
use std::path::Path;
use std::time::Instant;

/// Compares losses on rows, and writes to this folder.
pub fn run(arguments: &Arguments, folder: &Path) -> anyhow::Result<()> {
    let start = Instant::now();
    // What can be refused without reading the data is refused first.
    let (seeds, train) = (arguments.seeds(DEFAULT_SEEDS)?, arguments.train.config()?);
    let (threads, trials) = (thread_count(arguments.threads)?, arguments.trials()?);
    arguments.named_losses()?;
    let (source, mut found) = arguments.data.load()?;
    let counts: Vec<u64> = source.dataset.class_counts().iter().map(|&n| n as u64).collect();
    let kind = match Task::of(counts.len()) {
        Task::Binary => ProblemKind::Binary,
        Task::Classes(_) => ProblemKind::Classes,
    };
    let (losses, left_out) = arguments.losses(kind, LossSet::Quick, |spec| bind(spec, &counts).map(drop))?;
    let reference = arguments.reference(&losses)?;
    ensure_writable(folder)?;

    let pool = pool(threads)?;
    let parts = prepare(&source, &seeds, &pool)?;
    let names = losses.iter().map(ToString::to_string).collect();
    let config =
        Config { losses: names, seeds: seeds.clone(), trials, train: Training::Table(train.clone()) };
    let data = TableData::of(&source, std::mem::take(&mut found));
    let introduction = format!("{}{}{}", data.describe(), notes(&data.notes), notes(&left_out));
    let plan = Plan::new(Data::Table(Box::new(data)), config, reference, None);
    let comparison = Comparison { losses, seeds, train, trials };
    if !arguments.quiet {
        emit(&introduction)?;
        emit(&super::declaration(&plan, &format!("at most {} epochs each", comparison.train.epochs)))?;
    }
    let split = |run: usize| parts[run].fingerprint();
    let (session, missing) = Session::begin(plan, folder, arguments.resume, arguments.quiet, &split)?;
    let watch = session.watch(missing.len(), comparison.train.epochs);
    compare(&parts, &comparison, &missing, &pool, &watch, &|outcome| {
        let run = comparison.seeds.iter().position(|&seed| seed == outcome.seed).unwrap_or_default();
        let record =
            RunRecord::of_table(&session.plan, &comparison.losses[outcome.loss], &parts[run], &outcome);
        watch.keep(outcome.done(), |store| store.save(&record));
    });
    watch.finish()?;

    let mut paths = arguments.data.paths();
    paths.push(folder.display().to_string());
    let records = session.records()?;
    let trained = records.len() + missing.len() - session.plan.runs().count();
    let results = session.conclude(&records, &pool, || environment(start, threads, paths))?;
    session.end(&results, trained)
}
