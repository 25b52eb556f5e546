//! The folder of a comparison: its plan and the records of its runs.
//!
//! | file | what |
//! |---|---|
//! | `comparison.json` | the [`Plan`], before the first training |
//! | `runs/MODEL__LOSS__SEED.json` | a [`RunRecord`], as soon as the training has ended |
//! | `detections/MODEL__LOSS__SEED.json` | what a detector found in the test images |
//! | `truth.json` | the true objects of the test images, in COCO's form |
//! | `results.json` | all of it summed up, at the end |

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

use super::plan::{ArmName, PLAN_SCHEMA, Plan};
use super::record::{RECORD_SCHEMA, RunRecord, run_file};
use crate::views;
use losslab_data::files::ConfinedFolder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io;
use std::path::Path;

/// The plan.
const PLAN: &str = "comparison.json";
/// The folder of the records.
const RUNS: &str = "runs";
/// Larger files are none of ours.
const MOST_BYTES: u64 = 1 << 30;

/// The folder of a comparison. It may come from a stranger: see [`ConfinedFolder`].
#[derive(Clone, Debug)]
pub struct Store {
    files: ConfinedFolder,
}

impl Store {
    /// The store in this folder.
    pub fn new(folder: &Path) -> Self {
        Self { files: ConfinedFolder::new(folder) }
    }

