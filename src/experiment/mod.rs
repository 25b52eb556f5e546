//! Experiments: one model per loss and seed, trained under equal conditions and judged on the test part.
//!
//! Everything but the loss is held equal: for one seed, all losses share the split, the scaling, the
//! initial weights, the prior in the last bias, the order of the batches and the rule that picks the epoch.

mod compare;
mod config;
mod prepare;
mod sampling;
mod train;

pub use compare::{Comparison, Event, Observer, Outcome, compare};
pub use config::{OptimizerKind, TrainConfig};
pub use prepare::{Part, Prepared, Source};
pub use train::{Epoch, TrainError, Trained, train};
