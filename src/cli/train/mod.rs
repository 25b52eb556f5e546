//! `losslab train`: one training with one loss, its metrics, and the model as a file.

mod detector;
mod keep;
mod rows;

use super::data_args::DataArguments;
use super::detector_args::DetectorArguments;
use super::image_args::ImageArguments;
use super::train_args::TrainArguments;
use anyhow::{Context, bail};
use clap::Args;
use losslab_losses::{Registry, Spec};
use std::path::{Path, PathBuf};

/// The arguments of `losslab train`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    images: ImageArguments,
    /// Loss to train with, e.g. focal:gamma=2,alpha=0.25
    #[arg(long, value_name = "SPEC", default_value = "ce")]
    loss: String,
    /// Seed of split, weights and order of batches; of given splits it takes number N, as compare's run with this seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    train: TrainArguments,
    #[command(flatten)]
    detector: DetectorArguments,
    /// Threads that share the steps of the training [default: one per processor, on rows at most 4]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// File for the model
    #[arg(long, value_name = "FILE.safetensors")]
    save: PathBuf,
    #[command(flatten)]
    keep: keep::KeepArguments,
    /// Print nothing but the metrics and errors
    #[arg(long)]
    quiet: bool,
}

/// Runs the command.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    match (arguments.data.is_given(), arguments.images.are_given()) {
        (true, true) => bail!("rows and images: expected the arguments of one of them"),
        (false, true) => detector::run(&arguments),
        (_, false) => {
            arguments.detector.refuse_for_rows()?;
            rows::run(&arguments)
        }
    }
}

impl Arguments {
    fn spec(&self) -> anyhow::Result<Spec> {
        Ok(Spec::parse(&self.loss, &Registry::standard())?)
    }
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
