//! Layers, models and their registry. A model emits logits; it knows no loss.
//!
//! | file | what |
//! |---|---|
//! | [`Model`], [`ModelKind`] | what a model is to a training: built, fitted, asked, saved |
//! | [`Network`] | a model with a forward pass on the tape: what a new one implements |
//! | [`Models`] | the registry, and specs such as `mlp:hidden=64x64` |
//! | [`Mlp`], [`LinearModel`], [`ConvNet`] | the models |
//! | [`State`] | weights and optimiser as named tensors |
//! | [`Divergence`] | how a training went to infinity |
//! | [`Detector`], [`detection`] | the one-stage detector, with its anchors, assignment and NMS |
//!
//! A layer is a `Copy` bundle of parameter positions, a network a `Clone` list of layers: neither holds
//! numbers, so the same value runs on an f32 tape for training and on its f64 twin for checks.

#![deny(unsafe_code)]

mod block;
mod conv;
mod convnet;
pub mod detection;
mod detector;
mod divergence;
mod linear;
mod linear_model;
mod mlp;
mod model;
mod network;
mod norms;
mod params;
mod registry;
mod size;
mod state;

pub use block::Phase;
pub use conv::{Conv, ConvSize};
pub use convnet::ConvNet;
pub use detector::{ConfigError, Detector, DetectorConfig, Output, Stage, feature_size};
pub use divergence::{Diverged, Divergence};
pub use linear::{Linear, prior_bias};
pub use linear_model::LinearModel;
pub use mlp::{Activation, Mlp};
pub use model::{Build, Epoch, Examples, Model, ModelKind, Objective, Shape};
pub use network::{Network, TapeModel};
pub use norms::{BatchNorms, Norm};
pub use params::{ModelInfo, ModelParam, Params, spec_name};
pub use registry::{ModelSpec, Models};
pub use size::NetworkSize;
pub use state::{NamedTensor, Numbers, Shapes, State};

/// The examples of README.md are tests, too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
