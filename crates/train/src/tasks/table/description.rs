//! The table that a comparison is about, as results describe it.

use super::Classification;
use losslab_base::{counted, shown_name};
use losslab_data::{Dataset, Source};
use serde::{Deserialize, Serialize};

/// A table, or images that are rows of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableData {
    /// The file's name without its folder, or the synthetic specification.
    pub name: String,
    /// Rows, the test set's not among them.
    pub rows: usize,
    /// Feature columns.
    pub columns: usize,
    /// The label that counts as positive.
    pub positive: Option<String>,
    /// Rows of that label.
    pub positives: usize,
    /// Their share.
    pub prevalence: Option<f64>,
    /// The classes in order, with their rows; in a binary problem the negative one is first.
    pub classes: Vec<ClassRows>,
    /// The column whose groups no split parts, and their number.
    pub groups: Option<(String, usize)>,
    /// Stands for the contents.
    pub fingerprint: String,
    /// The same of a test set of its own.
    pub test_fingerprint: Option<String>,
    /// `given` or `drawn per seed`.
    pub splits: String,
    /// What the loader decided.
    pub notes: Vec<String>,
}

/// A class of the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassRows {
    /// Its label.
    pub name: String,
    /// Rows of it.
    pub rows: usize,
}

impl TableData {
    /// What kind of problem it is.
    pub fn classification(&self) -> Classification {
        Classification::of(self.classes.len())
    }

    /// A line for people: size and classes.
    pub fn describe(&self) -> String {
        let classes = match self.prevalence {
            Some(share) => format!("{} positive ({:.2} %)", self.positives, 100.0 * share),
            None => {
                let rows: Vec<usize> = self.classes.iter().map(|class| class.rows).collect();
                let (least, most) = (rows.iter().min().unwrap_or(&0), rows.iter().max().unwrap_or(&0));
                format!("{} classes of {least} to {most} rows", rows.len())
            }
        };
        let (rows, columns) = (counted(self.rows, "row"), counted(self.columns, "column"));
        format!("{}: {rows} x {columns}, {classes}\n", shown_name(&self.name))
    }

    /// Describes a source; `notes` are what the loader said.
    pub fn of(source: &Source, notes: Vec<String>) -> Self {
        let data: &Dataset = &source.dataset;
        let positives = data.labels.iter().filter(|&&label| Some(label) == data.positive).count();
        Self {
            name: data.name.clone(),
            rows: data.rows(),
            columns: data.columns(),
            positive: data.positive.map(|class| data.class_names[class as usize].clone()),
            positives,
            prevalence: data.prevalence(),
            classes: data
                .class_names
                .iter()
                .zip(data.class_counts())
                .map(|(name, rows)| ClassRows { name: name.clone(), rows })
                .collect(),
            groups: data.groups.as_ref().map(|groups| (groups.column.clone(), groups.names.len())),
            fingerprint: data.fingerprint(),
            test_fingerprint: source.test.as_ref().map(Dataset::fingerprint),
            splits: String::from(if source.splits.is_some() { "given" } else { "drawn per seed" }),
            notes,
        }
    }
}
