//! A comparison: every loss with every seed, as independent trainings side by side.

use super::{Epoch, Gaps, Prepared, Source, TrainConfig, TrainError, Trained, train};
use crate::data::DataError;
use losslab_losses::Spec;
use rayon::prelude::*;
use std::fmt;
use std::sync::Arc;

/// What is compared, and how.
#[derive(Debug)]
pub struct Comparison {
    /// The losses, each another spec.
    pub losses: Vec<Spec>,
    /// Seeds; run i of every loss uses seed i.
    pub seeds: Vec<u64>,
    /// How models are trained.
    pub train: TrainConfig,
}

/// The outcome of one loss with one seed.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Index of the loss.
    pub loss: usize,
    /// The seed.
    pub seed: u64,
    /// What came out, or how the training diverged.
    pub result: Result<Trained, TrainError>,
    /// What was filled or ignored in the data of this seed.
    pub gaps: Arc<[Gaps]>,
}

impl Outcome {
    /// The end of this run, for an [`Observer`].
    pub fn done(&self) -> Event<'_> {
        let end = match &self.result {
            Ok(trained) => Ok((trained.epochs_run, trained.best_epoch)),
            Err(error) => Err(error as &dyn fmt::Display),
        };
        Event::Done { loss: self.loss, seed: self.seed, end }
    }
}

/// Something that happened, told to an [`Observer`] from whichever thread it happened on.
#[derive(Clone)]
pub enum Event<'a> {
    /// A run finished an epoch.
    Epoch {
        /// Index of the loss.
        loss: usize,
        /// The seed.
        seed: u64,
        /// The epoch.
        epoch: Epoch,
    },
    /// A run ended.
    Done {
        /// Index of the loss.
        loss: usize,
        /// The seed.
        seed: u64,
        /// Epochs that were run and the one whose weights were kept, or how the training diverged.
        end: Result<(usize, usize), &'a dyn fmt::Display>,
    },
}

/// Whoever wants to know how a comparison goes.
pub trait Observer: Sync {
    /// Called for every event.
    fn on(&self, event: Event<'_>);
}

/// Runs a comparison on a pool of `threads` threads; outcomes come in the order losses x seeds.
///
/// Each training is one task on one thread, so its numbers do not depend on how many there are.
///
/// # Errors
/// If the data cannot be split with one of the seeds. A training that diverges is an outcome.
pub fn compare(
    source: &Source,
    comparison: &Comparison,
    pool: &rayon::ThreadPool,
    observer: &dyn Observer,
) -> Result<Vec<Outcome>, DataError> {
    let Comparison { losses, seeds, train: config } = comparison;
    pool.install(|| {
        let prepared: Vec<(Arc<[Gaps]>, Prepared)> = seeds
            .par_iter()
            .enumerate()
            .map(|(run, &seed)| source.prepare(run, seed).map(|data| (Arc::from(&data.gaps[..]), data)))
            .collect::<Result<_, _>>()?;
        let tasks: Vec<(usize, usize)> =
            (0..losses.len()).flat_map(|loss| (0..seeds.len()).map(move |run| (loss, run))).collect();
        let run_task = |&(loss, run): &(usize, usize)| {
            let seed = seeds[run];
            let after_epoch = |epoch| observer.on(Event::Epoch { loss, seed, epoch });
            let (gaps, data) = &prepared[run];
            let result = train(data, &losses[loss], config, seed, after_epoch);
            let outcome = Outcome { loss, seed, result, gaps: gaps.clone() };
            observer.on(outcome.done());
            outcome
        };
        Ok(tasks.par_iter().with_max_len(1).map(run_task).collect())
    })
}