    /// Begins a comparison: writes the plan, with the looks of an earlier one. Unless runs are to be resumed,
    /// those that stand in the folder are removed, with their attachments and the results; files that losslab
    /// did not write stay.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn begin(&self, plan: &mut Plan, resume: bool) -> io::Result<()> {
        // Those at other data are kept, too: a comparison of other data in between is no way to lose them.
        let mut looks = self.plan().map(|earlier| earlier.looks).unwrap_or_default();
        looks.append(&mut plan.looks);
        plan.looks = looks;
        if !resume {
            self.remove_runs()?;
        }
        self.save_plan(plan)
    }

    /// Writes the plan.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn save_plan(&self, plan: &Plan) -> io::Result<()> {
        self.write_json(PLAN, plan, true)
    }

    /// The plan of the comparison in this folder.
    ///
    /// # Errors
    /// If there is none, or it is not one; the message names the file.
    pub fn plan(&self) -> Result<Plan, String> {
        let found = |what: String| format!("{}: found {what}", self.named(PLAN));
        let schema: Schema = self.read_json(PLAN)?.ok_or_else(|| {
            format!("{}: not found, expected a folder that losslab compare wrote", self.named(PLAN))
        })?;
        if schema.schema != PLAN_SCHEMA {
            return Err(found(format!("schema {}, expected {PLAN_SCHEMA}", schema.schema)));
        }
        let plan: Plan = self.read_json(PLAN)?.ok_or_else(|| found("nothing any more".into()))?;
        plan.check().map_err(found)?;
        Ok(plan)
    }

    /// Writes what came out of a run.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn save(&self, record: &RunRecord) -> io::Result<()> {
        self.write_json(&in_runs(&record.file_name()), record, false)
    }

    /// The record of a run of this plan; none if there is no such file.
    ///
    /// # Errors
    /// Why the file is of no use: torn, of another version, or of other data or settings.
    pub fn load(&self, plan: &Plan, arm: &ArmName, seed: u64) -> Result<Option<RunRecord>, String> {
        let path = in_runs(&run_file(arm, seed));
        let Some(record): Option<RunRecord> = self.read_json(&path)? else { return Ok(None) };
        let why = if record.schema != RECORD_SCHEMA {
            format!("schema {}, expected {RECORD_SCHEMA}", record.schema)
        } else if (&record.arm, record.seed) != (arm, seed) {
            format!("a run of {} with {} and seed {}", record.arm.model, record.arm.loss, record.seed)
        } else if record.key != plan.key(&record.split, arm, seed) {
            "a run on other data, with other settings or of another version".into()
        } else if let Err(fault) = record.check(plan) {
            fault
        } else {
            return Ok(Some(record));
        };
        Err(format!("{}: found {why}", self.named(&path)))
    }

    /// All records of the plan that are there, in its order, and why others are of no use.
    pub fn records(&self, plan: &Plan) -> (Vec<RunRecord>, Vec<String>) {
        let (mut records, mut faults) = (Vec::new(), Vec::new());
        for (arm, seed) in plan.runs() {
            match self.load(plan, arm, seed) {
                Ok(record) => records.extend(record),
                Err(fault) => faults.push(fault),
            }
        }
        (records, faults)
    }

    /// Writes what of a record stands in a file of its own.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn save_attachment(&self, folder: &str, record: &str, text: &str) -> io::Result<()> {
        self.files.write(format!("{folder}/{record}"), format!("{text}\n").as_bytes())
    }

    /// What of a record stands in a file of its own.
    ///
    /// # Errors
    /// If the file cannot be read; the message names it.
    pub fn attachment(&self, folder: &str, record: &str) -> Result<String, String> {
        self.read(&format!("{folder}/{record}"))
    }

    /// Writes a file that all runs share.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn save_shared(&self, name: &str, text: &str) -> io::Result<()> {
        self.files.write(name, format!("{text}\n").as_bytes())
    }

    /// A file that all runs share.
    ///
    /// # Errors
    /// If the file cannot be read; the message names it.
    pub fn shared(&self, name: &str) -> Result<String, String> {
        self.read(name)
    }

    /// Copies the files that all runs of this plan share from another store.
    ///
    /// # Errors
    /// If one cannot be read or written.
    pub fn copy_shared(&self, from: &Store, plan: &Plan) -> Result<(), String> {
        let Some(name) = views::of(&plan.task)?.shared_file() else { return Ok(()) };
        self.save_shared(name, from.shared(name)?.trim_end()).map_err(|error| self.cannot_write(&error))
    }

    /// Copies what of a record stands in a file of its own from another store.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub fn copy_attachment(&self, from: &Store, plan: &Plan, record: &RunRecord) -> Result<(), String> {
        let folder = views::of(&plan.task)?.attachments().filter(|_| record.found.is_some());
        let Some(folder) = folder else { return Ok(()) };
        let name = record.file_name();
        let text = from.attachment(folder, &name)?;
        let saved = self.save_attachment(folder, &name, text.trim_end());
        saved.map_err(|error| self.cannot_write(&error))
    }

    fn cannot_write(&self, error: &io::Error) -> String {
        format!("{}: cannot be written: {error}", self.folder().display())
    }

    /// The folder of the comparison.
    pub fn folder(&self) -> &Path {
        self.files.root()
    }

    /// The files of the folder.
    pub fn files(&self) -> &ConfinedFolder {
        &self.files
    }

    /// Whether there are files of runs.
    pub fn has_runs(&self) -> bool {
        self.files.names(RUNS).is_ok_and(|names| !names.is_empty())
    }

    fn remove_runs(&self) -> io::Result<()> {
        for name in self.files.names(RUNS)?.iter().filter_map(|name| name.to_str()) {
            let Ok(Some(record)) = self.read_json::<RunRecord>(&in_runs(name)) else { continue };
            if record.file_name() == name {
                for folder in views::attachment_folders() {
                    self.files.remove(format!("{folder}/{name}"))?;
                }
                self.files.remove(in_runs(name))?;
            }
        }
        self.files.remove("results.json")
    }

    fn write_json<T: Serialize + ?Sized>(&self, path: &str, value: &T, pretty: bool) -> io::Result<()> {
        let text = if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
        let mut text = text.map_err(io::Error::other)?;
        text.push('\n');
        self.files.write(path, text.as_bytes())
    }

    fn read(&self, path: &str) -> Result<String, String> {
        let text = self.files.read_text(path, MOST_BYTES);
        text.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => format!("{}: not found", self.named(path)),
            _ => format!("{}: cannot be read: {error}", self.named(path)),
        })
    }

    /// None if there is no such file.
    fn read_json<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, String> {
        match self.files.read(path, MOST_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: cannot be read: {error}", self.named(path))),
            Ok(bytes) => match serde_json::from_slice(&bytes) {
                Ok(value) => Ok(Some(value)),
                Err(error) => Err(format!("{}: not what losslab wrote: {error}", self.named(path))),
            },
        }
    }

    /// What messages call a file.
    fn named(&self, path: &str) -> String {
        self.files.path(path).display().to_string()
    }
}

fn in_runs(name: &str) -> String {
    format!("{RUNS}/{name}")
}

/// The part of a file that says how to read the rest.
#[derive(serde::Deserialize)]
struct Schema {
    schema: u32,
}
