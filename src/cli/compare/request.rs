//! What `losslab compare` was asked for, checked before any data are read.

use super::Arguments;
use crate::cli::flags::GivenFlags;
use crate::cli::{at_least_one, thread_count};
use anyhow::{Context, bail};
use losslab_data::formats::{Format, Given};
use losslab_losses::{OpenSpec, Spec, SpecError};
use losslab_train::{Lab, LossSet, MOST_TRIALS, ProblemKind};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Seeds of a comparison, unless `--seeds` says otherwise.
const DEFAULT_SEEDS: u64 = 5;

/// A checked request: what to load, what to compare and how, and where to write.
#[derive(Clone)]
pub struct Request {
    /// The flags that name data.
    pub data: Given,
    /// The deciding metric, if one is named.
    pub metric: Option<String>,
    /// Trials per arm and seed.
    pub trials: usize,
    /// Threads to train on.
    pub threads: usize,
    /// The folder of the results.
    pub out: PathBuf,
    /// Whether runs that stand there are kept.
    pub resume: bool,
    /// Whether nothing but results is printed.
    pub quiet: bool,
    /// All that was asked for, as flags with their values, for `results.json`.
    pub asked: Map<String, Value>,
    /// The losses named, each another one; if none is, those of a set.
    named: Vec<OpenSpec>,
    /// The command as it would be typed again.
    pub command: String,
    set: Option<LossSet>,
    reference: Option<String>,
    seeds: Option<u64>,
    seed: u64,
    /// When the command began.
    pub start: Instant,
}

impl Request {
    /// Checks the arguments.
    ///
    /// # Errors
    /// The first that is wrong.
    pub fn new(lab: &Lab, arguments: Arguments, given: GivenFlags) -> anyhow::Result<Self> {
        let request = Self {
            data: given.data,
            asked: given.request,
            command: given.command,
            metric: arguments.learner.metric().map(Into::into),
            trials: trials(arguments.tune)?,
            threads: thread_count(arguments.threads)?,
            named: named_losses(lab, &arguments.loss, arguments.tune)?,
            set: arguments.loss_set,
            reference: reference(lab, arguments.reference.as_deref())?,
            seeds: arguments.seeds,
            seed: arguments.seed,
            out: arguments.out,
            resume: arguments.resume,
            quiet: arguments.quiet,
            start: Instant::now(),
        };
        request.format(lab)?;
        request.seeds(None)?;
        if !request.named.is_empty() {
            request.reference(lab, &request.named)?;
        }
        if let Some(metric) = &request.metric {
            check_metric(lab, metric)?;
        }
        Ok(request)
    }

