//! The loss of a detector: any registered class loss, plus smooth L1 of the boxes of positive anchors.

use super::targets::Targets;
use super::{DetectionProblem, DetectorSettings};
use losslab_autograd::{Tape, Var};
use losslab_losses::{
    Criterion, Head, Reduction, Spec, SpecError, TapeBatch, TapeTargets, Training, criterion,
};
use losslab_models::Output;
use std::sync::Arc;

/// Where smooth L1 turns from a parabola into a line, as in RetinaNet's code.
const BETA: f64 = 0.11;

/// The class loss as detectors are trained with it, its normaliser that of the settings.
///
/// # Errors
/// If the loss has no sigmoid form, or asks for what detectors do not have: a sampling of rows, or a decision.
pub fn bind_detector(
    spec: &Spec,
    problem: &DetectionProblem,
    settings: &DetectorSettings,
) -> Result<Criterion, SpecError> {
    let reduction = Reduction::Mean(settings.normalizer.normalizer());
    let loss = Criterion::new(spec, Head::Sigmoid, &problem.logit_counts(), reduction)?;
    let samples = |change: &Training| !matches!(change, Training::PriorBias(_));
    let refused = match (loss.training().iter().any(samples), loss.decision()) {
        (true, _) => {
            Some("over- and undersampling draw rows of a table; every image shows a detector all its anchors")
        }
        (_, Some(_)) => Some("threshold decides on rows of a table; detections are ranked"),
        _ => None,
    };
    match refused {
        Some(why) => Err(SpecError { spec: spec.to_string(), problem: why.into() }),
        None => Ok(loss),
    }
}

/// The parts of a training loss, on a tape.
#[derive(Clone, Copy)]
pub(super) struct DetectorLoss<'t> {
    /// The class loss over all anchors that count, divided by the normaliser.
    pub classes: Var<'t, f32>,
    /// Smooth L1 over the four numbers of each positive anchor, divided by the number of positive anchors; none where
    /// there is no positive anchor.
    pub boxes: Option<Var<'t, f32>>,
}

impl<'t> DetectorLoss<'t> {
    /// The loss of a batch: `class_logits [N, A, K]`, `boxes [N, A, 4]`.
    pub fn new(
        loss: &Arc<Criterion>,
        tape: &'t Tape<f32>,
        output: Output<'t, f32>,
        targets: &Targets,
    ) -> Self {
        let shape = output.class_logits.shape();
        let batch = TapeBatch {
            logits: output.class_logits,
            targets: TapeTargets::Sigmoid(tape.constant(shape, &targets.classes)),
            weights: None,
            valid: Some(tape.constant(shape, &targets.valid)),
        };
        let classes = criterion(loss, batch);
        let positives = targets.positives.len();
        let boxes = (positives > 0).then(|| {
            let rows = shape.dims()[0] * shape.dims()[1];
            let found = output.boxes.reshape([rows, 4]).gather(tape.indices(&targets.positives));
            let difference = found - tape.constant([positives, 4], &targets.boxes);
            scaled(difference.smooth_l1(BETA).sum_all(), 1.0 / positives as f64)
        });
        Self { classes, boxes }
    }

    /// The scalar that is minimised: classes + weight x boxes.
    pub fn total(&self, box_weight: f64) -> Var<'t, f32> {
        match self.boxes {
            Some(boxes) => self.classes + scaled(boxes, box_weight),
            None => self.classes,
        }
    }
}

/// A number times a constant.
fn scaled(x: Var<'_, f32>, factor: f64) -> Var<'_, f32> {
    x * x.tape().constant([], &[factor as f32])
}
