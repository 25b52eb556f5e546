//! What a training on rows leaves in its record: logits with the truth, and what is made of them once.

use super::classification::Classification;
use super::plane::Plane;
use losslab_data::{Groups, Part};
use losslab_metrics::Calibration;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The outputs of a model of rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableFound {
    /// Training rows of each class.
    pub class_counts: Vec<u64>,
    /// The probability from which on decisions are positive: 0.5 unless the spec moves it.
    pub decision: f64,
    /// On the validation part.
    pub validation: Outputs,
    /// On the test part.
    pub test: Outputs,
    /// Of the probabilities of the test part: raw, temperature scaled, and with the bias of the loss
    /// inverted.
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
    /// The group of each row, where rows belong together; groups are numbered from 0 in order of appearance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<u32>,
}

impl Outputs {
    /// The logits of a part of a data set with these groups.
    pub(super) fn of(part: &Part, groups: Option<&Groups>, logits: Vec<f32>) -> Self {
        let groups = groups.map(|groups| numbered(part.rows.iter().map(|&row| groups.codes[row as usize])));
        let (rows, labels) = (part.rows.clone(), part.labels.clone());
        Self { rows, labels, logits, groups: groups.unwrap_or_default() }
    }
}

impl TableFound {
    /// What in a record from a file cannot be of a problem of so many classes, if anything.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self, classes: usize) -> Result<(), String> {
        let outputs = Classification::of(classes).outputs();
        if self.class_counts.len() != classes {
            return Err(format!("{} class counts for {classes} classes", self.class_counts.len()));
        }
        for (part, Outputs { rows, labels, logits, groups }) in
            [("validation", &self.validation), ("test", &self.test)]
        {
            if rows.len() != labels.len() || logits.len() != labels.len() * outputs {
                let (rows, labels, logits) = (rows.len(), labels.len(), logits.len());
                return Err(format!("{part}: {rows} rows with {labels} labels and {logits} logits"));
            }
            if !groups.is_empty() && groups.len() != rows.len() {
                return Err(format!("{part}: groups of {} rows, of {}", groups.len(), rows.len()));
            }
            if let Some(group) = groups.iter().find(|group| **group as usize >= groups.len()) {
                return Err(format!("{part}: group {group} of {} rows", rows.len()));
            }
            if let Some(label) = labels.iter().find(|label| **label as usize >= classes) {
                return Err(format!("{part}: label {label} of {classes} classes"));
            }
        }
        if !(self.decision >= 0.0 && self.decision <= 1.0) {
            return Err(format!("decisions at a probability of {}", self.decision));
        }
        match &self.plane {
            Some(plane) => plane.check(),
            None => Ok(()),
        }
    }
}

/// The same codes, numbered from 0 in order of appearance.
fn numbered(codes: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut numbers = HashMap::new();
    let number = |code| {
        let next = numbers.len() as u32;
        *numbers.entry(code).or_insert(next)
    };
    codes.map(number).collect()
}
