//! A saved classifier scores the rows of a table, or images that are rows.

use super::Arguments;
use crate::cli::{emit_error, notes as note_lines};
use anyhow::{bail, ensure};
use losslab_base::quoted;
use losslab_data::{Following, Matrix, load_following, load_idx_images};
use losslab_report::metrics_table;
use losslab_train::experiment::Task;
use losslab_train::model::Model;
use std::sync::Arc;

/// Scores rows.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let model = Model::load(&arguments.model)?;
    let mut notes = Vec::new();
    let (input, labels) = arguments.input(&model, &mut notes)?;
    if arguments.logits {
        let logits: Vec<f64> = model.logits(&input).into_iter().map(f64::from).collect();
        arguments.check_finite(&model, &logits)?;
        arguments.deliver(&as_csv(&model, "logit", &logits, None)?)?;
        if !arguments.quiet {
            emit_error(&note_lines(&notes));
        }
        return Ok(());
    }
    let inverse = match (arguments.raw, model.inverse()) {
        (true, _) => None,
        (false, Ok(inverse)) if inverse.is_identity() => None,
        (false, Ok(inverse)) => {
            notes.push(format!(
                "the bias that {} gives probabilities is undone (--raw leaves it)",
                model.info.loss
            ));
            Some(inverse)
        }
        (false, Err(why)) => {
            notes.push(format!("probabilities are the network's own: {why}"));
            None
        }
    };
    if let (Some(own), [_, positive]) = (model.info.threshold, &model.info.class_names[..]) {
        let threshold = inverse.as_ref().map_or(own, |inverse| inverse.of_probability(own));
        notes.push(format!("called {} from a probability of {threshold:.4} on", quoted(positive)));
    }
    let predictions = model.predict(&input, inverse.as_ref());
    arguments.check_finite(&model, &predictions.probabilities)?;
    let table = as_csv(&model, "probability", &predictions.probabilities, Some(&predictions.classes))?;
    arguments.deliver(&table)?;
    if !arguments.quiet {
        emit_error(&note_lines(&notes));
    }
    if arguments.label.is_some() {
        let metrics = model.evaluate(&predictions, &labels)?;
        emit_error(&format!(
            "{}\n",
            metrics_table("all rows", &model.task().metrics(), &model.info.loss, &metrics)
        ));
    }
    Ok(())
}

impl Arguments {
    /// Refuses numbers that are not finite, which weights near the limit of f32 can lead to.
    fn check_finite(&self, model: &Model, scores: &[f64]) -> anyhow::Result<()> {
        if let Some(at) = scores.iter().position(|score| !score.is_finite()) {
            bail!("{}: row {} has no finite score", self.model.display(), at / model.task().outputs() + 1);
        }
        Ok(())
    }

    /// What the network is fed, and the classes of the rows where they are known.
    fn input(&self, model: &Model, notes: &mut Vec<String>) -> anyhow::Result<(Arc<Matrix>, Vec<u32>)> {
        if let Some(images) = &self.idx_images {
            ensure!(
                model.info.encoder.is_pixels(),
                "{}: a model of tables, expected one of images for --idx-images",
                self.model.display()
            );
            let pixels = load_idx_images(images)?;
            let (found, expected) = (pixels.columns(), model.info.encoder.width());
            ensure!(
                found == expected,
                "{}: found {found} pixels per image, expected {expected} as in {}",
                images.display(),
                self.model.display()
            );
            return Ok((Arc::new(pixels), Vec::new()));
        }
        let Some(csv) = &self.csv else { bail!("expected --csv or --idx-images") };
        let schema = model.schema(&self.model.display().to_string());
        let file = load_following(csv, &schema, self.label.as_deref())?;
        notes.extend(gap_notes(model, &file));
        Ok((model.encode(&file.columns, file.rows), file.labels))
    }
}

/// A line for each column with gaps, or with categories that the model does not know.
fn gap_notes(model: &Model, file: &Following) -> Vec<String> {
    let rows: Vec<u32> = (0..file.rows as u32).collect();
    let mut notes = Vec::new();
    for (encoder, column) in model.info.encoder.columns.iter().zip(&file.columns) {
        let (missing, unseen) = (column.missing(), encoder.unseen(column, &rows));
        if missing > 0 || unseen > 0 {
            notes.push(format!(
                "column {}: {missing} values missing, {unseen} unknown to the model",
                quoted(&column.name)
            ));
        }
    }
    notes
}

/// `row,SCORE,prediction`, rows counted from 1; with more than two classes a score for each. Without classes no prediction.
fn as_csv(model: &Model, score: &str, scores: &[f64], classes: Option<&[u32]>) -> anyhow::Result<String> {
    let names = &model.info.class_names;
    let columns = match model.task() {
        Task::Binary => vec![score.to_string()],
        Task::Classes(_) => names.iter().map(|name| format!("{score}_{name}")).collect(),
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    let prediction = classes.map(|_| "prediction".to_string());
    writer.write_record(std::iter::once("row".to_string()).chain(columns).chain(prediction))?;
    for (i, scores) in scores.chunks_exact(model.task().outputs()).enumerate() {
        // The shortest text that reads back as the very number.
        let cells = std::iter::once((i + 1).to_string()).chain(scores.iter().map(f64::to_string));
        let class = classes.and_then(|classes| names.get(*classes.get(i)? as usize));
        writer.write_record(cells.chain(class.cloned()))?;
    }
    Ok(String::from_utf8(writer.into_inner().map_err(|error| error.into_error())?)?)
}
