//! What a comparison has written or kept, by checksums: what is read back at its end must be the same.

use losslab_report::{Plan, RunRecord, Store, run_file};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// The exit code of a comparison that has lost runs.
pub const EXIT_CODE: u8 = 3;
/// So many files are named.
const MOST_NAMED: usize = 20;

/// The checksums of a plan and of records.
#[derive(Default)]
pub struct Written {
    plan: String,
    records: Mutex<BTreeMap<String, String>>,
}

impl Written {
    /// A plan, and no record yet.
    pub fn new(plan: String) -> Self {
        Self { plan, records: Mutex::default() }
    }

    /// Adds the record in this file.
    pub fn add(&self, file: String, checksum: String) {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).insert(file, checksum);
    }

    /// All records, read back from their files: a comparison that was resumed is made of the same as one that
    /// was not.
    ///
    /// # Errors
    /// If the plan or a record is gone, damaged or replaced.
    pub fn read_back(&self, store: &Store, plan: &Plan) -> Result<Vec<RunRecord>, Lost> {
        let known = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut records, mut lost) = (Vec::new(), Vec::new());
        let at = |file: &str, what: &str| format!("{}: {what}", store.folder().join(file).display());
        let of_plan = store.plan_checksum().and_then(|checksum| match checksum == self.plan {
            true => Ok(()),
            false => Err(at("comparison.json", "replaced by another")),
        });
        lost.extend(of_plan.err());
        for (arm, seed) in plan.runs() {
            let name = run_file(arm, seed);
            let Some(known) = known.get(&name) else { continue };
            let file = format!("runs/{name}");
            match store.load(plan, arm, seed) {
                Ok(Some((record, found))) if found == *known => records.push(record),
                Ok(Some(_)) => lost.push(at(&file, "replaced by another")),
                Ok(None) => lost.push(at(&file, "not found")),
                Err(fault) => lost.push(fault),
            }
        }
        if lost.is_empty() { Ok(records) } else { Err(Lost(lost)) }
    }
}

/// Files of a comparison that vanished or were replaced while it ran, with what is wrong with each.
#[derive(Debug)]
pub struct Lost(Vec<String>);

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(lost) = self;
        f.write_str("no verdict, for files were lost while the comparison ran: ")?;
        f.write_str(&lost.iter().take(MOST_NAMED).map(String::as_str).collect::<Vec<_>>().join("; "))?;
        match lost.len().saturating_sub(MOST_NAMED) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl std::error::Error for Lost {}
