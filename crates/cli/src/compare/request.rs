//! What `losslab compare` was asked for, checked before any data are read.

use super::{Arguments, TuneArguments, pool};
use crate::flags::GivenFlags;
use crate::learner_args::{BoxRequest, LearnerArguments, TableRequest};
use crate::outputs::{Inputs, inputs};
use crate::processors;
use crate::warnings::DenyArguments;
use anyhow::{Context, bail};
use losslab_data::checks::Warning;
use losslab_data::formats::{DataKind, Format, Given};
use losslab_losses::{OpenSpec, Spec, SpecError};
use losslab_train::tasks::boxes::DetectorSettings;
use losslab_train::{Lab, LossSet, ProblemKind, Task};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Seeds of a comparison on tables, unless `--seeds` says otherwise: 20 splits see a difference of 2.2
/// standard deviations of a paired difference with 80 % power, 5 splits only one of 3.7.
const TABLE_SEEDS: usize = 20;
/// The same for detectors, whose trainings take longer.
const BOX_SEEDS: usize = 5;

/// The comparison of detectors that plain `losslab` runs: its scenes, losses, seeds and settings. More epochs
/// gain little: the detectors are trained out.
const SHORT_SCENES: &str = "ratio=60,images=160,contrast=90";
const SHORT_LOSSES: [&str; 2] = ["ce", "focal:gamma=2,alpha=0.25"];
const SHORT_SEEDS: usize = 3;
const SHORT_EPOCHS: usize = 45;
const SHORT_WIDTH: usize = 8;
const SHORT_BATCH: usize = 8;
const SHORT_RATE: f64 = 0.01;

/// A checked request: what to load, what to compare and how, and where to write.
#[derive(Clone)]
pub struct Request {
    /// The flags that name data.
    pub data: Given,
    /// The files among them.
    pub inputs: Inputs,
    /// What is trained on them.
    pub work: Work,
    /// The deciding metric, if one is named.
    pub metric: Option<String>,
    /// The difference that would not matter, if it is given.
    pub margin: Option<f64>,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// What is tuned.
    pub tune: TuneArguments,
    /// Threads to train on.
    pub threads: usize,
    /// The folder of the results, if it is named.
    pub out: Option<PathBuf>,
    /// Whether runs that stand there are kept.
    pub resume: bool,
    /// Whether what losslab has written there is removed.
    pub fresh: bool,
    /// Whether nothing but results is printed.
    pub quiet: bool,
    /// Whether severe warnings are errors.
    deny: DenyArguments,
    /// All that was asked for, as flags with their values, for `results.json`.
    pub asked: Map<String, Value>,
    /// When the command began.
    pub start: Instant,
    /// The losses named, each another one; if none is, those of a set.
    named: Vec<OpenSpec>,
    /// The command as it would be typed again.
    pub command: String,
    set: Option<LossSet>,
    reference: Option<String>,
}

/// What is trained, by the kind of data.
#[derive(Clone)]
pub enum Work {
    /// Models on rows of a table.
    Tables(TableRequest),
    /// Detectors on images with boxes.
    Boxes(BoxRequest),
    /// No data are named: the embedded table and the embedded scenes, or the one that the arguments are
    /// about.
    Embedded {
        /// Models on the embedded table.
        tables: Option<TableRequest>,
        /// Detectors on the embedded scenes.
        scenes: Option<BoxRequest>,
    },
}

impl Request {
    /// Checks the arguments.
    ///
    /// # Errors
    /// The first that is wrong.
    pub fn new(lab: &Lab, arguments: Arguments, given: GivenFlags) -> anyhow::Result<Self> {
        let learner = &arguments.learner;
        let metric: Option<String> = learner.metric(lab)?.map(Into::into);
        let work = work(lab, learner, &given.data)?;
        let default_seeds = if matches!(work, Work::Boxes(_)) { BOX_SEEDS } else { TABLE_SEEDS };
        let request = Self {
            work,
            inputs: inputs(&lab.formats.flags(), &given.data),
            data: given.data.within(arguments.memory.most()),
            asked: given.request,
            command: given.command,
            metric,
            margin: arguments.equivalence_margin,
            seeds: seeds(arguments.seed, arguments.seeds.unwrap_or(default_seeds))?,
            tune: arguments.tune.clone(),
            threads: arguments.threads.unwrap_or_else(processors),
            named: named_losses(lab, &arguments.loss, arguments.tune.trials()?)?,
            set: arguments.loss_set,
            reference: reference(lab, arguments.reference.as_deref())?,
            out: arguments.out,
            resume: arguments.resume,
            fresh: arguments.fresh,
            quiet: arguments.quiet,
            deny: arguments.deny,
            start: Instant::now(),
        };
        request.work.check_tuning(&request.tune)?;
        match &request.work {
            _ if !request.named.is_empty() => drop(request.reference(lab, &request.named)?),
            Work::Embedded { scenes: Some(_), .. } if request.set.is_none() => {
                request.reference(lab, &short_losses(lab)?)?;
            }
            _ => {}
        }
        Ok(request)
    }

