//! One training of a detector.

use super::detector::{ObjectDetector, StepLosses};
use super::found::BoxFound;
use super::shares::ShareSums;
use super::{BoxTask, DetectorSettings};
use crate::task::{Judged, Losses, Start, Training};
use crate::{Chance, Course, History, TrainError};
use losslab_autograd::optim::{Optimizer, Schedule, clip_global_norm, global_norm};
use losslab_base::rng::Rng;
use losslab_data::images::{Augmentation, ImageSet};
use losslab_losses::{Criterion, Training as TrainingEffect};
use losslab_metrics::boxes::{CocoResults, Detection, evaluate};
use losslab_models::{Divergence, State};
use losslab_tensor::Workers;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// Streams of random numbers of one seed, so that one purpose does not shift the other's draws.
const INIT_STREAM: u64 = 1;
const ORDER_STREAM: u64 = 2;
const AUGMENT_STREAM: u64 = 3;

/// How often the validation images are evaluated, at equal distances, the last time after the last epoch.
const VALIDATIONS: usize = 10;

/// Optimiser steps that the kept weights must have seen for a run to be judged.
const LEAST_KEPT_STEPS: usize = 100;
/// Optimiser steps that a training must have taken for it to be judged.
const LEAST_JUDGED_STEPS: usize = 200;
/// What detectors that know nothing reach: boxes placed at random among thousands of places have an average
/// precision of less than .01, and are far behind one of .03.
const CHANCE: Chance = Chance { constant: 0.0, mean: 0.0, deviation: 0.005 };

/// A detector in training.
pub struct BoxTraining<'a> {
    task: &'a BoxTask,
    settings: DetectorSettings,
    detector: Box<dyn ObjectDetector>,
    loss: Arc<Criterion>,
    optimizer: Box<dyn Optimizer<f32>>,
    schedule: Schedule,
    epochs: usize,
    batch: usize,
    /// Steps taken.
    steps: u64,
    /// The training images in the order of the epoch.
    order: Vec<u32>,
    order_rng: Rng,
    augment_rng: Rng,
    shares: ShareSums,
}

/// What a checkpoint of a detector's training holds beside its tensors.
#[derive(Serialize, Deserialize)]
struct Progress {
    /// Steps taken: the place in the learning rate's cycle.
    steps: u64,
    /// Where the order of the images is drawn from.
    order: Rng,
    /// Where flips and shifts are drawn from.
    augmentation: Rng,
}

impl<'a> BoxTraining<'a> {
    /// An untrained detector. All losses of a seed start from the same weights and the same prior, unless a
    /// spec says otherwise.
    pub fn new(task: &'a BoxTask, start: &Start<'_, BoxTask>) -> Result<Self, TrainError> {
        let (problem, settings, seed) = (&task.problem, start.settings, start.seed);
        let (kind, params) = (&start.learner.kind, &start.learner.params);
        let loss = kind.bind(start.loss, params, problem, settings)?;
        let detector = kind.build(params, problem, settings, &mut Rng::stream(seed, INIT_STREAM));
        let mut detector = detector.map_err(TrainError::Model)?;
        for change in loss.training() {
            if let TrainingEffect::PriorBias(pi) = change {
                detector.start_from(*pi);
            }
        }
        if start.threads > 1 {
            detector.tape().set_workers(&Arc::new(Workers::new(start.threads)));
        }
        let images = problem.parts.train.images.len();
        let batch = settings.batch.min(images);
        let epochs = settings.epochs_on(images);
        let steps = (images / batch * epochs) as u64;
        Ok(Self {
            task,
            settings: settings.clone(),
            detector,
            loss: Arc::new(loss),
            optimizer: settings.optimizer.build_with_decay(settings.weight_decay),
            schedule: Schedule::one_cycle(settings.learning_rate, steps.max(4)),
            epochs,
            batch,
            steps: 0,
            order: (0..images as u32).collect(),
            order_rng: Rng::stream(seed, ORDER_STREAM),
            augment_rng: Rng::stream(seed, AUGMENT_STREAM),
            shares: ShareSums::default(),
        })
    }

    /// One step on these images.
    fn step(&mut self, images: &[u32], epoch_and_step: [usize; 2]) -> Result<StepLosses, Divergence> {
        let Self { task, settings, detector, loss, optimizer, .. } = self;
        let train = &task.problem.parts.train;
        let augmentation =
            Augmentation { flip_x: settings.flips, flip_y: settings.flips, shift: settings.shift };
        let placed: Vec<_> = images
            .iter()
            .map(|&image| (&train.images[image as usize], augmentation.draw(&mut self.augment_rng)))
            .collect();
        let losses = detector.losses(&placed, loss, settings, &mut self.shares);
        let tape = detector.tape();
        let norm = match settings.clip {
            Some(most) => clip_global_norm(tape, most),
            None => global_norm(tape),
        };
        Divergence::of_step(tape, epoch_and_step, losses.classes + losses.boxes, norm)?;
        optimizer.step(tape, self.schedule.rate(self.steps));
        self.steps += 1;
        Ok(losses)
    }

