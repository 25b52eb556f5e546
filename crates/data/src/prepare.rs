//! From a data set to the three encoded parts of one seed.

use super::column::Column;
use super::dataset::{Dataset, Features};
use super::encode::Encoder;
use super::given_splits::GivenSplits;
use super::imbalance::Imbalance;
use super::matrix::Matrix;
use super::split::{DEFAULT_FRACTIONS, Split};
use losslab_base::{DataError, Fnv1a};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where the rows of an experiment come from.
#[derive(Debug)]
pub struct Source {
    /// The data set.
    pub dataset: Dataset,
    /// A test set of its own; without it the test part is cut from `dataset`.
    pub test: Option<Dataset>,
    /// Given splits; without them every seed draws its own.
    pub splits: Option<GivenSplits>,
    /// Which rows of `dataset` are kept, if not all.
    pub imbalance: Option<Imbalance>,
}

impl From<Dataset> for Source {
    /// Without anything beside the data set.
    fn from(dataset: Dataset) -> Source {
        Source { dataset, test: None, splits: None, imbalance: None }
    }
}

/// Rows that a model is trained or judged on.
#[derive(Clone, Debug)]
pub struct Part {
    /// Encoded features of these rows and others, shared.
    pub matrix: Arc<Matrix>,
    /// The rows of `matrix` that belong to this part.
    pub rows: Vec<u32>,
    /// Their classes.
    pub labels: Vec<u32>,
    /// Number of classes of the problem.
    pub classes: usize,
}

/// The parts of one run, encoded by what the training part says.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// How features became inputs.
    pub encoder: Encoder,
    /// To fit on.
    pub train: Part,
    /// To choose the epoch and the threshold by.
    pub validation: Part,
    /// To report on.
    pub test: Part,
    /// What was filled or ignored on the way.
    pub gaps: Vec<Gaps>,
}

/// Values of a column that were filled or ignored, in the training, validation and test part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gaps {
    /// The column.
    pub column: String,
    /// Values that were missing.
    pub missing: [usize; 3],
    /// Categories that the training part does not have; they are 0 in every input.
    pub unseen: [usize; 3],
}

impl Source {
    /// The parts of run number `run` (from 0) with this seed: given split `run` modulo their number, or the
    /// split that the seed draws.
    ///
    /// # Errors
    /// If a class has too few rows to be in every part.
    pub fn prepare(&self, run: usize, seed: u64) -> Result<Prepared, DataError> {
        let data = &self.dataset;
        let split = self.split(run, seed)?;
        let encoder = Encoder::fit(data, &split.train);
        let matrix = encoder.transform(data);
        let part = |data: &Dataset, matrix: &Arc<Matrix>, rows: Vec<u32>| Part {
            matrix: matrix.clone(),
            labels: rows.iter().map(|&row| data.labels[row as usize]).collect(),
            rows,
            classes: data.class_names.len(),
        };
        let tested = self.test.as_ref().unwrap_or(data);
        let test_rows = if self.test.is_some() { (0..tested.rows() as u32).collect() } else { split.test };
        let rows = [(data, &split.train[..]), (data, &split.validation), (tested, &test_rows)];
        let gaps = gaps(&encoder, rows);
        let test = match &self.test {
            Some(test) => part(test, &encoder.transform(test), test_rows),
            None => part(data, &matrix, test_rows),
        };
        Ok(Prepared {
            train: part(data, &matrix, split.train),
            validation: part(data, &matrix, split.validation),
            test,
            gaps,
            encoder,
        })
    }

    /// Bytes of the rows of one run, encoded, at most: each level of a category is an input.
    pub fn encoded_bytes(&self) -> u64 {
        let of = |data: &Dataset| {
            let inputs = match &data.features {
                Features::Columns(columns) => columns.iter().map(Column::most_inputs).sum(),
                Features::Pixels(_) => 0,
                Features::Images(pixels) => pixels.columns(),
            };
            // Beside its inputs a row has a place and a class in its part.
            (data.rows() as u64).saturating_mul(4 * (inputs as u64 + 2))
        };
        of(&self.dataset).saturating_add(self.test.as_ref().map_or(0, of))
    }

    /// The rows of each part.
    fn split(&self, run: usize, seed: u64) -> Result<Split, DataError> {
        let Dataset { labels, class_names, groups, .. } = &self.dataset;
        let [train, validation, _] = DEFAULT_FRACTIONS;
        let two = [train, validation].map(|fraction| fraction / (train + validation));
        if let Some(imbalance) = self.imbalance {
            let kept = imbalance.rows(&self.dataset, seed)?;
            let labels: Vec<u32> = kept.iter().map(|&row| labels[row as usize]).collect();
            let split = match &self.test {
                None => Split::stratified(&labels, class_names, DEFAULT_FRACTIONS, seed),
                Some(_) => Split::stratified_two(&labels, class_names, two, seed),
            }?;
            let rows = |places: Vec<u32>| places.into_iter().map(|place| kept[place as usize]).collect();
            return Ok(Split {
                train: rows(split.train),
                validation: rows(split.validation),
                test: rows(split.test),
            });
        }
        match (&self.splits, &self.test, groups) {
            (Some(given), ..) => Ok(given.for_run(run).clone()),
            (None, None, None) => Split::stratified(labels, class_names, DEFAULT_FRACTIONS, seed),
            (None, None, Some(groups)) => {
                Split::grouped(labels, class_names, groups, DEFAULT_FRACTIONS, seed)
            }
            (None, Some(_), None) => Split::stratified_two(labels, class_names, two, seed),
            (None, Some(_), Some(groups)) => Split::grouped_two(labels, class_names, groups, two, seed),
        }
    }
}

/// The columns with missing values or unseen categories in any of the three parts.
fn gaps(encoder: &Encoder, parts: [(&Dataset, &[u32]); 3]) -> Vec<Gaps> {
    let mut all = Vec::new();
    for (j, column) in encoder.columns.iter().enumerate() {
        let count = |count: &dyn Fn(&Column, &[u32]) -> usize| {
            parts.map(|(data, rows)| match &data.features {
                Features::Columns(columns) => count(&columns[j], rows),
                Features::Pixels(_) | Features::Images(_) => 0,
            })
        };
        let missing = count(&|cells, rows| cells.missing_among(rows));
        let unseen = count(&|cells, rows| column.unseen(cells, rows));
        if missing != [0; 3] || unseen != [0; 3] {
            all.push(Gaps { column: column.name.clone(), missing, unseen });
        }
    }
    all
}

impl Prepared {
    /// 16 hexadecimal digits that stand for which rows are in which part.
    pub fn fingerprint(&self) -> String {
        let mut hash = Fnv1a::new();
        for part in [&self.train, &self.validation, &self.test] {
            hash.number(part.rows() as u64);
            part.rows.iter().for_each(|row| hash.bytes(&row.to_le_bytes()));
        }
        format!("{:016x}", hash.finish())
    }

    /// Numbers that a row feeds to the network.
    pub fn columns(&self) -> usize {
        self.train.matrix.columns()
    }
}

impl Part {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Rows of each class.
    pub fn class_counts(&self) -> Vec<u64> {
        let mut counts = vec![0; self.classes];
        self.labels.iter().for_each(|&label| counts[label as usize] += 1);
        counts
    }
}
