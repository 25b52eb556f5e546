//! `losslab train`: one training with one loss, its metrics, and the model as a file.

mod keep;

use super::flags::GivenFlags;
use super::learner_args::LearnerArguments;
use super::memory::MemoryArguments;
use super::outputs::{Inputs, ensure_not_read, inputs};
use super::progress::{self, Progress};
use super::warnings::{self, DenyArguments};
use super::{emit, notes, of_data, processors};
use anyhow::{Context, anyhow, bail};
use clap::Args;
use keep::kept_note;
use losslab_data::checks::Warning;
use losslab_data::files::ensure_writable;
use losslab_data::formats::{DataKind, Loaded};
use losslab_losses::Spec;
use losslab_report::{MetricDescription, SeedGaps, metrics_table, unseen_notes};
use losslab_train::checkpoint::Identity;
use losslab_train::tasks::boxes::BoxTask;
use losslab_train::tasks::table::TableTask;
use losslab_train::{Event, Lab, Observer, Start, Task, Trained, save_model, train};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The arguments of `losslab train`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Loss to train with, e.g. focal:gamma=2,alpha=0.25
    #[arg(long, value_name = "SPEC", default_value = "ce")]
    loss: String,
    /// Seed of split, weights and order of batches; of given splits it takes number N, as compare's run with
    /// this seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    learner: LearnerArguments,
    /// Threads that share the steps of the training [default: one per processor, on rows at most 4]
    #[arg(long, value_name = "N", help_heading = "Running")]
    threads: Option<usize>,
    #[command(flatten)]
    memory: MemoryArguments,
    /// File for the model
    #[arg(long, value_name = "FILE.safetensors", help_heading = "Running")]
    save: PathBuf,
    /// Replace the file of --save if there is one
    #[arg(long, help_heading = "Running")]
    force: bool,
    #[command(flatten)]
    keep: keep::KeepArguments,
    #[command(flatten)]
    deny: DenyArguments,
    /// Print nothing but the metrics, severe warnings and errors
    #[arg(long, help_heading = "Running")]
    quiet: bool,
}

/// Runs the command.
pub fn run(lab: &Lab, arguments: Arguments, given: GivenFlags) -> anyhow::Result<()> {
    let most = arguments.memory.most();
    let given = GivenFlags { data: given.data.within(most), ..given };
    let spec = Spec::parse(&arguments.loss, &lab.losses).context("--loss")?;
    let Some(format) = lab.formats.select(&given.data)? else {
        let keys = lab.formats.iter().filter_map(|format| format.flags().first());
        let keys: Vec<String> = keys.map(|key| format!("--{}", key.name)).collect();
        bail!("no data are named: expected one of {}", keys.join(", "));
    };
    let metric = arguments.learner.metric(lab)?;
    arguments.prepare(&inputs(&lab.formats.flags(), &given.data))?;
    let named = lab.checks.files(&lab.formats.files(&given.data));
    match format.info().kind {
        DataKind::Table => {
            let tables = arguments.learner.tables(lab)?;
            let [model] = &tables.models[..] else { bail!("--model: given twice; a training has one model") };
            let Loaded::Table { source, notes } = format.load(&given.data)? else {
                bail!("expected a table")
            };
            let seed = arguments.seed;
            let run = [(seed as usize, seed)];
            let task = TableTask::of_runs(lab, source, notes, &run, metric);
            let task = task.map_err(|error| of_data(lab, &given.data, error))?;
            arguments.train(&task, most, named, model, &spec, &tables.settings)
        }
        DataKind::Boxes => {
            let boxes = arguments.learner.boxes(lab)?;
            let [detector] = &boxes.detectors[..] else {
                bail!("--detector: given twice; a training has one detector")
            };
            let Loaded::Boxes { parts, voc_rule } = format.load(&given.data)? else {
                bail!("expected images with boxes")
            };
            let task = BoxTask::new(lab, parts, voc_rule, &boxes.settings, metric);
            let task = task.map_err(|error| of_data(lab, &given.data, error))?;
            arguments.train(&task, most, named, detector, &spec, &boxes.settings)
        }
    }
}

