//! From a data set to the three scaled matrices of one seed.

use crate::data::{DEFAULT_FRACTIONS, DataError, Dataset, GivenSplits, Split, Standardizer};

/// Where the rows of an experiment come from.
#[derive(Debug)]
pub struct Source {
    /// The data set.
    pub dataset: Dataset,
    /// A test set of its own; without it the test part is cut from `dataset`.
    pub test: Option<Dataset>,
    /// Given splits; without them every seed draws its own.
    pub splits: Option<GivenSplits>,
}

/// Rows that a model is trained or judged on.
#[derive(Clone, Debug)]
pub struct Part {
    /// Scaled features, row-major.
    pub features: Vec<f32>,
    /// 1 for positives, else 0.
    pub targets: Vec<f32>,
}

/// The parts of one run, scaled by what the training part says.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Numbers per row.
    pub columns: usize,
    /// To fit on.
    pub train: Part,
    /// To choose the epoch and the threshold by.
    pub validation: Part,
    /// To report on.
    pub test: Part,
}

impl Source {
    /// The parts of run number `run` (from 0) with this seed: given split `run` modulo their number, or the
    /// split that the seed draws.
    ///
    /// # Errors
    /// If a class has too few rows to be in every part.
    pub fn prepare(&self, run: usize, seed: u64) -> Result<Prepared, DataError> {
        let data = &self.dataset;
        let split = match (&self.splits, &self.test) {
            (Some(given), _) => given.for_run(run).clone(),
            (None, None) => Split::stratified(&data.labels, &data.class_names, DEFAULT_FRACTIONS, seed)?,
            (None, Some(_)) => {
                let [train, validation, _] = DEFAULT_FRACTIONS;
                let both = train + validation;
                Split::stratified_two(
                    &data.labels,
                    &data.class_names,
                    [train / both, validation / both],
                    seed,
                )?
            }
        };
        let scaling = Standardizer::fit(data, &split.train);
        let part = |data: &Dataset, rows: &[u32]| Part {
            features: scaling.transform(data, rows),
            targets: rows.iter().map(|&row| f32::from(data.labels[row as usize] == 1)).collect(),
        };
        let test = match &self.test {
            Some(test) => part(test, &(0..test.rows() as u32).collect::<Vec<_>>()),
            None => part(data, &split.test),
        };
        Ok(Prepared {
            columns: data.columns(),
            train: part(data, &split.train),
            validation: part(data, &split.validation),
            test,
        })
    }
}

impl Part {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.targets.len()
    }

    /// The truth as the metrics take it.
    pub fn labels(&self) -> Vec<bool> {
        self.targets.iter().map(|&y| y > 0.0).collect()
    }

    /// Rows that are negative, and rows that are positive.
    pub fn class_counts(&self) -> [u64; 2] {
        let positives = self.targets.iter().filter(|&&y| y > 0.0).count() as u64;
        [self.rows() as u64 - positives, positives]
    }
}
