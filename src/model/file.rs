//! A model as a safetensors file: the weights as tensors, everything else as one JSON text in its metadata.

use super::{Info, Model};
use crate::data::{DataError, Encoding, Place};
use crate::experiment::Task;
use crate::report::write_atomically;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

/// The key of the description in the file's metadata.
const KEY: &str = "losslab";
/// The version of the description; it changes when an older program would misread it.
const VERSION: u32 = 1;
/// Larger files are no models of ours.
const MOST_BYTES: u64 = 1 << 30;

#[derive(Serialize, Deserialize)]
struct Description {
    version: u32,
    model: Info,
}

impl Model {
    /// Writes the model; no reader ever sees a part of it.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let description = Description { version: VERSION, model: self.info.clone() };
        let text = serde_json::to_string(&description).map_err(io::Error::other)?;
        let bytes: Vec<Vec<u8>> =
            self.weights.iter().map(|values| values.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
        let mut tensors = Vec::new();
        for ((name, shape), bytes) in shapes(&self.info).into_iter().zip(&bytes) {
            let view = TensorView::new(Dtype::F32, shape, bytes)
                .map_err(|error| io::Error::other(error.to_string()))?;
            tensors.push((name, view));
        }
        let metadata = [(KEY.to_string(), text)].into_iter().collect();
        let file = safetensors::serialize(tensors, Some(metadata))
            .map_err(|error| io::Error::other(error.to_string()))?;
        write_atomically(path, &file)
    }

    /// Reads a model that [`save`](Model::save) wrote.
    ///
    /// # Errors
    /// If the file cannot be read, is cut off, of another kind or of a later version, or contradicts itself.
    pub fn load(path: &Path) -> Result<Model, DataError> {
        let name = path.display().to_string();
        let place = Place::of(&name);
        let failed = |error| DataError::Read { file: name.clone(), error };
        let size = std::fs::metadata(path).map_err(failed)?.len();
        if size > MOST_BYTES {
            return Err(place.error(format!("{size} bytes"), "a model that losslab train saved"));
        }
        let bytes = std::fs::read(path).map_err(failed)?;
        read(&bytes).map_err(|found| place.error(found, "a whole model file that losslab train saved"))
    }
}

/// The model in these bytes, or what is there instead.
fn read(bytes: &[u8]) -> Result<Model, String> {
    let not_safetensors = |error| format!("no safetensors file, or one cut off or damaged ({error})");
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(not_safetensors)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(not_safetensors)?;
    let text = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
    let text =
        text.ok_or("a safetensors file of another program (it lacks the description that losslab adds)")?;
    let damaged = |error: serde_json::Error| format!("a damaged description ({error})");
    let version: serde_json::Value = serde_json::from_str(text).map_err(damaged)?;
    match version.get("version").and_then(serde_json::Value::as_u64) {
        Some(version) if version == u64::from(VERSION) => {}
        Some(other) => {
            return Err(format!("a model of version {other}, this losslab reads version {VERSION}"));
        }
        None => return Err("a description without a version".into()),
    }
    let Description { model: info, .. } = serde_json::from_str(text).map_err(damaged)?;
    check(&info).map_err(|what| format!("a description that contradicts itself ({what})"))?;

    let mut weights = Vec::new();
    for (name, shape) in shapes(&info) {
        let tensor = tensors.tensor(&name).map_err(|_| format!("no tensor {name:?}"))?;
        if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
            let (dtype, found) = (tensor.dtype(), tensor.shape());
            return Err(format!(
                "tensor {name:?} of type {dtype} and shape {found:?} instead of F32 and {shape:?}"
            ));
        }
        let values: Vec<f32> =
            tensor.data().as_chunks::<4>().0.iter().map(|&x| f32::from_le_bytes(x)).collect();
        if let Some(x) = values.iter().find(|x| !x.is_finite()) {
            return Err(format!("the weight {x} in tensor {name:?}"));
        }
        weights.push(values);
    }
    if tensors.len() != weights.len() {
        return Err(format!("{} tensors instead of {}", tensors.len(), weights.len()));
    }
    Ok(Model { info, weights })
}

/// The names and shapes of the network's tensors, in the order of its parameters.
fn shapes(info: &Info) -> Vec<(String, Vec<usize>)> {
    let mut sizes = vec![info.encoder.width()];
    sizes.extend(&info.hidden);
    sizes.push(Task::of(info.class_names.len()).outputs());
    let layer = |(i, pair): (usize, &[usize])| {
        [(format!("layer{i}.weight"), pair.to_vec()), (format!("layer{i}.bias"), vec![pair[1]])]
    };
    sizes.windows(2).enumerate().flat_map(layer).collect()
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
