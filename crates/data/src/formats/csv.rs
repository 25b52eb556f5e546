//! Tables as CSV files.

use super::{DataKind, Flag, Format, FormatInfo, Given, Loaded, ModelInput, NewData};
use crate::csv::from_table;
use crate::following::{csv_like, following};
use crate::table::Table;
use crate::{CsvOptions, GivenSplits, Source};
use losslab_base::DataError;
use std::path::Path;

/// `--positive`, which formats of tables share.
pub(super) const POSITIVE: Flag = Flag::one(
    "positive",
    "VALUE",
    "Label that counts as positive [default of two: 1, true or yes, else the rarer one]; \
     of more, it against the rest",
);

const FLAGS: &[Flag] = &[
    Flag::one("csv", "FILE", "Table to learn from: a header, numbers and categories, optionally .gz")
        .path()
        .requires(&["label"]),
    Flag::one("label", "COLUMN", "Column that holds the label"),
    POSITIVE,
    Flag::many("drop", "COLUMN", "Column to leave out; repeat for more"),
    Flag::many("categorical", "COLUMN", "Column of categories that look like numbers; repeat for more"),
    Flag::one(
        "group",
        "COLUMN",
        "Column whose equal values keep rows in one part, such as a patient; it is no feature",
    )
    .conflicts(&["splits"]),
    Flag::one("test-csv", "FILE", "Table to report on, instead of a fifth of --csv")
        .path()
        .conflicts(&["splits"]),
    Flag::one(
        "splits",
        "FILE",
        "Given splits: columns split0, split1, .. of 0 (train), 1 (validation), 2 (test); \
         run i takes split i",
    )
    .path(),
];

const NEW_FLAGS: &[Flag] = &[
    Flag::one("csv", "FILE", "Table with the model's columns, matched by name; others are ignored").path(),
    Flag::one("label", "COLUMN", "Column that holds the truth: prints metrics on standard error"),
];

/// Tables as CSV files.
pub(super) struct Csv;

impl Format for Csv {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: "csv", help: "a table as a CSV file", kind: DataKind::Table }
    }

    fn flags(&self) -> &[Flag] {
        FLAGS
    }

    fn load(&self, given: &Given) -> Result<Loaded, DataError> {
        let options = CsvOptions {
            label: given.text("label")?.into(),
            positive: given.text_if_given("positive").map(String::from),
            drop: given.all("drop").to_vec(),
            categorical: given.all("categorical").to_vec(),
            group: given.text_if_given("group").map(String::from),
        };
        let open = |path: &Path| Table::open_within(path, given.memory());
        let (dataset, mut notes) = from_table(&open(given.path("csv")?)?, &options)?;
        let test = match given.path_if_given("test-csv") {
            Some(path) => {
                let (test, more) = csv_like(&open(path)?, &dataset, &options)?;
                notes.extend(more);
                Some(test)
            }
            None => None,
        };
        let splits =
            given.path_if_given("splits").map(|path| GivenSplits::of(&open(path)?, &dataset)).transpose()?;
        Ok(Loaded::Table { source: Source { dataset, test, splits, imbalance: None }, notes })
    }

    fn new_flags(&self) -> &[Flag] {
        NEW_FLAGS
    }

    fn load_new(&self, given: &Given, model: &ModelInput<'_>) -> Result<NewData, DataError> {
        let model = model.rows("csv")?;
        let label = given.text_if_given("label");
        let table = Table::open_within(given.path("csv")?, given.memory())?;
        let file = following(&table, &model.schema(), label)?;
        model.check_memory(file.rows, given.memory())?;
        let labels = label.map(|_| file.labels);
        Ok(NewData::Rows(model.encode(&file.columns, file.rows, labels)))
    }
}
