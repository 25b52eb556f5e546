//! `losslab compare`: one request, checked before anything is read; then it loads the data, trains what is
//! missing, prints table and verdicts, and writes `results.json`.

mod folders;
mod numbered;
mod request;
mod session;
mod tune_args;
mod written;

pub(super) use folders::{ensure_unused, tell_removal};
pub(super) use numbered::resolve;
pub(super) use request::cannot_write;
pub(super) use session::{Place, Session, pool};
pub(super) use written::{EXIT_CODE as LOST_EXIT_CODE, Lost};

use super::flags::GivenFlags;
use super::learner_args::{BoxRequest, LearnerArguments, TableRequest};
use super::{emit, notes, of_data};
use crate::memory::MemoryArguments;
use crate::owner::Owned;
use crate::warnings::{self, DenyArguments};
use anyhow::{Context, anyhow, bail};
use clap::Args;
use folders::Folders;
use losslab_base::{counted, shown_number};
use losslab_data::formats::Loaded;
use losslab_losses::{OpenSpec, Spec};
use losslab_report::{ArmName, Margin, ModelDescription, Plan};
use losslab_train::tasks::boxes::BoxTask;
use losslab_train::tasks::table::TableTask;
use losslab_train::{Arm, Comparison, Lab, LossSet, Memory, ProblemKind, Task};
use request::{Request, Work};
use std::path::PathBuf;
use tune_args::TuneArguments;

/// The arguments of `losslab compare`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Loss to compare, e.g. focal:gamma=2,alpha=0.25 or ce+class-balanced; repeat for more
    #[arg(long, value_name = "SPEC")]
    loss: Vec<String>,
    /// Losses to compare where none is named: quick, standard (the usual baselines) or full (all that fit)
    /// [default: quick]
    #[arg(long, value_name = "SET", conflicts_with = "loss")]
    loss_set: Option<LossSet>,
    /// Loss that the others are judged against [default: cross-entropy if it is among them, else the first]
    #[arg(long, value_name = "SPEC")]
    reference: Option<String>,
    /// Difference in the deciding metric that would not matter to you; losses that differ by less are called
    /// equivalent [default: 1/20 of what is left above the reference or 1/10 of what it is above chance, the
    /// smaller]
    #[arg(long, value_name = "X")]
    equivalence_margin: Option<f64>,
    /// Number of seeds [default: 20 for tables, 5 for detectors; in the short comparison of detectors 3]
    #[arg(long, value_name = "N")]
    seeds: Option<usize>,
    /// First seed; seed .. seed+N-1 are used, each with a split of its own
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    tune: TuneArguments,
    #[command(flatten)]
    learner: LearnerArguments,
    /// Threads to train on: one for each training, or several where there are more than trainings [default:
    /// one per processor]
    #[arg(long, value_name = "N", help_heading = "Running")]
    threads: Option<usize>,
    #[command(flatten)]
    memory: MemoryArguments,
    /// Folder for results.json and the runs it is made of [default: a new numbered one in losslab-results,
    /// which the file latest there names; with --resume the one that it names]
    #[arg(long, value_name = "DIR", help_heading = "Running")]
    out: Option<PathBuf>,
    /// Keep the runs that stand in the folder, and train only those that are missing
    #[arg(long, help_heading = "Running")]
    resume: bool,
    /// Remove what losslab has written into the folder before
    #[arg(long, conflicts_with = "resume", requires = "out", help_heading = "Running")]
    fresh: bool,
    /// Take arguments from this file: TOML with the names of flags as keys, or the results.json of a
    /// comparison. Paths in it count from the current folder
    // By this name, for `config.rs` reads it before the arguments are parsed.
    #[arg(id = "config", long = "config", value_name = "FILE", help_heading = "Running")]
    _config: Option<PathBuf>,
    #[command(flatten)]
    deny: DenyArguments,
    /// Print nothing but the table, the verdicts, severe warnings and errors
    #[arg(long, help_heading = "Running")]
    quiet: bool,
}

/// Runs the command.
pub fn run(lab: &Lab, arguments: Arguments, given: GivenFlags) -> anyhow::Result<()> {
    let request = Request::new(lab, arguments, given)?;
    let folders = Folders::claim(&request)?;
    compare_named(lab, &request, folders.owned())
}

/// Compares on the data that are named, or on those that come with losslab.
fn compare_named(lab: &Lab, request: &Request, folders: &[Owned]) -> anyhow::Result<()> {
    let mut folders = folders.iter();
    let mut next = || folders.next().context("no folder for the results");
    match &request.work {
        Work::Tables(tables) => compare_tables(lab, request, tables, next()?),
        Work::Boxes(boxes) => compare_boxes(lab, request, boxes, next()?),
        Work::Embedded { tables, scenes } => {
            if let Some(tables) = tables {
                compare_tables(lab, &request.on_embedded_table(), tables, next()?)?;
            }
            if let Some(scenes) = scenes {
                compare_boxes(lab, &request.on_embedded_scenes(scenes), scenes, next()?)?;
            }
            Ok(())
        }
    }
}

/// What the data that a request names turned out to hold.
fn load(lab: &Lab, request: &Request) -> anyhow::Result<Loaded> {
    let format = request.format(lab)?.context("no data are named")?;
    Ok(format.load(&request.data)?)
}

