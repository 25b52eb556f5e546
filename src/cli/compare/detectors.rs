//! The comparison of detectors: on images with boxes, or on procedural scenes.

use super::session::Session;
use super::{Arguments, ensure_writable, environment, pool};
use crate::cli::{emit, notes, thread_count};
use anyhow::Context;
use losslab_data::images::ImageParts;
use losslab_losses::{OpenSpec, Registry, Spec};
use losslab_metrics::boxes::VocRule;
use losslab_report::{
    Config, Data, Plan, RunRecord, Store, Training, category_table, run_file, share_table, voc_lines,
    write_pictures,
};
use losslab_train::detector::{
    DetectionProblem, DetectorComparison, DetectorOutcome, DetectorSettings, bind_detector, compare_detectors,
};
use losslab_train::experiment::{LossSet, ProblemKind};
use std::io;
use std::path::Path;
use std::time::Instant;

/// The comparison that plain `losslab` runs: its scenes, losses, seeds and epochs.
const SHORT_SCENES: &str = "ratio=60,images=200,contrast=60";
const SHORT_LOSSES: [&str; 2] = ["ce", "focal:gamma=2,alpha=0.25"];
const SHORT_SEEDS: u64 = 3;
const SHORT_EPOCHS: usize = 20;
const SHORT_WIDTH: usize = 16;

/// Compares losses on the images that the arguments name, and writes to this folder.
pub fn run(arguments: &Arguments, seeds: u64, folder: &Path) -> anyhow::Result<()> {
    let settings = arguments.detector.settings(&arguments.train)?;
    compare(arguments, settings, None, seeds, folder, || arguments.images.load())
}

/// Compares two losses on the default scenes for a short time.
pub fn run_short(arguments: &Arguments, folder: &Path) -> anyhow::Result<()> {
    let mut settings = arguments.detector.settings(&arguments.train.for_scenes())?;
    settings.epochs = settings.epochs.or(Some(SHORT_EPOCHS));
    if !arguments.detector.has_width() {
        settings.width = SHORT_WIDTH;
    }
    compare(arguments, settings, Some(short_losses()?), SHORT_SEEDS, folder, || {
        Ok(ImageParts::draw(&SHORT_SCENES.parse()?))
    })
}

/// What the short comparison compares unless losses are named.
pub fn short_losses() -> anyhow::Result<Vec<OpenSpec>> {
    let registry = Registry::standard();
    Ok(SHORT_LOSSES.iter().map(|text| OpenSpec::parse(text, &registry)).collect::<Result<_, _>>()?)
}

/// Compares the losses of the arguments, else `defaults`, else the quick set.
fn compare(
    arguments: &Arguments,
    settings: DetectorSettings,
    defaults: Option<Vec<OpenSpec>>,
    seeds: u64,
    folder: &Path,
    load: impl FnOnce() -> anyhow::Result<ImageParts>,
) -> anyhow::Result<()> {
    let start = Instant::now();
    let (seeds, threads, trials) =
        (arguments.seeds(seeds)?, thread_count(arguments.threads)?, arguments.trials()?);
    arguments.named_losses()?;
    ensure_writable(folder)?;
    let problem = DetectionProblem::new(load()?, &settings)?;
    let bind = |spec: &Spec| bind_detector(spec, &problem, &settings).map(drop);
    let (losses, left_out) = match defaults.filter(|_| !arguments.names_losses()) {
        Some(specs) => (specs, Vec::new()),
        None => arguments.losses(ProblemKind::Boxes, LossSet::Quick, bind)?,
    };
    let reference = arguments.reference(&losses)?;
    let rule = arguments.images.voc_rule();
    let epochs = settings.epochs_on(problem.parts.train.images.len());
    let data = problem.describe();
    let introduction = format!("{}{}{}", data.describe(), notes(&data.notes), notes(&left_out));
    let plan = plan(Data::Images(Box::new(data)), &losses, (&seeds, trials), &settings, reference, rule);
    let comparison = DetectorComparison { losses, seeds, settings, trials };
    if !arguments.quiet {
        emit(&introduction)?;
        emit(&super::declaration(&plan, &format!("{epochs} epochs each")))?;
    }
    let pool = pool(threads)?;
    let split = |_| problem.parts.test.fingerprint();
    let (session, missing) = Session::begin(plan, folder, arguments.resume, arguments.quiet, &split)?;
    let cannot_write = || super::cannot_write(folder);
    session.store.save_truth(&problem.parts.test.truth).with_context(cannot_write)?;
    let watch = session.watch(missing.len(), epochs);
    compare_detectors(&problem, &comparison, &missing, &pool, &watch, &|outcome| {
        watch.keep(outcome.done(), |store| keep(store, &session.plan, &comparison, &problem, rule, &outcome));
    });
    watch.finish()?;

    let records = session.records()?;
    write_pictures(&session.store, &problem.parts.test, &session.plan.config.losses, &records)
        .with_context(cannot_write)?;
    let mut paths = arguments.images.paths();
    paths.push(folder.display().to_string());
    let trained = records.len() + missing.len() - session.plan.runs().count();
    let results = session.conclude(&records, &pool, || environment(start, threads, paths))?;
    emit(&voc_lines(&results))?;
    emit(&category_table(&results))?;
    emit(&share_table(&results))?;
    session.end(&results, trained)
}

/// What is compared, and what is declared before the runs.
fn plan(
    data: Data,
    losses: &[OpenSpec],
    (seeds, trials): (&[u64], usize),
    settings: &DetectorSettings,
    reference: String,
    rule: Option<VocRule>,
) -> Plan {
    let train = Training::Detector(Box::new(settings.clone()));
    let losses = losses.iter().map(ToString::to_string).collect();
    let config = Config { losses, seeds: seeds.to_vec(), trials, train };
    Plan::new(data, config, reference, rule.map(|rule| rule.to_string()))
}

/// Keeps a run: first what was found, then the record that names it.
fn keep(
    store: &Store,
    plan: &Plan,
    comparison: &DetectorComparison,
    problem: &DetectionProblem,
    rule: Option<VocRule>,
    outcome: &DetectorOutcome,
) -> io::Result<()> {
    let spec = &comparison.losses[outcome.loss];
    let record = RunRecord::of_detector(plan, spec, problem, rule, outcome).map_err(io::Error::other)?;
    if let Ok(trained) = &outcome.result {
        store.save_detections(&run_file(&spec.to_string(), outcome.seed), &trained.detections)?;
    }
    store.save(&record)
}
