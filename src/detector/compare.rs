//! A comparison of detectors: every loss with every seed, as independent trainings side by side.

use super::{DetectionProblem, DetectorError, DetectorSettings, TrainedDetector, train_detector};
use crate::experiment::{Epoch, Event, Observer};
use losslab_losses::Spec;
use rayon::prelude::*;
use std::fmt;

/// What is compared, and how.
#[derive(Debug)]
pub struct DetectorComparison {
    /// The losses, each another spec.
    pub losses: Vec<Spec>,
    /// Seeds of weights, order and augmentation; the images are the same for all.
    pub seeds: Vec<u64>,
    /// How detectors are trained.
    pub settings: DetectorSettings,
}

/// The outcome of one loss with one seed.
#[derive(Debug)]
pub struct DetectorOutcome {
    /// Index of the loss.
    pub loss: usize,
    /// The seed.
    pub seed: u64,
    /// What came out, or how the training diverged.
    pub result: Result<TrainedDetector, DetectorError>,
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

/// Runs a comparison on a pool of threads; outcomes come in the order losses x seeds.
///
/// Each training is one task on one thread; where there are fewer trainings than threads, each shares its steps among
/// its part of them. Numbers do not depend on how many there are.
pub fn compare_detectors(
    problem: &DetectionProblem,
    comparison: &DetectorComparison,
    pool: &rayon::ThreadPool,
    observer: &dyn Observer,
) -> Vec<DetectorOutcome> {
    let DetectorComparison { losses, seeds, settings } = comparison;
    let tasks: Vec<(usize, u64)> =
        (0..losses.len()).flat_map(|loss| seeds.iter().map(move |&seed| (loss, seed))).collect();
    let threads = pool.current_num_threads() / tasks.len().max(1);
    let run = |&(loss, seed): &(usize, u64)| {
        let result = train_detector(problem, &losses[loss], settings, seed, threads, |epoch| {
            observer.on(Event::Epoch {
                loss,
                seed,
                epoch: Epoch {
                    epoch: epoch.epoch,
                    train_loss: epoch.class_loss + epoch.box_loss,
                    validation_ap: epoch.validation_ap,
                },
            });
        });
        let outcome = DetectorOutcome { loss, seed, result };
        observer.on(outcome.done());
        outcome
    };
    pool.install(|| tasks.par_iter().with_max_len(1).map(run).collect())
}
