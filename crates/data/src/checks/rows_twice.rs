//! Rows that stand in two parts.

use super::identical::Row;
use super::overlap::Overlap;
use super::{Check, CheckInfo, RowParts, Severity};

/// Rows of any class that stand in two parts.
pub(super) struct RowsTwice;

impl Check for RowsTwice {
    fn info(&self) -> CheckInfo {
        CheckInfo {
            kind: "rows-in-two-parts",
            severity: Severity::Note,
            finds: "rows of any class of the test (or validation) part that stand in an earlier part with \
                    the same label and the same value in every column",
        }
    }

    fn rows(&self, rows: &RowParts<'_>) -> Option<String> {
        rows.columns()?;
        let identical = rows.identical();
        let of_one_label = identical.groups.iter().flat_map(|group| {
            group.chunk_by(|a: &Row, b: &Row| a.class == b.class).filter(|same| same.len() > 1)
        });
        let overlap = Overlap::worst(rows.part_of_rows(), of_one_label, |_| true);
        let (distinct, all) = (identical.distinct, identical.rows);
        let said = overlap.describe("rows");
        (overlap.copied > 0).then(|| format!("{distinct} of {all} rows are distinct: {said}"))
    }
}
