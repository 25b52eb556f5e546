//! The arguments that keep a training in checkpoints and take it up again.

use crate::emit;
use crate::owner::Owned;
use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use losslab_train::checkpoint::{Folder, Identity, Keeper, Which};
use std::path::PathBuf;
use std::sync::Arc;

/// Whether and where a training is kept.
#[derive(Args, Debug)]
pub struct KeepArguments {
    /// Keep the state of the training in this folder, so that it can be resumed
    #[arg(long, value_name = "DIR")]
    checkpoint: Option<PathBuf>,
    /// Epochs between two checkpoints; one follows the last epoch in any case
    #[arg(long, value_name = "N", default_value_t = 1, requires = "checkpoint")]
    every: usize,
    /// Go on from the checkpoint in DIR if there is one; =previous: from the one before it, should the last
    /// be damaged
    #[arg(
        long, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "latest",
        requires = "checkpoint"
    )]
    resume: Option<Resume>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Resume {
    /// The last one.
    Latest,
    /// The one before it.
    Previous,
}

/// Where the last good state of a training that failed is.
pub fn kept_note(keeper: &Keeper) -> String {
    let file = keeper.folder().file(Which::Latest);
    if file.exists() { format!(" (last checkpoint: {})", file.display()) } else { String::new() }
}

impl KeepArguments {
    /// What keeps this training in a folder of its own, if it is to be kept; the checkpoint to go on from is
    /// read and fits.
    pub fn keeper(&self, identity: Identity, quiet: bool) -> anyhow::Result<Option<(Owned, Keeper)>> {
        let Some(path) = &self.checkpoint else { return Ok(None) };
        std::fs::create_dir_all(path)
            .with_context(|| format!("--checkpoint {}: cannot be written", path.display()))?;
        let owned = Owned::new("--checkpoint", path)?;
        let folder = Folder::new(path).owned_by(Arc::clone(owned.owner()));
        let used = folder.is_used();
        let mut keeper = Keeper::new(folder, self.every, identity);
        let Some(resume) = self.resume else {
            let file = path.display();
            ensure!(
                !used,
                "--checkpoint {file}: found checkpoints of an earlier training, expected none; --resume goes on from them"
            );
            return Ok(Some((owned, keeper)));
        };
        let which = match resume {
            Resume::Latest => Which::Latest,
            Resume::Previous => Which::Previous,
        };
        let from = match keeper.resume(which)? {
            Some((file, epoch)) => format!("resumed after epoch {epoch}, from {}\n", file.display()),
            None => format!("nothing to resume in {}: training from the beginning\n", path.display()),
        };
        if !quiet {
            emit(&from)?;
        }
        Ok(Some((owned, keeper)))
    }
}
