//! Safetensors files of ours: tensors of f32, and everything else as one JSON text in the metadata.

use losslab_base::{DataError, Place};
use losslab_data::write_atomically;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::io;
use std::path::Path;

/// The key of the description in the file's metadata.
const KEY: &str = "losslab";
/// The version of the description; it changes when an older program would misread it.
const VERSION: u64 = 1;
/// Larger files are no models of ours.
const MOST_BYTES: u64 = 1 << 30;

/// So many tensors are named in a message.
const MOST_NAMED: usize = 3;

/// Name and shape of each tensor, in the order of the weights.
pub type Shapes = Vec<(String, Vec<usize>)>;

/// Writes tensors under these names, described by `{"version": 1, KIND: description}`; no reader ever sees a part of it.
pub fn save_tensors<D: Serialize>(
    path: &Path,
    kind: &str,
    description: &D,
    shapes: Shapes,
    weights: &[Vec<f32>],
) -> io::Result<()> {
    // By hand, so that the version comes first.
    let description = serde_json::to_string(description).map_err(io::Error::other)?;
    let text = format!("{{\"version\":{VERSION},\"{kind}\":{description}}}");
    let bytes: Vec<Vec<u8>> =
        weights.iter().map(|values| values.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
    let mut tensors = Vec::new();
    for ((name, shape), bytes) in shapes.into_iter().zip(&bytes) {
        let view = TensorView::new(Dtype::F32, shape, bytes).map_err(other)?;
        tensors.push((name, view));
    }
    let metadata = [(KEY.to_string(), text)].into_iter().collect();
    write_atomically(path, &safetensors::serialize(tensors, Some(metadata)).map_err(other)?)
}

fn other(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(error.to_string())
}

/// Reads what [`save_tensors`] wrote. `shapes` checks the description and says which tensors there must be;
/// it is also told how many numbers the file can hold at most, so that it takes no memory for more.
///
/// # Errors
/// If the file cannot be read, is cut off, of another kind or of a later version, or contradicts itself.
pub fn load_tensors<D: DeserializeOwned>(
    path: &Path,
    kind: &str,
    shapes: impl Fn(&D, usize) -> Result<Shapes, String>,
) -> Result<(D, Vec<Vec<f32>>), DataError> {
    let name = path.display().to_string();
    let place = Place::of(&name);
    let failed = |error| DataError::Read { file: name.clone(), error };
    let size = std::fs::metadata(path).map_err(failed)?.len();
    let expected = "a whole model file that losslab train saved";
    if size > MOST_BYTES {
        return Err(place.error(format!("{size} bytes"), expected));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    read_tensors(&bytes, kind, shapes).map_err(|found| place.error(found, expected))
}

/// The description and the weights in these bytes, or what is there instead.
pub fn read_tensors<D: DeserializeOwned>(
    bytes: &[u8],
    kind: &str,
    shapes: impl Fn(&D, usize) -> Result<Shapes, String>,
) -> Result<(D, Vec<Vec<f32>>), String> {
    let not_safetensors = |error| format!("no safetensors file, or one cut off or damaged ({error})");
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(not_safetensors)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(not_safetensors)?;
    let text = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
    let text =
        text.ok_or("a safetensors file of another program (it lacks the description that losslab adds)")?;
    let damaged = |error: serde_json::Error| format!("a damaged description ({error})");
    let description: D = serde_json::from_value(described(text, kind)?).map_err(damaged)?;
    let shapes = shapes(&description, bytes.len() / 4)
        .map_err(|what| format!("a description that contradicts itself ({what})"))?;

    let mut weights = Vec::new();
    for (name, shape) in &shapes {
        let tensor = tensors.tensor(name).map_err(|_| absent(name, shape, &tensors, &shapes))?;
        if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
            let (dtype, found) = (tensor.dtype(), tensor.shape());
            let order = other_order(found, shape);
            return Err(format!(
                "tensor {name:?} of type {dtype} and shape {found:?}{order} instead of F32 and {shape:?}"
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
        let (found, expected) = (tensors.len(), weights.len());
        return Err(format!(
            "{found} tensors instead of {expected}: {} too many",
            without_place(&tensors, &shapes)
        ));
    }
    Ok((description, weights))
}

/// What to say of a tensor that is not there.
fn absent(name: &str, shape: &[usize], tensors: &SafeTensors<'_>, shapes: &Shapes) -> String {
    let others = without_place(tensors, shapes);
    let others = if others.is_empty() { String::new() } else { format!(", but {others}") };
    format!("no tensor {name:?} of shape {shape:?}{others}")
}

/// The tensors of a file that a model of these shapes has no place for, by name and shape.
fn without_place(tensors: &SafeTensors<'_>, shapes: &Shapes) -> String {
    let known = |name: &str| shapes.iter().any(|(known, _)| known == name);
    let others = tensors.iter().filter(|(name, _)| !known(name));
    let mut others: Vec<String> =
        others.map(|(name, tensor)| format!("{name:?} of shape {:?}", tensor.shape())).collect();
    others.sort();
    listed_up_to(&others, MOST_NAMED)
}

fn listed_up_to(names: &[String], most: usize) -> String {
    let shown = names.get(..most).unwrap_or(names).join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A remark if a shape is PyTorch's for this one: `[out, in]`, or `[out, in, height, width]`.
fn other_order(found: &[usize], expected: &[usize]) -> &'static str {
    let pytorch = match *expected {
        [inputs, outputs] => vec![outputs, inputs],
        [height, width, inputs, outputs] => vec![outputs, inputs, height, width],
        _ => return "",
    };
    if found == pytorch { " (PyTorch's order of axes, see docs/interop.md)" } else { "" }
}

/// The description of this kind of model in the text.
fn described(text: &str, kind: &str) -> Result<Value, String> {
    let mut top: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| format!("a damaged description ({error})"))?;
    match top.get("version").and_then(Value::as_u64) {
        Some(VERSION) => {}
        Some(other) => {
            return Err(format!("a model of version {other}, this losslab reads version {VERSION}"));
        }
        None => return Err("a description without a version".into()),
    }
    top.remove(kind).ok_or_else(|| {
        let found: Vec<String> = top.keys().filter(|key| *key != "version").cloned().collect();
        format!("a description of {} instead of {kind}", found.join(", "))
    })
}
