//! The arguments that say what is learnt from, shared by the commands that train.

use clap::Args;
use losslab_data::{
    CsvOptions, GivenSplits, Imbalance, Source, SyntheticSpec, load_csv, load_csv_like, load_idx,
    load_idx_like,
};
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
    #[arg(long, value_name = "VALUE", conflicts_with = "synthetic")]
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
    /// Images to learn from, in the IDX form of MNIST, optionally .gz
    #[arg(long, value_name = "FILE", requires = "idx_labels", conflicts_with = "csv")]
    idx_images: Option<PathBuf>,
    /// Their labels
    #[arg(long, value_name = "FILE", requires = "idx_images")]
    idx_labels: Option<PathBuf>,
    /// Images to report on, instead of a fifth of --idx-images
    #[arg(long, value_name = "FILE", requires = "test_idx_labels", requires = "idx_images")]
    test_idx_images: Option<PathBuf>,
    /// Their labels
    #[arg(long, value_name = "FILE", requires = "test_idx_images")]
    test_idx_labels: Option<PathBuf>,
    /// Keep only so many positives of --idx-images, others for every seed
    #[arg(long, value_name = "N", requires = "test_idx_images", requires = "positive")]
    keep_positives: Option<usize>,
    /// Thin the classes of --idx-images out to an exponential tail; the last becomes so many times rarer than the first
    #[arg(long, value_name = "FACTOR", requires = "test_idx_images", conflicts_with = "positive")]
    long_tail: Option<f64>,
    /// Synthetic problem, e.g. rows=20200,ratio=100,overlap=0.7,noise=0,seed=0
    #[arg(long, value_name = "K=V,..", conflicts_with_all = ["csv", "idx_images"])]
    synthetic: Option<String>,
}

impl DataArguments {
    /// Whether any data is named.
    pub fn is_given(&self) -> bool {
        self.csv.is_some() || self.idx_images.is_some() || self.synthetic.is_some() || self.positive.is_some()
    }

    /// The data, and what the loader has to say of it.
    pub fn load(&self) -> anyhow::Result<(Source, Vec<String>)> {
        if let (Some(csv), Some(label)) = (&self.csv, &self.label) {
            return self.load_table(csv, label);
        }
        if let (Some(images), Some(labels)) = (&self.idx_images, &self.idx_labels) {
            return self.load_images(images, labels);
        }
        anyhow::ensure!(self.positive.is_none(), "--positive: expected --csv or --idx-images beside it");
        let spec: SyntheticSpec = self.synthetic.as_deref().unwrap_or_default().parse()?;
        Ok((spec.generate().into(), Vec::new()))
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
        Ok((Source { dataset, test, splits, imbalance: None }, notes))
    }

    fn load_images(&self, images: &Path, labels: &Path) -> anyhow::Result<(Source, Vec<String>)> {
        let (dataset, mut notes) = load_idx(images, labels, self.positive.as_deref())?;
        let test = match (&self.test_idx_images, &self.test_idx_labels) {
            (Some(images), Some(labels)) => Some(load_idx_like(images, labels, &dataset)?),
            _ => None,
        };
        let keep = self.keep_positives.map(Imbalance::KeepPositives);
        let imbalance = keep.or(self.long_tail.map(Imbalance::LongTail));
        if let Some(imbalance) = imbalance {
            notes.push(imbalance.note(&dataset)?);
        }
        Ok((Source { dataset, test, splits: None, imbalance }, notes))
    }

    /// The files named.
    pub fn paths(&self) -> Vec<String> {
        let tables = [&self.csv, &self.test_csv, &self.splits];
        let images = [&self.idx_images, &self.idx_labels, &self.test_idx_images, &self.test_idx_labels];
        tables.into_iter().chain(images).flatten().map(|path| path.display().to_string()).collect()
    }
}
