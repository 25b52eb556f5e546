//! Loads a CSV file that has to fit what is there already: a test set its training set, new rows a model.

use std::collections::HashSet;
use std::path::Path;

use super::builder::ColumnBuilder;
use super::column::{Column, Kind};
use super::csv::{CsvOptions, find_label, present};
use super::dataset::{Dataset, Features, Groups};
use super::dictionary::Dictionary;
use super::table::Table;
use losslab_base::{DataError, counted, listed, quoted};

/// What a file has to hold to be used with a set, or a model, that is there already.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// What the file has to fit, for messages.
    pub name: String,
    /// The feature columns.
    pub columns: Vec<(String, Kind)>,
    /// The labels and their classes.
    pub label_values: Vec<(String, u32)>,
    /// The column that groups rows, if there is one; a file may lack it.
    pub group: Option<String>,
}

/// The rows of a file that follows a [`Schema`].
#[derive(Clone, Debug, PartialEq)]
pub struct Following {
    /// The feature columns, in the order of the schema.
    pub columns: Vec<Column>,
    /// The class of every row, if a label column was asked for.
    pub labels: Vec<u32>,
    /// The group of every row, if the file has the schema's group column.
    pub groups: Option<Groups>,
    /// Number of rows.
    pub rows: usize,
    /// Columns that the schema does not have, which are ignored.
    pub ignored: Vec<String>,
}

/// Loads the columns of a schema, matched by name in any order, and if `label` is given, that column as
/// labels.
///
/// # Errors
/// As [`load_csv`](super::load_csv), and if a column is missing or of another kind, or a label is none of the
/// schema's.
pub fn load_following(path: &Path, schema: &Schema, label: Option<&str>) -> Result<Following, DataError> {
    following(&Table::open(path)?, schema, label)
}

/// The same from a table that is open.
pub fn following(table: &Table, schema: &Schema, label: Option<&str>) -> Result<Following, DataError> {
    let label = label.map(|label| find_label(table, label)).transpose()?;
    let places = matching_columns(table, schema)?;
    let mut builders: Vec<ColumnBuilder> = schema
        .columns
        .iter()
        .zip(&places)
        .map(|((name, kind), &column)| ColumnBuilder::known(name, column, *kind))
        .collect();
    let mut values = Dictionary::of(schema.label_values.iter().map(|(label, _)| label));
    let mut labels = Vec::new();
    let group = schema.group.as_ref().and_then(|name| table.find(name));
    let (mut groups, mut group_values) = (Vec::new(), Dictionary::default());
    let rows = table.for_each_row(|row| {
        builders.iter_mut().try_for_each(|builder| builder.push(row))?;
        if let Some(label) = label {
            let value = values.find(present(row, label, "a class label")?);
            let known = value.and_then(|value| schema.label_values.get(value as usize));
            let (_, class) = known.ok_or_else(|| {
                let expected = format!("one of the training labels {}", listed(&values.names));
                row.error(label, expected)
            })?;
            labels.push(*class);
        }
        if let Some(group) = group {
            groups.push(group_values.find_or_add(row.cell(group)));
        }
        Ok(())
    })?;
    let used: HashSet<usize> = places.into_iter().chain(label).chain(group).collect();
    let ignored = (0..table.header.len()).filter(|i| !used.contains(i));
    Ok(Following {
        ignored: ignored.map(|i| table.column(i).to_owned()).collect(),
        columns: builders
            .into_iter()
            .map(|builder| Ok(builder.finish()?.0))
            .filter_map(Result::transpose)
            .collect::<Result<_, DataError>>()?,
        groups: group.map(|column| Groups {
            column: table.column(column).to_owned(),
            codes: groups,
            names: group_values.names,
        }),
        labels,
        rows,
    })
}

/// Loads a second set, such as a test set, with the columns and classes of `reference`.
///
/// Columns are matched by name, in any order; columns that `reference` does not have are ignored with a note.
/// Of the options only the label column counts: everything else was decided for `reference`.
///
/// # Errors
/// As [`load_csv`](super::load_csv), and if a column of `reference` is missing or of another kind, a label is
/// none of its labels, or a class does not occur.
pub fn load_csv_like(
    path: &Path,
    reference: &Dataset,
    options: &CsvOptions,
) -> Result<(Dataset, Vec<String>), DataError> {
    csv_like(&Table::open(path)?, reference, options)
}

/// The same from a table that is open.
pub(crate) fn csv_like(
    table: &Table,
    reference: &Dataset,
    options: &CsvOptions,
) -> Result<(Dataset, Vec<String>), DataError> {
    let file = following(table, &reference.schema(), Some(&options.label))?;
    let dataset = Dataset {
        name: table.name(),
        features: Features::Columns(file.columns),
        labels: file.labels,
        class_names: reference.class_names.clone(),
        positive: reference.positive,
        label_values: reference.label_values.clone(),
        groups: file.groups,
    };
    let place = table.place();
    if let Some(absent) = dataset.absent_class() {
        let found = format!("no row labelled {}", quoted(absent));
        return Err(place.column(&options.label).error(found, "rows of every class"));
    }
    let dropped: HashSet<&String> = options.drop.iter().collect();
    let ignored: Vec<&String> = file.ignored.iter().filter(|name| !dropped.contains(name)).collect();
    let ignored = (!ignored.is_empty()).then(|| {
        let (count, names) = (counted(ignored.len(), "column"), listed(&ignored));
        format!("{place}: {count} ignored, unknown in {:?}: {names}", reference.name)
    });
    let leaking = shared_groups(reference, &dataset).map(|(shared, all)| {
        format!(
            "{place}: {shared} of {all} groups are in {:?}, too: their rows flatter the model",
            reference.name
        )
    });
    Ok((dataset, ignored.into_iter().chain(leaking).collect()))
}

/// How many groups of the test set the training set has, too, if any, and how many there are.
fn shared_groups(train: &Dataset, test: &Dataset) -> Option<(usize, usize)> {
    let (train, test) = (train.groups.as_ref()?, test.groups.as_ref()?);
    let known = Dictionary::of(&train.names);
    let shared = test.names.iter().filter(|name| known.get(name).is_some()).count();
    (shared > 0).then_some((shared, test.names.len()))
}

impl Dataset {
    /// What another file has to hold to be used with this set.
    pub fn schema(&self) -> Schema {
        let columns = match &self.features {
            Features::Columns(columns) => columns.iter().map(|c| (c.name.clone(), c.kind())).collect(),
            Features::Pixels(_) | Features::Images(_) => {
                self.feature_names().into_iter().map(|name| (name, Kind::Number)).collect()
            }
        };
        Schema {
            name: self.name.clone(),
            columns,
            label_values: self.label_values.clone(),
            group: self.groups.as_ref().map(|groups| groups.column.clone()),
        }
    }
}

/// Where the columns of a schema stand.
fn matching_columns(table: &Table, schema: &Schema) -> Result<Vec<usize>, DataError> {
    let names: Vec<&str> = schema.columns.iter().map(|(name, _)| name.as_str()).collect();
    let missing: Vec<&str> = names.iter().copied().filter(|name| table.find(name).is_none()).collect();
    if !missing.is_empty() {
        let (noun, names) = (if missing.len() == 1 { "column" } else { "columns" }, listed(&missing));
        let expected = format!("every feature column of {:?}", schema.name);
        return Err(table.place().error(format!("no {noun} {names}"), expected));
    }
    Ok(names.iter().filter_map(|name| table.find(name)).collect())
}
