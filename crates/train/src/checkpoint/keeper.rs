//! What a training asks whether and where to keep its state.

use super::{Checkpoint, Folder, Identity, Loaded, Which};
use losslab_base::{DataError, Place};
use losslab_models::State;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// Why a training could not be kept, or not be taken up again.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct CheckpointError(String);

/// Keeps the checkpoints of one training.
pub struct Keeper {
    folder: Folder,
    every: usize,
    identity: Identity,
    loaded: Option<Loaded>,
}

impl Keeper {
    /// Keeps a checkpoint in this folder after every `every` epochs and after the last.
    ///
    /// # Panics
    /// If `every` is 0.
    #[track_caller]
    pub fn new(folder: Folder, every: usize, identity: Identity) -> Self {
        assert!(every > 0, "Keeper: a checkpoint every 0 epochs");
        Self { folder, every, identity, loaded: None }
    }

    /// Reads a checkpoint, which the training will go on from; returns its file and epoch, or none if there
    /// is no checkpoint yet.
    ///
    /// # Errors
    /// If it cannot be read, is damaged, or is that of another training.
    pub fn resume(&mut self, which: Which) -> Result<Option<(&Path, usize)>, DataError> {
        self.loaded = self.folder.load(which)?;
        if let Some(Loaded { checkpoint, path }) = &self.loaded
            && let Some([there, here]) = self.identity.difference(&checkpoint.identity)
        {
            let place = Place::of(path.display().to_string());
            return Err(place.error(format!("a training with {there}"), format!("{here}, as asked for")));
        }
        Ok(self.loaded.as_ref().map(|loaded| (&*loaded.path, loaded.checkpoint.epoch)))
    }

    /// The folder.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Hands a training its state from the checkpoint that was [resumed](Keeper::resume), once. `restore`
    /// takes back what it is given, or says what does not fit.
    pub fn restore<P: DeserializeOwned>(
        &mut self,
        restore: impl FnOnce(P, &mut State) -> Result<(), String>,
    ) -> Result<(), CheckpointError> {
        let Some(Loaded { checkpoint: Checkpoint { progress, mut tensors, .. }, path }) = self.loaded.take()
        else {
            return Ok(());
        };
        let progress = serde_json::from_value(progress).map_err(|error| error.to_string());
        let restored =
            progress.and_then(|progress| restore(progress, &mut tensors)).and_then(|()| tensors.finish());
        restored.map_err(|found| {
            let place = Place::of(path.display().to_string());
            CheckpointError(place.error(found, "the state of such a training").to_string())
        })
    }

    /// Keeps the state after this epoch if it is time to, which `last` makes it in any case.
    pub fn keep<P: Serialize>(
        &mut self,
        epoch: usize,
        last: bool,
        state: impl FnOnce(&mut State) -> P,
    ) -> Result<(), CheckpointError> {
        if !last && !epoch.is_multiple_of(self.every) {
            return Ok(());
        }
        let mut tensors = State::default();
        let progress = serde_json::to_value(state(&mut tensors));
        let saved = progress.map_err(std::io::Error::other).and_then(|progress| {
            self.folder.save(&Checkpoint { identity: self.identity.clone(), epoch, progress, tensors })
        });
        saved.map_err(|error| {
            let file = self.folder.file(Which::Latest);
            CheckpointError(format!("{}: cannot be written: {error}", file.display()))
        })
    }
}
