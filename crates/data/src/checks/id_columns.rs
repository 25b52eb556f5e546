//! Columns that look like identifiers.

use super::{Check, CheckInfo, RowParts, Severity};
use crate::{Cells, Column};
use losslab_base::{counted, listed};
use std::collections::HashSet;

/// In shorter tables whole numbers may well be all different.
const LEAST_ROWS: usize = 50;

/// Columns in which every row has another whole number or text.
pub(super) struct IdColumns;

impl Check for IdColumns {
    fn info(&self) -> CheckInfo {
        CheckInfo {
            kind: "id-columns",
            severity: Severity::Note,
            finds: "columns in which every row has another whole number or another text, in tables of at \
                    least 50 rows: identifiers say nothing of new rows",
        }
    }

    fn rows(&self, rows: &RowParts<'_>) -> Option<String> {
        let (columns, enough) = (rows.columns()?, rows.source().dataset.rows() >= LEAST_ROWS);
        let found: Vec<&String> = columns
            .iter()
            .filter(|column| enough && looks_like_id(column))
            .map(|column| &column.name)
            .collect();
        let count = counted(found.len(), "column");
        (!found.is_empty()).then(|| {
            format!(
                "{count} with another whole number or text in every row: {}; leave out what is an \
                 identifier (--drop)",
                listed(&found)
            )
        })
    }
}

fn looks_like_id(column: &Column) -> bool {
    match &column.cells {
        Cells::Numbers { values, missing } => {
            let mut met = HashSet::with_capacity(values.len().min(1 << 12));
            missing.is_empty() && values.iter().all(|x| x.fract() == 0.0 && met.insert(x.to_bits()))
        }
        Cells::Categories { codes, levels } => {
            levels.len() == codes.len() && codes.iter().all(Option::is_some)
        }
    }
}
