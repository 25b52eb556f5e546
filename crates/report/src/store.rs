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
use losslab_data::write_atomically;
use serde::de::DeserializeOwned;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The name of the plan's file.
pub(crate) const PLAN_FILE: &str = "comparison.json";

/// The folder of a comparison.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The store in this folder.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Begins a comparison, or goes on with one: writes the plan, with the looks of an earlier one; returns
    /// its checksum.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn begin(&self, plan: &mut Plan) -> io::Result<String> {
        fs::create_dir_all(self.runs())?;
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
        let old = Contents::of(&self.folder)?;
        // The plan comes first: if the program is ended meanwhile, the old runs are none of it.
        let checksum = self.begin(plan)?;
        old.remove()?;
        fs::create_dir_all(self.runs())?;
        Ok(checksum)
    }

    /// Writes the plan; returns its checksum.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn save_plan(&self, plan: &Plan) -> io::Result<String> {
        write_sealed(&self.plan_file(), &serde_json::to_string_pretty(plan)?)
    }

    fn plan_file(&self) -> PathBuf {
        self.folder.join(PLAN_FILE)
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
        let path = self.plan_file();
        let (plan, checksum): (Plan, _) = read_sealed(&path, PLAN_SCHEMA)?.ok_or_else(|| {
            format!("{}: not found, expected a folder that losslab compare wrote", path.display())
        })?;
        plan.check().map_err(|found| format!("{}: found {found}", path.display()))?;
        Ok((plan, checksum))
    }

    /// Writes what came out of a run; returns its checksum.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn save(&self, record: &RunRecord) -> io::Result<String> {
        write_sealed(&self.runs().join(record.file_name()), &serde_json::to_string(record)?)
    }

    /// The record of a run of this plan, and its checksum; none if there is no such file.
    ///
    /// # Errors
    /// Why the file is of no use: torn, changed, of another version, or of other data or settings.
    pub fn load(&self, plan: &Plan, arm: &ArmName, seed: u64) -> Result<Option<(RunRecord, String)>, String> {
        let path = self.runs().join(run_file(arm, seed));
        let read: Option<(RunRecord, String)> = read_sealed(&path, RECORD_SCHEMA)?;
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
        Err(format!("{}: found {why}", path.display()))
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
        fs::create_dir_all(self.folder.join(folder))?;
        write_atomically(&self.folder.join(folder).join(record), format!("{text}\n").as_bytes())
    }

    /// What of a record stands in a file of its own.
    ///
    /// # Errors
    /// If the file cannot be read; the message names it.
    pub fn attachment(&self, folder: &str, record: &str) -> Result<String, String> {
        read(&self.folder.join(folder).join(record))
    }

    /// Writes a file that all runs share.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn save_shared(&self, name: &str, text: &str) -> io::Result<()> {
        write_atomically(&self.folder.join(name), format!("{text}\n").as_bytes())
    }

    /// A file that all runs share.
    ///
    /// # Errors
    /// If the file cannot be read; the message names it.
    pub fn shared(&self, name: &str) -> Result<String, String> {
        read(&self.folder.join(name))
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
        format!("{}: cannot be written: {error}", self.folder.display())
    }

    /// The folder of the comparison.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether a comparison was begun here.
    pub fn is_begun(&self) -> bool {
        let has_runs = || fs::read_dir(self.runs()).is_ok_and(|mut runs| runs.next().is_some());
        self.plan_file().exists() || has_runs()
    }

    fn runs(&self) -> PathBuf {
        self.folder.join("runs")
    }
}

/// The part of a file that says how to read the rest.
#[derive(serde::Deserialize)]
struct Schema {
    schema: u32,
}

/// Writes an object with its checksum, which is returned.
fn write_sealed(path: &Path, text: &str) -> io::Result<String> {
    let (sealed, checksum) = seal::seal(text);
    write_atomically(path, format!("{sealed}\n").as_bytes())?;
    Ok(checksum)
}

/// Reads what [`write_sealed`] wrote; none if there is no such file.
fn read_sealed<T: DeserializeOwned>(path: &Path, schema: u32) -> Result<Option<(T, String)>, String> {
    let Some(bytes) = read_bytes(path)? else { return Ok(None) };
    let Schema { schema: found } = parse(path, &bytes)?;
    if found != schema {
        return Err(format!("{}: found schema {found}, expected {schema}", path.display()));
    }
    let text = String::from_utf8_lossy(&bytes);
    let checksum = seal::check(&text).map_err(|found| format!("{}: found {found}", path.display()))?;
    Ok(Some((parse(path, &bytes)?, checksum)))
}

fn read(path: &Path) -> Result<String, String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(format!("{}: not found", path.display()))
        }
        Err(error) => Err(format!("{}: cannot be read: {error}", path.display())),
    }
}

/// None if there is no such file.
fn read_bytes(path: &Path) -> Result<Option<Vec<u8>>, String> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: cannot be read: {error}", path.display())),
    }
}

fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes)
        .map_err(|error| format!("{}: not what losslab wrote: {error}", path.display()))
}
