//! Models with a forward pass on the tape, and how they are trained and asked.

use crate::model::{Build, Epoch, Examples, Model, ModelKind, Shape};
use crate::{BatchNorms, Divergence, ModelInfo, Params, Phase, State};
use losslab_autograd::optim::{Optimizer, global_norm};
use losslab_autograd::{Param, Tape, Var};
use losslab_tensor::rng::Rng;
use losslab_tensor::{Float, Workers};
use std::sync::Arc;

/// A model with a forward pass on the tape: all that has to be written for a new one, beside a line that
/// registers it ([`Models::with_network`](crate::Models::with_network)).
///
/// It holds no numbers, only where its parameters stand on the tape, so that the same value runs in f32 for
/// training and in f64 for the gradient check.
pub trait Network: Sized + 'static {
    /// What the model declares of itself.
    const INFO: ModelInfo;

    /// How many weights it has at least, computed without taking memory: a model file that holds fewer is
    /// refused.
    ///
    /// # Errors
    /// What is wrong with the parameters.
    fn size(params: &Params, shape: &Shape) -> Result<usize, String>;

    /// About how many numbers a row leaves on the tape in a forward pass, so that memory can be estimated
    /// before it is taken.
    ///
    /// # Errors
    /// What is wrong with the parameters.
    fn numbers(params: &Params, shape: &Shape) -> Result<f64, String> {
        let _ = params;
        Ok((shape.columns + shape.outputs) as f64)
    }

    /// Adds its parameters to the tape, the first weights drawn from `rng`.
    ///
    /// # Errors
    /// What is wrong with the parameters.
    fn new<T: Float>(
        tape: &mut Tape<T>,
        params: &Params,
        shape: &Shape,
        rng: &mut Rng,
    ) -> Result<Self, String>;

    /// The logits `[rows, outputs]` of `x [rows, columns]`; only batch norm asks for the phase.
    fn forward<'t, T: Float>(&self, x: Var<'t, T>, phase: &mut Phase<'_, T>) -> Var<'t, T>;

    /// Name and channels of each batch norm, in the order in which they are built.
    fn norms(&self) -> Vec<(String, usize)> {
        Vec::new()
    }

    /// The bias of the last layer, one number per output, which makes the first predictions the rates of the
    /// classes. Without one the model starts wherever its weights do.
    fn output_bias(&self) -> Option<Param>;

    /// Rows that are scored at a time: fewer where a row takes much memory.
    fn scored_rows(_: &Shape) -> usize {
        1024
    }
}

/// A [`Network`] with its tape and optimiser: a [`Model`].
pub struct TapeModel<N> {
    tape: Tape<f32>,
    network: N,
    norms: BatchNorms<f32>,
    optimizer: Box<dyn Optimizer<f32>>,
    shape: Shape,
    /// The labels of a step, kept for the next.
    labels: Vec<u32>,
}

