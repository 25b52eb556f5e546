//! A comparison: every arm with every seed, as independent trainings side by side.

use crate::fit::{Fitted, fit};
use crate::task::{Start, Task};
use crate::tune::{Trial, Tuned, Tuning, tune};
use crate::{EpochRecord, TrainError, Trained, TrialRecord};
use losslab_losses::OpenSpec;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a run trains: a model or detector with its parameters, and a loss.
#[derive(Clone, Debug)]
pub struct Arm<L> {
    /// The model or detector.
    pub learner: L,
    /// The loss, with open parameters where it is tuned.
    pub loss: OpenSpec,
}

/// What is compared, and how.
pub struct Comparison<T: Task> {
    /// The arms, each another one.
    pub arms: Vec<Arm<T::Learner>>,
    /// Seeds; run i of every arm uses seed i.
    pub seeds: Vec<u64>,
    /// How all of them are trained.
    pub settings: T::Settings,
    /// What is tuned for each arm and seed.
    pub tuning: Tuning<T::Settings>,
}

impl<T: Task> Comparison<T> {
    /// Most epochs of a training of each arm, whatever its seed and trial.
    pub fn most_epochs(&self, task: &T) -> Vec<usize> {
        let of_run = |loss: &OpenSpec, run: usize| {
            let trials = Trial::all(loss, &self.settings, &self.tuning, self.seeds[run]);
            trials.iter().map(|trial| task.epochs(run, &trial.spec, &trial.settings)).max()
        };
        let of_arm = |arm: &Arm<T::Learner>| {
            (0..self.seeds.len()).filter_map(|run| of_run(&arm.loss, run)).max().unwrap_or_default()
        };
        self.arms.iter().map(of_arm).collect()
    }
}

/// The outcome of one arm with one seed.
#[derive(Debug)]
pub struct Outcome<Found> {
    /// Index of the arm.
    pub arm: usize,
    /// Index of the seed.
    pub run: usize,
    /// The seed.
    pub seed: u64,
    /// All epochs of the chosen trial, also those before a training diverged.
    pub epochs: Vec<EpochRecord>,
    /// What came out, or how the training diverged.
    pub result: Result<Trained<Found>, TrainError>,
    /// All trials, in order.
    pub trials: Vec<TrialRecord>,
    /// Which of them was judged: the best on the validation part.
    pub chosen: usize,
}

impl<Found> Outcome<Found> {
    /// The end of this run, for an [`Observer`].
    pub fn done(&self) -> Event<'_> {
        Event::done(self.arm, self.seed, &self.result)
    }
}

/// Something that happened, told to an [`Observer`] from whichever thread it happened on.
#[derive(Clone)]
pub enum Event<'a> {
    /// A run finished an epoch.
    Epoch {
        /// Index of the arm.
        arm: usize,
        /// The seed.
        seed: u64,
        /// Which of the trials of this arm and seed, from 0.
        trial: usize,
        /// The epoch.
        epoch: &'a EpochRecord,
    },
    /// A run ended.
    Done {
        /// Index of the arm.
        arm: usize,
        /// The seed.
        seed: u64,
        /// Epochs that were run and the one whose weights were kept, or how the training diverged.
        end: Result<(usize, usize), &'a dyn fmt::Display>,
    },
}

impl<'a> Event<'a> {
    /// Index of the arm that it happened to.
    pub fn arm(&self) -> usize {
        match *self {
            Event::Epoch { arm, .. } | Event::Done { arm, .. } => arm,
        }
    }

    /// The end of a run with this result.
    pub fn done<Found>(arm: usize, seed: u64, result: &'a Result<Trained<Found>, TrainError>) -> Self {
        let end = match result {
            Ok(trained) => Ok((trained.history.epochs.len(), trained.history.best_epoch)),
            Err(error) => Err(error as &dyn fmt::Display),
        };
        Event::Done { arm, seed, end }
    }
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

/// Trains these (arm, seed) of a comparison, both as indices, on a pool of threads. `finished` gets each
/// outcome on the thread and as soon as it is there; a training that diverged is an outcome, one that was
/// stopped is not.
///
/// Each training is one task on one thread; where there are at least twice as many threads, each shares its
/// steps among its part of them. Numbers do not depend on how many there are.
pub fn compare<T: Task>(
    task: &T,
    comparison: &Comparison<T>,
    runs: &[(usize, usize)],
    pool: &rayon::ThreadPool,
    observer: &dyn Observer,
    finished: &(dyn Fn(Outcome<T::Found>) + Sync),
) {
    let Comparison { arms, seeds, settings, tuning } = comparison;
    let threads = threads_each(runs, pool);
    let direction = task.deciding().higher_is_better;
    in_seed_order(runs, pool, observer, &|arm, run| {
        let (seed, Arm { learner, loss }) = (seeds[run], &arms[arm]);
        let trials = Trial::all(loss, settings, tuning, seed);
        let tuned = tune(&trials, tuning, direction, |index, trial, epochs| {
            let start = Start { run, learner, loss: &trial.spec, settings: &trial.settings, seed, threads };
            let fitted = fit(task, &start, None, &mut |epoch| {
                epochs.push(epoch.clone());
                observer.on(Event::Epoch { arm, seed, trial: index, epoch });
                observer.flow()
            });
            Some(fitted).filter(|fitted| !matches!(fitted, Err(error) if error.is_stop()))
        });
        if let Some(Tuned { result, epochs, trials, chosen }) = tuned {
            let result = result.and_then(Fitted::judge);
            finished(Outcome { arm, run, seed, epochs, result, trials, chosen });
        }
    });
}

/// How many threads each of these trainings gets. Those of a team look for work all the time, so they are no
/// more than there are processors, whatever the pool has.
fn threads_each(tasks: &[(usize, usize)], pool: &rayon::ThreadPool) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    (pool.current_num_threads().min(processors) / tasks.len().max(1)).max(1)
}

/// Runs (arm, seed) tasks on a pool, all arms of a seed before the next seed: what is done when it is stopped
/// can be compared in pairs.
fn in_seed_order(
    tasks: &[(usize, usize)],
    pool: &rayon::ThreadPool,
    observer: &dyn Observer,
    run: &(dyn Fn(usize, usize) + Sync),
) {
    let mut tasks = tasks.to_vec();
    tasks.sort_by_key(|&(arm, seed)| (seed, arm));
    let next = AtomicUsize::new(0);
    // One task after the other, from a counter: splitting the list would give each thread another end of it.
    pool.broadcast(|_| {
        while let Some(&(arm, seed)) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
            if observer.stops() {
                break;
            }
            run(arm, seed);
        }
    });
}
