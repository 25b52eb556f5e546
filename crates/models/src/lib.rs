//! Layers and models of losslab. A model emits logits; it knows no loss.
//!
//! A layer is a `Copy` bundle of parameter positions, a model a `Clone` list of layers: neither holds
//! numbers, so the same model value runs on an f32 tape for training and on its f64 twin for checks.
//!
//! [`detection`] holds the functions around the [`Detector`]: anchors, assignment, box coding, NMS and decoding.

#![deny(unsafe_code)]

mod conv;
pub mod detection;
mod detector;
mod linear;
mod mlp;

pub use conv::{Conv, ConvSize};
pub use detector::{
    ConfigError, Detector, DetectorBuffers, DetectorConfig, Norm, Output, Stage, feature_size,
};
pub use linear::{Linear, prior_bias};
pub use mlp::{Activation, Mlp};
