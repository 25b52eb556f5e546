//! Splits that come with a data set, as a file: how others cut it, so that figures can be compared.

use std::collections::BTreeSet;
use std::path::Path;

use super::Dataset;
use super::split::Split;
use super::table::Table;
use losslab_base::{DataError, counted, listed, quoted};

/// The parts by the number that stands for them in the file.
const PARTS: [&str; 3] = ["train", "validation", "test"];

/// The K splits of a file with columns `split0` to `split{K-1}` and one row per row of the data set, in its
/// order: 0 train, 1 validation, 2 test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenSplits {
    /// `splits[k]` is the column `split{k}`; there is at least one.
    pub splits: Vec<Split>,
}

impl GivenSplits {
    /// Loads the splits of `dataset` from a CSV file, plain or gzip. The columns may stand in any order.
    ///
    /// # Errors
    /// If the file is not rectangular CSV text, if its columns are not `split0` to `split{K-1}`, if a cell is
    /// not 0, 1 or 2, if it has not one row for each row of the data set, or if a part of a split lacks a
    /// class.
    pub fn load(path: &Path, dataset: &Dataset) -> Result<GivenSplits, DataError> {
        GivenSplits::of(&Table::open(path)?, dataset)
    }

    /// The same from a table that is open.
    pub fn of(table: &Table, dataset: &Dataset) -> Result<GivenSplits, DataError> {
        let columns = numbered_columns(table)?;
        let mut splits = vec![Split::default(); columns.len()];
        let mut next = 0u32;
        let rows = table.for_each_row(|row| {
            for (split, &column) in splits.iter_mut().zip(&columns) {
                match row.cell(column) {
                    b"0" => split.train.push(next),
                    b"1" => split.validation.push(next),
                    b"2" => split.test.push(next),
                    _ => return Err(row.error(column, "0 (train), 1 (validation) or 2 (test)")),
                }
            }
            next += 1;
            Ok(())
        })?;
        if rows != dataset.rows() {
            let expected = format!("{}, one for each row of {:?}", dataset.rows(), dataset.name);
            return Err(table.place().error(counted(rows, "row"), expected));
        }
        for (split, &column) in splits.iter().zip(&columns) {
            if let Some((part, class)) = lacking(split, dataset) {
                let found = format!("no row of class {} in the {part} part", quoted(class));
                let place = table.place().column(table.column(column));
                return Err(place.error(found, "every class in every part"));
            }
        }
        Ok(GivenSplits { splits })
    }

    /// The split of the `run`-th run: split `run mod K`. With more runs than splits the splits come round
    /// again, and runs on one split differ by their seed only, so their spread understates that of fresh
    /// splits.
    #[expect(clippy::indexing_slicing, reason = "a remainder by the length, which is at least 1")]
    pub fn for_run(&self, run: usize) -> &Split {
        &self.splits[run % self.splits.len()]
    }
}

/// Where `split0`, `split1`, ... stand, if these are all the columns.
fn numbered_columns(table: &Table) -> Result<Vec<usize>, DataError> {
    let names: Vec<String> = (0..table.header.len()).map(|k| format!("split{k}")).collect();
    let columns: Vec<usize> = names.iter().filter_map(|name| table.find(name)).collect();
    if columns.len() < names.len() {
        let expected = format!("the columns {}, without gaps and without others", listed(&names));
        return Err(table.place().error(format!("the columns {}", listed(&table.header)), expected));
    }
    Ok(columns)
}

/// A part and a class of which it has no row.
fn lacking<'d>(split: &Split, dataset: &'d Dataset) -> Option<(&'static str, &'d str)> {
    for (part, rows) in PARTS.into_iter().zip([&split.train, &split.validation, &split.test]) {
        let present: BTreeSet<u32> =
            rows.iter().filter_map(|&row| dataset.labels.get(row as usize).copied()).collect();
        let mut classes = dataset.class_names.iter().zip(0..);
        if let Some((class, _)) = classes.find(|(_, class)| !present.contains(class)) {
            return Some((part, class));
        }
    }
    None
}
