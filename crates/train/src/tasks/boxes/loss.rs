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
/// If the loss has no sigmoid form, or asks for what detectors do not have: a sampling of rows, or a
/// decision.
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
    /// Smooth L1 over the four numbers of each positive anchor, divided by the number of positive anchors;
    /// none where there is no positive anchor.
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

#[cfg(test)]
mod tests {
    use super::*;
    use losslab_losses::{Normalizer, Registry};

    /// Two images of two anchors and two classes. All logits are 0, so each costs ln 2; the numbers of the
    /// first positive box are off by 1, those of the second by .05, which is on either side of [`BETA`].
    #[test]
    fn both_parts_are_divided_by_the_number_of_positive_anchors() {
        let spec = Spec::parse("ce", &Registry::standard()).unwrap();
        let reduction = Reduction::Mean(Normalizer::Positives);
        let loss = Arc::new(Criterion::new(&spec, Head::Sigmoid, &[6, 2], reduction).unwrap());
        let tape = Tape::<f32>::new();
        let mut boxes = [9.0; 16];
        boxes[..4].fill(1.0);
        boxes[12..].fill(0.05);
        let output = || Output {
            class_logits: tape.constant([2, 2, 2], &[0.0; 8]),
            boxes: tape.constant([2, 2, 4], &boxes),
        };
        let mut targets = Targets {
            classes: vec![0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0],
            valid: vec![1.0; 8],
            positives: vec![0, 3],
            boxes: vec![0.0; 8],
        };
        let parts = DetectorLoss::new(&loss, &tape, output(), &targets);
        let classes = 8.0 * 2.0f64.ln() / 2.0;
        let smooth = 4.0 * ((1.0 - 0.11 / 2.0) + 0.05 * 0.05 / (2.0 * 0.11)) / 2.0;
        let near = |found: Var<f32>, expected: f64| {
            let found = f64::from(found.value()[0]);
            assert!((found - expected).abs() < 1e-6 * expected, "{found}, expected {expected}");
        };
        near(parts.classes, classes);
        near(parts.boxes.unwrap(), smooth);
        near(parts.total(0.5), classes + 0.5 * smooth);

        // An image without objects has no boxes to learn; the sum of the class loss is then divided by 1.
        targets.positives.clear();
        targets.boxes.clear();
        targets.classes.fill(0.0);
        let parts = DetectorLoss::new(&loss, &tape, output(), &targets);
        assert!(parts.boxes.is_none());
        near(parts.total(0.5), 8.0 * 2.0f64.ln());
    }
}
