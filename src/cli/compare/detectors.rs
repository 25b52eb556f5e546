//! The comparison of detectors: on images with boxes, or on procedural scenes.

use super::{Arguments, conclude, ensure_writable, environment, pool};
use crate::cli::image_args::scene_parts;
use crate::cli::progress::Progress;
use crate::cli::{emit, notes};
use crate::detector::{
    DetectionProblem, DetectorComparison, DetectorSettings, ImageParts, bind_detector, compare_detectors,
};
use crate::report::{ImageData, Results, share_table, write_detections, write_pictures};
use anyhow::Context;
use std::path::Path;
use std::time::Instant;

/// What is compared unless `--loss` says otherwise.
const DEFAULT_LOSSES: [&str; 3] = ["ce", "alpha-ce:alpha=0.75", "focal:gamma=2,alpha=0.25"];

/// The comparison that plain `losslab` runs: its scenes, losses, seeds and epochs.
const SHORT_SCENES: &str = "";
const SHORT_LOSSES: [&str; 2] = ["ce", "focal:gamma=2,alpha=0.25"];
const SHORT_SEEDS: u64 = 2;
const SHORT_EPOCHS: usize = 20;

/// Compares losses on the images that the arguments name, and writes to this folder.
pub fn run(arguments: &Arguments, seeds: u64, folder: &Path) -> anyhow::Result<()> {
    let settings = arguments.detector.settings(&arguments.train)?;
    compare(arguments, settings, &DEFAULT_LOSSES, seeds, folder, || arguments.images.load())
}

/// Compares two losses on the default scenes for a short time.
pub fn run_short(arguments: &Arguments, folder: &Path) -> anyhow::Result<()> {
    let mut settings = arguments.detector.settings(&arguments.train.for_scenes())?;
    settings.epochs = settings.epochs.or(Some(SHORT_EPOCHS));
    compare(arguments, settings, &SHORT_LOSSES, SHORT_SEEDS, folder, || scene_parts(SHORT_SCENES))
}

fn compare(
    arguments: &Arguments,
    settings: DetectorSettings,
    losses: &[&str],
    seeds: u64,
    folder: &Path,
    load: impl FnOnce() -> anyhow::Result<ImageParts>,
) -> anyhow::Result<()> {
    let start = Instant::now();
    let (seeds, losses, threads) = (arguments.seeds(seeds)?, arguments.losses(losses)?, arguments.threads()?);
    ensure_writable(folder)?;
    let problem = DetectionProblem::new(load()?, &settings)?;
    for spec in &losses {
        bind_detector(spec, &problem, &settings)?;
    }
    let comparison = DetectorComparison { losses, seeds, settings };
    let epochs = comparison.settings.epochs_on(problem.parts.train.images.len());
    let data = problem.describe();
    if !arguments.quiet {
        emit(&introduction(&data, &comparison, epochs))?;
    }
    let pool = pool(threads)?;
    let runs = comparison.losses.len() * comparison.seeds.len();
    let names = comparison.losses.iter().map(ToString::to_string).collect();
    let progress = Progress::new(names, runs, epochs, arguments.quiet);
    let outcomes = compare_detectors(&problem, &comparison, &pool, &progress);
    progress.finish();

    let cannot_write = || super::cannot_write(folder);
    write_detections(folder, &comparison, &outcomes).with_context(cannot_write)?;
    write_pictures(folder, &problem, &comparison, &outcomes).with_context(cannot_write)?;
    let mut paths = arguments.images.paths();
    paths.push(folder.display().to_string());
    let results = Results::of_detectors(data, &comparison, &outcomes, environment(start, threads, paths));
    conclude(&results, folder, arguments.quiet)?;
    emit(&share_table(&results))
}

/// What is about to be done.
fn introduction(data: &ImageData, comparison: &DetectorComparison, epochs: usize) -> String {
    let (losses, seeds) = (comparison.losses.len(), comparison.seeds.len());
    format!(
        "{}{}training {losses} losses x {seeds} seeds, {epochs} epochs each\n",
        data.describe(),
        notes(&data.notes),
    )
}
