//! The state of a training on rows, in and out of checkpoints.

use super::{Best, Epoch, Session};
use crate::checkpoint::Tensors;
use losslab_base::rng::Rng;
use serde::{Deserialize, Serialize};

/// What a checkpoint of a training on rows holds beside its tensors.
#[derive(Serialize, Deserialize)]
pub(super) struct Progress {
    epochs: Vec<Epoch>,
    best_epoch: usize,
    best_ap: Option<f64>,
    /// Steps of each parameter, as the optimiser counts them.
    optimizer_steps: Vec<u64>,
    /// Where the order of the rows is drawn from.
    order: Rng,
}

impl Session {
    /// Puts the state after an epoch into a checkpoint.
    pub(super) fn keep(&mut self, tensors: &mut Tensors, best: &Best, epochs: &[Epoch]) -> Progress {
        let (shapes, mut weights) = (self.classifier.tensors(), Vec::new());
        self.classifier.save(&mut weights);
        tensors.put("weights", &shapes, weights);
        tensors.put("best", &shapes, best.weights.clone());
        let optimizer_steps = tensors.put_optimizer(&shapes, &*self.optimizer);
        tensors.put_places("order", self.sampler.shuffled().into_iter().map(|list| &*list));
        Progress {
            epochs: epochs.to_vec(),
            best_epoch: best.epoch,
            best_ap: best.ap.is_finite().then_some(best.ap),
            optimizer_steps,
            order: self.rng.clone(),
        }
    }

    /// Takes back what [`keep`](Session::keep) put.
    pub(super) fn restore(
        &mut self,
        progress: Progress,
        tensors: &mut Tensors,
        best: &mut Best,
        epochs: &mut Vec<Epoch>,
    ) -> Result<(), String> {
        let Progress { epochs: kept, best_epoch, best_ap, optimizer_steps, order } = progress;
        let shapes = self.classifier.tensors();
        self.classifier.restore(&tensors.take("weights", &shapes)?);
        let weights = tensors.take("best", &shapes)?;
        tensors.take_optimizer(&shapes, optimizer_steps, &mut *self.optimizer)?;
        tensors.take_places("order", self.sampler.shuffled())?;
        if best_epoch == 0 || best_epoch > kept.len() {
            return Err(format!("a best epoch {best_epoch} of {}", kept.len()));
        }
        *best = Best { epoch: best_epoch, ap: best_ap.unwrap_or(f64::NEG_INFINITY), weights };
        (*epochs, self.rng) = (kept, order);
        Ok(())
    }
}
