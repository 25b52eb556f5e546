//! Checkpoints: a training that is ended at any moment goes on from its last one, to the same bits as if it
//! had never been ended.
//!
//! | file | what |
//! |---|---|
//! | [`Identity`] | what is trained on what and how: a checkpoint of another training is refused |
//! | [`Checkpoint`] | the state of a training after an epoch |
//! | `format` | the same as the bytes of one safetensors file with a checksum |
//! | [`Folder`] | the last two checkpoints, replaced so that one of them is always whole |
//! | [`Keeper`] | what a training asks whether and where to keep its state |
//!
//! A checkpoint is taken after an epoch, never within one, so that there is no half-seen order of rows to
//! keep.

mod folder;
mod format;
mod identity;
mod keeper;

pub use folder::{Disk, Folder, Loaded, RealDisk, Which};
pub use format::{decode, encode};
pub use identity::Identity;
pub use keeper::{CheckpointError, Keeper};

use losslab_models::State;

/// The state of a training after an epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// What is trained.
    pub identity: Identity,
    /// The epoch, from 1.
    pub epoch: usize,
    /// Everything that is not a list of numbers: the curves so far, the best epoch, random generators, steps.
    pub progress: serde_json::Value,
    /// Weights and buffers, the best ones so far, the moments of the optimiser, the order of the data.
    pub tensors: State,
}
