//! The state of a detector's training, in and out of checkpoints.

use super::{DetectorEpoch, Session};
use crate::checkpoint::Tensors;
use crate::detector::network::Weights;
use losslab_base::rng::Rng;
use serde::{Deserialize, Serialize};

/// How the training went so far.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct History {
    pub epochs: Vec<DetectorEpoch>,
    /// 0 before the validation images were first looked at.
    pub best_epoch: usize,
    pub best_ap: Option<f64>,
}

/// What a checkpoint of a detector's training holds beside its tensors.
#[derive(Serialize, Deserialize)]
pub(super) struct Progress {
    history: History,
    /// Steps taken: the place in the learning rate's cycle.
    steps: u64,
    /// Steps of each parameter, as the optimiser counts them.
    optimizer_steps: Vec<u64>,
    /// Where the order of the images is drawn from.
    order: Rng,
    /// Where flips and shifts are drawn from.
    augmentation: Rng,
}

impl Session {
    /// Puts the state after an epoch into a checkpoint.
    pub(super) fn keep(&self, tensors: &mut Tensors, history: &History, best: &Weights) -> Progress {
        let (shapes, mut weights) = (self.network.tensors(), Weights::new());
        self.network.save(&mut weights);
        tensors.put("weights", &shapes, weights);
        // None before the validation images were first looked at.
        tensors.put("best", &shapes, best.clone());
        let parameters = &shapes[..self.network.tape.params()];
        let optimizer_steps = tensors.put_optimizer(parameters, &*self.optimizer);
        tensors.put_places("order", [&self.order[..]]);
        Progress {
            history: history.clone(),
            steps: self.steps,
            optimizer_steps,
            order: self.order_rng.clone(),
            augmentation: self.augment_rng.clone(),
        }
    }

    /// Takes back what [`keep`](Session::keep) put.
    pub(super) fn restore(
        &mut self,
        progress: Progress,
        tensors: &mut Tensors,
        history: &mut History,
        best: &mut Weights,
    ) -> Result<(), String> {
        let Progress { history: kept, steps, optimizer_steps, order, augmentation } = progress;
        let shapes = self.network.tensors();
        if kept.best_epoch > kept.epochs.len() {
            return Err(format!("a best epoch {} of {}", kept.best_epoch, kept.epochs.len()));
        }
        self.network.restore(&tensors.take("weights", &shapes)?);
        if kept.best_epoch > 0 {
            *best = tensors.take("best", &shapes)?;
        }
        let parameters = &shapes[..self.network.tape.params()];
        tensors.take_optimizer(parameters, optimizer_steps, &mut *self.optimizer)?;
        tensors.take_places("order", [&mut self.order[..]])?;
        (self.steps, self.order_rng, self.augment_rng) = (steps, order, augmentation);
        *history = kept;
        Ok(())
    }
}
