//! The comparison of detectors: on images with boxes, or on procedural scenes.

use super::{Arguments, conclude, ensure_writable, environment, pool};
use crate::cli::image_args::scene_parts;
use crate::cli::progress::Progress;
use crate::cli::{emit, notes};
use crate::detection::{VocRule, evaluate_voc};
use crate::detector::{
    DetectionProblem, DetectorComparison, DetectorOutcome, DetectorSettings, ImageParts, bind_detector,
    compare_detectors,
};
use crate::report::{
    ImageData, Results, category_table, share_table, voc_lines, write_detections, write_pictures,
};
use anyhow::Context;
use std::path::Path;
use std::time::Instant;

/// What is compared unless `--loss` says otherwise.
const DEFAULT_LOSSES: [&str; 3] = ["ce", "alpha-ce:alpha=0.75", "focal:gamma=2,alpha=0.25"];

/// The comparison that plain `losslab` runs: its scenes, losses, seeds and epochs.
const SHORT_SCENES: &str = "ratio=60,images=200,contrast=60";
const SHORT_LOSSES: [&str; 2] = ["ce", "focal:gamma=2,alpha=0.25"];
const SHORT_SEEDS: u64 = 3;
const SHORT_EPOCHS: usize = 20;
const SHORT_WIDTH: usize = 16;

/// Compares losses on the images that the arguments name, and writes to this folder.
pub fn run(arguments: &Arguments, seeds: u64, folder: &Path) -> anyhow::Result<()> {
    let settings = arguments.detector.settings(&arguments.train)?;
    compare(arguments, settings, &DEFAULT_LOSSES, seeds, folder, || arguments.images.load())
}

/// Compares two losses on the default scenes for a short time.
pub fn run_short(arguments: &Arguments, folder: &Path) -> anyhow::Result<()> {
    let mut settings = arguments.detector.settings(&arguments.train.for_scenes())?;
    settings.epochs = settings.epochs.or(Some(SHORT_EPOCHS));
    if !arguments.detector.has_width() {
        settings.width = SHORT_WIDTH;
    }
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
    let mut results = Results::of_detectors(data, &comparison, &outcomes, environment(start, threads, paths));
    if let Some(rule) = arguments.images.voc_rule() {
        add_voc(&mut results, &problem, &outcomes, rule)?;
    }
    conclude(&results, folder, arguments.quiet)?;
    emit(&voc_lines(&results))?;
    emit(&category_table(&results))?;
    emit(&share_table(&results))
}

/// Adds Pascal VOC's own numbers to the runs.
fn add_voc(
    results: &mut Results,
    problem: &DetectionProblem,
    outcomes: &[DetectorOutcome],
    rule: VocRule,
) -> anyhow::Result<()> {
    for (run, outcome) in results.runs.iter_mut().zip(outcomes) {
        if let (Some(run), Ok(trained)) = (&mut run.detector, &outcome.result) {
            run.voc = Some(evaluate_voc(&problem.parts.test.truth, &trained.detections, rule)?);
        }
    }
    Ok(())
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
