//! Checks of the data before anything is trained on them: leaks, overlaps between the parts, and columns that
//! say nothing.
//!
//! | file | what it holds |
//! |---|---|
//! | `registry` | [`Checks`], the list of all checks, and what runs them |
//! | `subjects` | what checks look at: files, rows in their parts, new rows of a saved model |
//! | `identical`, `overlap` | rows that are equal, and how many of a part stand in another, too |
//! | `single_column` | how well one column alone ranks a class against the rest |
//! | `near_images` | images that look alike, by a hash of their brightness |
//! | `training_rows` | hashes of the rows that a saved model was trained on |
//! | all others | a check each |
//!
//! A new check is a type that implements [`Check`] and one line of [`Checks::standard`], or of a program of
//! one's own:
//!
//! ```
//! use losslab_data::checks::{Check, CheckInfo, Checks, RowParts, Severity};
//!
//! struct TooShort;
//!
//! impl Check for TooShort {
//!     fn info(&self) -> CheckInfo {
//!         CheckInfo { kind: "too-short", severity: Severity::Note, finds: "a table of fewer than 10 rows" }
//!     }
//!
//!     fn rows(&self, rows: &RowParts<'_>) -> Option<String> {
//!         let count = rows.source().dataset.rows();
//!         (count < 10).then(|| format!("there are only {count} rows"))
//!     }
//! }
//!
//! let checks = Checks::standard().with(TooShort);
//! assert_eq!(checks.iter().last().map(|check| check.info().kind), Some("too-short"));
//! ```

mod constant_columns;
mod few_positives;
mod id_columns;
mod identical;
mod images_twice;
mod leaking_column;
mod leaking_gaps;
mod near_images;
mod overlap;
mod positives_twice;
mod registry;
mod rows_twice;
mod same_file;
mod single_column;
mod split_groups;
mod subjects;
mod trained_on;
mod training_rows;

pub use identical::row_hashes;
pub use registry::Checks;
pub use subjects::{NamedFile, Predicted, RowParts};
pub use training_rows::TrainingRows;

use crate::images::ImageParts;
use serde::{Deserialize, Serialize};

/// A check of the data: what it looks for, and its tests of each kind of data that it can look at. A test
/// returns a sentence without a full stop if it finds something; what depends on the parts is told once, for
/// the worst of all runs.
pub trait Check: Send + Sync {
    /// Its name, how bad it is, and what it finds.
    fn info(&self) -> CheckInfo;

    /// Looks at the files that are named, before they are loaded.
    fn files(&self, files: &[NamedFile]) -> Option<String> {
        let _ = files;
        None
    }

    /// Looks at rows and their parts.
    fn rows(&self, rows: &RowParts<'_>) -> Option<String> {
        let _ = rows;
        None
    }

    /// Looks at images with boxes and their parts.
    fn boxes(&self, parts: &ImageParts) -> Option<String> {
        let _ = parts;
        None
    }

    /// Looks at new rows or images that a saved model is about to be judged on.
    fn predicted(&self, new: &Predicted<'_>) -> Option<String> {
        let _ = new;
        None
    }
}

/// What a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckInfo {
    /// Its name, such as `same-file`.
    pub kind: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it finds, and from where on, in one line for tables.
    pub finds: &'static str,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Metrics are probably wrong: `--deny-warnings` makes it an error.
    Severe,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// `severe` or `note`, as in files.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Severe => "severe",
            Severity::Note => "note",
        }
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// The name of the check.
    pub kind: String,
    /// How bad it is.
    pub severity: Severity,
    /// What was found, a sentence without a full stop.
    pub text: String,
}

impl Warning {
    /// Whether it is severe.
    pub fn is_severe(&self) -> bool {
        self.severity == Severity::Severe
    }
}
