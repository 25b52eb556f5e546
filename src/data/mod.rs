//! Data sets: loading, splitting, scaling, and a synthetic problem to try things on.
//!
//! The way of the data through the laboratory:
//!
//! ```text
//! CSV file --load_csv--> Dataset --Split--> row indices of train, validation, test --Standardizer--> f32 matrices
//! ```
//!
//! Everything here answers bad input with one [`DataError`] that says where, what was found and what was expected.

mod cells;
mod csv;
mod error;
mod fingerprint;
mod given_splits;
mod labels;
mod scale;
mod source;
mod split;
mod synthetic;
mod table;

pub use self::csv::{CsvOptions, load_csv, load_csv_like};
pub use self::error::{DataError, Place};
pub use self::given_splits::GivenSplits;
pub use self::scale::Standardizer;
pub use self::split::{DEFAULT_FRACTIONS, Split};
pub use self::synthetic::SyntheticSpec;

/// A table of numbers with a class for every row.
///
/// Every value is finite and every label is an index into `class_names`: the loaders refuse anything else.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// What reports call the set: the file name without its endings, or the synthetic specification.
    pub name: String,
    /// One name per feature column, in column order.
    pub feature_names: Vec<String>,
    /// The values, row-major: `rows() x columns()`.
    pub features: Vec<f32>,
    /// The class of every row, an index into `class_names`.
    pub labels: Vec<u32>,
    /// The classes as the file writes them. In a binary set class 0 is the negative and class 1 the positive one.
    pub class_names: Vec<String>,
    /// The class that counts as positive, where the task has one: `Some(1)` in a binary set.
    pub positive: Option<u32>,
}

impl Dataset {
    /// Number of rows n.
    pub fn rows(&self) -> usize {
        self.labels.len()
    }

    /// Number of feature columns d; the label is not one of them.
    pub fn columns(&self) -> usize {
        self.feature_names.len()
    }

    /// The d values of row `i`.
    ///
    /// # Panics
    /// If there is no row `i`.
    #[track_caller]
    pub fn row(&self, i: usize) -> &[f32] {
        assert!(i < self.rows(), "row {i} of a data set of {} rows", self.rows());
        &self.features[i * self.columns()..(i + 1) * self.columns()]
    }

    /// Number of rows of every class, in class order.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.class_names.len()];
        for &label in &self.labels {
            counts[label as usize] += 1;
        }
        counts
    }

    /// Share of the positive class among all rows: the average precision of a classifier that knows nothing.
    /// `None` where no class counts as positive or there are no rows.
    pub fn prevalence(&self) -> Option<f64> {
        let positive = self.positive?;
        let count = self.labels.iter().filter(|&&label| label == positive).count();
        (self.rows() > 0).then(|| count as f64 / self.rows() as f64)
    }

    /// Sixteen hexadecimal digits that stand for the contents: equal sets have equal fingerprints on every machine.
    ///
    /// FNV-1a, 64 bits, over the shape, the column names, the classes, the labels and the bits of the values. The
    /// `name` is left out, so that a renamed file keeps its fingerprint. It tells versions of a file apart; it is no
    /// protection against somebody who wants two sets to look alike.
    pub fn fingerprint(&self) -> String {
        let mut hash = fingerprint::Fnv1a::new();
        hash.number(self.rows() as u64);
        hash.number(self.columns() as u64);
        self.feature_names.iter().for_each(|name| hash.text(name));
        hash.number(self.class_names.len() as u64);
        self.class_names.iter().for_each(|name| hash.text(name));
        // 0: no positive class; k + 1: class k.
        hash.number(self.positive.map_or(0, |class| u64::from(class) + 1));
        self.labels.iter().for_each(|label| hash.bytes(&label.to_le_bytes()));
        self.features.iter().for_each(|value| hash.bytes(&value.to_bits().to_le_bytes()));
        format!("{:016x}", hash.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiny() -> Dataset {
        Dataset {
            name: "tiny".into(),
            feature_names: vec!["a".into(), "b".into()],
            features: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            labels: vec![0, 1, 0],
            class_names: vec!["no".into(), "yes".into()],
            positive: Some(1),
        }
    }

    #[test]
    fn a_set_knows_its_shape_and_its_classes() {
        let data = tiny();
        assert_eq!((data.rows(), data.columns()), (3, 2));
        assert_eq!(data.row(1), [3.0, 4.0]);
        assert_eq!(data.class_counts(), [2, 1]);
        assert_eq!(data.prevalence(), Some(1.0 / 3.0));
        assert_eq!(Dataset { positive: None, ..data }.prevalence(), None);
    }

    #[test]
    fn the_fingerprint_changes_with_every_part_of_the_contents_and_not_with_the_name() {
        let data = tiny();
        let base = data.fingerprint();
        let changed = |edit: fn(&mut Dataset)| {
            let mut other = tiny();
            edit(&mut other);
            other.fingerprint()
        };
        assert_eq!(base, changed(|d| d.name = "other".into()));
        assert_ne!(base, changed(|d| d.features[5] = 6.000_000_5));
        assert_ne!(base, changed(|d| d.labels = vec![1, 0, 0]));
        assert_ne!(base, changed(|d| d.positive = Some(0)));
        assert_ne!(base, changed(|d| d.class_names[0] = "No".into()));
        assert_ne!(base, changed(|d| d.feature_names = vec!["ab".into(), "".into()]));
    }

    #[test]
    #[should_panic(expected = "row 3 of a data set of 3 rows")]
    fn a_row_beyond_the_end_panics_with_both_numbers() {
        tiny().row(3);
    }
}
