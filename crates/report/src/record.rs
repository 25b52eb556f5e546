//! One training as a file, `DIR/runs/LOSS-SEED.json`: all that reports, verdicts and `--resume` need, so that nothing is
//! trained twice.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

use super::data::Data;
use super::detections::file_name;
use super::named::Named;
use super::plan::Plan;
use super::plane::Plane;
use losslab_data::Gaps;
use losslab_metrics::Calibration;
use losslab_metrics::boxes::{CategoryResult, VocResults};
use losslab_train::detector::{Margins, Shares};
use losslab_train::experiment::TrialRecord;
use serde::{Deserialize, Serialize};

/// The version of the records' schema.
pub const RECORD_SCHEMA: u32 = 1;

/// One training: what it was given, how it went, and what came out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// [`RECORD_SCHEMA`].
    pub schema: u32,
    /// Stands for all that the outcome depends on: version, data, settings, split, loss and seed.
    pub key: String,
    /// Stands for the rows of the three parts; runs of one seed must agree in it to be paired.
    pub split: String,
    /// The canonical spec, with a question mark for what was tuned.
    pub loss: String,
    /// The seed.
    pub seed: u64,
    /// How the training went, up to where it ended or diverged.
    pub epochs: Vec<EpochRecord>,
    /// Epochs until training stopped; none if it diverged.
    pub epochs_run: Option<usize>,
    /// The epoch whose weights were judged.
    pub best_epoch: Option<usize>,
    /// The threshold of the `_tuned` metrics: a reported probability.
    pub threshold: Option<f64>,
    /// How it diverged, if it did.
    pub diverged: Option<String>,
    /// What was tried, in order; empty if nothing was tuned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trials: Vec<TrialRecord>,
    /// Which of the trials was judged; epochs and all that follows are its.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<usize>,
    /// On the test part; none where undefined.
    pub metrics: Named<Option<f64>>,
    /// What was filled or ignored in the data of this seed.
    pub gaps: Vec<Gaps>,
    /// What a classifier of rows has beside; none if it diverged.
    pub table: Option<TableRecord>,
    /// What a detector has beside; none if it diverged.
    pub detector: Option<DetectorRecord>,
}

/// What is known after an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Mean of the losses of the steps.
    pub train_loss: f64,
    /// The class loss in it, of a detector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_loss: Option<f64>,
    /// The box loss in it, of a detector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub box_loss: Option<f64>,
    /// Average precision on the validation part, where it was looked at.
    pub validation_ap: Option<f64>,
    /// Whose class loss and gradient it was, of a detector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<Shares>,
}

/// The outputs of a classifier of rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableRecord {
    /// Training rows of each class.
    pub class_counts: Vec<u64>,
    /// On the validation part.
    pub validation: Outputs,
    /// On the test part.
    pub test: Outputs,
    /// Of the probabilities of the test part: raw, temperature scaled, and with the bias of the loss inverted.
    pub calibration: Option<Calibration>,
    /// What the model says of the whole plane, if there are two columns of numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plane: Option<Plane>,
}

/// The logits of some rows, with the truth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    /// Places of the rows in their data set, from 0.
    pub rows: Vec<u32>,
    /// The class of each row.
    pub labels: Vec<u32>,
    /// Row by row: one for class 1 with two classes, else one per class.
    pub logits: Vec<f32>,
}

/// What a detector found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetectorRecord {
    /// Average precision of each category.
    pub per_category: Vec<CategoryResult>,
    /// Pascal VOC's own average precision, for data in its form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voc: Option<VocResults>,
    /// The file of its detections in the test images, in the folder `detections` beside `runs`.
    pub detections: String,
    /// How sure it is at every place of the test images.
    #[serde(default)]
    pub margins: Margins,
}

impl RunRecord {
    /// What in a record from a file cannot be a run of this plan, if anything.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self, plan: &Plan) -> Result<(), String> {
        let (Some(record), Data::Table(data)) = (&self.table, &plan.data) else { return Ok(()) };
        let (classes, outputs) = (data.classes.len(), data.task().outputs());
        if record.class_counts.len() != classes {
            return Err(format!("{} class counts for {classes} classes", record.class_counts.len()));
        }
        for (part, Outputs { rows, labels, logits }) in
            [("validation", &record.validation), ("test", &record.test)]
        {
            if rows.len() != labels.len() || logits.len() != labels.len() * outputs {
                let (rows, labels, logits) = (rows.len(), labels.len(), logits.len());
                return Err(format!("{part}: {rows} rows with {labels} labels and {logits} logits"));
            }
            if let Some(label) = labels.iter().find(|label| **label as usize >= classes) {
                return Err(format!("{part}: label {label} of {classes} classes"));
            }
        }
        match &record.plane {
            Some(plane) => plane.check(),
            None => Ok(()),
        }
    }

    /// The name of its file: `focal_gamma=2,alpha=0.25-3.json`.
    pub fn file_name(&self) -> String {
        run_file(&self.loss, self.seed)
    }

    /// The canonical spec of the loss that was trained with: where parameters were tuned, the chosen ones.
    pub fn trained_loss(&self) -> &str {
        self.chosen.and_then(|chosen| self.trials.get(chosen)).map_or(&self.loss, |trial| &trial.loss)
    }
}

/// The spec that all these runs were trained with, if it is one.
pub fn trained_alike<'a>(runs: impl IntoIterator<Item = &'a RunRecord>) -> Option<&'a str> {
    let mut losses = runs.into_iter().map(RunRecord::trained_loss);
    let first = losses.next()?;
    losses.all(|loss| loss == first).then_some(first)
}

/// The name of the file of a run.
pub fn run_file(loss: &str, seed: u64) -> String {
    format!("{}-{seed}.json", file_name(loss))
}

#[cfg(test)]
mod tests {
    use super::*;

    type File = (Plan, Vec<RunRecord>);

    #[test]
    fn a_record_that_contradicts_its_plan_is_refused() {
        let (plan, records): File =
            serde_json::from_str(include_str!("../../../tests/fixtures/fuzz/records/binary.json")).unwrap();
        let record = &records[0];
        assert_eq!(record.check(&plan), Ok(()));
        let changes: [fn(&mut TableRecord); 4] = [
            |table| table.class_counts.truncate(1),
            |table| table.test.labels.truncate(7),
            |table| table.validation.logits.truncate(7),
            |table| table.test.labels[0] = 2,
        ];
        let faults = changes.map(|change| {
            let mut record = record.clone();
            change(record.table.as_mut().unwrap());
            record.check(&plan).unwrap_err()
        });
        assert_eq!(
            faults,
            [
                "1 class counts for 2 classes",
                "test: 8 rows with 7 labels and 8 logits",
                "validation: 8 rows with 8 labels and 7 logits",
                "test: label 2 of 2 classes"
            ]
        );
    }
}
