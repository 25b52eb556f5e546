//! Loads a CSV file that has to fit what is there already: a test set its training set, new rows a model.

use std::path::Path;

use super::builder::ColumnBuilder;
use super::column::{Column, Kind};
use super::csv::{CsvOptions, find_label, name_of, present};
use super::dataset::{Dataset, Features};
use super::dictionary::Dictionary;
use super::error::{DataError, Place, counted, listed, quoted};
use super::table::Table;

/// What a file has to hold to be used with a set, or a model, that is there already.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// What the file has to fit, for messages.
    pub name: String,
    /// The feature columns.
    pub columns: Vec<(String, Kind)>,
    /// The labels and their classes.
    pub label_values: Vec<(String, u32)>,
}

/// The rows of a file that follows a [`Schema`].
#[derive(Clone, Debug, PartialEq)]
pub struct Following {
    /// The feature columns, in the order of the schema.
    pub columns: Vec<Column>,
    /// The class of every row, if a label column was asked for.
    pub labels: Vec<u32>,
    /// Number of rows.
    pub rows: usize,
    /// Columns that the schema does not have, which are ignored.
    pub ignored: Vec<String>,
}

/// Loads the columns of a schema, matched by name in any order, and if `label` is given, that column as labels.
///
/// # Errors
/// As [`load_csv`], and if a column is missing or of another kind, or a label is none of the schema's.
pub fn load_following(path: &Path, schema: &Schema, label: Option<&str>) -> Result<Following, DataError> {
    let table = Table::open(path)?;
    let label = label.map(|label| find_label(&table, label)).transpose()?;
    let places = matching_columns(&table, schema)?;
    let mut builders: Vec<ColumnBuilder> = schema
        .columns
        .iter()
        .zip(&places)
        .map(|((name, kind), &column)| ColumnBuilder::known(name, column, *kind))
        .collect();
    let mut values = Dictionary::of(schema.label_values.iter().map(|(label, _)| label));
    let mut labels = Vec::new();
    let rows = table.for_each_row(|row| {
        builders.iter_mut().try_for_each(|builder| builder.push(row))?;
        if let Some(label) = label {
            let value = values.find(present(row, label, "a class label")?).ok_or_else(|| {
                let expected = format!("one of the training labels {}", listed(&values.names));
                row.error(label, expected)
            })?;
            labels.push(schema.label_values[value as usize].1);
        }
        Ok(())
    })?;
    let ignored = (0..table.header.len()).filter(|i| Some(*i) != label && !places.contains(i));
    Ok(Following {
        ignored: ignored.map(|i| table.header[i].clone()).collect(),
        columns: builders
            .into_iter()
            .map(ColumnBuilder::finish)
            .filter_map(Result::transpose)
            .collect::<Result<_, _>>()?,
        labels,
        rows,
    })
}

/// Loads a second set, such as a test set, with the columns and classes of `reference`.
///
/// Columns are matched by name, in any order; columns that `reference` does not have are ignored with a note. Of the
/// options only the label column counts: everything else was decided for `reference`.
///
/// # Errors
/// As [`load_csv`], and if a column of `reference` is missing or of another kind, a label is none of its labels, or a
/// class does not occur.
pub fn load_csv_like(
    path: &Path,
    reference: &Dataset,
    options: &CsvOptions,
) -> Result<(Dataset, Vec<String>), DataError> {
    let file = load_following(path, &reference.schema(), Some(&options.label))?;
    let dataset = Dataset {
        name: name_of(path),
        features: Features::Columns(file.columns),
        labels: file.labels,
        class_names: reference.class_names.clone(),
        positive: reference.positive,
        label_values: reference.label_values.clone(),
        groups: None,
    };
    let place = Place::of(path.display().to_string());
    if let Some(absent) = dataset.class_counts().iter().position(|&count| count == 0) {
        let found = format!("no row labelled {}", quoted(&dataset.class_names[absent]));
        return Err(place.column(&options.label).error(found, "rows of every class"));
    }
    let known = [&options.drop[..], options.group.as_slice()].concat();
    let ignored: Vec<&String> = file.ignored.iter().filter(|name| !known.contains(name)).collect();
    let note = (!ignored.is_empty()).then(|| {
        let (count, names) = (counted(ignored.len(), "column"), listed(&ignored));
        format!("{place}: {count} ignored, unknown in {:?}: {names}", reference.name)
    });
    Ok((dataset, note.into_iter().collect()))
}

impl Dataset {
    /// What another file has to hold to be used with this set.
    pub fn schema(&self) -> Schema {
        let columns = match &self.features {
            Features::Columns(columns) => columns.iter().map(|c| (c.name.clone(), c.kind())).collect(),
            Features::Pixels(_) => {
                self.feature_names().into_iter().map(|name| (name, Kind::Number)).collect()
            }
        };
        Schema { name: self.name.clone(), columns, label_values: self.label_values.clone() }
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
