//! A trained model of rows as a file, at work on new rows.

use super::examples::MatrixExamples;
use super::repair::{self, Fitted};
use super::{Classification, TableFound, TableTask};
use crate::model_file::lacking;
use crate::predict::{Form, Prediction, Predictor, Scores};
use crate::task::{Judged, Start};
use crate::{Lab, OptimizerKind};
use losslab_base::rng::Rng;
use losslab_base::{quoted, shown_cell, shown_name};
use losslab_data::checks::{Checks, Predicted, TrainingRows, Warning};
use losslab_data::formats::{ModelInput, NewData, RowModel};
use losslab_data::{Dataset, Encoder, Encoding, Matrix, Part};
use losslab_losses::{Inverse, Spec, Stage};
use losslab_metrics::{Metrics, Rows, predicted_classes, probabilities};
use losslab_models::{Model, Shape, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// What a model file says beside the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Description {
    /// The spec of the model.
    model: String,
    /// The loss that it was trained with, as a spec.
    loss: String,
    /// The seed of the training.
    seed: u64,
    /// Rows of each class in the training part.
    class_counts: Vec<u64>,
    /// Height, width and channels, where rows are images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image: Option<[usize; 3]>,
    /// How a row of the table becomes the model's input.
    encoder: Encoder,
    /// The classes; of two the second is the positive one.
    class_names: Vec<String>,
    /// The labels of the table with their classes.
    label_values: Vec<(String, u32)>,
    /// With two classes: the model's own probability from which on a row is called positive.
    threshold: Option<f64>,
    /// What corrects the model's own probabilities best; none in files of other programs, whose loss is
    /// inverted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    probabilities: Option<Fitted>,
    /// What the training set was called, and its fingerprint.
    trained_on: (String, String),
    /// Metrics on the test part of the training set.
    test_metrics: BTreeMap<String, Option<f64>>,
    /// The rows of the training part, as hashes; none in files of other programs.
    #[serde(default)]
    training_rows: TrainingRows,
}

/// The description of a trained model.
pub(super) fn describe(task: &TableTask, start: &Start<'_, TableTask>, judged: &Judged<TableFound>) -> Value {
    let (dataset, parts) = (task.dataset(), task.parts(start.run));
    let description = Description {
        model: start.learner.to_string(),
        loss: start.loss.to_string(),
        seed: start.seed,
        class_counts: parts.train.class_counts(),
        image: parts.train.matrix.image(),
        encoder: parts.encoder.clone(),
        class_names: dataset.class_names.clone(),
        label_values: dataset.label_values.clone(),
        threshold: judged.threshold,
        probabilities: Fitted::best(&judged.found),
        trained_on: (dataset.name.clone(), dataset.fingerprint()),
        test_metrics: judged.metrics.iter().cloned().collect(),
        training_rows: training_rows(task, start.run),
    };
    // Plain data always have a form as JSON.
    serde_json::to_value(description).unwrap_or_default()
}

/// The rows of the training part of a run.
fn training_rows(task: &TableTask, run: usize) -> TrainingRows {
    let (parts, data) = (task.parts(run), task.dataset());
    let tested = task.source.test.as_ref().unwrap_or(data);
    let hashes = |set: &Dataset, part: &Part| -> Vec<u64> {
        let features = set.row_hashes();
        let rows = part.rows.iter().zip(&part.labels);
        rows.map(|(&row, &class)| TrainingRows::hash(features[row as usize], class)).collect()
    };
    TrainingRows::of(hashes(data, &parts.train), hashes(tested, &parts.test))
}

impl Description {
    /// What in a description cannot be, if anything.
    fn check(&self) -> Result<(), String> {
        let classes = self.class_names.len();
        if classes < 2 || self.class_counts.len() != classes || self.class_counts.contains(&0) {
            return Err(format!("{classes} classes with {:?} rows", self.class_counts));
        }
        let columns = self.encoder.columns.iter().map(|column| column.name.as_str());
        let labels = self.label_values.iter().map(|(label, _)| label.as_str());
        for (what, name) in [("column", twice(columns)), ("label", twice(labels))] {
            if let Some(name) = name {
                return Err(format!("the {what} {} twice", quoted(name)));
            }
        }
        if let Some((label, class)) = self.label_values.iter().find(|(_, class)| *class as usize >= classes) {
            return Err(format!("label {label:?} of class {class}"));
        }
        if self.threshold.is_some_and(|t| !(0.0..=1.0).contains(&t)) {
            return Err("a threshold that is no probability".into());
        }
        self.probabilities.map_or(Ok(()), |fitted| fitted.check(classes))?;
        let pixels = self.image.map(|sides| sides.iter().fold(1_usize, |n, side| n.saturating_mul(*side)));
        if pixels.is_some_and(|pixels| pixels != self.encoder.width()) {
            return Err(format!("images of {:?} in rows of {}", self.image, self.encoder.width()));
        }
        self.training_rows.check()?;
        if self.encoder.width() == 0 {
            return Err("a model without inputs".into());
        }
        for column in &self.encoder.columns {
            if let Encoding::Number { fill, scaling, .. } = &column.encoding {
                let finite = [*fill, scaling.mean, scaling.scale].iter().all(|x| x.is_finite());
                if !finite || scaling.scale <= 0.0 {
                    return Err(format!("the scaling of column {:?}", column.name));
                }
            }
        }
        Ok(())
    }
}

