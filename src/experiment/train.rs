//! One training: mini-batches, the epoch chosen on the validation part, the test part touched once.

use super::sampling::Sampler;
use super::{Part, Prepared, TrainConfig};
use crate::metrics::{self, MetricError};
use losslab_autograd::Tape;
use losslab_losses::{
    Criterion, Head, Normalizer, Reduction, Spec, SpecError, TapeBatch, TapeTargets, Training, criterion,
};
use losslab_models::{Activation, Mlp, prior_bias};
use losslab_tensor::rng::Rng;
use std::sync::Arc;

/// Streams of random numbers of one seed, so that one purpose does not shift the other's draws.
const INIT_STREAM: u64 = 1;
const ORDER_STREAM: u64 = 2;

/// Rows that are scored at a time.
const SCORING_BATCH: usize = 1024;

/// What is known after an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Mean of the batch losses.
    pub train_loss: f64,
    /// Average precision on the validation part.
    pub validation_ap: Option<f64>,
}

/// A finished training.
#[derive(Clone, Debug)]
pub struct Trained {
    /// Epochs that were run.
    pub epochs_run: usize,
    /// The epoch whose weights were kept: the first with the best validation average precision.
    pub best_epoch: usize,
    /// The probability above which validation F1 is best.
    pub threshold: Option<f64>,
    /// Metrics on the test part, in the order of [`metrics::METRICS`].
    pub metrics: Vec<(&'static str, Option<f64>)>,
}

/// Why a training has no result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TrainError {
    /// The loss does not suit the problem.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The loss became infinite or NaN.
    #[error("diverged: the loss was {loss} in epoch {epoch}, step {step}")]
    Diverged {
        /// Epoch, from 1.
        epoch: usize,
        /// Step within the epoch, from 1.
        step: usize,
        /// The loss.
        loss: f32,
    },
    /// The model's scores are not numbers.
    #[error("diverged: {0}")]
    Scores(#[from] MetricError),
}

/// Trains one model with one loss. The result depends on the arguments alone.
///
/// # Errors
/// If the loss does not suit the problem, or training diverges.
pub fn train(
    data: &Prepared,
    spec: &Spec,
    config: &TrainConfig,
    seed: u64,
    mut after_epoch: impl FnMut(Epoch),
) -> Result<Trained, TrainError> {
    let counts = data.train.class_counts();
    let loss = Criterion::new(spec, Head::Sigmoid, &counts, Reduction::Mean(Normalizer::Elements))?;
    let mut session = Session::new(data, loss, config, seed);
    let validation_labels = data.validation.labels();

    let mut best = Best { epoch: 0, ap: f64::NEG_INFINITY, weights: Vec::new() };
    let mut epochs_run = 0;
    for epoch in 1..=config.epochs {
        let train_loss = session.epoch(&data.train, config, epoch)?;
        let scores = session.probabilities(&data.validation);
        let validation_ap = metrics::average_precision(&scores, &validation_labels)?;
        after_epoch(Epoch { epoch, train_loss, validation_ap });
        epochs_run = epoch;
        if validation_ap.is_some_and(|ap| ap > best.ap) || best.epoch == 0 {
            best.epoch = epoch;
            best.ap = validation_ap.unwrap_or(f64::NEG_INFINITY);
            session.save(&mut best.weights);
        } else if epoch - best.epoch >= config.patience {
            break;
        }
    }
    session.restore(&best.weights);
    let validation = session.probabilities(&data.validation);
    let threshold = metrics::best_f1_threshold(&validation, &validation_labels)?;
    let test = session.probabilities(&data.test);
    let metrics = metrics::evaluate(&test, &data.test.labels(), threshold)?;
    Ok(Trained { epochs_run, best_epoch: best.epoch, threshold, metrics })
}

/// The best weights so far.
struct Best {
    epoch: usize,
    ap: f64,
    weights: Vec<Vec<f32>>,
}

/// A model in training.
struct Session {
    tape: Tape<f32>,
    model: Mlp,
    loss: Arc<Criterion>,
    optimizer: Box<dyn losslab_autograd::optim::Optimizer<f32>>,
    columns: usize,
    sampler: Sampler,
    rng: Rng,
}

impl Session {
    fn new(data: &Prepared, loss: Criterion, config: &TrainConfig, seed: u64) -> Self {
        let mut sizes = vec![data.columns];
        sizes.extend(&config.hidden);
        sizes.push(1);
        let mut tape = Tape::new();
        let model = Mlp::new(&mut tape, &sizes, Activation::Relu, &mut Rng::stream(seed, INIT_STREAM));
        // Every loss starts from the same prior, the rate of positives, unless its spec says otherwise.
        let [negatives, positives] = data.train.class_counts().map(|n| n as f64);
        let mut pi = positives / (positives + negatives);
        for change in loss.training() {
            if let Training::PriorBias(prior) = change {
                pi = *prior;
            }
        }
        model.set_last_bias(&mut tape, prior_bias(pi));
        let labels: Vec<u32> = data.train.targets.iter().map(|&y| u32::from(y > 0.0)).collect();
        Self {
            tape,
            model,
            sampler: Sampler::new(&labels, loss.training()),
            loss: Arc::new(loss),
            optimizer: config.optimizer.build(),
            columns: data.columns,
            rng: Rng::stream(seed, ORDER_STREAM),
        }
    }

