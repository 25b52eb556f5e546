//! The laboratory: data, training, metrics, experiments, reports and the command line of losslab.
//!
//! | module | what it does |
//! |---|---|
//! | [`checkpoint`] | the state of a training as a file, from which it goes on |
//! | [`data`] | a CSV file or a synthetic problem becomes matrices and splits |
//! | [`detection`] | judges detected boxes as COCO does |
//! | [`detector`] | trains detectors and finds objects in images |
//! | [`images`] | images with boxes |
//! | [`experiment`] | trains a model per loss and seed, side by side |
//! | [`metrics`] | judges scores |
//! | [`model`] | a trained classifier, saved and used on new rows |
//! | [`report`] | results as a table and as `results.json` |
//! | [`statistics`] | is a difference between losses more than chance? |
//! | [`curves`] | losses and their derivatives as curves |
//! | [`plot`] | line charts as SVG |
//! | [`cli`] | what the `losslab` command does |

#![deny(unsafe_code)]

pub mod cli;
#[doc(hidden)]
pub mod fuzzing;
pub use losslab_data as data;
pub use losslab_metrics as metrics;
pub use losslab_report as report;
pub use losslab_train as train;
