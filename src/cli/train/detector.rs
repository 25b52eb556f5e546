//! Training of a detector on images with boxes.

use super::keep::kept_note;
use super::{Arguments, cannot_write, ensure_writable};
use crate::cli::progress::Progress;
use crate::cli::{emit, notes, thread_count};
use anyhow::Context;
use losslab_metrics::Metrics;
use losslab_report::metrics_table;
use losslab_train::checkpoint::Identity;
use losslab_train::detector::{
    DetectionProblem, DetectorModel, DetectorOutcome, bind_detector, train_detector_kept,
};
use losslab_train::experiment::{Epoch, Event, Observer};

/// Trains a detector and saves it.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let settings = arguments.detector.settings(&arguments.train)?;
    let (spec, threads) = (arguments.spec()?, thread_count(arguments.threads)?);
    ensure_writable(&arguments.save)?;
    let problem = DetectionProblem::new(arguments.images.load()?, &settings)?;
    bind_detector(&spec, &problem, &settings)?;
    let data = problem.describe();
    let epochs = settings.epochs_on(problem.parts.train.images.len());
    if !arguments.quiet {
        emit(&format!("{}{}training for {epochs} epochs\n", data.describe(), notes(&data.notes)))?;
    }
    let seed = arguments.seed;
    let split = problem.parts.test.fingerprint();
    let identity = Identity::new(&data.name, &data, &split, &settings, &spec, seed);
    let mut keeper = arguments.keep.keeper(identity, arguments.quiet)?;
    let progress = Progress::new(vec![spec.to_string()], 1, 1, epochs, arguments.quiet);
    let result = train_detector_kept(&problem, &spec, &settings, seed, threads, keeper.as_mut(), |epoch| {
        let train_loss = epoch.class_loss + epoch.box_loss;
        let epoch = Epoch { epoch: epoch.epoch, train_loss, validation_ap: epoch.validation_ap };
        progress.on(Event::Epoch { loss: 0, seed, trial: 0, epoch });
        progress.flow()
    });
    let outcome =
        DetectorOutcome { loss: 0, seed, epochs: Vec::new(), result, trials: Vec::new(), chosen: 0 };
    progress.on(outcome.done());
    progress.finish();
    let trained = outcome.result.with_context(|| {
        let kept = keeper.as_ref().map_or_else(String::new, kept_note);
        format!("loss {spec}, seed {seed}{kept}")
    })?;

    let model = DetectorModel::new(&problem, &spec, &settings, seed, &trained);
    model.save(&arguments.save).with_context(|| cannot_write(&arguments.save))?;
    let list = Metrics::standard();
    let metrics = list.evaluate_boxes(&trained.results)?;
    let list: Vec<_> = list.boxes().map(|metric| metric.info()).collect();
    emit(&format!("{}\n", metrics_table("test images", &list, &spec.to_string(), &metrics)))?;
    if !arguments.quiet {
        emit(&format!("model written to {}\n", arguments.save.display()))?;
    }
    Ok(())
}
