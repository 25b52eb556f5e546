//! One training: mini-batches, the epoch chosen on the validation part, the test part touched once.

mod kept;

use super::sampling::Sampler;
use super::tuning::{Candidate, Fit};
use super::{Classifier, Divergence, Task, TrainConfig};
use crate::checkpoint::{CheckpointError, Keeper};
use losslab_autograd::optim::{Optimizer, global_norm};
use losslab_data::{Part, Prepared};
use losslab_losses::{
    Criterion, Decision, Normalizer, Reduction, Spec, SpecError, TapeBatch, TapeTargets, Training, criterion,
};
use losslab_metrics::MetricError;
use losslab_models::prior_bias;
use losslab_tensor::{Workers, rng::Rng};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Streams of random numbers of one seed, so that one purpose does not shift the other's draws.
const INIT_STREAM: u64 = 1;
const ORDER_STREAM: u64 = 2;

/// What is known after an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Mean of the batch losses.
    pub train_loss: f64,
    /// Average precision on the validation part, with more than two classes their mean.
    pub validation_ap: Option<f64>,
}

/// A finished training.
#[derive(Clone, Debug)]
pub struct Trained {
    /// Epochs that were run.
    pub epochs_run: usize,
    /// The epoch whose weights were kept: the first with the best validation average precision.
    pub best_epoch: usize,
    /// The probability from which on a row is called positive: that of the best validation F1, or what the spec fixes;
    /// none with more than two classes.
    pub threshold: Option<f64>,
    /// Metrics on the test part, in the order of [`Task::metrics`].
    pub metrics: Vec<(&'static str, Option<f64>)>,
    /// The logits of the validation part.
    pub validation: Vec<f32>,
    /// The logits of the test part.
    pub test: Vec<f32>,
    /// The weights that were kept, for [`Classifier::restore`].
    pub weights: Vec<Vec<f32>>,
}

/// Why a training has no result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TrainError {
    /// The loss does not suit the problem.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// Loss, gradient or weights became infinite or NaN.
    #[error("diverged: {0}")]
    Diverged(Divergence),
    /// The training could not be kept, or not be taken up again.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Whoever watches wanted it to end here.
    #[error("stopped after epoch {epoch}")]
    Stopped {
        /// The last epoch that was run, from 1.
        epoch: usize,
    },
    /// The model's scores are not numbers.
    #[error("diverged: {0}")]
    Scores(#[from] MetricError),
}

impl From<Divergence> for TrainError {
    fn from(divergence: Divergence) -> Self {
        Self::Diverged(divergence)
    }
}

/// The loss as it is trained with, for a problem with these class counts.
///
/// # Errors
/// If the loss does not suit the problem: alpha or a prior for more than two classes, a loss without a softmax form, a
/// modifier that cannot work with the counts.
pub fn bind(spec: &Spec, class_counts: &[u64]) -> Result<Criterion, SpecError> {
    let task = Task::of(class_counts.len());
    let loss = Criterion::new(spec, task.head(), class_counts, Reduction::Mean(Normalizer::Elements))?;
    let one_positive = if loss.training().iter().any(|change| matches!(change, Training::PriorBias(_))) {
        Some("prior-bias states the rate of one positive class")
    } else {
        loss.decision().map(|_| "threshold decides on one positive class")
    };
    match one_positive.filter(|_| task != Task::Binary) {
        Some(why) => {
            let problem = format!("{why}, here are {} classes", class_counts.len());
            Err(SpecError { spec: spec.to_string(), problem })
        }
        None => Ok(loss),
    }
}

/// Trains one model with one loss, on `threads` threads. The result has the same bits with any number of them, and depends on
/// the other arguments alone.
///
/// # Errors
/// If the loss does not suit the problem, training diverges, or `after_epoch` breaks off.
pub fn train(
    data: &Prepared,
    spec: &Spec,
    config: &TrainConfig,
    seed: u64,
    threads: usize,
    after_epoch: impl FnMut(Epoch) -> ControlFlow<()>,
) -> Result<Trained, TrainError> {
    train_kept(data, spec, config, seed, threads, None, after_epoch)
}

/// The same, kept in checkpoints and taken up from one: the result has the same bits however often it was interrupted.
/// `after_epoch` is told the epochs before the checkpoint, too.
///
/// # Errors
/// As [`train`], or if a checkpoint cannot be written or does not fit.
pub fn train_kept(
    data: &Prepared,
    spec: &Spec,
    config: &TrainConfig,
    seed: u64,
    threads: usize,
    keeper: Option<&mut Keeper>,
    after_epoch: impl FnMut(Epoch) -> ControlFlow<()>,
) -> Result<Trained, TrainError> {
    fit(data, spec, config, seed, threads, keeper, after_epoch)?.judge(data)
}

/// The part of a training that does not see the test part.
///
/// # Errors
/// As [`train`].
pub(super) fn fit(
    data: &Prepared,
    spec: &Spec,
    config: &TrainConfig,
    seed: u64,
    threads: usize,
    mut keeper: Option<&mut Keeper>,
    mut after_epoch: impl FnMut(Epoch) -> ControlFlow<()>,
) -> Result<Fitted, TrainError> {
    let loss = bind(spec, &data.train.class_counts())?;
    let task = Task::of(data.train.classes);
    let mut session = Session::new(data, loss, config, seed);
    if threads > 1 {
        session.classifier.tape.set_workers(&Arc::new(Workers::new(threads)));
    }
    let (mut best, mut epochs) = (Best { epoch: 0, ap: f64::NEG_INFINITY, weights: Vec::new() }, Vec::new());
    if let Some(keeper) = keeper.as_deref_mut() {
        keeper.restore(|progress, tensors| session.restore(progress, tensors, &mut best, &mut epochs))?;
        for &epoch in &epochs {
            if after_epoch(epoch).is_break() {
                return Err(TrainError::Stopped { epoch: epoch.epoch });
            }
        }
    }
    let patience = config.patience.max(1);
    let is_over =
        |epoch, best: &Best| epoch >= config.epochs || (epoch - best.epoch >= patience && epoch > 0);
    while !is_over(epochs.len(), &best) {
        let epoch = epochs.len() + 1;
        let train_loss = session.epoch(&data.train, config, epoch)?;
        let scores = task.scores(&session.logits(&data.validation));
        let validation_ap = task.average_precision(&scores, &data.validation.labels)?;
        let known = Epoch { epoch, train_loss, validation_ap };
        epochs.push(known);
        if validation_ap.is_some_and(|ap| ap > best.ap) || best.epoch == 0 {
            best.epoch = epoch;
            best.ap = validation_ap.unwrap_or(f64::NEG_INFINITY);
            session.classifier.save(&mut best.weights);
        }
        if let Some(keeper) = keeper.as_deref_mut() {
            let last = is_over(epoch, &best);
            keeper.keep(epoch, last, |tensors| session.keep(tensors, &best, &epochs))?;
        }
        if after_epoch(known).is_break() {
            return Err(TrainError::Stopped { epoch });
        }
    }
    Ok(Fitted { session, best, epochs_run: epochs.len() })
}

/// A trained model that has not seen the test part.
pub(super) struct Fitted {
    session: Session,
    best: Best,
    epochs_run: usize,
}

impl Fitted {
    /// Judges the best weights on the test part.
    pub fn judge(self, data: &Prepared) -> Result<Trained, TrainError> {
        let Self { mut session, best, epochs_run } = self;
        let (task, decision) = (session.task, session.loss.decision());
        session.classifier.restore(&best.weights);
        let validation = session.logits(&data.validation);
        let threshold = match decision {
            Some(Decision::At(threshold)) => Some(threshold),
            Some(Decision::BestF1) | None => {
                task.best_threshold(&task.scores(&validation), &data.validation.labels)?
            }
        };
        let test = session.logits(&data.test);
        let metrics = task.evaluate(&task.scores(&test), &data.test.labels, decision.is_some(), threshold)?;
        let (best_epoch, weights) = (best.epoch, best.weights);
        Ok(Trained { epochs_run, best_epoch, threshold, metrics, validation, test, weights })
    }
}

impl Candidate for Fitted {
    fn fit(&self) -> Fit {
        let validation_ap = Some(self.best.ap).filter(|ap| ap.is_finite());
        Fit { epochs_run: self.epochs_run, best_epoch: self.best.epoch, validation_ap }
    }
}

/// The best weights so far.
struct Best {
    epoch: usize,
    ap: f64,
    weights: Vec<Vec<f32>>,
}

/// A model in training.
struct Session {
    classifier: Classifier,
    task: Task,
    loss: Arc<Criterion>,
    optimizer: Box<dyn Optimizer<f32>>,
    columns: usize,
    /// Draws places in the training part.
    sampler: Sampler,
    /// The rows and labels of the step, kept for the next.
    rows: Vec<u32>,
    labels: Vec<u32>,
    rng: Rng,
}

impl Session {
    fn new(data: &Prepared, loss: Criterion, config: &TrainConfig, seed: u64) -> Self {
        let task = Task::of(data.train.classes);
        let columns = data.columns();
        let mut classifier =
            Classifier::new(task, columns, &config.hidden, &mut Rng::stream(seed, INIT_STREAM));
        // Every loss starts from the same prior, the rates of the classes, unless its spec says otherwise.
        let mut biases = task.prior_biases(&data.train.class_counts());
        for change in loss.training() {
            if let Training::PriorBias(pi) = change {
                biases = vec![prior_bias(*pi)];
            }
        }
        classifier.set_last_biases(&biases);
        Self {
            classifier,
            task,
            sampler: Sampler::new(&data.train.labels, loss.training()),
            loss: Arc::new(loss),
            optimizer: config.optimizer.build(),
            columns,
            rows: Vec::new(),
            labels: Vec::new(),
            rng: Rng::stream(seed, ORDER_STREAM),
        }
    }

