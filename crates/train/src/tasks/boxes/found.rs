//! What the training of a detector leaves in its record.

use super::margins::Margins;
use super::shares::Shares;
use crate::EpochRecord;
use crate::TrainError;
use losslab_metrics::boxes::{
    CategoryResult, CocoResults, Detection, GroundTruth, VocResults, VocRule, evaluate_voc,
};
use serde::{Deserialize, Serialize};

/// What a detector found in the test images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoxFound {
    /// Average precision of each category.
    pub per_category: Vec<CategoryResult>,
    /// Pascal VOC's own average precision, for data in its form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voc: Option<VocResults>,
    /// How sure it is at every place of the test images.
    #[serde(default)]
    pub margins: Margins,
    /// The detections, which stand in a file of their own.
    #[serde(skip)]
    pub detections: Vec<Detection>,
}

impl BoxFound {
    /// What came out on images with this truth.
    pub(super) fn new(
        truth: &GroundTruth,
        results: CocoResults,
        detections: Vec<Detection>,
        margins: Margins,
        rule: Option<VocRule>,
    ) -> Result<Self, TrainError> {
        let voc = rule.map(|rule| evaluate_voc(truth, &detections, rule)).transpose()?;
        Ok(Self { per_category: results.per_category, voc, margins, detections })
    }
}

/// What a detector tells after an epoch beside the sum of its losses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochDetail {
    /// Mean of the class losses of the steps.
    pub class_loss: f64,
    /// Mean of the box losses of the steps.
    pub box_loss: f64,
    /// Whose class loss and gradient it was; none for a loss that has no parts (dice).
    pub shares: Option<Shares>,
}

impl EpochDetail {
    /// What a record of an epoch holds of it.
    pub fn of(epoch: &EpochRecord) -> Option<Self> {
        epoch.detail.as_ref().and_then(|detail| Self::deserialize(detail).ok())
    }
}
