//! Trainings under equal conditions, tuning, comparisons, checkpoints and saved models.
//!
//! | file | what |
//! |---|---|
//! | [`Task`], [`Training`] | what is learnt and how it is judged; everything else is written once |
//! | [`tasks`] | the kinds of task: rows of a table, images with boxes |
//! | [`train`], `fit` | the one training loop |
//! | [`Course`] | whether a training was long enough to be judged |
//! | [`compare`](compare()) | every arm with every seed, side by side |
//! | `tune` | trials over settings and open parameters |
//! | `design` | the points that trials stand at: a Latin hypercube for each seed |
//! | [`checkpoint`] | the state of a training as a file, from which it goes on |
//! | [`Memory`] | what a training takes in memory, estimated before |
//! | [`save_model`], [`load_model`], [`Predictor`] | a trained model as a file, and at work |
//! | [`Lab`] | all registries as one value |
//! | [`limits`] | what may be asked for, in whole numbers |
//! | [`LossSet`] | what is compared if no loss is named |
//!
//! Everything but the arm is held equal: for one seed, all arms share the split, the scaling, the prior, the
//! order of the examples and the rule that picks the epoch; arms of one model share its first weights, too.

#![deny(unsafe_code)]

pub mod checkpoint;
mod compare;
mod course;
mod design;
mod error;
mod fit;
mod history;
mod lab;
pub mod limits;
mod loss_sets;
mod memory;
mod model_file;
mod optimizer;
mod predict;
mod task;
pub mod tasks;
mod tune;
mod unique_keys;

pub use compare::{Arm, Comparison, Event, Observer, Outcome, compare};
pub use course::{Chance, Course};
pub use error::TrainError;
pub use fit::{AfterEpoch, Trained, train};
pub use history::{EpochRecord, History};
pub use lab::Lab;
pub use loss_sets::{LossSet, ProblemKind};
pub use memory::Memory;
pub use model_file::{load_model, parse_model, save_model};
pub use optimizer::OptimizerKind;
pub use predict::{Form, Prediction, Predictor, Scores};
/// JSON, of which the descriptions in model files are made.
pub use serde_json::Value;
pub use task::{Judged, Losses, Settings, Start, Task, Training, Tunable};
pub use tune::{Trial, TrialRecord, Tuning};

/// The examples of README.md are tests, too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
