//! Columns that are the same in all training rows.

use super::{Check, CheckInfo, RowParts, Severity};
use crate::Encoding;
use losslab_base::{counted, listed};

/// Columns of one value.
pub(super) struct ConstantColumns;

impl Check for ConstantColumns {
    fn info(&self) -> CheckInfo {
        CheckInfo {
            kind: "constant-columns",
            severity: Severity::Note,
            finds: "columns with one value in all training rows: no model learns from them",
        }
    }

    fn rows(&self, rows: &RowParts<'_>) -> Option<String> {
        let columns = rows.columns()?;
        let is_constant = |encoding: &Encoding| match encoding {
            Encoding::Number { scaling, .. } => scaling.constant,
            Encoding::OneHot { levels, missing } => levels.len() + usize::from(*missing) < 2,
        };
        let runs = rows.parts().len();
        let (mut always, mut sometimes) = (Vec::new(), Vec::new());
        for (i, column) in columns.iter().enumerate() {
            let constant =
                rows.parts().iter().filter(|parts| is_constant(&parts.encoder.columns[i].encoding));
            match constant.count() {
                0 => {}
                count if count == runs => always.push(&column.name),
                _ => sometimes.push(&column.name),
            }
        }
        let said = |names: &[&String], when: &str| {
            let columns = counted(names.len(), "column");
            (!names.is_empty())
                .then(|| format!("{columns} with one value in all training rows{when}: {}", listed(names)))
        };
        let said = [said(&always, ""), said(&sometimes, " of some splits")];
        let said: Vec<String> = said.into_iter().flatten().collect();
        (!said.is_empty()).then(|| said.join("; "))
    }
}
