//! `losslab predict`: a saved model scores rows, or finds objects in images.

mod detector;
mod rows;

use crate::cli::emit;
use anyhow::Context;
use clap::Args;
use losslab_data::write_atomically;
use std::path::PathBuf;

/// The arguments of `losslab predict`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Model that losslab train saved
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// Table with the model's columns, matched by name; others are ignored
    #[arg(long, value_name = "FILE", required_unless_present_any = ["idx_images", "images"])]
    csv: Option<PathBuf>,
    /// Images in IDX form, for a model of images
    #[arg(long, value_name = "FILE", conflicts_with = "csv")]
    idx_images: Option<PathBuf>,
    /// Folder of PNG and JPEG images, for a detector; all of them, or those that --coco names
    #[arg(long, value_name = "DIR", conflicts_with_all = ["csv", "idx_images"])]
    images: Option<PathBuf>,
    /// COCO annotations of the images: detections get their ids, and metrics are printed on standard error
    #[arg(long, value_name = "JSON", requires = "images")]
    coco: Option<PathBuf>,
    /// Column that holds the truth: prints metrics on standard error
    #[arg(long, value_name = "COLUMN", requires = "csv")]
    label: Option<String>,
    /// File for row,probability,prediction, or for detections in COCO's JSON [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The network's own probabilities, without undoing the bias that the loss gives them; a detector's always are
    #[arg(long)]
    raw: bool,
    /// The network's outputs before any probability: row,logit, or for images in JSON the class logits and box codes of
    /// each anchor
    #[arg(long, conflicts_with_all = ["raw", "label", "coco"])]
    logits: bool,
    /// Print no notes
    #[arg(long)]
    quiet: bool,
}

/// Runs the command.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    match &arguments.images {
        Some(images) => detector::run(&arguments, images),
        None => rows::run(&arguments),
    }
}

impl Arguments {
    /// Writes the outcome to `--out`, by default to standard output.
    fn deliver(&self, text: &str) -> anyhow::Result<()> {
        match &self.out {
            None => Ok(emit(text)?),
            Some(path) => write_atomically(path, text.as_bytes())
                .with_context(|| format!("--out {}: cannot be written", path.display())),
        }
    }
}
