//! The one training loop: epochs, validation, checkpoints and early stopping, whatever is trained.

use crate::checkpoint::Keeper;
use crate::task::{Judged, Losses, Start, Task, Training};
use crate::{EpochRecord, History, TrainError};
use losslab_metrics::statistics::training_check::TrainingState;
use losslab_models::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::ops::ControlFlow;

/// Called after each epoch; breaks off the training if it says so.
pub type AfterEpoch<'a> = dyn FnMut(&EpochRecord) -> ControlFlow<()> + 'a;

/// A finished training.
#[derive(Clone, Debug)]
pub struct Trained<Found> {
    /// Its epochs, and which one was kept.
    pub history: History,
    /// Whether it was long enough to be judged.
    pub state: TrainingState,
    /// Optimiser steps that the kept weights have seen.
    pub kept_steps: usize,
    /// The deciding metric of predictions that know nothing, on the validation part; none if unknown.
    pub chance: Option<f64>,
    /// What came out on the test part.
    pub judged: Judged<Found>,
    /// The weights that were kept.
    pub weights: State,
}

/// Trains and judges. With a keeper the training is kept in checkpoints and taken up from one: the result has
/// the same bits however often it was interrupted, and `after_epoch` is told the epochs before the
/// checkpoint, too.
///
/// # Errors
/// If the loss does not suit the task, training diverges, a checkpoint cannot be written or does not fit, or
/// `after_epoch` breaks off.
pub fn train<T: Task>(
    task: &T,
    start: &Start<'_, T>,
    keeper: Option<&mut Keeper>,
    after_epoch: &mut AfterEpoch<'_>,
) -> Result<Trained<T::Found>, TrainError> {
    fit(task, start, keeper, after_epoch)?.judge()
}

/// The part of a training that does not see the test part.
///
/// # Errors
/// As [`train`].
pub(crate) fn fit<'a, T: Task>(
    task: &'a T,
    start: &Start<'_, T>,
    mut keeper: Option<&mut Keeper>,
    after_epoch: &mut AfterEpoch<'_>,
) -> Result<Fitted<'a, T::Found>, TrainError> {
    let higher_is_better = task.deciding().higher_is_better;
    let mut training = task.begin(start)?;
    let (mut history, mut best) = (History::default(), State::default());
    let mut tell = |record: &EpochRecord| match after_epoch(record) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(TrainError::Stopped { epoch: record.epoch }),
    };
    if let Some(keeper) = keeper.as_deref_mut() {
        keeper.restore(|progress, state| resume(&mut *training, progress, state, &mut history, &mut best))?;
        history.epochs.iter().try_for_each(&mut tell)?;
    }
    while !training.is_over(&history) {
        let epoch = history.epochs.len() + 1;
        let Losses { train_loss, detail } = training.epoch(epoch)?;
        let is_validated = training.is_validated(epoch);
        let validated = if is_validated { training.validate() } else { Ok(None) };
        let validation = validated.map_err(|error| error.after(epoch))?;
        let record = EpochRecord { epoch, train_loss, validation, detail };
        history.epochs.push(record.clone());
        if is_validated && history.validated(validation, higher_is_better) {
            best = training.weights();
        }
        if let Some(keeper) = keeper.as_deref_mut() {
            let last = training.is_over(&history);
            keeper.keep(epoch, last, |state| progress(&mut *training, state, &history, &best))?;
        }
        tell(&record)?;
    }
    Ok(Fitted { training, history, best })
}

/// A trained model that has not seen the test part.
pub(crate) struct Fitted<'a, Found> {
    training: Box<dyn Training<Found> + 'a>,
    /// Its epochs, and which one was kept.
    pub history: History,
    best: State,
}

impl<Found> Fitted<'_, Found> {
    /// Judges the best weights on the test part.
    ///
    /// # Errors
    /// If scores are not finite.
    pub fn judge(self) -> Result<Trained<Found>, TrainError> {
        let Self { mut training, history, best } = self;
        training.set_weights(&best).map_err(TrainError::Model)?;
        let judged = training.judge().map_err(|error| error.after(history.best_epoch))?;
        // Those from a checkpoint are in the order of its file.
        let weights = training.weights();
        let course = training.course();
        let (state, kept_steps) = (course.state(&history), course.kept_steps(&history));
        Ok(Trained { history, state, kept_steps, chance: course.best_of_chance(), judged, weights })
    }
}

/// What a checkpoint holds beside its tensors.
#[derive(Serialize, Deserialize)]
struct Progress {
    history: History,
    training: Value,
}

/// Puts the state after an epoch into a checkpoint.
fn progress<Found>(
    training: &mut dyn Training<Found>,
    state: &mut State,
    history: &History,
    best: &State,
) -> Progress {
    let value = training.save(state);
    state.put_state("best", best.clone());
    Progress { history: history.clone(), training: value }
}

/// Takes back what [`progress`] put.
fn resume<Found>(
    training: &mut dyn Training<Found>,
    progress: Progress,
    state: &mut State,
    history: &mut History,
    best: &mut State,
) -> Result<(), String> {
    let Progress { history: kept, training: value } = progress;
    if kept.best_epoch > kept.epochs.len() {
        return Err(format!("a best epoch {} of {}", kept.best_epoch, kept.epochs.len()));
    }
    let weights = state.take_state("best");
    if kept.best_epoch > 0 {
        // Tried on the model, so that weights that do not fit are refused now and not after the last epoch.
        training.set_weights(&weights)?;
    }
    training.load(value, state)?;
    (*history, *best) = (kept, weights);
    Ok(())
}
