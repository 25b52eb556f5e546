//! `losslab compare`: loads the data, runs the comparison, prints the table, writes `results.json`.

use super::emit;
use super::progress::Progress;
use crate::data::{CsvOptions, GivenSplits, SyntheticSpec, load_csv, load_csv_like};
use crate::experiment::{Comparison, OptimizerKind, Source, TrainConfig, compare};
use crate::report::{Data, Environment, Results, table};
use anyhow::{Context, bail};
use clap::Args;
use losslab_losses::{Registry, Spec};
use losslab_tensor::Isa;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What is compared unless `--loss` says otherwise.
const DEFAULT_LOSSES: [&str; 4] = ["ce", "alpha-ce:alpha=0.75", "focal:gamma=2,alpha=0.25", "focal:gamma=2"];

/// The arguments of `losslab compare`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Table to learn from: header, numeric columns, optionally .gz [default: a synthetic problem]
    #[arg(long, value_name = "FILE", requires = "label")]
    csv: Option<PathBuf>,
    /// Column that holds the label
    #[arg(long, value_name = "COLUMN", requires = "csv")]
    label: Option<String>,
    /// Label value that counts as positive [default: 1, true or yes, else the rarer one]
    #[arg(long, value_name = "VALUE", requires = "csv")]
    positive: Option<String>,
    /// Table to report on, instead of a fifth of --csv
    #[arg(long, value_name = "FILE", requires = "csv", conflicts_with = "splits")]
    test_csv: Option<PathBuf>,
    /// Given splits: columns split0, split1, .. of 0 (train), 1 (validation), 2 (test); run i takes split i
    #[arg(long, value_name = "FILE", requires = "csv")]
    splits: Option<PathBuf>,
    /// Synthetic problem, e.g. rows=20200,ratio=100,overlap=0.7,noise=0,seed=0
    #[arg(long, value_name = "K=V,..", conflicts_with = "csv")]
    synthetic: Option<String>,
    /// Loss to compare, e.g. focal:gamma=2,alpha=0.25 or ce+class-balanced; repeat for more
    #[arg(long, value_name = "SPEC")]
    loss: Vec<String>,
    /// Number of seeds
    #[arg(long, value_name = "N", default_value_t = 5)]
    seeds: u64,
    /// First seed; seed .. seed+N-1 are used, each with a split of its own
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Most epochs of a training; the best on the validation part counts
    #[arg(long, value_name = "N", default_value_t = TrainConfig::default().epochs)]
    epochs: usize,
    /// Stop after so many epochs without a better validation average precision
    #[arg(long, value_name = "N", default_value_t = TrainConfig::default().patience)]
    patience: usize,
    /// Widths of the hidden layers
    #[arg(long, value_name = "N,..", value_delimiter = ',', default_values_t = TrainConfig::default().hidden)]
    hidden: Vec<usize>,
    /// Rows per training step
    #[arg(long, value_name = "N", default_value_t = TrainConfig::default().batch)]
    batch: usize,
    /// Learning rate
    #[arg(long, value_name = "X", default_value_t = TrainConfig::default().learning_rate)]
    lr: f64,
    /// sgd (momentum 0.9), adam or adamw (weight decay 0.01)
    #[arg(long, value_name = "NAME", default_value_t = TrainConfig::default().optimizer)]
    optimizer: OptimizerKind,
    /// Trainings that run at the same time [default: one per processor]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Folder for results.json
    #[arg(long, value_name = "DIR", default_value = "losslab-results")]
    out: PathBuf,
    /// Print nothing but the table and errors
    #[arg(long)]
    quiet: bool,
}

