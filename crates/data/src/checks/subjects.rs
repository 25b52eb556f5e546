//! What checks look at.

use super::TrainingRows;
use super::identical::Identical;
use super::overlap::PartOf;
use crate::{Column, Features, Matrix, Prepared, Source};
use std::path::PathBuf;
use std::sync::OnceLock;

/// A file that a flag names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// The flag, without its dashes.
    pub flag: String,
    /// The file.
    pub path: PathBuf,
}

/// Rows, and in which parts of each run they are.
#[derive(Debug)]
pub struct RowParts<'a> {
    source: &'a Source,
    parts: &'a [Prepared],
    identical: OnceLock<Identical>,
}

impl<'a> RowParts<'a> {
    /// The rows of a source and the parts of its runs.
    pub fn new(source: &'a Source, parts: &'a [Prepared]) -> RowParts<'a> {
        RowParts { source, parts, identical: OnceLock::new() }
    }

    /// Where the rows come from.
    pub fn source(&self) -> &'a Source {
        self.source
    }

    /// The parts of each run.
    pub fn parts(&self) -> &'a [Prepared] {
        self.parts
    }

    /// The columns, where rows are those of a table.
    pub fn columns(&self) -> Option<&'a [Column]> {
        match &self.source.dataset.features {
            Features::Columns(columns) => Some(columns),
            Features::Pixels(_) | Features::Images(_) => None,
        }
    }

    /// The images of the data set and of the test set, where rows are images.
    pub fn images(&self) -> Option<Vec<&'a Matrix>> {
        let sets = std::iter::once(&self.source.dataset).chain(&self.source.test);
        let pixels = |features: &'a Features| match features {
            Features::Columns(_) => None,
            Features::Pixels(pixels) | Features::Images(pixels) => Some(&**pixels),
        };
        sets.map(|set| pixels(&set.features)).collect()
    }

    /// The rows of the data set that a run is trained on, ascending.
    pub fn trained_on(&self) -> Vec<u32> {
        let mut trained = vec![false; self.source.dataset.rows()];
        let rows = self.parts.iter().flat_map(|parts| &parts.train.rows);
        rows.for_each(|&row| trained[row as usize] = true);
        (0..).zip(trained).filter_map(|(row, trained)| trained.then_some(row)).collect()
    }

    /// The class to be found: the positive one, or with more than two classes the rarest.
    pub fn rare_class(&self) -> Option<u32> {
        let data = &self.source.dataset;
        let rarest =
            || (0..).zip(data.class_counts()).min_by_key(|&(_, count)| count).map(|(class, _)| class);
        data.positive.or_else(rarest)
    }

    /// Which rows are equal.
    pub(super) fn identical(&self) -> &Identical {
        self.identical.get_or_init(|| Identical::of(self.source))
    }

    /// The part of each row in each run: rows of the data set, then those of a test set of its own.
    pub(super) fn part_of_rows(&self) -> impl Iterator<Item = PartOf> {
        let rows = self.source.dataset.rows();
        let tested = self.source.test.as_ref().map_or(0, crate::Dataset::rows);
        let behind = if self.source.test.is_some() { rows as u32 } else { 0 };
        self.parts.iter().map(move |parts| {
            let mut part_of = PartOf::nowhere(rows + tested);
            part_of.train(parts.train.rows.iter().copied());
            part_of.validation(parts.validation.rows.iter().copied());
            part_of.test(parts.test.rows.iter().map(|row| row + behind));
            part_of
        })
    }
}

/// New rows or images with their truth, and what the saved model was trained on.
#[derive(Clone, Copy, Debug)]
pub struct Predicted<'a> {
    /// What they are called: `row` or `image`.
    pub what: &'static str,
    /// The hash of each with its class, as [`TrainingRows::of`] took them.
    pub hashes: &'a [u64],
    /// What the model was trained on.
    pub trained_on: &'a TrainingRows,
}