    /// What the detector finds in these images, and how good that is.
    fn find(&mut self, set: &ImageSet) -> Result<(CocoResults, Vec<Detection>), TrainError> {
        let detections = self.detector.detect(&set.images, &set.categories)?;
        let results = evaluate(&set.truth, "detections", &detections)?;
        Ok((results, detections))
    }
}

impl Training<BoxFound> for BoxTraining<'_> {
    /// Shows the training images in random order, in whole batches: what is left over is left out this time,
    /// so that batch norm never sees a batch of one.
    fn epoch(&mut self, epoch: usize) -> Result<Losses, TrainError> {
        self.order_rng.shuffle(&mut self.order);
        let order = std::mem::take(&mut self.order);
        let (mut class_loss, mut box_loss) = (0.0, 0.0);
        let batches = order.chunks_exact(self.batch);
        let last = batches.len();
        for (images, step) in batches.zip(1..) {
            let StepLosses { classes, boxes } = self.step(images, [epoch, step])?;
            class_loss += f64::from(classes) / last as f64;
            box_loss += f64::from(boxes) / last as f64;
        }
        self.order = order;
        Divergence::of_weights(self.detector.tape(), [epoch, last])?;
        let detail = super::EpochDetail { class_loss, box_loss, shares: self.shares.take() };
        // Plain data always have a form as JSON.
        Ok(Losses { train_loss: class_loss + box_loss, detail: serde_json::to_value(detail).ok() })
    }

    fn is_validated(&self, epoch: usize) -> bool {
        is_validated(epoch, self.epochs)
    }

    fn validate(&mut self) -> Result<Option<f64>, TrainError> {
        let task = self.task;
        let (results, _) = self.find(&task.problem.parts.validation)?;
        Ok(task.metric.value(&results))
    }

    fn is_over(&self, history: &History) -> bool {
        history.epochs.len() >= self.epochs
    }

    fn course(&self) -> Course {
        Course {
            steps_per_epoch: self.order.len() / self.batch,
            least_kept: LEAST_KEPT_STEPS,
            least_steps: LEAST_JUDGED_STEPS,
            chance: Some(CHANCE),
            anneals: true,
            higher_is_better: self.task.metric.info().higher_is_better,
            perfect: self.task.metric.info().best(),
        }
    }

    fn weights(&self) -> State {
        self.detector.weights()
    }

    fn set_weights(&mut self, weights: &State) -> Result<(), String> {
        self.detector.set_weights(weights)
    }

    fn save(&mut self, tensors: &mut State) -> Value {
        tensors.put_state("weights", self.detector.weights());
        tensors.put_optimizer(&self.detector.parameters(), &*self.optimizer);
        tensors.put_indices("order", [&self.order[..]]);
        let (order, augmentation) = (self.order_rng.clone(), self.augment_rng.clone());
        // Plain data always have a form as JSON.
        serde_json::to_value(Progress { steps: self.steps, order, augmentation }).unwrap_or_default()
    }

    fn load(&mut self, value: Value, tensors: &mut State) -> Result<(), String> {
        let Progress { steps, order, augmentation } =
            serde_json::from_value(value).map_err(|error| error.to_string())?;
        self.detector.set_weights(&tensors.take_state("weights"))?;
        tensors.take_optimizer(&self.detector.parameters(), &mut *self.optimizer)?;
        tensors.take_indices("order", [&mut self.order[..]])?;
        (self.steps, self.order_rng, self.augment_rng) = (steps, order, augmentation);
        Ok(())
    }

    fn judge(&mut self) -> Result<Judged<BoxFound>, TrainError> {
        let task = self.task;
        let test = &task.problem.parts.test;
        let (results, detections) = self.find(test)?;
        let margins = self.detector.margins(&test.images)?;
        let metrics = task.evaluate(&results);
        let found = BoxFound::new(&test.truth, results, detections, margins, task.voc_rule)?;
        Ok(Judged { metrics, threshold: None, found })
    }
}

/// Whether the validation images are evaluated after this epoch: ten times, or after each of fewer epochs.
fn is_validated(epoch: usize, epochs: usize) -> bool {
    let share = |epoch: usize| epoch * VALIDATIONS / epochs;
    share(epoch) > share(epoch - 1)
}

#[cfg(test)]
mod tests {
    use super::is_validated;

    #[test]
    fn the_validation_images_are_evaluated_ten_times_at_most_and_at_the_end() {
        let validated =
            |epochs: usize| (1..=epochs).filter(|&epoch| is_validated(epoch, epochs)).collect::<Vec<_>>();
        assert_eq!(validated(3), [1, 2, 3]);
        assert_eq!(validated(20), [2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
        assert_eq!(validated(25).len(), 10);
        assert_eq!(validated(25).last(), Some(&25));
    }
}
