//! `losslab compare`: loads the data, runs the comparison, prints the table, writes `results.json`.

use super::data_args::DataArguments;
use super::progress::Progress;
use super::train_args::TrainArguments;
use super::{at_least_one, emit, notes};
use crate::experiment::{Comparison, Source, Task, TrainConfig, bind, compare};
use crate::report::{Environment, Results, TableData, diverged_notes, table, unseen_notes};
use anyhow::{Context, bail};
use clap::Args;
use losslab_losses::{Registry, Spec};
use losslab_tensor::Isa;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What is compared unless `--loss` says otherwise.
const DEFAULT_LOSSES: [&str; 4] = ["ce", "alpha-ce:alpha=0.75", "focal:gamma=2,alpha=0.25", "focal:gamma=2"];
/// The same for more than two classes, which have no alpha.
const DEFAULT_CLASS_LOSSES: [&str; 3] = ["ce", "ce+class-balanced", "focal:gamma=2"];

/// The arguments of `losslab compare`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// Loss to compare, e.g. focal:gamma=2,alpha=0.25 or ce+class-balanced; repeat for more
    #[arg(long, value_name = "SPEC")]
    loss: Vec<String>,
    /// Number of seeds
    #[arg(long, value_name = "N", default_value_t = 5)]
    seeds: u64,
    /// First seed; seed .. seed+N-1 are used, each with a split of its own
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    train: TrainArguments,
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
    // What can be refused without reading the data is refused first.
    let (seeds, train) = (arguments.seeds()?, arguments.train.config()?);
    let given = arguments.given_losses()?;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = arguments.threads.unwrap_or(processors);
    at_least_one("--threads", threads)?;
    let (source, found) = arguments.data.load()?;
    let comparison = comparison(&source, given, seeds, train)?;
    ensure_writable(&arguments.out)?;

    let data = TableData::of(&source, found);
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
    let results = Results::of_tables(data, &comparison, &outcomes, environment);
    results.write(&arguments.out).with_context(|| cannot_write(&arguments.out))?;
    if !arguments.quiet {
        emit(&notes(&unseen_notes(&results.gaps)))?;
    }
    emit(&format!("{}\n", table(&results)))?;
    emit(&super::notes(&diverged_notes(&results)))?;
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
    /// The seeds, checked.
    fn seeds(&self) -> anyhow::Result<Vec<u64>> {
        at_least_one("--seeds", self.seeds as usize)?;
        let Some(end) = self.seed.checked_add(self.seeds) else {
            bail!("--seed {}: seeds up to seed + {} do not fit 64 bits", self.seed, self.seeds);
        };
        Ok((self.seed..end).collect())
    }

    /// The losses asked for, each another one.
    fn given_losses(&self) -> anyhow::Result<Vec<Spec>> {
        let registry = Registry::standard();
        let mut losses: Vec<Spec> = Vec::new();
        for text in &self.loss {
            let spec = Spec::parse(text, &registry)?;
            if losses.iter().any(|earlier| earlier.to_string() == spec.to_string()) {
                bail!("--loss {text}: {spec} is given twice");
            }
            losses.push(spec);
        }
        Ok(losses)
    }

    fn paths(&self) -> Vec<String> {
        let mut paths = self.data.paths();
        paths.push(self.out.display().to_string());
        paths
    }
}

/// What is to be compared; every loss has been found to suit the classes.
fn comparison(
    source: &Source,
    mut losses: Vec<Spec>,
    seeds: Vec<u64>,
    train: TrainConfig,
) -> anyhow::Result<Comparison> {
    let counts: Vec<u64> = source.dataset.class_counts().iter().map(|&n| n as u64).collect();
    if losses.is_empty() {
        let defaults = match Task::of(counts.len()) {
            Task::Binary => &DEFAULT_LOSSES[..],
            Task::Classes(_) => &DEFAULT_CLASS_LOSSES,
        };
        let registry = Registry::standard();
        losses = defaults.iter().map(|text| Spec::parse(text, &registry)).collect::<Result<_, _>>()?;
    }
    for spec in &losses {
        bind(spec, &counts)?;
    }
    Ok(Comparison { losses, seeds, train })
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
fn introduction(data: &TableData, comparison: &Comparison) -> String {
    let (losses, seeds) = (comparison.losses.len(), comparison.seeds.len());
    format!(
        "{}{}training {losses} losses x {seeds} seeds, at most {} epochs each\n",
        data.describe(),
        notes(&data.notes),
        comparison.train.epochs
    )
}
