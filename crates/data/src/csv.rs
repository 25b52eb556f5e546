//! Loads a data set from a CSV file: a header, a label column, and columns of numbers and of categories.
//!
//! The separator (comma, semicolon, tab or bar) is found, gzip is known by its first bytes, cells may be
//! quoted, line ends may be LF or CRLF, blanks around cells do not count. Columns stay as the file has them,
//! gaps included; filling and encoding wait for the split ([`super::Encoder`]).

use std::collections::HashSet;
use std::path::Path;

use super::builder::ColumnBuilder;
use super::cells::{self, MISSING_SPELLINGS};
use super::column::{Column, Kind};
use super::dataset::{Dataset, Features, Groups};
use super::dictionary::Dictionary;
use super::labels::Classes;
use super::table::{Row, Table};
use losslab_base::{DataError, counted, listed, quoted};

/// Of so many columns with gaps each gets a note of its own; of more, all share one.
const NOTES_ON_GAPS: usize = 8;

/// What a CSV file cannot say about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CsvOptions {
    /// Name of the label column.
    pub label: String,
    /// The label of the positive class. Without it, of two labels it is the one that is 1, true or yes; if
    /// there is none (or two), the rarer one; if both are equally frequent, the one that sorts last. More
    /// than two labels are that many classes; with it they become this one against the rest.
    pub positive: Option<String>,
    /// Columns to leave out.
    pub drop: Vec<String>,
    /// Columns that are categories even if they look like numbers.
    pub categorical: Vec<String>,
    /// A column that says which rows belong together; it is no feature.
    pub group: Option<String>,
}

impl CsvOptions {
    /// The label column, with everything else left to be found.
    pub fn label(name: impl Into<String>) -> CsvOptions {
        CsvOptions { label: name.into(), ..CsvOptions::default() }
    }
}

/// Loads a classification set, with notes for the user on what was decided on the way.
///
/// # Errors
/// If the file cannot be read or is not rectangular CSV text with a header of different names, if a column
/// named in the options does not exist, if a column mixes numbers and texts, holds a number that is not
/// finite or more than 100 categories, if a label or group is missing, if the positive label does not occur,
/// or if there is only one class.
pub fn load_csv(path: &Path, options: &CsvOptions) -> Result<(Dataset, Vec<String>), DataError> {
    from_table(&Table::open(path)?, options)
}

/// The same from a table that is open.
pub fn from_table(table: &Table, options: &CsvOptions) -> Result<(Dataset, Vec<String>), DataError> {
    let roles = Roles::of(table, options)?;
    let mut builders: Vec<ColumnBuilder> =
        roles.features.iter().map(|feature| feature.builder(table)).collect();
    let (mut labels, mut label_values) = (Vec::new(), Dictionary::default());
    let (mut groups, mut group_values) = (Vec::new(), Dictionary::default());
    table.for_each_row(|row| {
        builders.iter_mut().try_for_each(|builder| builder.push(row))?;
        labels.push(label_values.find_or_add(present(row, roles.label, "a class label")?));
        if let Some(group) = roles.group {
            groups.push(group_values.find_or_add(present(row, group, "a group")?));
        }
        Ok(())
    })?;

    let (columns, on_columns) = finish(builders)?;
    if columns.is_empty() {
        return Err(table.place().error("no feature column with a value", "at least one feature column"));
    }
    let label = table.column(roles.label);
    let place = table.place().column(label);
    let on_truths = label_values.settle_truths().map(|said| format!("column {}: {said}", quoted(label)));
    let classes = Classes::of(&label_values, label, options.positive.as_deref())
        .map_err(|(found, expected)| place.error(found, expected))?;
    classes.translate(&mut labels);
    let groups = roles.group.map(|column| Groups {
        column: table.column(column).to_owned(),
        codes: groups,
        names: group_values.names,
    });
    let dataset = Dataset {
        name: table.name(),
        features: Features::Columns(columns),
        labels,
        label_values: classes.values(&label_values),
        class_names: classes.names,
        positive: classes.positive,
        groups,
    };
    let notes = on_truths.into_iter().chain(classes.note).chain(on_columns).collect();
    Ok((dataset, notes))
}