    /// Most bytes of memory for data and trainings.
    pub fn memory(&self) -> u64 {
        self.data.memory()
    }

    /// The format of the data that are named, if any are.
    pub fn format<'l>(&self, lab: &'l Lab) -> anyhow::Result<Option<&'l dyn Format>> {
        Ok(lab.formats.select(&self.data)?)
    }

    /// What checks find in the files that are named and in the data of the task.
    ///
    /// # Errors
    /// What is severe, where that is denied.
    pub fn warnings<T: Task>(&self, lab: &Lab, task: &T) -> anyhow::Result<Vec<Warning>> {
        let of_files = lab.checks.files(&lab.formats.files(&self.data));
        let of_data = pool(self.threads)?.install(|| task.warnings());
        let warnings = [of_files, of_data].concat();
        self.deny.check(&warnings)?;
        Ok(warnings)
    }

    /// The same request on the embedded table.
    pub fn on_embedded_table(&self) -> Self {
        self.on("synthetic", "")
    }

    /// The same request on the embedded scenes, where fewer losses and seeds are the default. What makes it
    /// short is said, too, so that its results can be asked for again.
    pub fn on_embedded_scenes(&self, scenes: &BoxRequest) -> Self {
        let mut request = self.on("scenes", SHORT_SCENES);
        if !self.asked.contains_key("seeds") {
            request.seeds.truncate(SHORT_SEEDS);
        }
        if !self.names_losses() {
            request.say("loss", json!(SHORT_LOSSES));
        }
        request.say("seeds", json!(request.seeds.len()));
        request.say("epochs", json!(scenes.settings.epochs));
        request.say("width", json!(scenes.settings.width));
        request.say("batch", json!(scenes.settings.batch));
        request.say("lr", json!(scenes.settings.learning_rate));
        request
    }

    fn on(&self, flag: &str, value: &str) -> Self {
        let data = Given::new().with(flag, value).within(self.memory());
        let mut request = Self { data, ..self.clone() };
        request.say(flag, value.into());
        request
    }

    /// Adds to what was asked for, unless it was.
    fn say(&mut self, flag: &str, value: Value) {
        if !self.asked.contains_key(flag) {
            self.asked.insert(flag.into(), value);
        }
    }

    /// Whether this is the short comparison on the embedded scenes.
    fn is_short(&self) -> bool {
        matches!(self.work, Work::Embedded { .. }) && self.data.has("scenes")
    }

    /// Whether losses are named, or a set of them.
    fn names_losses(&self) -> bool {
        !self.named.is_empty() || self.set.is_some()
    }

    /// The losses to compare, each of which `suits`, with a line for each that a set leaves out.
    pub fn losses(
        &self,
        lab: &Lab,
        kind: ProblemKind,
        suits: impl Fn(&Spec) -> Result<(), SpecError>,
    ) -> anyhow::Result<(Vec<OpenSpec>, Vec<String>)> {
        if !self.names_losses() && self.is_short() {
            return Ok((short_losses(lab)?, Vec::new()));
        }
        if self.named.is_empty() {
            let set = self.set.unwrap_or(LossSet::Quick);
            let (losses, left_out) = set.losses(kind, &lab.losses, suits)?;
            return Ok((losses.into_iter().map(OpenSpec::from).collect(), left_out));
        }
        self.named.iter().flat_map(samples).try_for_each(|spec| suits(&spec))?;
        Ok((self.named.clone(), Vec::new()))
    }

    /// The loss that the others are judged against: the one named, else the lab's default if it is compared,
    /// else the first.
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

    /// The folders of its comparisons, where its results go to this one.
    pub fn folders(&self, out: &Path) -> Vec<PathBuf> {
        match &self.work {
            Work::Embedded { tables, scenes } => {
                let parts = [tables.as_ref().map(|_| "tabular"), scenes.as_ref().map(|_| "scenes")];
                parts.into_iter().flatten().map(|part| out.join(part)).collect()
            }
            Work::Tables(_) | Work::Boxes(_) => vec![out.to_owned()],
        }
    }
}

