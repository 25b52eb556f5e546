//! One training of a detector: the epoch chosen on the validation images, the test images touched once.

mod kept;

use super::loss::DetectorLoss;
use super::margins::Margins;
use super::network::{Network, Weights};
use super::shares::{ShareSums, Shares};
use super::targets::Targets;
use super::{DetectionProblem, DetectorError, DetectorSettings, bind_detector};
use crate::checkpoint::Keeper;
use crate::experiment::Divergence;
use crate::experiment::{Candidate, Fit};
use kept::History;
use losslab_autograd::optim::{Optimizer, Schedule, clip_global_norm, global_norm};
use losslab_base::rng::Rng;
use losslab_data::images::{Augmentation, ImageSet};
use losslab_losses::{self as losses, Criterion, Spec, Training};
use losslab_metrics::boxes::{CocoResults, Detection, evaluate};
use losslab_models::prior_bias;
use losslab_tensor::Workers;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Streams of random numbers of one seed, so that one purpose does not shift the other's draws.
const INIT_STREAM: u64 = 1;
const ORDER_STREAM: u64 = 2;
const AUGMENT_STREAM: u64 = 3;

/// How often the validation images are looked at, at equal distances, the last time after the last epoch.
const VALIDATIONS: usize = 10;

/// What is known after an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetectorEpoch {
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Mean of the class losses of the steps.
    pub class_loss: f64,
    /// Mean of the box losses of the steps.
    pub box_loss: f64,
    /// Whose class loss and gradient it was; none for a loss that has no parts (dice).
    pub shares: Option<Shares>,
    /// COCO AP on the validation images, where they were looked at.
    pub validation_ap: Option<f64>,
}

/// A finished training.
#[derive(Clone, Debug)]
pub struct TrainedDetector {
    /// All epochs.
    pub epochs: Vec<DetectorEpoch>,
    /// The epoch whose weights were kept: of those looked at, the first with the best validation AP.
    pub best_epoch: usize,
    /// COCO's numbers on the test images.
    pub results: CocoResults,
    /// What was found in the test images.
    pub detections: Vec<Detection>,
    /// How sure it is at every place of the test images.
    pub margins: Margins,
    /// The weights that were kept, for [`Network::restore`].
    pub weights: Weights,
}

/// Trains one detector with one loss, on `threads` threads. The result has the same bits with any number of them, and
/// depends on the other arguments alone.
///
/// # Errors
/// If the loss does not suit detectors, training diverges, or `after_epoch` breaks off.
pub fn train_detector(
    problem: &DetectionProblem,
    spec: &Spec,
    settings: &DetectorSettings,
    seed: u64,
    threads: usize,
    after_epoch: impl FnMut(&DetectorEpoch) -> ControlFlow<()>,
) -> Result<TrainedDetector, DetectorError> {
    train_detector_kept(problem, spec, settings, seed, threads, None, after_epoch)
}

/// The same, kept in checkpoints and taken up from one: the result has the same bits however often it was interrupted.
/// `after_epoch` is told the epochs before the checkpoint, too.
///
/// # Errors
/// As [`train_detector`], or if a checkpoint cannot be written or does not fit.
pub fn train_detector_kept(
    problem: &DetectionProblem,
    spec: &Spec,
    settings: &DetectorSettings,
    seed: u64,
    threads: usize,
    keeper: Option<&mut Keeper>,
    after_epoch: impl FnMut(&DetectorEpoch) -> ControlFlow<()>,
) -> Result<TrainedDetector, DetectorError> {
    fit_detector(problem, spec, settings, seed, threads, keeper, after_epoch)?.judge(problem)
}

