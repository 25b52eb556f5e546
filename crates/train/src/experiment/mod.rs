//! Experiments: one model per loss and seed, trained under equal conditions and judged on the test part.
//!
//! Everything but the loss is held equal: for one seed, all losses share the split, the scaling, the
//! initial weights, the prior in the last bias, the order of the batches and the rule that picks the epoch.

mod classifier;
mod compare;
mod config;
mod description;
mod divergence;
mod loss_sets;
mod sampling;
mod task;
mod train;
mod tuning;

pub use classifier::Classifier;
pub use compare::{Comparison, Event, Observer, Outcome, compare, prepare};
pub use compare::{in_seed_order, threads_each};
pub use config::{OptimizerKind, TrainConfig};
pub use description::{ClassRows, TableData};
pub use divergence::{Diverged, Divergence};
pub use loss_sets::{LossSet, ProblemKind};
pub use task::Task;
pub use train::{Epoch, TrainError, Trained, bind, train, train_kept};
pub use tuning::{Candidate, Fit, Tuned, tune};
pub use tuning::{MOST_TRIALS, Trial, TrialRecord};
