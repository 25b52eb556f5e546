//! The arguments that say what is learnt from, shared by the commands that train.

use crate::data::{CsvOptions, GivenSplits, SyntheticSpec, load_csv, load_csv_like};
use crate::experiment::Source;
use clap::Args;
use std::path::{Path, PathBuf};

/// Where the data comes from.
#[derive(Args, Debug)]
pub struct DataArguments {
    /// Table to learn from: a header, numbers and categories, optionally .gz [default: a synthetic problem]
    #[arg(long, value_name = "FILE", requires = "label")]
    csv: Option<PathBuf>,
    /// Column that holds the label
    #[arg(long, value_name = "COLUMN", requires = "csv")]
    label: Option<String>,
    /// Label that counts as positive [default of two: 1, true or yes, else the rarer one]; of more, it against the rest
    #[arg(long, value_name = "VALUE", requires = "csv")]
    positive: Option<String>,
    /// Column to leave out; repeat for more
    #[arg(long, value_name = "COLUMN", requires = "csv")]
    drop: Vec<String>,
    /// Column of categories that look like numbers; repeat for more
    #[arg(long, value_name = "COLUMN", requires = "csv")]
    categorical: Vec<String>,
    /// Column whose equal values keep rows in one part, such as a patient; it is no feature
    #[arg(long, value_name = "COLUMN", requires = "csv", conflicts_with = "splits")]
    group: Option<String>,
    /// Table to report on, instead of a fifth of --csv
    #[arg(long, value_name = "FILE", requires = "csv", conflicts_with = "splits")]
    test_csv: Option<PathBuf>,
    /// Given splits: columns split0, split1, .. of 0 (train), 1 (validation), 2 (test); run i takes split i
    #[arg(long, value_name = "FILE", requires = "csv")]
    splits: Option<PathBuf>,
    /// Synthetic problem, e.g. rows=20200,ratio=100,overlap=0.7,noise=0,seed=0
    #[arg(long, value_name = "K=V,..", conflicts_with = "csv")]
    synthetic: Option<String>,
}

impl DataArguments {
    /// The data, and what the loader has to say of it.
    pub fn load(&self) -> anyhow::Result<(Source, Vec<String>)> {
        match (&self.csv, &self.label) {
            (Some(csv), Some(label)) => self.load_table(csv, label),
            _ => {
                let spec: SyntheticSpec = self.synthetic.as_deref().unwrap_or_default().parse()?;
                Ok((Source { dataset: spec.generate(), test: None, splits: None }, Vec::new()))
            }
        }
    }

    fn load_table(&self, csv: &Path, label: &str) -> anyhow::Result<(Source, Vec<String>)> {
        let options = CsvOptions {
            label: label.into(),
            positive: self.positive.clone(),
            drop: self.drop.clone(),
            categorical: self.categorical.clone(),
            group: self.group.clone(),
        };
        let (dataset, mut notes) = load_csv(csv, &options)?;
        let test = match &self.test_csv {
            Some(path) => {
                let (test, more) = load_csv_like(path, &dataset, &options)?;
                notes.extend(more);
                Some(test)
            }
            None => None,
        };
        let splits = self.splits.as_ref().map(|path| GivenSplits::load(path, &dataset)).transpose()?;
        Ok((Source { dataset, test, splits }, notes))
    }

    /// The files named.
    pub fn paths(&self) -> Vec<String> {
        let files = [&self.csv, &self.test_csv, &self.splits];
        files.into_iter().flatten().map(|path| path.display().to_string()).collect()
    }
}
