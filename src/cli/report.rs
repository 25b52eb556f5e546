//! `losslab report`: `results.json`, table and verdicts from the runs that stand in folders, without training.

use super::compare::{Session, environment, pool};
use super::{emit, processors};
use anyhow::{Context, bail};
use clap::Args;
use losslab_report::{Plan, RunRecord, Store, merge, share_table, voc_lines};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The arguments of `losslab report`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Folders that `losslab compare` wrote; several are merged, if data and settings are the same
    #[arg(value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,
    /// Folder for the merged runs and their results.json; needed for several folders
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print nothing but the table, the verdicts and errors
    #[arg(long)]
    quiet: bool,
}

/// Runs the command.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let start = Instant::now();
    let (folders, quiet) = (&arguments.folders, arguments.quiet);
    let session = match (&folders[..], &arguments.out) {
        ([folder], None) => {
            let store = Store::new(folder);
            Session { plan: store.plan().map_err(anyhow::Error::msg)?, store, quiet }
        }
        (_, Some(out)) => merged(folders, out, quiet)?,
        (_, None) => bail!("{} folders without --out: expected a folder for the merged runs", folders.len()),
    };
    let records = session.records()?;
    if records.is_empty() {
        bail!("{}: no run of its comparison is there", session.store.folder().display());
    }
    let paths = folders.iter().chain(&arguments.out).map(|path| path.display().to_string()).collect();
    let threads = processors();
    let results = session.conclude(&records, &pool(threads)?, || environment(start, threads, paths))?;
    emit(&voc_lines(&results))?;
    emit(&share_table(&results))?;
    if !quiet {
        let (done, of) = (records.len(), session.plan.runs().count());
        let file = session.store.folder().join("results.json");
        emit(&format!("{done} of {of} runs; written to {}\n", file.display()))?;
    }
    Ok(())
}

/// Copies the runs of all folders into another one.
fn merged(folders: &[PathBuf], out: &Path, quiet: bool) -> anyhow::Result<Session> {
    if let Some(same) = folders.iter().find(|folder| is_same(folder, out)) {
        bail!("--out {}: expected another folder than {}", out.display(), same.display());
    }
    let mut parts: Vec<(String, Plan, Vec<RunRecord>)> = Vec::new();
    for folder in folders {
        let store = Store::new(folder);
        let plan = store.plan().map_err(anyhow::Error::msg)?;
        let (records, faults) = store.records(&plan);
        emit(&super::notes(&faults))?;
        parts.push((folder.display().to_string(), plan, records));
    }
    let plan = merge(&parts).map_err(anyhow::Error::msg)?;
    let store = Store::new(out);
    let cannot_write = || format!("--out {}: cannot be written", out.display());
    store.begin(&plan, false).with_context(cannot_write)?;
    for (folder, (_, _, records)) in folders.iter().zip(&parts) {
        let from = Store::new(folder);
        for record in records {
            if let Some(detector) = &record.detector {
                let found = from.detections(&detector.detections).map_err(anyhow::Error::msg)?;
                store.save_truth(&from.truth().map_err(anyhow::Error::msg)?).with_context(cannot_write)?;
                store.save_detections(&detector.detections, &found).with_context(cannot_write)?;
            }
            store.save(record).with_context(cannot_write)?;
        }
    }
    Ok(Session { plan, store, quiet })
}

/// Whether both are the same folder, by whatever name.
fn is_same(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
