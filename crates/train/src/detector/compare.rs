//! A comparison of detectors: every loss with every seed, as independent trainings side by side.

use super::train::fit_detector;
use super::{DetectionProblem, DetectorEpoch, DetectorError, DetectorSettings, TrainedDetector};
use crate::experiment::{Epoch, Event, Observer, TrialRecord, Tuned, in_seed_order, threads_each, tune};
use losslab_losses::OpenSpec;
use std::fmt;

/// What is compared, and how.
#[derive(Debug)]
pub struct DetectorComparison {
    /// The losses, each another spec.
    pub losses: Vec<OpenSpec>,
    /// Seeds of weights, order and augmentation; the images are the same for all.
    pub seeds: Vec<u64>,
    /// How detectors are trained.
    pub settings: DetectorSettings,
    /// Trials per loss and seed: 1 tunes nothing. At most [`MOST_TRIALS`](crate::experiment::MOST_TRIALS).
    pub trials: usize,
}

/// The outcome of one loss with one seed.
#[derive(Debug)]
pub struct DetectorOutcome {
    /// Index of the loss.
    pub loss: usize,
    /// The seed.
    pub seed: u64,
    /// All epochs of the chosen trial, also those before a training diverged.
    pub epochs: Vec<DetectorEpoch>,
    /// What came out, or how the training diverged.
    pub result: Result<TrainedDetector, DetectorError>,
    /// All trials, in order.
    pub trials: Vec<TrialRecord>,
    /// Which of them was judged: the best on the validation images.
    pub chosen: usize,
}

impl DetectorOutcome {
    /// The end of this run, for an [`Observer`].
    pub fn done(&self) -> Event<'_> {
        let end = match &self.result {
            Ok(trained) => Ok((trained.epochs.len(), trained.best_epoch)),
            Err(error) => Err(error as &dyn fmt::Display),
        };
        Event::Done { loss: self.loss, seed: self.seed, end }
    }
}

/// Trains these (loss, seed) of a comparison, both as indices, on a pool of threads; `finished` gets each outcome on the
/// thread and as soon as it is there. A training that was stopped has no outcome.
///
/// Each training is one task on one thread; where there are at least twice as many threads, each shares its steps among
/// its part of them. Numbers do not depend on how many there are.
pub fn compare_detectors(
    problem: &DetectionProblem,
    comparison: &DetectorComparison,
    tasks: &[(usize, usize)],
    pool: &rayon::ThreadPool,
    observer: &dyn Observer,
    finished: &(dyn Fn(DetectorOutcome) + Sync),
) {
    let DetectorComparison { losses, seeds, settings, trials } = comparison;
    let threads = threads_each(tasks, pool);
    in_seed_order(tasks, pool, observer, &|loss, run| {
        let seed = seeds[run];
        let tuned = tune(&losses[loss], settings.learning_rate, *trials, |index, trial, epochs| {
            let settings = DetectorSettings { learning_rate: trial.learning_rate, ..settings.clone() };
            let fitted = fit_detector(problem, &trial.spec, &settings, seed, threads, None, |epoch| {
                epochs.push(epoch.clone());
                let train_loss = epoch.class_loss + epoch.box_loss;
                let epoch = Epoch { epoch: epoch.epoch, train_loss, validation_ap: epoch.validation_ap };
                observer.on(Event::Epoch { loss, seed, trial: index, epoch });
                observer.flow()
            });
            Some(fitted).filter(|fitted| !matches!(fitted, Err(DetectorError::Stopped { .. })))
        });
        if let Some(Tuned { result, epochs, trials, chosen }) = tuned {
            let result = result.and_then(|fitted| fitted.judge(problem));
            finished(DetectorOutcome { loss, seed, epochs, result, trials, chosen });
        }
    });
}
