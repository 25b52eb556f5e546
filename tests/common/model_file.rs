//! What stands in a model file.

use safetensors::SafeTensors;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Shape and bytes of each tensor, by name.
pub type Tensors = BTreeMap<String, (Vec<usize>, Vec<u8>)>;

/// The description, and the bytes of each tensor with its shape.
pub fn read(path: &Path) -> (Value, Tensors) {
    let bytes = std::fs::read(path).unwrap();
    let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    let text = &metadata.metadata().as_ref().unwrap()["losslab"];
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let tensor = |(name, view): (&str, safetensors::tensor::TensorView<'_>)| {
        (name.to_owned(), (view.shape().to_vec(), view.data().to_vec()))
    };
    (serde_json::from_str(text).unwrap(), tensors.iter().map(tensor).collect())
}

/// What the description says of the model.
pub fn about(path: &Path) -> Value {
    read(path).0["model"].take()
}
