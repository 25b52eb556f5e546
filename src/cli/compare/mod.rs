//! `losslab compare`: loads the data, runs the comparison, prints the table, writes `results.json`.

mod detectors;
mod rows;

use super::data_args::DataArguments;
use super::detector_args::DetectorArguments;
use super::image_args::ImageArguments;
use super::train_args::TrainArguments;
use super::{at_least_one, processors};
use crate::report::{Environment, Results, diverged_notes, table};
use anyhow::{Context, bail};
use clap::Args;
use losslab_losses::{Registry, Spec};
use losslab_tensor::Isa;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The arguments of `losslab compare`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    images: ImageArguments,
    /// Loss to compare, e.g. focal:gamma=2,alpha=0.25 or ce+class-balanced; repeat for more
    #[arg(long, value_name = "SPEC")]
    loss: Vec<String>,
    /// Number of seeds [default: 5; in the short comparison of detectors 3]
    #[arg(long, value_name = "N")]
    seeds: Option<u64>,
    /// First seed; seed .. seed+N-1 are used, each with a split of its own
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    train: TrainArguments,
    #[command(flatten)]
    detector: DetectorArguments,
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

/// Seeds of a comparison, unless `--seeds` says otherwise.
const DEFAULT_SEEDS: u64 = 5;

/// Runs the command.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let (images, rows) = (arguments.images.are_given(), arguments.data.is_given());
    match (rows, images) {
        (true, true) => bail!("rows and images: expected the arguments of one of them"),
        (_, true) => detectors::run(&arguments, DEFAULT_SEEDS, &arguments.out),
        (true, _) => {
            arguments.detector.refuse_for_rows()?;
            rows::run(&arguments, &arguments.out)
        }
        (false, false) => {
            // What can be refused without data is refused before anything is written.
            arguments.check()?;
            ensure_writable(&arguments.out)?;
            rows::run(&arguments, &arguments.out.join("tabular"))?;
            detectors::run_short(&arguments, &arguments.out.join("scenes"))
        }
    }
}

impl Arguments {
    /// Refuses what needs no data to be refused.
    fn check(&self) -> anyhow::Result<()> {
        self.seeds(DEFAULT_SEEDS)?;
        self.threads()?;
        self.losses(&[])?;
        self.train.config()?;
        self.detector.settings(&self.train.for_scenes())?;
        Ok(())
    }

    /// The seeds, checked.
    fn seeds(&self, default: u64) -> anyhow::Result<Vec<u64>> {
        let seeds = self.seeds.unwrap_or(default);
        at_least_one("--seeds", seeds as usize)?;
        let Some(end) = self.seed.checked_add(seeds) else {
            bail!("--seed {}: seeds up to seed + {seeds} do not fit 64 bits", self.seed);
        };
        Ok((self.seed..end).collect())
    }

    /// The losses asked for, each another one, or these.
    fn losses(&self, defaults: &[&str]) -> anyhow::Result<Vec<Spec>> {
        let registry = Registry::standard();
        if self.loss.is_empty() {
            return Ok(defaults.iter().map(|text| Spec::parse(text, &registry)).collect::<Result<_, _>>()?);
        }
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

    /// Threads to train on.
    fn threads(&self) -> anyhow::Result<usize> {
        let threads = self.threads.unwrap_or_else(processors);
        at_least_one("--threads", threads)?;
        Ok(threads)
    }
}

fn pool(threads: usize) -> anyhow::Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().context("cannot start threads")
}

/// Where and how fast it was run, since `start`.
fn environment(start: Instant, threads: usize, paths: Vec<String>) -> Environment {
    Environment {
        version: env!("CARGO_PKG_VERSION"),
        seconds: start.elapsed().as_secs_f64(),
        threads,
        processors: processors(),
        machine: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        instruction_set: Isa::current().name(),
        paths,
    }
}

/// Writes the results and prints their table.
fn conclude(results: &Results, folder: &Path, quiet: bool) -> anyhow::Result<()> {
    results.write(folder).with_context(|| cannot_write(folder))?;
    super::emit(&format!("{}\n", table(results)))?;
    super::emit(&super::notes(&diverged_notes(results)))?;
    if !quiet {
        let Environment { seconds, threads, .. } = &results.environment;
        let (runs, file) = (results.runs.len(), folder.join("results.json"));
        super::emit(&format!(
            "{runs} trainings in {seconds:.1} s on {threads} threads; written to {}\n",
            file.display()
        ))?;
    }
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