impl Work {
    /// Refuses to tune what its settings do not have.
    fn check_tuning(&self, tune: &TuneArguments) -> anyhow::Result<()> {
        let (tables, boxes) = match self {
            Work::Tables(tables) => (Some(tables), None),
            Work::Boxes(boxes) => (None, Some(boxes)),
            Work::Embedded { tables, scenes } => (tables.as_ref(), scenes.as_ref()),
        };
        tables.map(|tables| tune.tuning(&tables.settings)).transpose()?;
        boxes.map(|boxes| tune.tuning(&boxes.settings)).transpose()?;
        Ok(())
    }
}

/// The spec with its defaults, and with what is open at the ends and in the middle of its ranges.
fn samples(loss: &OpenSpec) -> Vec<Spec> {
    let at = |share: f64| loss.at(&vec![share; loss.open().len()]);
    [loss.start().clone(), at(0.0), at(0.5), at(1.0)].into()
}

/// What is trained, by the data that are named.
fn work(lab: &Lab, learner: &LearnerArguments, data: &Given) -> anyhow::Result<Work> {
    match lab.formats.select(data)?.map(|format| format.info().kind) {
        Some(DataKind::Table) => Ok(Work::Tables(learner.tables(lab)?)),
        Some(DataKind::Boxes) => Ok(Work::Boxes(learner.boxes(lab)?)),
        None => {
            let (of_tables, of_boxes) = (learner.is_of_tables(lab), learner.is_of_boxes(lab));
            if of_tables && of_boxes {
                bail!("a model or metric of rows and one of boxes: name data, or only one of them");
            }
            let tables = if of_boxes { None } else { Some(learner.tables(lab)?) };
            let scenes = if of_tables { None } else { Some(short_boxes(lab, learner)?) };
            Ok(Work::Embedded { tables, scenes })
        }
    }
}

/// Detectors for the short comparison.
fn short_boxes(lab: &Lab, learner: &LearnerArguments) -> anyhow::Result<BoxRequest> {
    learner.short_boxes(
        lab,
        DetectorSettings {
            epochs: Some(SHORT_EPOCHS),
            width: SHORT_WIDTH,
            batch: SHORT_BATCH,
            learning_rate: SHORT_RATE,
            ..DetectorSettings::default()
        },
    )
}

fn short_losses(lab: &Lab) -> anyhow::Result<Vec<OpenSpec>> {
    Ok(SHORT_LOSSES.iter().map(|text| OpenSpec::parse(text, &lab.losses)).collect::<Result<_, _>>()?)
}

/// So many seeds from the first on.
fn seeds(first: u64, count: usize) -> anyhow::Result<Vec<u64>> {
    let Some(end) = first.checked_add(count as u64) else {
        bail!("--seed {first}: seeds up to seed + {count} do not fit 64 bits");
    };
    Ok((first..end).collect())
}

/// What is said of a folder that cannot be written.
pub fn cannot_write(folder: &Path) -> String {
    format!("--out {}: cannot be written", folder.display())
}

/// The losses named, each another one.
fn named_losses(lab: &Lab, texts: &[String], trials: usize) -> anyhow::Result<Vec<OpenSpec>> {
    let mut losses: Vec<OpenSpec> = Vec::new();
    for text in texts {
        let spec = OpenSpec::parse(text, &lab.losses).context("--loss")?;
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

/// The canonical spec of the reference, if one is named.
fn reference(lab: &Lab, text: Option<&str>) -> anyhow::Result<Option<String>> {
    let spec = text.map(|text| OpenSpec::parse(text, &lab.losses)).transpose().context("--reference")?;
    Ok(spec.map(|spec| spec.to_string()))
}
