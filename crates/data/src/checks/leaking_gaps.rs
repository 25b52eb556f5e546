//! A column whose gaps tell the class.

use super::leaking_column::{LEAST_AREA_OF_LEVELS, summary, suspects};
use super::{Check, CheckInfo, RowParts, Severity};

/// A column for which it tells the class whether a value is missing.
pub(super) struct LeakingGaps;

impl Check for LeakingGaps {
    fn info(&self) -> CheckInfo {
        CheckInfo {
            kind: "leaking-gaps",
            severity: Severity::Severe,
            finds: "a column for which it alone ranks a class against the rest whether a value is missing: \
                    area under the ROC curve at least 0.99; at least 10 rows of the class and of the rest",
        }
    }

    fn rows(&self, rows: &RowParts<'_>) -> Option<String> {
        let found = suspects(rows, |labelled, column| {
            labelled.gaps(column).filter(|found| found.area >= LEAST_AREA_OF_LEVELS)
        });
        let (names, class, area) = summary(rows, &found)?;
        Some(format!(
            "whether a value is missing in {names} ranks the rows of class {class} against the rest (area \
             under the ROC curve {area:.4}): leave it out (--drop) if it is filled only after the class is \
             known"
        ))
    }
}