impl<N: Network> TapeModel<N> {
    /// The registry's entry of such models.
    pub fn kind() -> ModelKind {
        let build = |build: Build<'_>| {
            let mut tape = Tape::new();
            let network = N::new(&mut tape, build.params, &build.shape, build.rng)?;
            let norms = BatchNorms::new(&network.norms());
            let model: Box<dyn Model> = Box::new(Self {
                tape,
                network,
                norms,
                optimizer: build.optimizer,
                shape: build.shape,
                labels: Vec::new(),
            });
            Ok(model)
        };
        ModelKind::new(N::INFO, N::size, build).with_numbers(N::numbers)
    }

    /// One step on these rows; returns their loss.
    fn step(&mut self, rows: &[u32], epoch: &Epoch<'_>, step: usize) -> Result<f32, Divergence> {
        self.labels.clear();
        let labels = epoch.examples.labels();
        self.labels.extend(rows.iter().map(|&row| labels[row as usize]));
        let tape = &mut self.tape;
        tape.rewind();
        let x = tape.constant_rows([rows.len(), self.shape.columns], |first, out| {
            epoch.examples.gather(&rows[first..], out);
        });
        let logits = self.network.forward(x, &mut Phase::Train(&mut self.norms));
        let loss = epoch.objective.on_tape(logits, &self.labels);
        loss.backward();
        let value = loss.item();
        Divergence::of_step(tape, [epoch.number, step], value, global_norm(tape))?;
        self.optimizer.step(tape, epoch.learning_rate);
        Ok(value)
    }

    /// Names and shapes of the parameters.
    fn parameters(&self) -> Vec<(String, Vec<usize>)> {
        let tape = &self.tape;
        tape.param_ids().map(|param| (tape.name(param), tape.shape(param).dims().to_vec())).collect()
    }

    /// Names and shapes of the parameters, then of the running statistics.
    fn shapes(&self) -> Vec<(String, Vec<usize>)> {
        let statistics = self.norms.named().map(|(name, numbers)| (name.to_owned(), vec![numbers.len()]));
        self.parameters().into_iter().chain(statistics).collect()
    }

    fn values(&self) -> Vec<Vec<f32>> {
        let parameters = self.tape.param_ids().map(|param| self.tape.value(param).to_vec());
        parameters.chain(self.norms.named().map(|(_, numbers)| numbers.to_vec())).collect()
    }

    fn set_values(&mut self, values: &[Vec<f32>]) {
        let (parameters, statistics) = values.split_at(self.tape.params());
        for (param, values) in self.tape.param_ids().zip(parameters) {
            self.tape.value_mut(param).copy_from_slice(values);
        }
        for ((_, numbers), values) in self.norms.named_mut().zip(statistics) {
            numbers.copy_from_slice(values);
        }
    }
}

impl<N: Network> Model for TapeModel<N> {
    fn fit(&mut self, epoch: &Epoch<'_>) -> Result<f64, Divergence> {
        let mut total = 0.0;
        for (rows, step) in epoch.order.chunks(epoch.batch).zip(1..) {
            let loss = self.step(rows, epoch, step)?;
            total += f64::from(loss) * rows.len() as f64;
        }
        let last = epoch.order.len().div_ceil(epoch.batch);
        Divergence::of_weights(&self.tape, [epoch.number, last])?;
        Ok(total / epoch.order.len() as f64)
    }

    fn score(&mut self, examples: &dyn Examples, rows: &[u32]) -> Vec<f32> {
        let mut all = Vec::with_capacity(rows.len() * self.shape.outputs);
        for rows in rows.chunks(N::scored_rows(&self.shape)) {
            self.tape.rewind();
            let shape = [rows.len(), self.shape.columns];
            let x = self.tape.constant_rows(shape, |first, out| examples.gather(&rows[first..], out));
            let logits = self.network.forward(x, &mut Phase::Eval(&self.norms));
            all.extend_from_slice(&logits.value());
        }
        all
    }

    fn start_from(&mut self, logits: &[f64]) {
        if let Some(bias) = self.network.output_bias() {
            let values = self.tape.value_mut(bias);
            values.iter_mut().zip(logits).for_each(|(value, &logit)| *value = logit as f32);
        }
    }

    fn set_threads(&mut self, threads: usize) {
        if threads > 1 {
            self.tape.set_workers(&Arc::new(Workers::new(threads)));
        }
    }

    fn weights(&self) -> State {
        let mut state = State::default();
        state.put("", &self.shapes(), self.values());
        state
    }

    fn set_weights(&mut self, weights: &State) -> Result<(), String> {
        let values = weights.weights(&self.shapes())?;
        self.set_values(&values);
        Ok(())
    }

    fn save(&self, checkpoint: &mut State) {
        checkpoint.put("weights", &self.shapes(), self.values());
        checkpoint.put_optimizer(&self.parameters(), &*self.optimizer);
    }

    fn load(&mut self, checkpoint: &mut State) -> Result<(), String> {
        let values = checkpoint.take("weights", &self.shapes())?;
        self.set_values(&values);
        checkpoint.take_optimizer(&self.parameters(), &mut *self.optimizer)
    }
}
