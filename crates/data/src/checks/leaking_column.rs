//! A column that alone tells the class.

use super::single_column::{Area, Labelled};
use super::{Check, CheckInfo, RowParts, Severity};
use losslab_base::{listed, quoted};
use rayon::prelude::*;

/// From this area on the order of a number is suspect: of 10 000 pairs at most one is in the wrong order. An
/// honest measurement can come near: elevation alone reaches 0.9994 on two kinds of forest (`cover_4v2`).
const LEAST_AREA_OF_ORDER: f64 = 0.9999;
/// The same for levels, most of which are either only of the class or never: honest ones are far below.
pub(super) const LEAST_AREA_OF_LEVELS: f64 = 0.99;

/// A column that alone ranks a class nearly perfectly.
pub(super) struct LeakingColumn;

impl Check for LeakingColumn {
    fn info(&self) -> CheckInfo {
        CheckInfo {
            kind: "leaking-column",
            severity: Severity::Severe,
            finds: "a column that alone ranks the training rows of a class against the rest: area under its \
                    ROC curve at least 0.9999 by the order of its numbers, or 0.99 by its levels; at least \
                    10 rows of the class and of the rest",
        }
    }

    fn rows(&self, rows: &RowParts<'_>) -> Option<String> {
        let found = suspects(rows, |labelled, column| {
            let is_gap = labelled.gaps(column).is_some_and(|found| found.area >= LEAST_AREA_OF_LEVELS);
            let order = labelled.order(column).filter(|found| found.area >= LEAST_AREA_OF_ORDER);
            let levels = labelled.levels(column).filter(|found| found.area >= LEAST_AREA_OF_LEVELS);
            // That a value is missing is told by another check.
            order.or(levels).filter(|_| !is_gap)
        });
        let (names, class, area) = summary(rows, &found)?;
        Some(format!(
            "{names} alone ranks the rows of class {class} against the rest (area under its ROC curve \
             {area:.4}): leave it out (--drop) if it is known only after the class"
        ))
    }
}

/// The columns for which a test finds an area.
pub(super) fn suspects<'r>(
    rows: &RowParts<'r>,
    test: impl Fn(&Labelled<'_>, &crate::Column) -> Option<Area> + Sync,
) -> Vec<(&'r str, Area)> {
    let Some(columns) = rows.columns() else { return Vec::new() };
    let (data, trained_on) = (&rows.source().dataset, rows.trained_on());
    let labelled = Labelled::new(&trained_on, &data.labels, data.class_names.len());
    columns.par_iter().filter_map(|column| Some((&*column.name, test(&labelled, column)?))).collect()
}

/// The names of all suspects, and class and area of the first, if there is one.
pub(super) fn summary(rows: &RowParts<'_>, found: &[(&str, Area)]) -> Option<(String, String, f64)> {
    let (first, area) = found.first()?;
    let class = quoted(&rows.source().dataset.class_names[area.class as usize]);
    let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
    let names = match &names[..] {
        [_] => format!("column {}", quoted(first)),
        names => format!("each of the {} columns {}", names.len(), listed(names)),
    };
    Some((names, class, area.area))
}
