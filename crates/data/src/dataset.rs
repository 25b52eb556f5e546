//! A data set in memory: its columns as the file has them, and a class for every row.

use std::sync::Arc;

use super::column::{Cells, Column};
use super::matrix::Matrix;
use losslab_base::Fnv1a;

/// Examples with their classes. Every number is finite and every label an index into `class_names`: the
/// loaders refuse anything else. How a row becomes the input of a network is the
/// [`Encoder`](super::Encoder)'s business.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// What reports call the set: the file name without its endings, or the synthetic specification.
    pub name: String,
    /// The features.
    pub features: Features,
    /// The class of every row, an index into `class_names`.
    pub labels: Vec<u32>,
    /// The classes as the file writes them. In a binary set class 0 is the negative and class 1 the positive
    /// one; otherwise they are in order: numbers by value, then texts.
    pub class_names: Vec<String>,
    /// The class that counts as positive, where the task has one: `Some(1)` in a binary set.
    pub positive: Option<u32>,
    /// Every label of the file with its class. One class may have several: all but the positive one are the
    /// negatives of a one-against-the-rest problem.
    pub label_values: Vec<(String, u32)>,
    /// Which rows belong together and must not be parted by a split.
    pub groups: Option<Groups>,
}

/// The features of a data set.
#[derive(Clone, Debug, PartialEq)]
pub enum Features {
    /// A table: columns of numbers and of categories.
    Columns(Vec<Column>),
    /// Images of one size, a row each; pixels are on one scale by nature. Shared: no copy per split.
    Pixels(Arc<Matrix>),
    /// The same, each channel to be standardised by the images of the training part.
    Images(Arc<Matrix>),
}

/// Rows that belong together, such as the visits of one patient.
#[derive(Clone, Debug, PartialEq)]
pub struct Groups {
    /// The column that says so.
    pub column: String,
    /// An index into `names` per row.
    pub codes: Vec<u32>,
    /// The groups as the file writes them, in order of appearance.
    pub names: Vec<String>,
}

impl Dataset {
    /// Number of rows n.
    pub fn rows(&self) -> usize {
        self.labels.len()
    }

    /// Number of feature columns, or pixels; label and group are none.
    pub fn columns(&self) -> usize {
        match &self.features {
            Features::Columns(columns) => columns.len(),
            Features::Pixels(pixels) | Features::Images(pixels) => pixels.columns(),
        }
    }

    /// The names of the feature columns, in order; pixels are called `pixel0`, `pixel1` and so on.
    pub fn feature_names(&self) -> Vec<String> {
        match &self.features {
            Features::Columns(columns) => columns.iter().map(|column| column.name.clone()).collect(),
            Features::Pixels(pixels) | Features::Images(pixels) => {
                (0..pixels.columns()).map(|i| format!("pixel{i}")).collect()
            }
        }
    }

    /// All numbers as f32, row-major, if the set is a table of numbers without gaps.
    pub fn numbers(&self) -> Option<Vec<f32>> {
        let Features::Columns(columns) = &self.features else { return None };
        fn column(column: &Column) -> Option<&[f64]> {
            match &column.cells {
                Cells::Numbers { values, missing } if missing.is_empty() => Some(values),
                Cells::Numbers { .. } | Cells::Categories { .. } => None,
            }
        }
        let columns: Vec<&[f64]> = columns.iter().map(column).collect::<Option<_>>()?;
        let row = |row: usize| columns.iter().map(move |column| column[row] as f32);
        Some((0..self.rows()).flat_map(row).collect())
    }