    fn logits(&mut self, part: &Part) -> Vec<f32> {
        self.classifier.logits(&part.matrix, &part.rows)
    }

    /// Visits the training rows that the loss's sampling draws; returns the mean loss of the batches.
    fn epoch(&mut self, train: &Part, config: &TrainConfig, epoch: usize) -> Result<f64, TrainError> {
        let order = self.sampler.epoch(&mut self.rng).to_vec();
        let mut total = 0.0;
        for (places, step) in order.chunks(config.batch).zip(1..) {
            let loss = self.step(train, places, config.learning_rate, [epoch, step])?;
            total += f64::from(loss) * places.len() as f64;
        }
        Divergence::of_weights(&self.classifier.tape, [epoch, order.len().div_ceil(config.batch)])?;
        Ok(total / order.len() as f64)
    }

    /// One step on the rows at these places of the training part; returns their loss.
    fn step(
        &mut self,
        train: &Part,
        places: &[u32],
        learning_rate: f64,
        epoch_and_step: [usize; 2],
    ) -> Result<f32, Divergence> {
        let n = places.len();
        self.rows.clear();
        self.rows.extend(places.iter().map(|&place| train.rows[place as usize]));
        self.labels.clear();
        self.labels.extend(places.iter().map(|&place| train.labels[place as usize]));

        let Classifier { tape, model, .. } = &mut self.classifier;
        tape.rewind();
        let rows = &self.rows;
        let x = tape.constant_rows([n, self.columns], |first, out| train.matrix.gather(&rows[first..], out));
        let logits = model.forward(x);
        let targets = match self.task {
            Task::Binary => TapeTargets::Sigmoid(tape.constant_with([n, 1], |out| {
                out.iter_mut().zip(&self.labels).for_each(|(y, &label)| *y = label as f32);
            })),
            Task::Classes(_) => TapeTargets::Softmax(tape.indices(&self.labels)),
        };
        let loss = criterion(&self.loss, TapeBatch { logits, targets, weights: None, valid: None });
        loss.backward();
        let value = loss.item();
        Divergence::of_step(tape, epoch_and_step, value, global_norm(tape))?;
        self.optimizer.step(tape, learning_rate);
        Ok(value)
    }
}
