//! A saved classifier scores the rows of a table, or images that are rows.

use super::Arguments;
use crate::cli::{emit, emit_error};
use crate::data::{Following, Matrix, load_following, load_idx_images, quoted};
use crate::experiment::Task;
use crate::model::{Model, Predictions};
use crate::report::{metrics_table, write_atomically};
use anyhow::{Context, bail, ensure};
use std::sync::Arc;

/// Scores rows.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let model = Model::load(&arguments.model)?;
    let mut notes = Vec::new();
    let (input, labels) = arguments.input(&model, &mut notes)?;
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
    if let Some(row) = predictions.probabilities.iter().position(|p| !p.is_finite()) {
        bail!("{}: row {} has no finite score", arguments.model.display(), row / model.task().outputs() + 1);
    }
    let table = as_csv(&model, &predictions)?;
    match &arguments.out {
        None => emit(&table)?,
        Some(path) => write_atomically(path, table.as_bytes())
            .with_context(|| format!("--out {}: cannot be written", path.display()))?,
    }
    if !arguments.quiet {
        emit_error(&crate::cli::notes(&notes));
    }
    if arguments.label.is_some() {
        let metrics = model.evaluate(&predictions, &labels)?;
        emit_error(&format!(
            "{}\n",
            metrics_table("all rows", model.task().metrics(), &model.info.loss, &metrics)
        ));
    }
    Ok(())
}

impl Arguments {
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

/// `row,probability,prediction`, rows counted from 1; with more than two classes a probability for each.
fn as_csv(model: &Model, predictions: &Predictions) -> anyhow::Result<String> {
    let names = &model.info.class_names;
    let outputs = model.task().outputs();
    let probabilities = match model.task() {
        Task::Binary => vec!["probability".to_string()],
        Task::Classes(_) => names.iter().map(|name| format!("probability_{name}")).collect(),
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = std::iter::once("row".to_string()).chain(probabilities).chain(["prediction".to_string()]);
    writer.write_record(header)?;
    let rows = predictions.probabilities.chunks_exact(outputs).zip(&predictions.classes);
    for (i, (probabilities, &class)) in rows.enumerate() {
        // The shortest text that reads back as the very number.
        let probabilities = probabilities.iter().map(|p| p.to_string());
        let cells = std::iter::once((i + 1).to_string()).chain(probabilities);
        writer.write_record(cells.chain(names.get(class as usize).cloned()))?;
    }
    Ok(String::from_utf8(writer.into_inner().map_err(|error| error.into_error())?)?)
}
