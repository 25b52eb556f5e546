//! The folder of a comparison: its plan and the records of its runs.
//!
//! | file | what |
//! |---|---|
//! | `comparison.json` | the [`Plan`], before the first training |
//! | `runs/LOSS-SEED.json` | a [`RunRecord`], as soon as the training has ended |
//! | `detections/LOSS-SEED.json` | what a detector found in the test images |
//! | `truth.json` | the true objects of the test images, in COCO's form |
//! | `results.json` | all of it summed up, at the end |

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

use super::plan::{PLAN_SCHEMA, Plan};
use super::record::{RECORD_SCHEMA, RunRecord, run_file};
use losslab_data::write_atomically;
use losslab_metrics::boxes::{Detection, GroundTruth};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

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

    /// Begins a comparison: writes the plan. Unless runs are to be resumed, those that stand in the folder are removed, with
    /// their detections and the results; files that losslab did not write stay.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn begin(&self, plan: &Plan, resume: bool) -> io::Result<()> {
        fs::create_dir_all(self.runs())?;
        if !resume {
            self.remove_runs()?;
        }
        write_json(&self.folder.join("comparison.json"), plan, true)
    }

    /// The plan of the comparison in this folder.
    ///
    /// # Errors
    /// If there is none, or it is not one; the message names the file.
    pub fn plan(&self) -> Result<Plan, String> {
        let path = self.folder.join("comparison.json");
        let plan: Plan = read_json(&path)?.ok_or_else(|| {
            format!("{}: not found, expected a folder that losslab compare wrote", path.display())
        })?;
        let checked = match plan.schema {
            PLAN_SCHEMA => plan.check(),
            other => Err(format!("schema {other}, expected {PLAN_SCHEMA}")),
        };
        checked.map(|()| plan).map_err(|found| format!("{}: found {found}", path.display()))
    }

    /// Writes what came out of a run.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn save(&self, record: &RunRecord) -> io::Result<()> {
        write_json(&self.runs().join(record.file_name()), record, false)
    }

    /// The record of a run of this plan; none if there is no such file.
    ///
    /// # Errors
    /// Why the file is of no use: torn, of another version, or of other data or settings.
    pub fn load(&self, plan: &Plan, loss: &str, seed: u64) -> Result<Option<RunRecord>, String> {
        let path = self.runs().join(run_file(loss, seed));
        let Some(record): Option<RunRecord> = read_json(&path)? else { return Ok(None) };
        let why = if record.schema != RECORD_SCHEMA {
            format!("schema {}, expected {RECORD_SCHEMA}", record.schema)
        } else if (&*record.loss, record.seed) != (loss, seed) {
            format!("a run of {} with seed {}", record.loss, record.seed)
        } else if record.key != plan.key(&record.split, loss, seed) {
            "a run on other data, with other settings or of another version".into()
        } else if let Err(fault) = record.check(plan) {
            fault
        } else {
            return Ok(Some(record));
        };
        Err(format!("{}: found {why}", path.display()))
    }

    /// All records of the plan that are there, in its order, and why others are of no use.
    pub fn records(&self, plan: &Plan) -> (Vec<RunRecord>, Vec<String>) {
        let (mut records, mut faults) = (Vec::new(), Vec::new());
        for (loss, seed) in plan.runs() {
            match self.load(plan, loss, seed) {
                Ok(record) => records.extend(record),
                Err(fault) => faults.push(fault),
            }
        }
        (records, faults)
    }

    /// Writes what a detector found in the test images: a file that `losslab coco-eval --dt` reads.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn save_detections(&self, name: &str, detections: &[Detection]) -> io::Result<()> {
        fs::create_dir_all(self.folder.join("detections"))?;
        write_json(&self.folder.join("detections").join(name), detections, false)
    }

    /// What the detector of this record found in the test images.
    ///
    /// # Errors
    /// If the file cannot be read; the message names it.
    pub fn detections(&self, name: &str) -> Result<Vec<Detection>, String> {
        let path = self.folder.join("detections").join(name);
        read_json(&path)?.ok_or_else(|| format!("{}: not found", path.display()))
    }

    /// Writes the true objects of the test images, which `losslab coco-eval --gt` reads.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn save_truth(&self, truth: &GroundTruth) -> io::Result<()> {
        write_json(&self.folder.join("truth.json"), truth, false)
    }

    /// The true objects of the test images.
    ///
    /// # Errors
    /// If the file cannot be read or is not one; the message names it.
    pub fn truth(&self) -> Result<GroundTruth, String> {
        GroundTruth::load(&self.folder.join("truth.json")).map_err(|error| error.to_string())
    }

    /// The folder of the comparison.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn runs(&self) -> PathBuf {
        self.folder.join("runs")
    }

    fn remove_runs(&self) -> io::Result<()> {
        for entry in fs::read_dir(self.runs())? {
            let path = entry?.path();
            let Ok(Some(record)) = read_json::<RunRecord>(&path) else { continue };
            if path.file_name().is_some_and(|name| *name == *record.file_name()) {
                if let Some(detector) = &record.detector {
                    remove(&self.folder.join("detections").join(file_part(&detector.detections)))?;
                }
                remove(&path)?;
            }
        }
        remove(&self.folder.join("results.json"))
    }
}

/// The last part of a name from a file: no record can name a file elsewhere.
fn file_part(name: &str) -> &Path {
    Path::new(Path::new(name).file_name().unwrap_or_default())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write_json<T: Serialize + ?Sized>(path: &Path, value: &T, pretty: bool) -> io::Result<()> {
    let text = if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    let mut text = text.map_err(io::Error::other)?;
    text.push('\n');
    write_atomically(path, text.as_bytes())
}

/// None if there is no such file.
fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, String> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: cannot be read: {error}", path.display())),
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(format!("{}: not what losslab wrote: {error}", path.display())),
        },
    }
}
