//! `losslab train`: one training with one loss, its metrics, and the model as a file.

use super::data_args::DataArguments;
use super::progress::Progress;
use super::train_args::TrainArguments;
use super::{emit, notes};
use crate::experiment::{Event, Observer, Outcome, bind, train};
use crate::model::Model;
use crate::report::{SeedGaps, TableData, metrics_table, unseen_notes};
use anyhow::Context;
use clap::Args;
use losslab_losses::{Registry, Spec};
use std::path::{Path, PathBuf};

/// The arguments of `losslab train`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// Loss to train with, e.g. focal:gamma=2,alpha=0.25
    #[arg(long, value_name = "SPEC", default_value = "ce")]
    loss: String,
    /// Seed of split, weights and order of batches; of given splits it takes number N, as compare's run with this seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    train: TrainArguments,
    /// File for the model
    #[arg(long, value_name = "FILE.safetensors")]
    save: PathBuf,
    /// Print nothing but the metrics and errors
    #[arg(long)]
    quiet: bool,
}

/// Runs the command.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let config = arguments.train.config()?;
    let spec = Spec::parse(&arguments.loss, &Registry::standard())?;
    let (source, found) = arguments.data.load()?;
    let counts: Vec<u64> = source.dataset.class_counts().iter().map(|&n| n as u64).collect();
    bind(&spec, &counts)?;
    ensure_writable(&arguments.save)?;

    let seed = arguments.seed;
    let data = TableData::of(&source, found);
    let prepared = source.prepare(seed as usize, seed)?;
    if !arguments.quiet {
        emit(&format!("{}{}", data.describe(), notes(&data.notes)))?;
        let gaps = SeedGaps { seed, columns: prepared.gaps.clone() };
        emit(&notes(&unseen_notes(&[gaps])))?;
        let rows = [&prepared.train, &prepared.validation, &prepared.test].map(|part| part.rows());
        emit(&format!(
            "training on {} rows, choosing the epoch on {}, reporting on {}\n",
            rows[0], rows[1], rows[2]
        ))?;
    }
    let progress = Progress::new(vec![spec.to_string()], 1, config.epochs, arguments.quiet);
    let after_epoch = |epoch| progress.on(Event::Epoch { loss: 0, seed, epoch });
    let result = train(&prepared, &spec, &config, seed, after_epoch);
    let outcome = Outcome { loss: 0, seed, result, gaps: prepared.gaps.as_slice().into() };
    progress.on(outcome.done());
    progress.finish();
    let trained = outcome.result.with_context(|| format!("loss {spec}, seed {seed}"))?;

    let model = Model::new(&source.dataset, &prepared, &spec, &config, seed, &trained);
    model.save(&arguments.save).with_context(|| cannot_write(&arguments.save))?;
    emit(&format!(
        "{}\n",
        metrics_table("test part", data.task().metrics(), &spec.to_string(), &trained.metrics)
    ))?;
    if let Some(threshold) = trained.threshold {
        let positive = &source.dataset.class_names[1];
        emit(&format!("called {positive:?} from a probability of {threshold:.4} on (the network's own)\n"))?;
    }
    if !arguments.quiet {
        emit(&format!("model written to {}\n", arguments.save.display()))?;
    }
    Ok(())
}

/// Writes beside the file to be, before the training rather than after.
fn ensure_writable(path: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(!path.is_dir(), "{}: it is a folder", cannot_write(path));
    anyhow::ensure!(path.file_name().is_some(), "{}: it has no file name", cannot_write(path));
    let probe = path.with_file_name(format!(".losslab-write-test.{}", std::process::id()));
    std::fs::write(&probe, b"").with_context(|| cannot_write(path))?;
    std::fs::remove_file(&probe).with_context(|| cannot_write(path))
}

fn cannot_write(path: &Path) -> String {
    format!("--save {}: cannot be written", path.display())
}
