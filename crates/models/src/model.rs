//! What a model is to a training: built from a spec, fitted an epoch at a time, asked for logits, saved and
//! loaded.

use crate::{Divergence, ModelInfo, NetworkSize, Params, State};
use losslab_autograd::Var;
use losslab_autograd::optim::Optimizer;
use losslab_tensor::rng::Rng;
use std::fmt;
use std::sync::Arc;

/// A model of rows, in training or trained. It knows no loss: what it is to minimise is an [`Objective`].
///
/// A model with a forward pass on the tape is a [`Network`](crate::Network), which gets this trait for free;
/// a model without one, such as boosted trees, implements it directly.
pub trait Model {
    /// Fits the model to the examples of one epoch; returns the mean of the objective over them.
    ///
    /// # Errors
    /// If the loss, a gradient or a weight becomes infinite or NaN.
    fn fit(&mut self, epoch: &Epoch<'_>) -> Result<f64, Divergence>;

    /// The logits of these examples, as many for each as the model has outputs. Those of one example do not
    /// depend on the others.
    fn score(&mut self, examples: &dyn Examples, rows: &[u32]) -> Vec<f32>;

    /// Makes an untrained model start from these logits, one per output, for any input: the log-odds of the
    /// classes.
    fn start_from(&mut self, logits: &[f64]);

    /// Shares the work of each step among so many threads. The results have the same bits with any number.
    fn set_threads(&mut self, threads: usize);

    /// All that scores depend on.
    fn weights(&self) -> State;

    /// Takes back what [`weights`](Model::weights) returned.
    ///
    /// # Errors
    /// Which tensor is missing, of another shape, or too many.
    fn set_weights(&mut self, weights: &State) -> Result<(), String>;

    /// Adds all that the next epoch depends on to a checkpoint: the weights and the state of the optimiser.
    fn save(&self, checkpoint: &mut State);

    /// Takes back what [`save`](Model::save) added.
    ///
    /// # Errors
    /// Which tensor is missing or of another shape.
    fn load(&mut self, checkpoint: &mut State) -> Result<(), String>;
}

/// Labelled examples that a model reads, each a row of numbers.
pub trait Examples: Sync {
    /// Numbers per row.
    fn columns(&self) -> usize;

    /// Copies rows, one after the other, until `out` is full.
    fn gather(&self, rows: &[u32], out: &mut [f32]);

    /// The class of each row; empty where it is not known.
    fn labels(&self) -> &[u32];
}

/// What a model minimises: a loss bound to a head and to class counts.
pub trait Objective {
    /// The mean loss of a batch: `logits [rows, outputs]` against the class of each row.
    fn on_tape<'t>(&self, logits: Var<'t, f32>, labels: &[u32]) -> Var<'t, f32>;

    /// The same as numbers, with its gradient in the logits, for models without a tape.
    fn gradient(&self, logits: &[f32], labels: &[u32], gradient: &mut [f32]) -> f32;
}

/// One epoch of a training.
#[derive(Clone, Copy)]
pub struct Epoch<'a> {
    /// Its number, from 1.
    pub number: usize,
    /// The training examples.
    pub examples: &'a dyn Examples,
    /// Which of them this epoch visits, in order.
    pub order: &'a [u32],
    /// Examples per step; the last step may have fewer.
    pub batch: usize,
    /// The learning rate.
    pub learning_rate: f64,
    /// What is minimised.
    pub objective: &'a dyn Objective,
}

/// The form of the rows that a model reads, and how many logits it returns for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Numbers per row.
    pub columns: usize,
    /// Height, width and channels, where rows are images; their product is `columns`.
    pub image: Option<[usize; 3]>,
    /// Logits per row: one for two classes, else one per class.
    pub outputs: usize,
}

/// What a model is built from.
pub struct Build<'a> {
    /// The parameters of its spec.
    pub params: &'a Params,
    /// The form of the rows.
    pub shape: Shape,
    /// The optimiser, for models that have use for one.
    pub optimizer: Box<dyn Optimizer<f32>>,
    /// Where first weights are drawn from.
    pub rng: &'a mut Rng,
}

type BuildFn = dyn Fn(Build<'_>) -> Result<Box<dyn Model>, String> + Send + Sync;
type SizeFn<T> = dyn Fn(&Params, &Shape) -> Result<T, String> + Send + Sync;

/// A kind of model: an entry of the registry.
#[derive(Clone)]
pub struct ModelKind {
    info: ModelInfo,
    build: Arc<BuildFn>,
    size: Arc<SizeFn<usize>>,
    numbers: Arc<SizeFn<f64>>,
}

impl ModelKind {
    /// A kind of model that `build` makes. `size` says how many weights a model of these parameters has at
    /// least, or what is wrong with the parameters: a model file that holds fewer is refused before memory is
    /// taken for the model.
    pub fn new(
        info: ModelInfo,
        size: impl Fn(&Params, &Shape) -> Result<usize, String> + Send + Sync + 'static,
        build: impl Fn(Build<'_>) -> Result<Box<dyn Model>, String> + Send + Sync + 'static,
    ) -> Self {
        let numbers = |_: &Params, shape: &Shape| Ok((shape.columns + shape.outputs) as f64);
        Self { info, build: Arc::new(build), size: Arc::new(size), numbers: Arc::new(numbers) }
    }

    /// The same, where a row takes about so many numbers while it is scored, for estimates of memory; without
    /// this as many as it has inputs and outputs.
    #[must_use]
    pub fn with_numbers(
        self,
        numbers: impl Fn(&Params, &Shape) -> Result<f64, String> + Send + Sync + 'static,
    ) -> Self {
        Self { numbers: Arc::new(numbers), ..self }
    }

    /// What it declares of itself.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// The least number of weights of a model of these parameters.
    ///
    /// # Errors
    /// If the parameters describe no model for such rows.
    pub fn size(&self, params: &Params, shape: &Shape) -> Result<usize, String> {
        (self.size)(params, shape)
    }

    /// What a model of these parameters takes in memory, estimated without taking any.
    ///
    /// # Errors
    /// If the parameters describe no model for such rows.
    pub fn network_size(&self, params: &Params, shape: &Shape) -> Result<NetworkSize, String> {
        Ok(NetworkSize { weights: self.size(params, shape)? as f64, numbers: (self.numbers)(params, shape)? })
    }

    /// An untrained model.
    ///
    /// # Errors
    /// If the parameters describe no model for such rows.
    pub fn build(&self, build: Build<'_>) -> Result<Box<dyn Model>, String> {
        (self.build)(build)
    }
}

impl fmt::Debug for ModelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelKind").field("name", &self.info.name).finish_non_exhaustive()
    }
}
