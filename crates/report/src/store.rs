//! The folder of a comparison: its plan and the records of its runs.
//!
//! | file | what |
//! |---|---|
//! | `comparison.json` | the [`Plan`], before the first training |
//! | `runs/MODEL__LOSS__SEED.json` | a [`RunRecord`], as soon as the training has ended |
//! | `detections/MODEL__LOSS__SEED.json` | what a detector found in the test images |
//! | `truth.json` | the true objects of the test images, in COCO's form |
//! | `results.json` | all of it summed up, at the end |
//!
//! Plan and records begin with a checksum of all that follows in them.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

use super::contents::Contents;
use super::plan::{ArmName, PLAN_SCHEMA, Plan};
use super::record::{RECORD_SCHEMA, RunRecord, run_file};
use super::seal;
use crate::views;
use losslab_data::files::ConfinedFolder;
use serde::de::DeserializeOwned;
use std::io;
use std::path::Path;

/// The name of the plan's file.
pub(crate) const PLAN_FILE: &str = "comparison.json";
/// The folder of the records.
const RUNS: &str = "runs";
/// Larger files are none of ours.
pub(crate) const MOST_BYTES: u64 = 1 << 30;

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

    /// Begins a comparison, or goes on with one: writes the plan, with the looks of an earlier one; returns
    /// its checksum.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn begin(&self, plan: &mut Plan) -> io::Result<String> {
        // Those at other data are kept, too: a comparison of other data in between is no way to lose them.
        let mut looks = self.plan().map(|earlier| earlier.looks).unwrap_or_default();
        looks.append(&mut plan.looks);
        plan.looks = looks;
        self.save_plan(plan)
    }

    /// The same in place of what losslab has written into the folder before, which is removed.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn begin_fresh(&self, plan: &mut Plan) -> io::Result<String> {
        let old = Contents::of(self.folder())?;
        // The plan comes first: if the program is ended meanwhile, the old runs are none of it.
        let checksum = self.begin(plan)?;
        old.remove()?;
        Ok(checksum)
    }

    /// Writes the plan; returns its checksum.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn save_plan(&self, plan: &Plan) -> io::Result<String> {
        self.write_sealed(PLAN_FILE, &serde_json::to_string_pretty(plan)?)
    }

    /// The plan of the comparison in this folder.
    ///
    /// # Errors
    /// If there is none, or it is not one, or was changed; the message names the file.
    pub fn plan(&self) -> Result<Plan, String> {
        Ok(self.read_plan()?.0)
    }

    /// The checksum of the plan in this folder.
    ///
    /// # Errors
    /// Those of [`plan`](Self::plan).
    pub fn plan_checksum(&self) -> Result<String, String> {
        Ok(self.read_plan()?.1)
    }

    fn read_plan(&self) -> Result<(Plan, String), String> {
        let path = self.named(PLAN_FILE);
        let (plan, checksum): (Plan, _) = self
            .read_sealed(PLAN_FILE, PLAN_SCHEMA)?
            .ok_or_else(|| format!("{path}: not found, expected a folder that losslab compare wrote"))?;
        plan.check().map_err(|found| format!("{path}: found {found}"))?;
        Ok((plan, checksum))
    }

    /// Writes what came out of a run; returns its checksum.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn save(&self, record: &RunRecord) -> io::Result<String> {
        self.write_sealed(&in_runs(&record.file_name()), &serde_json::to_string(record)?)
    }

    /// The record of a run of this plan, and its checksum; none if there is no such file.
    ///
    /// # Errors
    /// Why the file is of no use: torn, changed, of another version, or of other data or settings.
    pub fn load(&self, plan: &Plan, arm: &ArmName, seed: u64) -> Result<Option<(RunRecord, String)>, String> {
        let path = in_runs(&run_file(arm, seed));
        let read: Option<(RunRecord, String)> = self.read_sealed(&path, RECORD_SCHEMA)?;
        let Some((record, checksum)) = read else { return Ok(None) };
        let why = if (&record.arm, record.seed) != (arm, seed) {
            format!("a run of {} with {} and seed {}", record.arm.model, record.arm.loss, record.seed)
        } else if record.key != plan.key(&record.split, arm, seed) {
            "a run on other data, with other settings or of another version".into()
        } else if let Err(fault) = record.check(plan) {
            fault
        } else {
            return Ok(Some((record, checksum)));
        };
        Err(format!("{}: found {why}", self.named(&path)))
    }

    /// All records of the plan that are there, in its order, and why others are of no use.
    pub fn records(&self, plan: &Plan) -> (Vec<RunRecord>, Vec<String>) {
        let (mut records, mut faults) = (Vec::new(), Vec::new());
        for (arm, seed) in plan.runs() {
            match self.load(plan, arm, seed) {
                Ok(found) => records.extend(found.map(|(record, _)| record)),
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

    /// Whether a comparison was begun here.
    pub fn is_begun(&self) -> bool {
        self.files.has(PLAN_FILE) || self.files.names(RUNS).is_ok_and(|names| !names.is_empty())
    }

    /// Writes an object with its checksum, which is returned.
    fn write_sealed(&self, path: &str, text: &str) -> io::Result<String> {
        let (sealed, checksum) = seal::seal(text);
        self.files.write(path, format!("{sealed}\n").as_bytes())?;
        Ok(checksum)
    }

    /// Reads what [`write_sealed`](Self::write_sealed) wrote; none if there is no such file.
    fn read_sealed<T: DeserializeOwned>(
        &self,
        path: &str,
        schema: u32,
    ) -> Result<Option<(T, String)>, String> {
        let bytes = match self.files.read(path, MOST_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|error| format!("{}: cannot be read: {error}", self.named(path)))?,
        };
        let Schema { schema: found } = self.parse(path, &bytes)?;
        if found != schema {
            return Err(format!("{}: found schema {found}, expected {schema}", self.named(path)));
        }
        let text = String::from_utf8_lossy(&bytes);
        let checksum = seal::check(&text).map_err(|found| format!("{}: found {found}", self.named(path)))?;
        Ok(Some((self.parse(path, &bytes)?, checksum)))
    }

    fn parse<T: DeserializeOwned>(&self, path: &str, bytes: &[u8]) -> Result<T, String> {
        serde_json::from_slice(bytes)
            .map_err(|error| format!("{}: not what losslab wrote: {error}", self.named(path)))
    }

    fn read(&self, path: &str) -> Result<String, String> {
        let text = self.files.read_text(path, MOST_BYTES);
        text.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => format!("{}: not found", self.named(path)),
            _ => format!("{}: cannot be read: {error}", self.named(path)),
        })
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
