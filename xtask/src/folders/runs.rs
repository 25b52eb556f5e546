//! Whether results hold what was trained, and no verdict on less.

use super::command::Ended;
use anyhow::{Context, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The metrics of each run, by model, loss and seed.
pub type Runs = BTreeMap<String, Value>;

/// What `results.json` says.
pub struct Found {
    /// Whether it says that all runs are there.
    complete: bool,
    /// How many there should be.
    planned: usize,
    /// Those that are there.
    pub runs: Runs,
    has_verdict: bool,
}

/// What the results in a folder say; none if there are none.
pub fn of(folder: &Path) -> anyhow::Result<Option<Found>> {
    let path = folder.join("results.json");
    if !path.symlink_metadata().is_ok_and(|about| about.is_file() && about.len() < 1 << 26) {
        return Ok(None);
    }
    let value: Value =
        serde_json::from_slice(&fs::read(&path)?).with_context(|| path.display().to_string())?;
    let length = |name: &str| value[name].as_array().map_or(0, Vec::len);
    let key = |run: &Value| format!("{} / {} / {}", run["model"], run["loss"], run["seed"]);
    let runs = value["runs"].as_array().into_iter().flatten();
    Ok(Some(Found {
        complete: value["complete"] == true,
        planned: length("arms") * length("seeds"),
        runs: runs.map(|run| (key(run), run["metrics"].clone())).collect(),
        has_verdict: !value["verdicts"].is_null(),
    }))
}

/// Results that a command has written hold runs of the template alone, each as it was trained; they are
/// complete exactly if none is missing; and what is printed calls a verdict on less preliminary.
pub fn check(trained: &Runs, work: &Path, ended: &Ended, is_edited: bool) -> anyhow::Result<()> {
    if ended.code != 0 || trained.is_empty() {
        return Ok(());
    }
    for name in ["out", "given"] {
        // What was there before and is not to be written may be damaged.
        let Ok(Some(found)) = of(&work.join(name)) else { continue };
        let written = String::from_utf8_lossy(&ended.out);
        if name == "given" && work.join("out").exists() {
            continue;
        }
        ensure!(
            found.complete == (found.runs.len() == found.planned),
            "{name}: {} of {} runs, which counts as complete: {}",
            found.runs.len(),
            found.planned,
            found.complete
        );
        let is_verdict = |line: &&str| line.starts_with("verdict:");
        let verdict = written.lines().find(is_verdict);
        ensure!(
            found.complete || !found.has_verdict || verdict.is_none(),
            "{name}: a verdict on {} of {} runs",
            found.runs.len(),
            found.planned
        );
        for (run, metrics) in found.runs.iter().filter(|_| !is_edited) {
            ensure!(
                trained.get(run) == Some(metrics),
                "{name}: {run} has other metrics than it was trained with"
            );
        }
    }
    Ok(())
}