/// The part of a training that does not see the test images.
///
/// # Errors
/// As [`train_detector`].
pub(super) fn fit_detector(
    problem: &DetectionProblem,
    spec: &Spec,
    settings: &DetectorSettings,
    seed: u64,
    threads: usize,
    mut keeper: Option<&mut Keeper>,
    mut after_epoch: impl FnMut(&DetectorEpoch) -> ControlFlow<()>,
) -> Result<FittedDetector, DetectorError> {
    let loss = bind_detector(spec, problem, settings)?;
    let mut session = Session::new(problem, loss, settings, seed);
    if threads > 1 {
        session.network.tape.set_workers(&Arc::new(Workers::new(threads)));
    }
    let mut history = History { epochs: Vec::new(), best_epoch: 0, best_ap: None };
    let mut weights = Weights::new();
    if let Some(keeper) = keeper.as_deref_mut() {
        keeper.restore(|progress, tensors| session.restore(progress, tensors, &mut history, &mut weights))?;
        for record in &history.epochs {
            if after_epoch(record).is_break() {
                return Err(DetectorError::Stopped { epoch: record.epoch });
            }
        }
    }
    for epoch in history.epochs.len() + 1..=session.epochs {
        let mut record = session.epoch(problem, settings, epoch)?;
        if is_validated(epoch, session.epochs) {
            let (results, _) =
                session.judge(&problem.parts.validation).map_err(|error| error.after(epoch))?;
            record.validation_ap = results.ap;
            // Without objects to judge by, the last weights count.
            let better = history.best_ap.is_none_or(|best| results.ap.is_none_or(|ap| ap > best));
            if better {
                (history.best_epoch, history.best_ap) = (epoch, results.ap);
                session.network.save(&mut weights);
            }
        }
        history.epochs.push(record.clone());
        if let Some(keeper) = keeper.as_deref_mut() {
            let last = epoch == session.epochs;
            keeper.keep(epoch, last, |tensors| session.keep(tensors, &history, &weights))?;
        }
        if after_epoch(&record).is_break() {
            return Err(DetectorError::Stopped { epoch });
        }
    }
    let fit =
        Fit { epochs_run: session.epochs, best_epoch: history.best_epoch, validation_ap: history.best_ap };
    Ok(FittedDetector { session, fit, weights, epochs: history.epochs })
}

/// A trained detector that has not seen the test images.
pub(super) struct FittedDetector {
    session: Session,
    fit: Fit,
    weights: Weights,
    epochs: Vec<DetectorEpoch>,
}

impl FittedDetector {
    /// Judges the best weights on the test images.
    pub fn judge(self, problem: &DetectionProblem) -> Result<TrainedDetector, DetectorError> {
        let Self { mut session, fit, weights, epochs } = self;
        session.network.restore(&weights);
        let told = |error: DetectorError| error.after(fit.best_epoch);
        let (results, detections) = session.judge(&problem.parts.test).map_err(told)?;
        let margins = session.network.margins(&problem.parts.test.images).map_err(told)?;
        Ok(TrainedDetector { epochs, best_epoch: fit.best_epoch, results, detections, margins, weights })
    }
}

impl Candidate for FittedDetector {
    fn fit(&self) -> Fit {
        self.fit
    }
}

/// Whether the validation images are looked at after this epoch: ten times, or after each of fewer epochs.
fn is_validated(epoch: usize, epochs: usize) -> bool {
    let share = |epoch: usize| epoch * VALIDATIONS / epochs;
    share(epoch) > share(epoch - 1)
}

/// A detector in training.
struct Session {
    network: Network,
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
    targets: Targets,
    shares: ShareSums,
    /// Loss and gradient of each class logit, for the shares.
    losses: Vec<f32>,
    gradient: Vec<f32>,
}

/// The class loss and the box loss of a step.
struct StepLosses {
    classes: f32,
    boxes: f32,
}

impl Session {
    fn new(problem: &DetectionProblem, loss: Criterion, settings: &DetectorSettings, seed: u64) -> Self {
        let images = problem.parts.train.images.len();
        let mut network = Network::new(problem, settings, &mut Rng::stream(seed, INIT_STREAM));
        for change in loss.training() {
            if let Training::PriorBias(pi) = change {
                network.model.set_class_bias(&mut network.tape, prior_bias(*pi));
            }
        }
        let batch = settings.batch.min(images);
        let epochs = settings.epochs_on(images);
        let steps = (images / batch * epochs) as u64;
        Self {
            network,
            loss: Arc::new(loss),
            optimizer: settings.optimizer.build_with_decay(settings.weight_decay),
            schedule: Schedule::one_cycle(settings.learning_rate, steps.max(4)),
            epochs,
            batch,
            steps: 0,
            order: (0..images as u32).collect(),
            order_rng: Rng::stream(seed, ORDER_STREAM),
            augment_rng: Rng::stream(seed, AUGMENT_STREAM),
            targets: Targets::default(),
            shares: ShareSums::default(),
            losses: Vec::new(),
            gradient: Vec::new(),
        }
    }