impl Arguments {
    /// What can be refused without reading data, before the training rather than after.
    fn prepare(&self, inputs: &Inputs) -> anyhow::Result<()> {
        ensure_not_read("--save", &self.save, inputs)?;
        ensure_writable(&self.save).with_context(|| cannot_write(&self.save))?;
        anyhow::ensure!(
            self.force || !self.save.exists(),
            "--save {}: found a file, expected none; --force replaces it",
            self.save.display()
        );
        Ok(())
    }

    /// Trains in at most `most` bytes of memory, and saves; `named` is what was found in the files that are
    /// named.
    fn train<T: Task>(
        &self,
        task: &T,
        most: u64,
        named: Vec<Warning>,
        learner: &T::Learner,
        loss: &Spec,
        settings: &T::Settings,
    ) -> anyhow::Result<()> {
        task.check_learner(learner, settings)?;
        task.check(learner, loss, settings)?;
        let memory = task.memory(learner, settings)?;
        memory.check(most).map_err(|problem| anyhow!("{learner}: {problem}"))?;
        let threads = self.threads.unwrap_or_else(|| processors().min(T::MOST_THREADS));
        let seed = self.seed;
        let warnings = [named, task.warnings()].concat();
        self.deny.check(&warnings)?;
        if !self.quiet {
            let found = warnings::lines(&warnings);
            emit(&format!("{}{}{found}", task.introduction(), notes(&task.notes())))?;
            emit(&notes(&unseen_notes(&[SeedGaps { seed, columns: task.gaps(0) }])))?;
            emit(&task.outline(0, settings))?;
        }
        let start = Start { run: 0, learner, loss, settings, seed, threads };
        let trained = self.train_watched(task, &start)?;
        let description = task.model(&start, &trained.judged);
        let saved = save_model(&self.save, T::KIND, &description, &trained.weights);
        saved.with_context(|| cannot_write(&self.save))?;
        let values = trained.judged.metrics.iter().map(|(_, value)| *value);
        let metrics: Vec<_> = task.metrics().iter().map(MetricDescription::from).zip(values).collect();
        emit(&format!("{}\n", metrics_table(T::TEST_PART, &loss.to_string(), &metrics)))?;
        emit(&task.conclusion(loss, &trained.judged))?;
        emit(&warnings::severe_lines(&warnings))?;
        if !self.quiet {
            emit(&format!("model written to {}\n", self.save.display()))?;
        }
        Ok(())
    }

    /// Trains, keeps checkpoints where that is asked for, and tells how it goes.
    fn train_watched<T: Task>(&self, task: &T, start: &Start<'_, T>) -> anyhow::Result<Trained<T::Found>> {
        let Start { learner, loss, settings, seed, .. } = start;
        let data = task.describe();
        let name = serde_json::to_value(&data)?;
        let name = name.get("name").and_then(serde_json::Value::as_str).unwrap_or_default();
        let mut all = json!({ "model": learner.to_string(), "metric": task.deciding().name });
        if let (Some(all), serde_json::Value::Object(more)) =
            (all.as_object_mut(), serde_json::to_value(settings)?)
        {
            all.extend(more);
        }
        let identity = Identity::new(name, &data, &task.split(0), &all, loss, *seed);
        let (_owned, mut keeper) = self.keep.keeper(identity, self.quiet)?.unzip();
        let metric = MetricDescription::from(&task.deciding());
        let epochs = task.epochs(start.run, loss, settings);
        let arm = progress::Arm { label: loss.to_string(), epochs, runs: 1 };
        let progress = Progress::new(vec![arm], Some(metric), 1, self.quiet);
        let result = train(task, start, keeper.as_mut(), &mut |epoch| {
            progress.on(Event::Epoch { arm: 0, seed: *seed, trial: 0, epoch });
            progress.flow()
        });
        progress.on(Event::done(0, *seed, &result));
        progress.finish();
        result.with_context(|| {
            let kept = keeper.as_ref().map_or_else(String::new, kept_note);
            format!("loss {loss}, seed {seed}{kept}")
        })
    }
}

fn cannot_write(path: &Path) -> String {
    format!("--save {}: cannot be written", path.display())
}
