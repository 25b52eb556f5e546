//! `losslab compare`: loads the data, trains what is missing, prints table and verdicts, writes `results.json`.

mod detectors;
mod rows;
mod session;

pub(super) use session::Session;

use super::data_args::DataArguments;
use super::detector_args::DetectorArguments;
use super::image_args::ImageArguments;
use super::train_args::TrainArguments;
use super::{at_least_one, processors, thread_count};
use anyhow::{Context, bail};
use clap::Args;
use losslab_losses::{OpenSpec, Registry, Spec, SpecError};
use losslab_report::{Environment, Plan};
use losslab_tensor::Isa;
use losslab_train::experiment::{LossSet, MOST_TRIALS, ProblemKind};
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
    /// Losses to compare where none is named: quick, standard (the usual baselines) or full (all that fit) [default: quick]
    #[arg(long, value_name = "SET", conflicts_with = "loss")]
    loss_set: Option<LossSet>,
    /// Loss that the others are judged against [default: ce if it is among them, else the first]
    #[arg(long, value_name = "SPEC")]
    reference: Option<String>,
    /// Number of seeds [default: 5; in the short comparison of detectors 3]
    #[arg(long, value_name = "N")]
    seeds: Option<u64>,
    /// First seed; seed .. seed+N-1 are used, each with a split of its own
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Trainings per loss and seed over learning rates and open parameters (gamma=?); the best on validation data is judged
    #[arg(long, value_name = "N", default_value_t = 1)]
    tune: usize,
    #[command(flatten)]
    train: TrainArguments,
    #[command(flatten)]
    detector: DetectorArguments,
    /// Threads to train on: one for each training, or several where there are more than trainings [default: one per processor]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Folder for results.json and the runs it is made of; runs that stand there are replaced
    #[arg(long, value_name = "DIR", default_value = "losslab-results")]
    out: PathBuf,
    /// Keep the runs that stand in the folder, and train only those that are missing
    #[arg(long)]
    resume: bool,
    /// Print nothing but the table, the verdicts and errors
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
        thread_count(self.threads)?;
        self.trials()?;
        self.named_losses()?;
        if !self.names_losses() {
            self.reference(&detectors::short_losses()?)?;
        }
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

    /// Whether losses are named, or a set of them.
    fn names_losses(&self) -> bool {
        !self.loss.is_empty() || self.loss_set.is_some()
    }

    /// The losses named, each another one.
    fn named_losses(&self) -> anyhow::Result<Vec<OpenSpec>> {
        let registry = Registry::standard();
        let mut losses: Vec<OpenSpec> = Vec::new();
        for text in &self.loss {
            let spec = OpenSpec::parse(text, &registry)?;
            if let (1, Some(name)) = (self.tune, spec.open().next()) {
                bail!(
                    "--loss {text}: {name} is left open; expected a number, or --tune N with N of at least 2"
                );
            }
            if losses.iter().any(|earlier| earlier.to_string() == spec.to_string()) {
                bail!("--loss {text}: {spec} is given twice");
            }
            losses.push(spec);
        }
        if let Some(text) = &self.reference {
            let reference = OpenSpec::parse(text, &registry)?.to_string();
            if !losses.is_empty() && losses.iter().all(|loss| loss.to_string() != reference) {
                bail!("--reference {text}: found none of the losses, expected one of them");
            }
        }
        Ok(losses)
    }

    /// The losses to compare, each bound by `bind`, with a line for each that a set leaves out.
    fn losses(
        &self,
        kind: ProblemKind,
        default: LossSet,
        bind: impl Fn(&Spec) -> Result<(), SpecError>,
    ) -> anyhow::Result<(Vec<OpenSpec>, Vec<String>)> {
        let named = self.named_losses()?;
        if named.is_empty() {
            let set = self.loss_set.unwrap_or(default);
            let (losses, left_out) = set.losses(kind, &Registry::standard(), bind)?;
            return Ok((losses.into_iter().map(OpenSpec::from).collect(), left_out));
        }
        named
            .iter()
            .flat_map(|loss| (0..self.tune).map(|trial| loss.trial(trial)))
            .try_for_each(|spec| bind(&spec))?;
        Ok((named, Vec::new()))
    }

    /// The loss that the others are judged against.
    fn reference(&self, losses: &[OpenSpec]) -> anyhow::Result<String> {
        let names: Vec<String> = losses.iter().map(ToString::to_string).collect();
        let Some(text) = &self.reference else {
            let ce = names.iter().find(|name| *name == "ce").or(names.first());
            return ce.cloned().context("no loss suits the data");
        };
        let reference = OpenSpec::parse(text, &Registry::standard())?.to_string();
        if !names.contains(&reference) {
            bail!("--reference {text}: expected one of the losses, {}", names.join(", "));
        }
        Ok(reference)
    }

    /// Trials per loss and seed, checked.
    fn trials(&self) -> anyhow::Result<usize> {
        at_least_one("--tune", self.tune)?;
        if self.tune > MOST_TRIALS {
            bail!(
                "--tune {}: expected at most {MOST_TRIALS}, the learning rates that there are to try",
                self.tune
            );
        }
        Ok(self.tune)
    }
}

pub(super) fn pool(threads: usize) -> anyhow::Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().context("cannot start threads")
}

/// Where and how fast it was run, since `start`.
pub(super) fn environment(start: Instant, threads: usize, paths: Vec<String>) -> Environment {
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

/// What is about to be done, and what is declared before it.
fn declaration(plan: &Plan, epochs: &str) -> String {
    let (losses, seeds) = (plan.config.losses.len(), plan.config.seeds.len());
    let metric = plan.data.metrics()[0].title;
    let trials = match plan.config.trials {
        1 => String::new(),
        trials => format!(" x {trials} trials"),
    };
    format!(
        "training {losses} losses x {seeds} seeds{trials}, {epochs}\nverdicts rest on {metric}, against {}\n",
        plan.reference
    )
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