/// A trained model with all that turns a row of a table into a decision.
pub(super) struct TableModel {
    about: Description,
    model: Box<dyn Model>,
    classification: Classification,
    loss: Spec,
    metrics: Metrics,
    checks: Checks,
}

impl TableModel {
    /// The model of a file.
    pub fn load(lab: &Lab, description: Value, weights: &State) -> Result<Self, String> {
        let about: Description = serde_json::from_value(description)
            .map_err(|error| format!("a damaged description ({error})"))?;
        let contradicts = |what| format!("a description that contradicts itself ({what})");
        about.check().map_err(contradicts)?;
        let spec = lab.models.parse(&about.model).map_err(lacking)?;
        let classification = Classification::of(about.class_names.len());
        let shape =
            Shape { columns: about.encoder.width(), image: about.image, outputs: classification.outputs() };
        let (least, stored) = (spec.size(&shape).map_err(contradicts)?, numbers(weights));
        if least > stored {
            return Err(format!("{stored} weights, expected at least {least} for {spec}"));
        }
        // The first weights are drawn and then replaced.
        let optimizer = OptimizerKind::Adam.build();
        let mut model = spec.build(shape, optimizer, &mut Rng::seed(0)).map_err(contradicts)?;
        model.set_weights(weights)?;
        let loss = Spec::parse(&about.loss, &lab.losses).map_err(|error| lacking(error.problem))?;
        let (metrics, checks) = (lab.metrics.clone(), lab.checks.clone());
        Ok(Self { about, model, classification, loss, metrics, checks })
    }

    /// The inverse of the bias of the loss, or why there is none.
    fn inverse(&self) -> Result<Inverse, String> {
        Inverse::of(&self.loss, &self.about.class_counts)
    }

    fn logits(&mut self, matrix: &Arc<Matrix>) -> Result<Vec<f32>, String> {
        let rows: Vec<u32> = (0..matrix.rows() as u32).collect();
        let logits = self.model.score(&MatrixExamples(matrix), &rows);
        match logits.iter().position(|logit| !logit.is_finite()) {
            Some(at) => Err(format!("row {} has no finite score", at / self.classification.outputs() + 1)),
            None => Ok(logits),
        }
    }

    /// The classes of rows: decided on the model's own probabilities, as the metrics of the training were.
    fn classes(&self, own: &[f64]) -> Vec<u32> {
        match self.classification {
            Classification::Binary => {
                let threshold = self.about.threshold.unwrap_or(0.5);
                own.iter().map(|&p| u32::from(p >= threshold)).collect()
            }
            Classification::Classes(classes) => predicted_classes(own, classes),
        }
    }

    /// The metrics of predictions against the true classes. `mapped` are the logits of the probabilities
    /// where these are not the model's own. Rankings and log loss are those of logits: probabilities round to
    /// 1.
    fn scores(
        &self,
        logits: &[f32],
        mapped: Option<&[f64]>,
        predicted: &[u32],
        labels: &[u32],
    ) -> Result<Scores, String> {
        let classes = self.classification.classes();
        let rows = Rows::new(classes, logits, labels);
        let rows = if let Some(mapped) = mapped { rows.with_mapped_logits(mapped) } else { rows };
        let decided = self.loss.modifiers().any(|(info, _)| info.stage == Stage::Decision);
        // The least probability that is called positive separates the decisions, whatever the inverse rounds.
        let probabilities = rows.probabilities().map_err(|error| error.to_string())?;
        let called = probabilities.iter().zip(predicted).filter(|(_, class)| **class == 1).map(|(&p, _)| p);
        let threshold = match self.classification {
            Classification::Binary if mapped.is_some() => Some(called.fold(f64::INFINITY, f64::min)),
            Classification::Binary => Some(self.about.threshold.unwrap_or(0.5)),
            Classification::Classes(_) => None,
        };
        let decision = threshold.filter(|_| decided).unwrap_or(0.5);
        let rows = rows.with_thresholds(decision, threshold);
        let values = self.metrics.evaluate(&rows).map_err(|error| error.to_string())?;
        let metrics =
            self.metrics.rows(classes).zip(values).map(|(metric, (_, value))| (metric.info(), value));
        Ok(Scores { of: "all rows", loss: self.about.loss.clone(), metrics: metrics.collect() })
    }

