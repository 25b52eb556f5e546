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

pub mod checkpoint;
pub mod cli;
pub mod curves;
pub mod data;
pub mod detection;
pub mod detector;
pub mod experiment;
#[doc(hidden)]
pub mod fuzzing;
pub mod images;
pub mod metrics;
pub mod model;
pub mod plot;
pub mod report;
pub mod statistics;
