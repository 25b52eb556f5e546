//! A classifier as a safetensors file.

use super::tensors::{Shapes, load_tensors, read_tensors, save_tensors};
use super::{Info, Model};
use crate::experiment::Task;
use losslab_base::DataError;
use losslab_data::Encoding;
use std::io;
use std::path::Path;

/// What the description of a classifier is called in the file.
const KIND: &str = "model";

impl Model {
    /// Writes the model; no reader ever sees a part of it.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        save_tensors(path, KIND, &self.info, shapes(&self.info), &self.weights)
    }

    /// Reads a model that [`save`](Model::save) wrote.
    ///
    /// # Errors
    /// If the file cannot be read, is cut off, of another kind or of a later version, or contradicts itself.
    pub fn load(path: &Path) -> Result<Model, DataError> {
        load_tensors(path, KIND, checked).map(|(info, weights)| Model { info, weights })
    }

    /// The same from the bytes of a file, or what is there instead.
    pub fn parse(bytes: &[u8]) -> Result<Model, String> {
        read_tensors(bytes, KIND, checked).map(|(info, weights)| Model { info, weights })
    }
}

/// The tensors that a description asks for, if there is no fault in it.
fn checked(info: &Info, _: usize) -> Result<Shapes, String> {
    check(info).map(|()| shapes(info))
}

/// The names and shapes of the network's tensors, in the order of its parameters.
fn shapes(info: &Info) -> Shapes {
    let mut sizes = vec![info.encoder.width()];
    sizes.extend(&info.hidden);
    sizes.push(Task::of(info.class_names.len()).outputs());
    let layer = |(i, (&inputs, &outputs))| {
        [(format!("layer{i}.weight"), vec![inputs, outputs]), (format!("layer{i}.bias"), vec![outputs])]
    };
    sizes.iter().zip(sizes.iter().skip(1)).enumerate().flat_map(layer).collect()
}

/// What in a description cannot be, if anything.
fn check(info: &Info) -> Result<(), String> {
    let classes = info.class_names.len();
    if classes < 2 || info.class_counts.len() != classes || info.class_counts.contains(&0) {
        return Err(format!("{classes} classes with {:?} rows", info.class_counts));
    }
    if let Some((label, class)) = info.label_values.iter().find(|(_, class)| *class as usize >= classes) {
        return Err(format!("label {label:?} of class {class}"));
    }
    if info.threshold.is_some_and(|t| !(0.0..=1.0).contains(&t)) {
        return Err("a threshold that is no probability".into());
    }
    if info.encoder.width() == 0 || info.hidden.contains(&0) {
        return Err("a layer without inputs".into());
    }
    for column in &info.encoder.columns {
        if let Encoding::Number { fill, scaling } = &column.encoding {
            let finite = [*fill, scaling.mean, scaling.scale].iter().all(|x| x.is_finite());
            if !finite || scaling.scale <= 0.0 {
                return Err(format!("the scaling of column {:?}", column.name));
            }
        }
    }
    Ok(())
}
