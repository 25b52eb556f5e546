//! Trainings under equal conditions, checkpoints, tuning, comparisons and saved models.

#![deny(unsafe_code)]

pub mod checkpoint;
pub mod detector;
pub mod experiment;
pub mod model;
