//! The losslab command, and everything below it under one name.
//!
//! A laboratory of one's own is a program of a few lines: [`Lab::standard`](train::Lab::standard) with
//! losses, modifiers, metrics, models, formats of data, checks of data and detectors added, handed to
//! [`run_with`]. `examples/my_lab.rs` is one.
//!
//! | module | what |
//! |---|---|
//! | [`base`] | numbers, elementary functions, random numbers, errors with a place |
//! | [`tensor`], [`autograd`] | kernels; tape, operations, optimisers |
//! | [`losses`], [`models`], [`metrics`], [`data`] | what a lab is made of |
//! | [`train`] | tasks, the training loop, comparisons, saved models |
//! | [`report`] | records, verdicts, tables and the page |

#![deny(unsafe_code)]

pub use losslab_autograd as autograd;
pub use losslab_base as base;
#[doc(hidden)]
pub use losslab_cli::fuzzing;
pub use losslab_cli::run_with;
pub use losslab_data as data;
pub use losslab_losses as losses;
pub use losslab_metrics as metrics;
pub use losslab_models as models;
pub use losslab_report as report;
pub use losslab_tensor as tensor;
pub use losslab_train as train;
pub use losslab_train::Lab;
