//! Loads a data set from a CSV file: a header, numeric feature columns and one label column.
//!
//! The separator (comma, semicolon, tab or bar) is found, gzip is known by its first bytes, cells may be quoted, line
//! ends may be LF or CRLF, blanks around cells do not count. Missing values, text columns and more than two classes are
//! refused for now: a cell, a column and a class each have one place below where that can change.

use std::path::Path;

use super::Dataset;
use super::cells::number;
use super::error::{DataError, counted, listed, quoted};
use super::labels::{LabelValues, choice_note, choose_positive, is_missing};
use super::table::{Row, Table};

/// What a CSV file cannot say about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvOptions {
    /// Name of the label column.
    pub label: String,
    /// The label of the positive class. Without it, it is the label that is 1, true or yes; if there is none (or two),
    /// the rarer class; if both are equally frequent, the one that sorts last.
    pub positive: Option<String>,
}

impl CsvOptions {
    /// The label column, with the positive class left to be found.
    pub fn label(name: impl Into<String>) -> CsvOptions {
        CsvOptions { label: name.into(), positive: None }
    }
}

/// Loads a binary classification set, with notes for the user on what was decided on the way.
///
/// # Errors
/// If the file cannot be read or is not rectangular CSV text with a header of different names, if a feature is not a
/// finite number, if a label is missing, if the label column or the positive label does not exist, or if there are
/// not exactly two classes.
pub fn load_csv(path: &Path, options: &CsvOptions) -> Result<(Dataset, Vec<String>), DataError> {
    let table = Table::open(path)?;
    let label = label_column(&table, &options.label)?;
    let columns: Vec<usize> = (0..table.header.len()).filter(|&i| i != label).collect();
    if columns.is_empty() {
        return Err(table.place().error("no column but the label", "at least one feature column"));
    }
    let mut values = LabelValues::default();
    let (features, mut labels) =
        read_rows(&table, &columns, label, |row| Ok(values.find_or_add(row.cell(label))))?;

    let place = table.place().column(&table.header[label]);
    check_two_classes(&values).map_err(|(found, expected)| place.clone().error(found, expected))?;
    let (positive, reason) = choose_positive(&values, options.positive.as_deref()).map_err(|expected| {
        let wanted = quoted(options.positive.as_deref().unwrap_or_default());
        place.error(format!("no row labelled {wanted}, the positive label asked for"), expected)
    })?;
    let notes = reason.map(|reason| choice_note(&values, &table.header[label], positive, reason));

    labels.iter_mut().for_each(|class| *class = u32::from(*class == positive));
    let dataset = Dataset {
        name: name_of(path),
        feature_names: columns.iter().map(|&i| table.header[i].clone()).collect(),
        features,
        labels,
        class_names: [1 - positive, positive].map(|class| values.names[class as usize].clone()).to_vec(),
        positive: Some(1),
    };
    Ok((dataset, notes.into_iter().collect()))
}

/// Loads a second set, such as a test set, with the columns and classes of `reference`.
///
/// Columns are matched by name, in any order; columns that `reference` does not have are ignored with a note. Of the
/// options only the label column counts: which class is positive was decided for `reference`.
///
/// # Errors
/// As [`load_csv`], and if a column of `reference` is missing, or a label is none of its classes.
pub fn load_csv_like(
    path: &Path,
    reference: &Dataset,
    options: &CsvOptions,
) -> Result<(Dataset, Vec<String>), DataError> {
    let table = Table::open(path)?;
    let label = label_column(&table, &options.label)?;
    let columns = matching_columns(&table, &reference.feature_names, &reference.name)?;
    let mut values = LabelValues::of(&reference.class_names);
    let (features, labels) = read_rows(&table, &columns, label, |row| {
        values.find(row.cell(label)).ok_or_else(|| {
            let expected = format!("one of the training labels {}", listed(&reference.class_names));
            row.error(label, expected)
        })
    })?;
    if let Some(absent) = values.counts.iter().position(|&count| count == 0) {
        let found = format!("no row labelled {}", quoted(&values.names[absent]));
        return Err(table.place().column(&table.header[label]).error(found, "rows of every class"));
    }

    let ignored: Vec<&String> = (0..table.header.len())
        .filter(|i| *i != label && !columns.contains(i))
        .map(|i| &table.header[i])
        .collect();
    let note = (!ignored.is_empty()).then(|| {
        let (count, names) = (counted(ignored.len(), "column"), listed(&ignored));
        format!("{}: {count} ignored, unknown in {:?}: {names}", table.place(), reference.name)
    });
    let dataset = Dataset {
        name: name_of(path),
        feature_names: reference.feature_names.clone(),
        features,
        labels,
        class_names: reference.class_names.clone(),
        positive: reference.positive,
    };
    Ok((dataset, note.into_iter().collect()))
}

/// Reads the feature columns, row-major, and the class of every row.
fn read_rows(
    table: &Table,
    columns: &[usize],
    label: usize,
    mut class_of: impl FnMut(&Row<'_>) -> Result<u32, DataError>,
) -> Result<(Vec<f32>, Vec<u32>), DataError> {
    let (mut features, mut labels) = (Vec::new(), Vec::new());
    table.for_each_row(|row| {
        for &column in columns {
            features.push(number(row.cell(column)).map_err(|expected| row.error(column, expected))?);
        }
        if is_missing(row.cell(label)) {
            return Err(row.error(label, "a class label"));
        }
        labels.push(class_of(row)?);
        Ok(())
    })?;
    Ok((features, labels))
}

/// Where the label column stands.
fn label_column(table: &Table, name: &str) -> Result<usize, DataError> {
    table.find(name).ok_or_else(|| {
        let headless = table.header.iter().all(|cell| number(cell.as_bytes()).is_ok());
        let hint = if headless { " (only numbers: is the header line missing?)" } else { "" };
        let expected = format!("one of the columns present: {}{hint}", listed(&table.header));
        table.place().error(format!("no label column {}", quoted(name)), expected)
    })
}

/// Where the columns of these names stand.
fn matching_columns(table: &Table, names: &[String], training: &str) -> Result<Vec<usize>, DataError> {
    let missing: Vec<&String> = names.iter().filter(|name| table.find(name).is_none()).collect();
    if !missing.is_empty() {
        let (noun, names) = (if missing.len() == 1 { "column" } else { "columns" }, listed(&missing));
        let expected = format!("every feature column of {training:?}");
        return Err(table.place().error(format!("no {noun} {names}"), expected));
    }
    Ok(names.iter().filter_map(|name| table.find(name)).collect())
}

/// Refuses anything but two classes; says what was found and expected.
fn check_two_classes(values: &LabelValues) -> Result<(), (String, &'static str)> {
    match &values.names[..] {
        [_, _] => Ok(()),
        [only] => {
            Err((format!("{} in all {}", quoted(only), counted(values.counts[0], "row")), "two classes"))
        }
        many => Err((
            format!("{} classes ({})", many.len(), listed(many)),
            "two classes (more than two are not supported yet)",
        )),
    }
}

/// The file name without `.gz` and without the ending below it.
fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    Path::new(name).file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_called_like_its_file() {
        for (path, expected) in
            [("a/oil.csv", "oil"), ("oil.csv.gz", "oil"), ("oil.v2.csv", "oil.v2"), ("oil", "oil")]
        {
            assert_eq!(name_of(Path::new(path)), expected);
        }
    }
}
