//! A network with its tape: scores rows, hands its weights out and takes them back.

use super::Task;
use losslab_autograd::Tape;
use losslab_base::rng::Rng;
use losslab_data::Matrix;
use losslab_models::{Activation, Mlp};

/// Rows that are scored at a time.
const SCORING_BATCH: usize = 1024;

/// An MLP for a classification task.
pub struct Classifier {
    pub(super) tape: Tape<f32>,
    pub(super) model: Mlp,
    task: Task,
    columns: usize,
}

impl Classifier {
    /// A network for rows of `columns` numbers with random weights drawn from `rng`.
    ///
    /// # Panics
    /// If `columns` or a width is 0.
    pub fn new(task: Task, columns: usize, hidden: &[usize], rng: &mut Rng) -> Self {
        let mut sizes = vec![columns];
        sizes.extend(hidden);
        sizes.push(task.outputs());
        let mut tape = Tape::new();
        let model = Mlp::new(&mut tape, &sizes, Activation::Relu, rng);
        Self { tape, model, task, columns }
    }

    /// The logits of these rows, as many per row as the task has outputs.
    ///
    /// A row's result does not depend on the rows beside it.
    pub fn logits(&mut self, matrix: &Matrix, rows: &[u32]) -> Vec<f32> {
        let mut all = Vec::with_capacity(rows.len() * self.task.outputs());
        for rows in rows.chunks(SCORING_BATCH) {
            self.tape.rewind();
            let shape = [rows.len(), self.columns];
            let x = self.tape.constant_rows(shape, |first, out| matrix.gather(&rows[first..], out));
            all.extend_from_slice(&self.model.forward(x).value());
        }
        all
    }

    /// The probabilities of these rows: of the positive class, or one per class.
    pub fn probabilities(&mut self, matrix: &Matrix, rows: &[u32]) -> Vec<f64> {
        let logits = self.logits(matrix, rows);
        self.task.scores(&logits)
    }

    /// Sets the biases of the last layer.
    pub(super) fn set_last_biases(&mut self, biases: &[f64]) {
        // The bias of the last layer is the parameter added last.
        if let Some(last) = self.tape.param_ids().last() {
            let values = self.tape.value_mut(last);
            values.iter_mut().zip(biases).for_each(|(value, &bias)| *value = bias as f32);
        }
    }

    /// Copies the weights, layer by layer, weights before biases, reusing the buffers of an earlier copy.
    pub fn save(&self, weights: &mut Vec<Vec<f32>>) {
        weights.resize(self.tape.params(), Vec::new());
        for (param, copy) in self.tape.param_ids().zip(weights) {
            copy.clear();
            copy.extend_from_slice(&self.tape.value(param));
        }
    }

    /// Names and shapes of what [`save`](Classifier::save) copies, in its order.
    pub fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let tape = &self.tape;
        tape.param_ids().map(|param| (tape.name(param), tape.shape(param).dims().to_vec())).collect()
    }

    /// Takes back what [`save`](Classifier::save) copied.
    ///
    /// # Panics
    /// If the weights are those of a network of another shape.
    #[track_caller]
    pub fn restore(&mut self, weights: &[Vec<f32>]) {
        assert!(weights.len() == self.tape.params(), "{} tensors for {}", weights.len(), self.tape.params());
        for (param, copy) in self.tape.param_ids().zip(weights) {
            self.tape.value_mut(param).copy_from_slice(copy);
        }
    }
}
