//! Rows that are equal in every value: found by a hash of each row, so that it takes one pass and a sort.

use crate::{Cells, Column, Dataset, Features, Source};
use losslab_base::Fnv1a;

/// A hash of 64 bits for each row of these columns: FNV-1a over the bits of numbers, the texts of categories
/// and the places of gaps. Two rows that differ have the same with a chance of 1 in 2^64.
pub fn row_hashes(columns: &[Column], rows: usize) -> Vec<u64> {
    let mut hashes: Vec<Fnv1a> = (0..rows).map(|_| Fnv1a::new()).collect();
    for column in columns {
        match &column.cells {
            Cells::Numbers { values, missing } => {
                let mut gaps = missing.iter().copied().peekable();
                for ((row, hash), value) in (0..).zip(&mut hashes).zip(values) {
                    let is_gap = gaps.next_if_eq(&row).is_some();
                    // A zero is a zero, whatever its sign.
                    hash.number(if is_gap { f64::NAN.to_bits() } else { (value + 0.0).to_bits() });
                }
            }
            Cells::Categories { codes, levels } => {
                for (hash, code) in hashes.iter_mut().zip(codes) {
                    // A missing value is written as no text is: cells are without blanks around them.
                    hash.text(code.map_or(" ", |code| &levels[code as usize]));
                }
            }
        }
    }
    hashes.into_iter().map(Fnv1a::finish).collect()
}

impl Dataset {
    /// A hash of 64 bits for the features of each row, as [`row_hashes`] makes them; images by their bytes.
    pub fn row_hashes(&self) -> Vec<u64> {
        match &self.features {
            Features::Columns(columns) => row_hashes(columns, self.rows()),
            Features::Pixels(pixels) | Features::Images(pixels) => pixels.row_hashes(),
        }
    }
}

/// A row of the data set, or behind them of the test set, with its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    pub class: u32,
    pub at: u32,
}

/// The rows of which there are several with the same features.
#[derive(Debug, Default)]
pub(super) struct Identical {
    /// Each group at least two rows of the same features, by class.
    pub groups: Vec<Vec<Row>>,
    /// Rows, and how many of them differ in features or class.
    pub rows: usize,
    pub distinct: usize,
    /// The class of every row.
    pub classes: Vec<u32>,
}

impl Identical {
    /// Those among the rows of the data set and of its test set.
    pub fn of(source: &Source) -> Identical {
        let sets = || std::iter::once(&source.dataset).chain(&source.test);
        let classes: Vec<u32> = sets().flat_map(|set| set.labels.iter().copied()).collect();
        let hashes = sets().flat_map(Dataset::row_hashes);
        let rows = (0..).zip(&classes).map(|(at, &class)| Row { class, at });
        let mut rows: Vec<(u64, Row)> = hashes.zip(rows).collect();
        rows.sort_unstable();
        let groups = rows.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1);
        let groups = groups.map(|group| group.iter().map(|&(_, row)| row).collect()).collect();
        let distinct = rows.chunk_by(|a, b| (a.0, a.1.class) == (b.0, b.1.class)).count();
        Identical { groups, rows: rows.len(), distinct, classes }
    }
}