    /// Visits the training rows that the loss's sampling draws; returns the mean loss of the batches.
    fn epoch(&mut self, train: &Part, config: &TrainConfig, epoch: usize) -> Result<f64, TrainError> {
        let order = self.sampler.epoch(&mut self.rng).to_vec();
        let mut total = 0.0;
        for (i, rows) in order.chunks(config.batch).enumerate() {
            let loss = self.step(train, rows, config.learning_rate);
            if !loss.is_finite() {
                return Err(TrainError::Diverged { epoch, step: i + 1, loss });
            }
            total += f64::from(loss) * rows.len() as f64;
        }
        Ok(total / order.len() as f64)
    }

    /// One step on these rows; returns their loss.
    fn step(&mut self, train: &Part, rows: &[u32], learning_rate: f64) -> f32 {
        self.tape.rewind();
        let gather = |source: &[f32], width: usize, out: &mut [f32]| {
            for (out, &row) in out.chunks_exact_mut(width).zip(rows) {
                out.copy_from_slice(&source[row as usize * width..][..width]);
            }
        };
        let n = rows.len();
        let x = self.tape.constant_with([n, self.columns], |out| gather(&train.features, self.columns, out));
        let targets = self.tape.constant_with([n, 1], |out| gather(&train.targets, 1, out));
        let logits = self.model.forward(x);
        let targets = TapeTargets::Sigmoid(targets);
        let loss = criterion(&self.loss, TapeBatch { logits, targets, weights: None, valid: None });
        loss.backward();
        let value = loss.item();
        self.optimizer.step(&mut self.tape, learning_rate);
        value
    }

    /// The probability of the positive class for every row.
    fn probabilities(&mut self, part: &Part) -> Vec<f64> {
        let mut scores = Vec::with_capacity(part.rows());
        for rows in part.features.chunks(SCORING_BATCH * self.columns) {
            self.tape.rewind();
            let x = self.tape.constant([rows.len() / self.columns, self.columns], rows);
            let logits = self.model.forward(x);
            scores.extend(logits.value().iter().map(|&z| sigmoid(f64::from(z))));
        }
        scores
    }

    fn save(&self, weights: &mut Vec<Vec<f32>>) {
        weights.resize(self.tape.params(), Vec::new());
        for (param, copy) in self.tape.param_ids().zip(weights) {
            copy.clear();
            copy.extend_from_slice(&self.tape.value(param));
        }
    }

    fn restore(&mut self, weights: &[Vec<f32>]) {
        for (param, copy) in self.tape.param_ids().zip(weights) {
            self.tape.value_mut(param).copy_from_slice(copy);
        }
    }
}

/// 1 / (1 + e^-z), in f64 so that confident scores stay apart, by losslab's own exponential: the same bits everywhere.
fn sigmoid(z: f64) -> f64 {
    let e = losslab_tensor::math::exp_f64(-z.abs());
    if z < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
}