    /// What checks find in new rows of these classes.
    fn warnings(&self, features: &[u64], labels: &[u32]) -> Vec<Warning> {
        let rows = features.iter().zip(labels);
        let hashes: Vec<u64> = rows.map(|(&row, &class)| TrainingRows::hash(row, class)).collect();
        let trained_on = &self.about.training_rows;
        self.checks.predicted(&Predicted { what: "row", hashes: &hashes, trained_on })
    }

    /// `row,SCORE,prediction`, rows counted from 1; with more than two classes a score for each. Class names
    /// are safe to be opened in a spreadsheet.
    fn csv(&self, score: &str, scores: &[f64], classes: Option<&[u32]>) -> Result<String, csv::Error> {
        let names = &self.about.class_names;
        let columns = match self.classification {
            Classification::Binary => vec![score.to_string()],
            Classification::Classes(_) => {
                names.iter().map(|name| format!("{score}_{}", shown_name(name))).collect()
            }
        };
        let mut writer = csv::Writer::from_writer(Vec::new());
        let prediction = classes.map(|_| "prediction".to_string());
        writer.write_record(std::iter::once("row".to_string()).chain(columns).chain(prediction))?;
        for (i, scores) in scores.chunks_exact(self.classification.outputs()).enumerate() {
            // The shortest text that reads back as the very number.
            let cells = std::iter::once((i + 1).to_string()).chain(scores.iter().map(f64::to_string));
            let class = classes.and_then(|classes| names.get(*classes.get(i)? as usize));
            writer.write_record(cells.chain(class.map(|class| shown_cell(class).into_owned())))?;
        }
        let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Predictor for TableModel {
    fn input<'a>(&'a self, name: &'a str) -> ModelInput<'a> {
        ModelInput::Rows(RowModel {
            name,
            encoder: &self.about.encoder,
            image: self.about.image,
            label_values: &self.about.label_values,
        })
    }

    fn predict(&mut self, data: &NewData, form: Form) -> Result<Prediction, String> {
        let NewData::Rows(new) = data else { return Err("images for a model of rows".into()) };
        let failed = |error: csv::Error| error.to_string();
        let logits = self.logits(&new.matrix)?;
        let mut notes = new.notes.clone();
        if form == Form::Logits {
            let logits: Vec<f64> = logits.into_iter().map(f64::from).collect();
            let text = self.csv("logit", &logits, None).map_err(failed)?;
            return Ok(Prediction { text, notes, warnings: Vec::new(), scores: None });
        }
        let (mapping, note) = match form {
            Form::Raw => (None, None),
            _ => repair::mapping(self.about.probabilities, &self.about.loss, || self.inverse()),
        };
        let leaves = if mapping.is_some() { " (--raw leaves that out)" } else { "" };
        notes.extend(note.map(|note| format!("{note}{leaves}")));
        if let (Some(own), [_, positive]) = (self.about.threshold, &self.about.class_names[..]) {
            let threshold = mapping.as_ref().map_or(own, |mapping| mapping.of_probability(own));
            notes.push(format!("called {} from a probability of {threshold:.4} on", quoted(positive)));
        }
        let own = self.classification.scores(&logits);
        let classes = self.classes(&own);
        let mapped = mapping.map(|mapping| mapping.logits(&logits));
        let written = match &mapped {
            None => own,
            Some(mapped) => {
                let mut corrected = Vec::new();
                probabilities(mapped, self.classification.classes(), &mut corrected);
                corrected
            }
        };
        let text = self.csv("probability", &written, Some(&classes)).map_err(failed)?;
        let Some(labels) = &new.labels else {
            return Ok(Prediction { text, notes, warnings: Vec::new(), scores: None });
        };
        let scores = Some(self.scores(&logits, mapped.as_deref(), &classes, labels)?);
        Ok(Prediction { text, notes, warnings: self.warnings(&new.hashes, labels), scores })
    }
}

/// The first name that stands twice in a list.
fn twice<'a>(mut names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = HashSet::new();
    names.find(|name| !seen.insert(*name))
}

/// The numbers that a state holds.
fn numbers(state: &State) -> usize {
    state.0.iter().map(|tensor| tensor.numbers.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use losslab_data::formats::NewRows;
    use losslab_data::{ColumnEncoder, Scaling};
    use losslab_models::Numbers;

    /// A linear model whose logit is its only input.
    fn identity(loss: &str) -> TableModel {
        let lab = Lab::standard();
        let scaling = Scaling { mean: 0.0, scale: 1.0, constant: false };
        let encoding = Encoding::Number { fill: 0.0, rounded: false, scaling };
        let about = Description {
            model: "linear".into(),
            loss: loss.into(),
            seed: 0,
            class_counts: vec![30, 10],
            image: None,
            encoder: Encoder { columns: vec![ColumnEncoder { name: "z".into(), encoding }] },
            class_names: vec!["no".into(), "yes".into()],
            label_values: vec![("no".into(), 0), ("yes".into(), 1)],
            threshold: None,
            probabilities: None,
            trained_on: (String::new(), String::new()),
            test_metrics: BTreeMap::new(),
            training_rows: TrainingRows::default(),
        };
        let shape = Shape { columns: 1, image: None, outputs: 1 };
        let spec = lab.models.parse("linear").unwrap();
        let model = spec.build(shape, OptimizerKind::Adam.build(), &mut Rng::seed(0)).unwrap();
        let mut weights = model.weights();
        for tensor in &mut weights.0 {
            let one = if tensor.name.ends_with("weight") { 1.0 } else { 0.0 };
            tensor.numbers = Numbers::F32(vec![one]);
        }
        TableModel::load(&lab, serde_json::to_value(about).unwrap(), &weights).unwrap()
    }

    fn metrics(loss: &str, form: Form, logits: &[f32], labels: &[u32]) -> BTreeMap<&'static str, f64> {
        let matrix = Arc::new(Matrix::floats(1, logits.to_vec()));
        let new = NewRows {
            matrix,
            hashes: vec![0; labels.len()],
            labels: Some(labels.to_vec()),
            notes: Vec::new(),
        };
        let found = identity(loss).predict(&NewData::Rows(new), form).unwrap();
        let metrics = found.scores.unwrap().metrics;
        metrics.into_iter().filter_map(|(info, value)| Some((info.name, value?))).collect()
    }

    /// Logits whose probabilities are all 0 or 1, as of a table in other units than the model's.
    #[test]
    fn metrics_of_new_rows_do_not_saturate() {
        // Positives on ranks 1 and 3 of 4: AP (1 + 2/3) / 2; of four pairs three are in order.
        let (logits, labels) = ([900.0, 500.0, 300.0, -800.0], [1, 0, 1, 0]);
        for (loss, form, log_loss) in [
            ("ce", Form::Predictions, 125.0),
            ("focal:gamma=2,alpha=0.25", Form::Raw, 125.0),
            // The true log-odds are h(r) / h(1 - r) * (1 - alpha) / alpha, e^(3 z) / 3 * 3 at such logits.
            ("focal:gamma=2,alpha=0.25", Form::Predictions, 375.0),
        ] {
            let found = metrics(loss, form, &logits, &labels);
            assert!((found["average_precision"] - 5.0 / 6.0).abs() < 1e-15, "{loss}: {found:?}");
            assert_eq!(found["roc_auc"], 0.75, "{loss}");
            assert!((found["log_loss"] - log_loss).abs() < 1e-12, "{loss}: {found:?}");
            assert_eq!(found["brier"], 0.25, "{loss}");
        }
    }

    /// Undoing the bias changes probabilities, not the order of rows, nor who is called positive.
    #[test]
    fn undoing_the_bias_keeps_order_and_decisions() {
        let logits = [3.0, 1.5, 0.2, -0.4, -2.0, -5.0];
        let labels = [1, 0, 1, 1, 0, 0];
        let [raw, undone] = [Form::Raw, Form::Predictions]
            .map(|form| metrics("focal:gamma=2,alpha=0.25", form, &logits, &labels));
        for name in ["average_precision", "roc_auc", "f1_tuned", "mcc_tuned"] {
            assert_eq!(raw[name], undone[name], "{name}");
        }
        assert_ne!(raw["log_loss"], undone["log_loss"]);
    }
}
