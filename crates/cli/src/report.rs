//! `losslab report`: `results.json`, table and verdicts from the runs that stand in folders, without
//! training; of one data set, or over several.

use super::compare::{Place, Session, cannot_write, ensure_unused, pool, resolve, tell_removal};
use super::flags::GivenFlags;
use super::outputs::is_same;
use super::owner::Owned;
use super::{emit, processors};
use anyhow::{Context, bail};
use clap::Args;
use indexmap::IndexMap;
use losslab_report::{Across, Contents, Plan, RunRecord, Store, merge, write_across};
use losslab_train::Lab;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The arguments of `losslab report`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Folders that `losslab compare` wrote, or losslab-results for the latest in it; several are merged, if
    /// data and settings are the same
    #[arg(value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,
    /// Take each folder as another data set, and report what holds over all of them
    #[arg(long)]
    across: bool,
    /// Folder for the merged runs and their results.json, needed for several folders; with --across for its
    /// page, drawings and across.json
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Remove what losslab has written into the folder of --out before
    #[arg(long, requires = "out")]
    fresh: bool,
    /// Print nothing but the table, the verdicts, severe warnings and errors
    #[arg(long)]
    quiet: bool,
}

/// Runs the command.
pub fn run(lab: &Lab, arguments: Arguments, given: GivenFlags) -> anyhow::Result<()> {
    if arguments.across {
        return across(lab, &arguments, &given.command);
    }
    let (folders, quiet) = (&arguments.folders, arguments.quiet);
    let (command, start, data) = (given.command, Instant::now(), IndexMap::new());
    let place = Place { command, start, threads: processors(), quiet, resume: true, data };
    let (plan, store, owned) = match (&folders[..], &arguments.out) {
        ([folder], None) => {
            let folder = &resolve(folder);
            let store = Store::new(folder);
            (store.plan().map_err(anyhow::Error::msg)?, store, Owned::new("report", folder)?)
        }
        (_, Some(out)) => merged(&arguments, out)?,
        (_, None) => bail!("{} folders without --out: expected a folder for the merged runs", folders.len()),
    };
    let session = Session::of(lab, plan, store, &owned, place);
    let records = session.records()?;
    if records.is_empty() {
        bail!("{}: no run of its comparison is there", session.folder().display());
    }
    session.tell_warnings()?;
    let results = session.conclude(&records)?;
    session.end_report(&results)
}

/// Reports what holds over data sets: one folder for each.
fn across(lab: &Lab, arguments: &Arguments, command: &str) -> anyhow::Result<()> {
    let Arguments { folders, out, fresh, quiet, .. } = arguments;
    if let Some(out) = out {
        is_another(folders, out)?;
        ensure_replaceable(out, *fresh)?;
    }
    let across = pool(processors())?.install(|| Across::of(lab, folders)).map_err(anyhow::Error::msg)?;
    emit(&across.lines())?;
    let end = match out {
        Some(out) => {
            std::fs::create_dir_all(out).with_context(|| cannot_write(out))?;
            let _owned = Owned::new("--out", out)?;
            tell_removal(out, *quiet)?;
            Contents::of(out).and_then(|old| old.remove()).with_context(|| cannot_write(out))?;
            let written = write_across(out, &across, command, env!("CARGO_PKG_VERSION"));
            written.with_context(|| cannot_write(out))?;
            format!("written to {} and across.json\n", out.join("across.html").display())
        }
        None => "--out DIR writes the same as a page with drawings\n".into(),
    };
    if *quiet { Ok(()) } else { emit(&end) }
}

/// Refuses to replace what losslab has written into a folder, unless that is asked for.
fn ensure_replaceable(out: &Path, fresh: bool) -> anyhow::Result<()> {
    let contents = Contents::of(out).with_context(|| cannot_write(out))?;
    ensure_unused(out, &contents, fresh, "--fresh replaces it")
}

/// Refuses to write into a folder that is read.
fn is_another(folders: &[PathBuf], out: &Path) -> anyhow::Result<()> {
    match folders.iter().find(|folder| is_same(folder, out)) {
        Some(same) => bail!("--out {}: expected another folder than {}", out.display(), same.display()),
        None => Ok(()),
    }
}

/// Copies the runs of all folders into another one.
fn merged(arguments: &Arguments, out: &Path) -> anyhow::Result<(Plan, Store, Owned)> {
    let Arguments { folders, fresh, quiet, .. } = arguments;
    is_another(folders, out)?;
    ensure_replaceable(out, *fresh)?;
    let mut parts: Vec<(String, Plan, Vec<RunRecord>)> = Vec::new();
    for folder in folders {
        let store = Store::new(folder);
        let plan = store.plan().map_err(anyhow::Error::msg)?;
        let (records, faults) = store.records(&plan);
        emit(&super::notes(&faults))?;
        parts.push((folder.display().to_string(), plan, records));
    }
    let mut plan = merge(&parts).map_err(anyhow::Error::msg)?;
    if let Some(first) = folders.first() {
        let reference = plan.label(&plan.reference);
        emit(&super::notes(&[format!("the reference is {reference}, as in {}", first.display())]))?;
    }
    let store = Store::new(out);
    let cannot_write = || cannot_write(out);
    std::fs::create_dir_all(out).with_context(cannot_write)?;
    let owned = Owned::new("--out", out)?;
    if *fresh {
        tell_removal(out, *quiet)?;
        store.begin_fresh(&mut plan).with_context(cannot_write)?;
    } else {
        store.begin(&mut plan).with_context(cannot_write)?;
    }
    for (folder, (_, _, records)) in folders.iter().zip(&parts) {
        let from = Store::new(folder);
        store.copy_shared(&from, &plan).map_err(anyhow::Error::msg)?;
        for record in records {
            store.copy_attachment(&from, &plan, record).map_err(anyhow::Error::msg)?;
            store.save(record).with_context(cannot_write)?;
        }
    }
    Ok((plan, store, owned))
}