/// The columns of the builders; those without any value are left out, with a note, and so is told where gaps
/// are.
fn finish(builders: Vec<ColumnBuilder>) -> Result<(Vec<Column>, Vec<String>), DataError> {
    let (mut columns, mut notes) = (Vec::new(), Vec::new());
    for builder in builders {
        let name = builder.name().to_string();
        match builder.finish()? {
            (Some(column), note) => {
                columns.push(column);
                notes.extend(note);
            }
            (None, _) => notes.push(format!("column {}: no row has a value, left out", quoted(&name))),
        }
    }
    let gappy: Vec<&Column> = columns.iter().filter(|column| column.missing() > 0).collect();
    if gappy.len() > NOTES_ON_GAPS {
        let gaps: usize = gappy.iter().map(|column| column.missing()).sum();
        notes.push(format!(
            "{gaps} values are missing in {} columns; numbers are filled with the training part's median, missing \
             categories are a level of their own",
            gappy.len()
        ));
    } else {
        notes.extend(gappy.into_iter().map(|column| {
            let what = match column.kind() {
                Kind::Number => "filled with the training part's median",
                Kind::Category => "a level of its own",
            };
            format!("column {}: {} missing, {what}", quoted(&column.name), counted(column.missing(), "value"))
        }));
    }
    Ok((columns, notes))
}

/// What each column of a file is for.
struct Roles {
    label: usize,
    group: Option<usize>,
    features: Vec<Feature>,
}

struct Feature {
    column: usize,
    asked_category: bool,
}

impl Feature {
    fn builder(&self, table: &Table) -> ColumnBuilder {
        ColumnBuilder::new(table.column(self.column), self.column, self.asked_category)
    }
}

impl Roles {
    fn of(table: &Table, options: &CsvOptions) -> Result<Roles, DataError> {
        let label = find_label(table, &options.label)?;
        let find = |flag: &str, name: &String| match table.find(name) {
            None => {
                let expected = format!("one of the columns present: {}", listed(&table.header));
                Err(table.place().error(format!("no column {} ({flag})", quoted(name)), expected))
            }
            Some(column) if column == label => {
                let expected = format!("another column for {flag}");
                Err(table.place().error(format!("{}, which is the label column", quoted(name)), expected))
            }
            Some(column) => Ok(column),
        };
        let all = |flag: &str, names: &[String]| {
            names.iter().map(|name| find(flag, name)).collect::<Result<HashSet<usize>, DataError>>()
        };
        let dropped = all("--drop", &options.drop)?;
        let categorical = all("--categorical", &options.categorical)?;
        let group = options.group.as_ref().map(|name| find("--group", name)).transpose()?;
        let is_feature = |i: &usize| *i != label && Some(*i) != group && !dropped.contains(i);
        let features: Vec<Feature> = (0..table.header.len())
            .filter(is_feature)
            .map(|column| Feature { column, asked_category: categorical.contains(&column) })
            .collect();
        if features.is_empty() {
            return Err(table.place().error("no column but the label", "at least one feature column"));
        }
        Ok(Roles { label, group, features })
    }
}

/// The cell, unless its value is missing.
pub(super) fn present<'r>(row: &'r Row<'_>, column: usize, expected: &str) -> Result<&'r [u8], DataError> {
    let cell = row.cell(column);
    if !cells::is_missing(cell) {
        return Ok(cell);
    }
    let hint =
        if cell.is_empty() { String::new() } else { format!(" ({MISSING_SPELLINGS} mean a missing value)") };
    Err(row.error(column, format!("{expected}{hint}")))
}

/// Where the label column stands.
pub(super) fn find_label(table: &Table, name: &str) -> Result<usize, DataError> {
    table.find(name).ok_or_else(|| {
        let number = |cell: &String| matches!(cells::read(cell.as_bytes()), cells::Cell::Number(_));
        let headless = table.header.iter().all(number);
        let hint = if headless { " (only numbers: is the header line missing?)" } else { "" };
        let expected = format!("one of the columns present: {}{hint}", listed(&table.header));
        table.place().error(format!("no label column {}", quoted(name)), expected)
    })
}
