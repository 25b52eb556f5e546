//! A checkpoint as the bytes of a safetensors file.
//!
//! The metadata of the file hold one JSON text,
//! `{"version":1,"checksum":"0123456789abcdef","key":..,"checkpoint":{..}}`. The checksum is FNV-1a of all
//! bytes of the file with zeros in place of its own 16 digits: every step of that hash is a bijection, so
//! that no change of a single byte can go unnoticed.

use super::{Checkpoint, Identity};
use crate::model_file::{little_endian, numbers};
use losslab_base::Fnv1a;
use losslab_models::{NamedTensor, State};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::io;

/// The key of the text in the file's metadata.
const KEY: &str = "losslab";
/// The version of the format; it changes when an older program would misread it.
const VERSION: u64 = 1;
const NO_CHECKSUM: &str = "0000000000000000";
/// What stands before the checksum; the quotes of a text in a text are escaped.
const MARK: &[u8] = br#"\"checksum\":\""#;

/// What a checkpoint holds beside its tensors.
#[derive(Serialize, Deserialize)]
struct Description {
    identity: Identity,
    epoch: usize,
    progress: Value,
}

/// The bytes of its file.
///
/// # Errors
/// If two tensors have one name, or a shape does not fit its numbers.
pub fn encode(checkpoint: &Checkpoint) -> io::Result<Vec<u8>> {
    let Checkpoint { identity, epoch, progress, tensors } = checkpoint;
    let description = Description { identity: identity.clone(), epoch: *epoch, progress: progress.clone() };
    let description = serde_json::to_string(&description).map_err(other)?;
    let key = identity.key();
    // By hand, so that version and checksum come first.
    let text = format!(
        r#"{{"version":{VERSION},"checksum":"{NO_CHECKSUM}","key":"{key}","checkpoint":{description}}}"#
    );
    let bytes: Vec<(Dtype, Vec<u8>)> =
        tensors.0.iter().map(|tensor| little_endian(&tensor.numbers)).collect();
    let mut views = Vec::new();
    for (tensor, (dtype, bytes)) in tensors.0.iter().zip(&bytes) {
        let view = TensorView::new(*dtype, tensor.shape.clone(), bytes).map_err(other)?;
        views.push((&tensor.name, view));
    }
    let metadata = [(KEY.to_string(), text)].into_iter().collect();
    let mut file = safetensors::serialize(views, Some(metadata)).map_err(other)?;
    let at = place_of_checksum(&file).ok_or_else(|| other("no place for the checksum"))?;
    let checksum = checksum(&file, at);
    file[at..at + NO_CHECKSUM.len()].copy_from_slice(checksum.as_bytes());
    Ok(file)
}

/// The checkpoint in these bytes.
///
/// # Errors
/// What was found instead of a checkpoint: something cut off or damaged, another kind of file, a later
/// version.
pub fn decode(bytes: &[u8]) -> Result<Checkpoint, String> {
    let damaged = |error| format!("no safetensors file, or one cut off or damaged ({error})");
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let stored = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let text = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
    let text =
        text.ok_or("a safetensors file of another program (it lacks the description that losslab adds)")?;
    let damaged = |error: serde_json::Error| format!("a damaged description ({error})");
    let mut top: Map<String, Value> = serde_json::from_str(text).map_err(damaged)?;
    let Some(description) = top.remove("checkpoint") else {
        let found: Vec<&String> = top.keys().filter(|key| *key != "version").collect();
        return Err(format!("a description of {found:?} instead of a checkpoint"));
    };
    match top.get("version").and_then(Value::as_u64) {
        Some(VERSION) => {}
        Some(other) => {
            return Err(format!("a checkpoint of version {other}, this losslab reads version {VERSION}"));
        }
        None => return Err("a checkpoint without a version".into()),
    }
    let stated = top.get("checksum").and_then(Value::as_str).unwrap_or_default();
    let actual = place_of_checksum(bytes).map(|at| checksum(bytes, at)).unwrap_or_default();
    if stated != actual || actual.is_empty() {
        return Err(format!("a damaged file: its checksum is {actual:?}, it states {stated:?}"));
    }
    let Description { identity, epoch, progress } = serde_json::from_value(description).map_err(damaged)?;
    if top.get("key").and_then(Value::as_str) != Some(&identity.key()) {
        return Err("a key that is not that of what the checkpoint says it is of".into());
    }
    let mut tensors = Vec::new();
    for (name, view) in stored.iter() {
        let numbers = numbers(view.dtype(), view.data())
            .ok_or_else(|| format!("tensor {name:?} of type {}", view.dtype()))?;
        tensors.push(NamedTensor { name: name.to_owned(), shape: view.shape().to_vec(), numbers });
    }
    Ok(Checkpoint { identity, epoch, progress, tensors: State(tensors) })
}

/// Where the digits of the checksum begin; all of them stand in the file.
fn place_of_checksum(file: &[u8]) -> Option<usize> {
    let at = file.windows(MARK.len()).position(|window| window == MARK)? + MARK.len();
    (at + NO_CHECKSUM.len() <= file.len()).then_some(at)
}

/// The checksum of the file whose 16 digits begin at `at`.
fn checksum(file: &[u8], at: usize) -> String {
    let mut hash = Fnv1a::new();
    hash.bytes(&file[..at]);
    hash.bytes(NO_CHECKSUM.as_bytes());
    hash.bytes(&file[at + NO_CHECKSUM.len()..]);
    format!("{:016x}", hash.finish())
}

fn other(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(error.to_string())
}