    /// Shows the training images in random order, in whole batches: what is left over is left out this time, so that
    /// batch norm never sees a batch of one.
    fn epoch(
        &mut self,
        problem: &DetectionProblem,
        settings: &DetectorSettings,
        epoch: usize,
    ) -> Result<DetectorEpoch, DetectorError> {
        self.order_rng.shuffle(&mut self.order);
        let order = std::mem::take(&mut self.order);
        let (mut class_loss, mut box_loss) = (0.0, 0.0);
        let batches = order.chunks_exact(self.batch);
        let last = batches.len();
        let steps = last as f64;
        for (images, step) in batches.zip(1..) {
            let StepLosses { classes, boxes } = self.step(problem, settings, images, [epoch, step])?;
            class_loss += f64::from(classes) / steps;
            box_loss += f64::from(boxes) / steps;
        }
        self.order = order;
        Divergence::of_weights(&self.network.tape, [epoch, last])?;
        Ok(DetectorEpoch { epoch, class_loss, box_loss, shares: self.shares.take(), validation_ap: None })
    }

    /// One step on these images.
    fn step(
        &mut self,
        problem: &DetectionProblem,
        settings: &DetectorSettings,
        images: &[u32],
        epoch_and_step: [usize; 2],
    ) -> Result<StepLosses, Divergence> {
        let train = &problem.parts.train;
        let (n, classes) = (images.len(), train.categories.len());
        let augmentation =
            Augmentation { flip_x: settings.flips, flip_y: settings.flips, shift: settings.shift };
        let Network { tape, model, buffers, anchors, pixels, .. } = &mut self.network;
        self.targets.begin(n, anchors.boxes.len(), classes);
        tape.rewind();
        let x = tape.constant_with([n, train.height, train.width, train.channels], |out| {
            let each = out.chunks_exact_mut(train.height * train.width * train.channels);
            for (i, (out, &image)) in each.zip(images).enumerate() {
                let image = &train.images[image as usize];
                let placement = augmentation.draw(&mut self.augment_rng);
                placement.write(&image.image, pixels, out);
                let objects = placement.objects(&image.objects, train.width, train.height);
                self.targets.set(i, &anchors.boxes, &objects, classes);
            }
        });
        let output = model.forward_train(x, buffers);
        let loss = DetectorLoss::new(&self.loss, tape, output, &self.targets);
        loss.total(settings.box_weight).backward();
        let result =
            StepLosses { classes: loss.classes.item(), boxes: loss.boxes.map_or(0.0, |boxes| boxes.item()) };

        let logits = output.class_logits.value();
        self.losses.resize(logits.len(), 0.0);
        self.gradient.resize(logits.len(), 0.0);
        let batch = losses::Batch {
            logits: &logits,
            targets: losses::Targets::Sigmoid { targets: &self.targets.classes, columns: classes },
            weights: None,
            valid: Some(&self.targets.valid),
        };
        // A loss of the whole batch has no parts, and says so with an error.
        if self.loss.evaluate(&batch, Some(&mut self.losses), &mut self.gradient).is_ok() {
            self.shares.add(
                &logits,
                &self.targets.classes,
                &self.targets.valid,
                &self.losses,
                &self.gradient,
            );
        }
        drop(logits);

        let norm = match settings.clip {
            Some(most) => clip_global_norm(tape, most),
            None => global_norm(tape),
        };
        Divergence::of_step(tape, epoch_and_step, result.classes + result.boxes, norm)?;
        self.optimizer.step(tape, self.schedule.rate(self.steps));
        self.steps += 1;
        Ok(result)
    }

    /// What the detector finds in these images, and how good that is.
    fn judge(&mut self, set: &ImageSet) -> Result<(CocoResults, Vec<Detection>), DetectorError> {
        let detections = self.network.detect(&set.images, &set.categories)?;
        let results = evaluate(&set.truth, "detections", &detections)?;
        Ok((results, detections))
    }
}

#[cfg(test)]
mod tests {
    use super::is_validated;

    #[test]
    fn the_validation_images_are_looked_at_ten_times_at_most_and_at_the_end() {
        let validated =
            |epochs: usize| (1..=epochs).filter(|&epoch| is_validated(epoch, epochs)).collect::<Vec<_>>();
        assert_eq!(validated(3), [1, 2, 3]);
        assert_eq!(validated(20), [2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
        assert_eq!(validated(25).len(), 10);
        assert_eq!(validated(25).last(), Some(&25));
    }
}