    /// The format of the data that are named, if any are.
    pub fn format<'l>(&self, lab: &'l Lab) -> anyhow::Result<Option<&'l dyn Format>> {
        Ok(lab.formats.select(&self.data)?)
    }

    /// The same request on other data.
    pub fn with_data(&self, data: Given) -> Self {
        Self { data, ..self.clone() }
    }

    /// The seeds; `default` is their number where none is given.
    pub fn seeds(&self, default: Option<u64>) -> anyhow::Result<Vec<u64>> {
        let seeds = self.seeds.or(default).unwrap_or(DEFAULT_SEEDS);
        at_least_one("--seeds", seeds as usize)?;
        let Some(end) = self.seed.checked_add(seeds) else {
            bail!("--seed {}: seeds up to seed + {seeds} do not fit 64 bits", self.seed);
        };
        Ok((self.seed..end).collect())
    }

    /// Whether losses are named, or a set of them.
    pub fn names_losses(&self) -> bool {
        !self.named.is_empty() || self.set.is_some()
    }

    /// The losses to compare, each of which `suits`, with a line for each that a set leaves out.
    pub fn losses(
        &self,
        lab: &Lab,
        kind: ProblemKind,
        suits: impl Fn(&Spec) -> Result<(), SpecError>,
    ) -> anyhow::Result<(Vec<OpenSpec>, Vec<String>)> {
        if self.named.is_empty() {
            let set = self.set.unwrap_or(LossSet::Quick);
            let (losses, left_out) = set.losses(kind, &lab.losses, suits)?;
            return Ok((losses.into_iter().map(OpenSpec::from).collect(), left_out));
        }
        self.named
            .iter()
            .flat_map(|loss| (0..self.trials).map(|trial| loss.trial(trial)))
            .try_for_each(|spec| suits(&spec))?;
        Ok((self.named.clone(), Vec::new()))
    }

    /// The loss that the others are judged against: the one named, else the lab's default if it is compared, else the
    /// first.
    pub fn reference(&self, lab: &Lab, losses: &[OpenSpec]) -> anyhow::Result<String> {
        let names: Vec<String> = losses.iter().map(ToString::to_string).collect();
        match &self.reference {
            Some(reference) if names.contains(reference) => Ok(reference.clone()),
            Some(reference) => {
                bail!("--reference {reference}: expected one of the losses, {}", names.join(", "))
            }
            None => {
                let default = lab.losses.default_reference().map(|spec| spec.to_string());
                let found = names.iter().find(|name| Some(*name) == default.as_ref()).or(names.first());
                found.cloned().context("no loss suits the data")
            }
        }
    }

    /// Creates the folder and writes to it, before hours of training rather than after.
    pub fn prepare_folder(&self, folder: &Path) -> anyhow::Result<()> {
        let cannot_write = || cannot_write(folder);
        std::fs::create_dir_all(folder).with_context(cannot_write)?;
        let probe = folder.join(".losslab-write-test");
        std::fs::write(&probe, b"").with_context(cannot_write)?;
        std::fs::remove_file(&probe).with_context(cannot_write)
    }
}

/// What is said of a folder that cannot be written.
pub fn cannot_write(folder: &Path) -> String {
    format!("--out {}: cannot be written", folder.display())
}

/// The losses named, each another one.
fn named_losses(lab: &Lab, texts: &[String], trials: usize) -> anyhow::Result<Vec<OpenSpec>> {
    let mut losses: Vec<OpenSpec> = Vec::new();
    for text in texts {
        let spec = OpenSpec::parse(text, &lab.losses)?;
        if let (1, Some(name)) = (trials, spec.open().next()) {
            bail!("--loss {text}: {name} is left open; expected a number, or --tune N with N of at least 2");
        }
        if losses.iter().any(|earlier| earlier.to_string() == spec.to_string()) {
            bail!("--loss {text}: {spec} is given twice");
        }
        losses.push(spec);
    }
    Ok(losses)
}

/// Refuses a metric that is one of no kind of task.
fn check_metric(lab: &Lab, name: &str) -> anyhow::Result<()> {
    let mut known: Vec<&str> = Vec::new();
    let of_rows =
        [2, 3].into_iter().flat_map(|classes| lab.metrics.rows(classes)).map(|metric| metric.info().name);
    for metric in of_rows.chain(lab.metrics.boxes().map(|metric| metric.info().name)) {
        if !known.contains(&metric) {
            known.push(metric);
        }
    }
    anyhow::ensure!(known.contains(&name), "--metric: {}", losslab_base::unknown("metric", name, known));
    Ok(())
}

/// The canonical spec of the reference, if one is named.
fn reference(lab: &Lab, text: Option<&str>) -> anyhow::Result<Option<String>> {
    Ok(text.map(|text| OpenSpec::parse(text, &lab.losses)).transpose()?.map(|spec| spec.to_string()))
}

/// Trials per arm and seed.
fn trials(tune: usize) -> anyhow::Result<usize> {
    at_least_one("--tune", tune)?;
    if tune > MOST_TRIALS {
        bail!("--tune {tune}: expected at most {MOST_TRIALS}, the learning rates that there are to try");
    }
    Ok(tune)
}
