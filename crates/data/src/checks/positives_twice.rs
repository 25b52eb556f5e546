//! Rows of the rare class that stand in two parts.

use super::overlap::Overlap;
use super::{Check, CheckInfo, RowParts, Severity};
use losslab_base::quoted;

/// Rows of the positive or rarest class that stand in two parts.
pub(super) struct PositivesTwice;

impl Check for PositivesTwice {
    fn info(&self) -> CheckInfo {
        CheckInfo {
            kind: "positives-in-two-parts",
            severity: Severity::Severe,
            finds: "at least 1 % of the positives of the test (or validation) part, with more than two \
                    classes of the rarest class, that stand in an earlier part with the same label and the \
                    same value in every column; not counted where such rows have several labels",
        }
    }

    fn rows(&self, rows: &RowParts<'_>) -> Option<String> {
        rows.columns()?;
        let (rare, identical) = (rows.rare_class()?, rows.identical());
        // Rows of the same values and several labels: the columns are too coarse to tell things apart.
        let of_one_class = identical
            .groups
            .iter()
            .map(Vec::as_slice)
            .filter(|group| group.iter().all(|row| row.class == rare));
        let is_rare = |row: usize| identical.classes[row] == rare;
        let overlap = Overlap::worst(rows.part_of_rows(), of_one_class, is_rare);
        let class = quoted(&rows.source().dataset.class_names[rare as usize]);
        let said = overlap.describe(&format!("rows of class {class}"));
        let advice = "remove the copies, or keep them in one part with --group or --splits";
        overlap.is_severe().then(|| format!("{said}, with the same value in every column: {advice}"))
    }
}