    /// The first class without a row, if there is one.
    pub(super) fn absent_class(&self) -> Option<&str> {
        let mut classes = self.class_names.iter().zip(self.class_counts());
        classes.find(|(_, count)| *count == 0).map(|(name, _)| name.as_str())
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

    /// Sixteen hexadecimal digits that stand for the contents: equal sets have equal fingerprints on every
    /// machine.
    ///
    /// FNV-1a, 64 bits, over the shape, the column names, the classes, the labels, the bits of the values and
    /// the groups. The `name` is left out, so that a renamed file keeps its fingerprint. It tells versions of
    /// a file apart; it is no protection against somebody who wants two sets to look alike.
    pub fn fingerprint(&self) -> String {
        let mut hash = Fnv1a::new();
        hash.number(self.rows() as u64);
        hash.number(self.columns() as u64);
        self.feature_names().iter().for_each(|name| hash.text(name));
        hash.number(self.class_names.len() as u64);
        self.class_names.iter().for_each(|name| hash.text(name));
        // 0: no positive class; k + 1: class k.
        hash.number(self.positive.map_or(0, |class| u64::from(class) + 1));
        self.labels.iter().for_each(|label| hash.bytes(&label.to_le_bytes()));
        match &self.features {
            Features::Columns(columns) => hash_columns(&mut hash, columns, self.rows()),
            Features::Pixels(pixels) => pixels.visit_bytes(|bytes| hash.bytes(bytes)),
            Features::Images(pixels) => {
                pixels.image().iter().flatten().for_each(|&side| hash.number(side as u64));
                pixels.visit_bytes(|bytes| hash.bytes(bytes));
            }
        }
        if let Some(groups) = &self.groups {
            hash.text(&groups.column);
            groups.codes.iter().for_each(|&code| hash.text(&groups.names[code as usize]));
        }
        format!("{:016x}", hash.finish())
    }
}

/// Numbers row by row, then gaps, then categories: a table of numbers only is its numbers only.
fn hash_columns(hash: &mut Fnv1a, columns: &[Column], rows: usize) {
    for row in 0..rows {
        for column in columns {
            if let Cells::Numbers { values, .. } = &column.cells {
                hash.bytes(&values[row].to_bits().to_le_bytes());
            }
        }
    }
    for column in columns {
        match &column.cells {
            Cells::Numbers { missing, .. } => {
                missing.iter().for_each(|row| hash.bytes(&row.to_le_bytes()));
            }
            Cells::Categories { codes, levels } => {
                hash.text(&column.name);
                for code in codes {
                    hash.text(code.map_or("", |code| &levels[code as usize]));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiny() -> Dataset {
        let categories =
            Cells::Categories { codes: vec![Some(0), Some(1), None], levels: vec!["x".into(), "y".into()] };
        Dataset {
            name: "tiny".into(),
            features: Features::Columns(vec![
                Column::numbers("a", vec![1.0, 3.0, 5.0]),
                Column { name: "b".into(), cells: categories },
            ]),
            labels: vec![0, 1, 0],
            class_names: vec!["no".into(), "yes".into()],
            positive: Some(1),
            label_values: vec![("no".into(), 0), ("yes".into(), 1)],
            groups: Some(Groups {
                column: "g".into(),
                codes: vec![0, 0, 0],
                names: vec!["p".into(), "q".into()],
            }),
        }
    }

    fn columns(data: &mut Dataset) -> &mut [Column] {
        let Features::Columns(columns) = &mut data.features else { panic!("no columns") };
        columns
    }

    #[test]
    fn a_set_knows_its_shape_and_its_classes() {
        let data = tiny();
        assert_eq!((data.rows(), data.columns()), (3, 2));
        assert_eq!(data.feature_names(), ["a", "b"]);
        assert_eq!(data.numbers(), None);
        assert_eq!(data.class_counts(), [2, 1]);
        assert_eq!(data.prevalence(), Some(1.0 / 3.0));
        assert_eq!(Dataset { positive: None, ..data }.prevalence(), None);
    }

    #[test]
    fn the_fingerprint_changes_with_every_part_of_the_contents_and_not_with_the_name() {
        let base = tiny().fingerprint();
        let changed = |edit: fn(&mut Dataset)| {
            let mut other = tiny();
            edit(&mut other);
            other.fingerprint()
        };
        assert_eq!(base, changed(|d| d.name = "other".into()));
        assert_ne!(
            base,
            changed(|d| columns(d)[0] = Column::numbers("a", vec![1.0, 3.0, 5.000_000_000_000_001]))
        );
        assert_ne!(base, changed(|d| columns(d)[0].name = "ab".into()));
        assert_ne!(base, changed(|d| d.labels = vec![1, 0, 0]));
        assert_ne!(base, changed(|d| d.positive = Some(0)));
        assert_ne!(base, changed(|d| d.class_names[0] = "No".into()));
        assert_ne!(base, changed(|d| d.groups = None));
        assert_ne!(
            base,
            changed(|d| if let Some(groups) = &mut d.groups {
                groups.codes[2] = 1
            })
        );
        let gap = |d: &mut Dataset| {
            columns(d)[0].cells = Cells::Numbers { values: vec![1.0, 3.0, 5.0], missing: vec![2] };
        };
        assert_ne!(base, changed(gap));
        let other_level = |d: &mut Dataset| {
            if let Cells::Categories { codes, .. } = &mut columns(d)[1].cells {
                codes[2] = Some(1);
            }
        };
        assert_ne!(base, changed(other_level));
    }
}
