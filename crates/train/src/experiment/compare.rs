//! A comparison: every loss with every seed, as independent trainings side by side.

use super::train::fit;
use super::{Epoch, TrainConfig, TrainError, Trained, TrialRecord, Tuned, tune};
use losslab_base::DataError;
use losslab_data::{Prepared, Source};
use losslab_losses::OpenSpec;
use rayon::prelude::*;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is compared, and how.
#[derive(Debug)]
pub struct Comparison {
    /// The losses, each another spec.
    pub losses: Vec<OpenSpec>,
    /// Seeds; run i of every loss uses seed i.
    pub seeds: Vec<u64>,
    /// How models are trained.
    pub train: TrainConfig,
    /// Trials per loss and seed: 1 tunes nothing. At most [`MOST_TRIALS`](super::MOST_TRIALS).
    pub trials: usize,
}

/// The outcome of one loss with one seed.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Index of the loss.
    pub loss: usize,
    /// The seed.
    pub seed: u64,
    /// All epochs of the chosen trial, also those before a training diverged.
    pub epochs: Vec<Epoch>,
    /// What came out, or how the training diverged.
    pub result: Result<Trained, TrainError>,
    /// All trials, in order.
    pub trials: Vec<TrialRecord>,
    /// Which of them was judged: the best on the validation part.
    pub chosen: usize,
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
        /// Which of the trials of this loss and seed, from 0.
        trial: usize,
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

    /// Whether trainings shall end at the next end of an epoch, and no other begin.
    fn stops(&self) -> bool {
        false
    }

    /// The same for a training that has finished an epoch.
    fn flow(&self) -> ControlFlow<()> {
        if self.stops() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// The parts of each seed.
///
/// # Errors
/// If the data cannot be split with one of the seeds.
pub fn prepare(source: &Source, seeds: &[u64], pool: &rayon::ThreadPool) -> Result<Vec<Prepared>, DataError> {
    pool.install(|| seeds.par_iter().enumerate().map(|(run, &seed)| source.prepare(run, seed)).collect())
}

/// Trains these (loss, seed) of a comparison, both as indices, on a pool of threads; `parts` are those of each seed.
/// `finished` gets each outcome on the thread and as soon as it is there; one that diverged is an outcome, one that was
/// stopped is not.
///
/// Each training is one task on one thread; where there are at least twice as many threads, each shares its steps among
/// its part of them. Numbers do not depend on how many there are.
pub fn compare(
    parts: &[Prepared],
    comparison: &Comparison,
    tasks: &[(usize, usize)],
    pool: &rayon::ThreadPool,
    observer: &dyn Observer,
    finished: &(dyn Fn(Outcome) + Sync),
) {
    let Comparison { losses, seeds, train: config, trials } = comparison;
    let threads = threads_each(tasks, pool);
    in_seed_order(tasks, pool, observer, &|loss, run| {
        let (seed, data) = (seeds[run], &parts[run]);
        let tuned = tune(&losses[loss], config.learning_rate, *trials, |index, trial, epochs| {
            let fitted = fit(data, &trial.spec, &trial.config(config), seed, threads, None, |epoch| {
                epochs.push(epoch);
                observer.on(Event::Epoch { loss, seed, trial: index, epoch });
                observer.flow()
            });
            Some(fitted).filter(|fitted| !matches!(fitted, Err(TrainError::Stopped { .. })))
        });
        if let Some(Tuned { result, epochs, trials, chosen }) = tuned {
            let result = result.and_then(|fitted| fitted.judge(data));
            finished(Outcome { loss, seed, epochs, result, trials, chosen });
        }
    });
}

/// How many threads each of these trainings gets. Those of a team look for work all the time, so they are no more than there are
/// processors, whatever the pool has.
pub fn threads_each(tasks: &[(usize, usize)], pool: &rayon::ThreadPool) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    (pool.current_num_threads().min(processors) / tasks.len().max(1)).max(1)
}

/// Runs (loss, seed) tasks on a pool, all losses of a seed before the next seed: what is done when it is stopped can be
/// compared in pairs.
pub fn in_seed_order(
    tasks: &[(usize, usize)],
    pool: &rayon::ThreadPool,
    observer: &dyn Observer,
    run: &(dyn Fn(usize, usize) + Sync),
) {
    let mut tasks = tasks.to_vec();
    tasks.sort_by_key(|&(loss, seed)| (seed, loss));
    let next = AtomicUsize::new(0);
    // One task after the other, from a counter: splitting the list would give each thread another end of it.
    pool.broadcast(|_| {
        while let Some(&(loss, seed)) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
            if observer.stops() {
                break;
            }
            run(loss, seed);
        }
    });
}
