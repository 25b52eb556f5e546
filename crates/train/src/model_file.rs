//! Model files: the weights of a trained learner as a safetensors file, and everything else as one JSON text
//! in its metadata, `{"version":1,"task":"table","model":{..}}`. There is one format, whatever the task and
//! the model.

use crate::Lab;
use crate::predict::Predictor;
use crate::{tasks, unique_keys};
use losslab_base::{DataError, Place};
use losslab_data::files::{read_regular, write_atomically};
use losslab_models::{NamedTensor, Numbers, State};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::{Map, Value};
use std::io;
use std::path::Path;

/// The key of the description in the file's metadata.
const KEY: &str = "losslab";
/// The version of the description; it changes when an older program would misread it.
const VERSION: u64 = 1;
/// Larger files are no models of ours.
const MOST_BYTES: u64 = 1 << 30;

/// Writes a trained learner of this kind of task; no reader ever sees a part of the file.
///
/// # Errors
/// If the file cannot be written.
pub fn save_model(path: &Path, kind: &str, description: &Value, weights: &State) -> io::Result<()> {
    // By hand, so that the version comes first.
    let text = format!("{{\"version\":{VERSION},\"task\":\"{kind}\",\"model\":{description}}}");
    let bytes: Vec<(Dtype, Vec<u8>)> =
        weights.0.iter().map(|tensor| little_endian(&tensor.numbers)).collect();
    let mut tensors = Vec::new();
    for (tensor, (dtype, bytes)) in weights.0.iter().zip(&bytes) {
        let view = TensorView::new(*dtype, tensor.shape.clone(), bytes).map_err(other)?;
        tensors.push((&tensor.name, view));
    }
    let metadata = [(KEY.to_string(), text)].into_iter().collect();
    write_atomically(path, &safetensors::serialize(tensors, Some(metadata)).map_err(other)?)
}

fn other(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(error.to_string())
}

/// How the fault of a model begins that is whole, but of a task or a model that the lab lacks.
const LACKING: &str = "a model that this program lacks";

/// Reads what [`save_model`] wrote.
///
/// # Errors
/// If the file cannot be read, is cut off, of a later version, contradicts itself, or is of a task or a model
/// that the lab lacks.
pub fn load_model(lab: &Lab, path: &Path) -> Result<Box<dyn Predictor>, DataError> {
    let name = path.display().to_string();
    let place = Place::of(&name);
    let failed = |error| DataError::Read { file: name.clone(), error };
    let expected = "a whole model file that losslab train saved";
    let bytes = read_regular(path, MOST_BYTES).map_err(failed)?;
    parse_model(lab, &bytes).map_err(|found| match found.starts_with(LACKING) {
        true => place.error(found, "the program that saved it"),
        false => place.error(found, expected),
    })
}

/// The same from the bytes of a file.
///
/// # Errors
/// What is there instead.
pub fn parse_model(lab: &Lab, bytes: &[u8]) -> Result<Box<dyn Predictor>, String> {
    let not_safetensors = |error| format!("no safetensors file, or one cut off or damaged ({error})");
    let (header, metadata) = SafeTensors::read_metadata(bytes).map_err(not_safetensors)?;
    // The header is a JSON text behind its length in 8 bytes.
    let header = bytes.get(8..).and_then(|rest| rest.get(..header)).unwrap_or_default();
    unique_keys::check(header).map_err(|error| format!("a header that names {error}"))?;
    let tensors = SafeTensors::deserialize(bytes).map_err(not_safetensors)?;
    let text = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
    let text =
        text.ok_or("a safetensors file of another program (it lacks the description that losslab adds)")?;
    let (kind, description) = described(text)?;
    let mut weights = State::default();
    for (name, view) in tensors.iter() {
        let numbers = numbers(view.dtype(), view.data()).ok_or_else(|| {
            format!(
                "tensor {name:?} of type {} and shape {:?} instead of one of F32",
                view.dtype(),
                view.shape()
            )
        })?;
        weights.0.push(NamedTensor { name: name.to_owned(), shape: view.shape().to_vec(), numbers });
    }
    tasks::load(lab, &kind, description, &weights)
}

/// The kind of task and the description of the model in the text.
fn described(text: &str) -> Result<(String, Value), String> {
    let mut top: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| format!("a damaged description ({error})"))?;
    unique_keys::check(text.as_bytes()).map_err(|error| format!("a description that names {error}"))?;
    match top.get("version").and_then(Value::as_u64) {
        Some(VERSION) => {}
        Some(other) => {
            return Err(format!("a model of version {other}, this losslab reads version {VERSION}"));
        }
        None => return Err("a description without a version".into()),
    }
    match (top.remove("task"), top.remove("model")) {
        (Some(Value::String(kind)), Some(description)) => Ok((kind, description)),
        (_, Some(_)) => Err("a description without a kind of task".into()),
        (_, None) => {
            let found: Vec<String> = top.keys().filter(|key| *key != "version").cloned().collect();
            Err(format!("a description of {} instead of a model", found.join(", ")))
        }
    }
}

/// What a model file holds whose kind of task, model or detector the lab lacks.
pub(crate) fn lacking(problem: String) -> String {
    format!("{LACKING} ({problem})")
}

/// Numbers as the bytes of a file.
pub(crate) fn little_endian(numbers: &Numbers) -> (Dtype, Vec<u8>) {
    match numbers {
        Numbers::F32(list) => (Dtype::F32, list.iter().flat_map(|x| x.to_le_bytes()).collect()),
        Numbers::U32(list) => (Dtype::U32, list.iter().flat_map(|x| x.to_le_bytes()).collect()),
        Numbers::U64(list) => (Dtype::U64, list.iter().flat_map(|x| x.to_le_bytes()).collect()),
    }
}

/// The numbers in the bytes of a file; none if the type is none of ours.
pub(crate) fn numbers(dtype: Dtype, bytes: &[u8]) -> Option<Numbers> {
    let words = || bytes.as_chunks::<4>().0.iter();
    match dtype {
        Dtype::F32 => Some(Numbers::F32(words().map(|&x| f32::from_le_bytes(x)).collect())),
        Dtype::U32 => Some(Numbers::U32(words().map(|&x| u32::from_le_bytes(x)).collect())),
        Dtype::U64 => {
            Some(Numbers::U64(bytes.as_chunks::<8>().0.iter().map(|&x| u64::from_le_bytes(x)).collect()))
        }
        _ => None,
    }
}