fn compare_tables(lab: &Lab, request: &Request, tables: &TableRequest, folder: &Owned) -> anyhow::Result<()> {
    let Loaded::Table { source, notes } = load(lab, request)? else { bail!("expected a table") };
    let kind = match source.dataset.class_names.len() {
        2 => ProblemKind::Binary,
        _ => ProblemKind::Classes,
    };
    let seeds = request.seeds.clone();
    let encoded = source.encoded_bytes().saturating_mul(seeds.len() as u64);
    let data = Memory { data: encoded, ..Memory::default() };
    data.check(request.memory()).map_err(|problem| anyhow!("{}: {problem}", counted(seeds.len(), "seed")))?;
    let pool = pool(request.threads)?;
    let task = pool.install(|| TableTask::new(lab, source, notes, &seeds, request.metric.as_deref()));
    let task = task.map_err(|error| of_data(lab, &request.data, error))?;
    let models = tables.models.iter().map(|model| (model, *model.kind().info())).collect();
    let settings = tables.settings.clone();
    compare(lab, request, &Job { task, settings, learners: models, seeds, kind }, folder)
}

fn compare_boxes(lab: &Lab, request: &Request, boxes: &BoxRequest, folder: &Owned) -> anyhow::Result<()> {
    let Loaded::Boxes { parts, voc_rule } = load(lab, request)? else { bail!("expected images with boxes") };
    let (settings, seeds) = (boxes.settings.clone(), request.seeds.clone());
    let task = BoxTask::new(lab, parts, voc_rule, &settings, request.metric.as_deref());
    let task = task.map_err(|error| of_data(lab, &request.data, error))?;
    let learners = boxes.detectors.iter().map(|detector| (detector, detector.kind.info())).collect();
    compare(lab, request, &Job { task, settings, learners, seeds, kind: ProblemKind::Boxes }, folder)
}

/// A comparison whose data are loaded.
struct Job<'a, T: Task> {
    task: T,
    settings: T::Settings,
    learners: Vec<(&'a T::Learner, losslab_models::ModelInfo)>,
    seeds: Vec<u64>,
    kind: ProblemKind,
}

impl<T: Task> Job<'_, T> {
    /// The losses to compare, with a line for each that a set leaves out.
    fn losses(&self, lab: &Lab, request: &Request) -> anyhow::Result<(Vec<OpenSpec>, Vec<String>)> {
        let suits = |spec: &Spec| {
            self.learners.iter().try_for_each(|(learner, _)| self.task.check(learner, spec, &self.settings))
        };
        request.losses(lab, self.kind, suits)
    }
}

/// Compares losses and models, and writes to this folder.
fn compare<T: Task>(lab: &Lab, request: &Request, job: &Job<'_, T>, folder: &Owned) -> anyhow::Result<()> {
    let Job { task, settings, learners, seeds, .. } = job;
    for (learner, _) in learners {
        task.check_learner(learner, settings)?;
        let trainings = request.threads.min(seeds.len());
        let memory = task.memory(learner, settings)?.times(trainings);
        let at_a_time = counted(trainings, "training");
        let checked = memory.check(request.memory());
        checked.map_err(|problem| anyhow!("{learner}, {at_a_time} at a time: {problem}"))?;
    }
    let (losses, left_out) = job.losses(lab, request)?;
    let first = learners.first().map(|(learner, _)| learner.to_string()).unwrap_or_default();
    let reference = ArmName { model: first, loss: request.reference(lab, &losses)? };
    let arms = learners.iter().flat_map(|(learner, _)| {
        losses.iter().map(|loss| Arm { learner: (*learner).clone(), loss: loss.clone() })
    });
    let comparison = Comparison::<T> {
        arms: arms.collect(),
        seeds: seeds.clone(),
        settings: settings.clone(),
        tuning: request.tune.tuning(settings)?,
    };
    let models = learners.iter().map(|(learner, info)| ModelDescription::new(learner.to_string(), info));
    let warnings = request.warnings(lab, task)?;
    let plan = Plan::new(task, &comparison, models.collect(), &losses, reference);
    let plan = Plan { margin: request.margin, warnings, ..plan };
    if let (Some(margin), Some(metric)) = (plan.margin, plan.deciding()) {
        let flag = || format!("--equivalence-margin {}", shown_number(margin));
        Margin::check(metric, margin).map_err(anyhow::Error::msg).with_context(flag)?;
    }
    if !request.quiet {
        let found = warnings::lines(&plan.warnings);
        emit(&format!("{}{}{found}{}", task.introduction(), notes(&task.notes()), notes(&left_out)))?;
        emit(&declaration(&plan, &comparison.most_epochs(task)))?;
    }
    Session::begin(lab, request, plan, folder)?.run(task, &comparison)
}

/// What is about to be done, and what is declared before it.
fn declaration(plan: &Plan, epochs: &[usize]) -> String {
    let seeds = counted(plan.seeds.len(), "seed");
    let losses = counted(plan.losses.len(), "loss");
    let metric = plan.deciding().map_or("", |metric| &metric.title);
    let models = match plan.models.len() {
        1 => String::new(),
        models => format!("{models} models x "),
    };
    let trials = match plan.trials {
        1 => String::new(),
        trials => format!(" x {trials} trials"),
    };
    let reference = plan.label(&plan.reference);
    // Losses that visit fewer rows in an epoch get more epochs.
    let most = epochs.iter().min().copied().unwrap_or_default();
    let more = plan.labels().into_iter().zip(epochs).filter(|&(_, &epochs)| epochs > most);
    let more: String = more.map(|(label, epochs)| format!(", {label} at most {epochs}")).collect();
    let epochs = counted(most, "epoch");
    format!(
        "training {models}{losses} x {seeds}{trials}, at most {epochs} each{more}\n\
         verdicts rest on {metric}, against {reference}\n"
    )
}