/// Runs the command.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let start = Instant::now();
    let comparison = arguments.comparison()?;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = arguments.threads.unwrap_or(processors);
    at_least_one("--threads", threads)?;
    let (source, notes) = arguments.load()?;
    ensure_writable(&arguments.out)?;

    let data = Data::of(&source, notes);
    if !arguments.quiet {
        emit(&introduction(&data, &comparison))?;
    }
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().context("cannot start threads")?;
    let runs = comparison.losses.len() * comparison.seeds.len();
    let names = comparison.losses.iter().map(ToString::to_string).collect();
    let progress = Progress::new(names, runs, comparison.train.epochs, arguments.quiet);
    let outcomes = compare(&source, &comparison, &pool, &progress)?;
    progress.finish();

    let environment = Environment {
        version: env!("CARGO_PKG_VERSION"),
        seconds: start.elapsed().as_secs_f64(),
        threads,
        processors,
        machine: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        instruction_set: Isa::current().name(),
        paths: arguments.paths(),
    };
    let results = Results::new(data, &comparison, &outcomes, environment);
    results.write(&arguments.out).with_context(|| cannot_write(&arguments.out))?;
    emit(&format!("{}\n", table(&results)))?;
    if !arguments.quiet {
        let seconds = results.environment.seconds;
        let file = arguments.out.join("results.json");
        emit(&format!(
            "{runs} trainings in {seconds:.1} s on {threads} threads; written to {}\n",
            file.display()
        ))?;
    }
    Ok(())
}

impl Arguments {
    /// What is to be compared, checked.
    fn comparison(&self) -> anyhow::Result<Comparison> {
        at_least_one("--seeds", self.seeds as usize)?;
        at_least_one("--epochs", self.epochs)?;
        at_least_one("--patience", self.patience)?;
        at_least_one("--batch", self.batch)?;
        self.hidden.iter().try_for_each(|&width| at_least_one("--hidden", width))?;
        if !(self.lr > 0.0 && self.lr.is_finite()) {
            bail!("--lr {}: expected a positive number", self.lr);
        }
        let Some(end) = self.seed.checked_add(self.seeds) else {
            bail!("--seed {}: seeds up to seed + {} do not fit 64 bits", self.seed, self.seeds);
        };
        let registry = Registry::standard();
        let given: Vec<&str> = self.loss.iter().map(String::as_str).collect();
        let given = if given.is_empty() { &DEFAULT_LOSSES[..] } else { &given };
        let mut losses: Vec<Spec> = Vec::new();
        for text in given {
            let spec = Spec::parse(text, &registry)?;
            if losses.iter().any(|earlier| earlier.to_string() == spec.to_string()) {
                bail!("--loss {text}: {spec} is given twice");
            }
            losses.push(spec);
        }
        Ok(Comparison {
            losses,
            seeds: (self.seed..end).collect(),
            train: TrainConfig {
                epochs: self.epochs,
                patience: self.patience,
                hidden: self.hidden.clone(),
                batch: self.batch,
                learning_rate: self.lr,
                optimizer: self.optimizer,
            },
        })
    }

    /// The data, and what the loader has to say of it.
    fn load(&self) -> anyhow::Result<(Source, Vec<String>)> {
        let (Some(csv), Some(label)) = (&self.csv, &self.label) else {
            let spec: SyntheticSpec = self.synthetic.as_deref().unwrap_or_default().parse()?;
            return Ok((Source { dataset: spec.generate(), test: None, splits: None }, Vec::new()));
        };
        let options = CsvOptions { label: label.clone(), positive: self.positive.clone() };
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

    fn paths(&self) -> Vec<String> {
        let files = [&self.csv, &self.test_csv, &self.splits];
        files.into_iter().flatten().chain([&self.out]).map(|path| path.display().to_string()).collect()
    }
}

fn at_least_one(flag: &str, value: usize) -> anyhow::Result<()> {
    anyhow::ensure!(value > 0, "{flag} 0: expected at least 1");
    Ok(())
}

/// Creates the folder and writes to it, before hours of training rather than after.
fn ensure_writable(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| cannot_write(folder))?;
    let probe = folder.join(".losslab-write-test");
    std::fs::write(&probe, b"").with_context(|| cannot_write(folder))?;
    std::fs::remove_file(&probe).with_context(|| cannot_write(folder))
}

fn cannot_write(folder: &Path) -> String {
    format!("--out {}: cannot be written", folder.display())
}

/// What is about to be done.
fn introduction(data: &Data, comparison: &Comparison) -> String {
    let mut text = format!(
        "{}: {} rows x {} columns, {} positive ({:.2} %)\n",
        data.name,
        data.rows,
        data.columns,
        data.positives,
        100.0 * data.prevalence.unwrap_or_default()
    );
    for note in &data.notes {
        text.push_str(&format!("note: {note}\n"));
    }
    let (losses, seeds) = (comparison.losses.len(), comparison.seeds.len());
    text.push_str(&format!(
        "training {losses} losses x {seeds} seeds, at most {} epochs each\n",
        comparison.train.epochs
    ));
    text
}
