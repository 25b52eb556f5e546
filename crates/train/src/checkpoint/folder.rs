//! A folder with the last two checkpoints of one training.
//!
//! A new one is written under a temporary name, flushed to the disk, and only then are the files renamed; so
//! the program may be ended, or the disk be full, at any moment: one whole checkpoint is always there under
//! one of the two names.

use super::{Checkpoint, decode, encode};
use losslab_base::{DataError, Place};
use losslab_data::files::owner::Owner;
use losslab_data::files::{self, ConfinedFolder, Temporary};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const LATEST: &str = "checkpoint.safetensors";
const PREVIOUS: &str = "checkpoint-previous.safetensors";
/// Larger files are no checkpoints of ours: the largest detectors take a hundredth of it.
const MOST_BYTES: u64 = 1 << 32;

/// What saving asks of a disk, so that tests can let it fail.
pub trait Disk {
    /// Writes a temporary file in a folder and returns when it is on the disk.
    ///
    /// # Errors
    /// If that fails.
    fn write(&self, folder: &Path, bytes: &[u8]) -> io::Result<Temporary>;

    /// Gives a temporary file its name, in place of the file that has it.
    ///
    /// # Errors
    /// If that fails; the file that has the name is as before.
    fn persist(&self, temporary: Temporary, path: &Path) -> io::Result<()>;

    /// Gives a file another name, in place of the file that has it.
    ///
    /// # Errors
    /// If that fails; both files are as before.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Returns when the names in a folder are on the disk.
    ///
    /// # Errors
    /// If that fails.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// The disk of the system.
#[derive(Clone, Copy, Debug)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn write(&self, folder: &Path, bytes: &[u8]) -> io::Result<Temporary> {
        Temporary::with(folder, bytes)
    }

    fn persist(&self, temporary: Temporary, path: &Path) -> io::Result<()> {
        temporary.persist(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        files::rename(from, to)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        files::sync_folder(folder)
    }
}

/// Which of two checkpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The last one.
    Latest,
    /// The one before it.
    Previous,
}

/// A checkpoint and its file.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// The file that it was read from.
    pub path: PathBuf,
}

/// The checkpoints of one training.
pub struct Folder {
    path: PathBuf,
    disk: Box<dyn Disk>,
    /// Whether the latest file is known to be whole; another does not take the place of the previous one.
    latest_is_whole: bool,
    owner: Option<Arc<Owner>>,
}

impl Folder {
    /// The checkpoints in this folder, which need not be there yet.
    pub fn new(path: &Path) -> Self {
        Self::on(path, Box::new(RealDisk))
    }

    /// The same on another disk.
    pub fn on(path: &Path, disk: Box<dyn Disk>) -> Self {
        Self { path: path.to_owned(), disk, latest_is_whole: false, owner: None }
    }

    /// The file of a checkpoint, whether or not it is there.
    pub fn file(&self, which: Which) -> PathBuf {
        self.path.join(match which {
            Which::Latest => LATEST,
            Which::Previous => PREVIOUS,
        })
    }

    /// Whether there is any checkpoint, be it whole or not.
    pub fn is_used(&self) -> bool {
        [Which::Latest, Which::Previous].iter().any(|&which| self.file(which).exists())
    }

    /// The same, written only as long as this owner has the folder.
    pub fn owned_by(self, owner: Arc<Owner>) -> Self {
        Self { owner: Some(owner), ..self }
    }

    /// Keeps a checkpoint as the latest; what was the latest becomes the previous one.
    ///
    /// # Errors
    /// If the disk refuses, or the folder has another owner by now; what was kept before is still there.
    pub fn save(&mut self, checkpoint: &Checkpoint) -> io::Result<()> {
        self.owner.as_ref().map_or(Ok(()), |owner| owner.check())?;
        let [latest, previous] = [Which::Latest, Which::Previous].map(|which| self.file(which));
        fs::create_dir_all(&self.path)?;
        let temporary = self.disk.write(&self.path, &encode(checkpoint)?)?;
        if self.latest_is_whole {
            self.latest_is_whole = false;
            self.disk.rename(&latest, &previous)?;
        }
        self.disk.persist(temporary, &latest)?;
        self.latest_is_whole = true;
        self.disk.sync_folder(&self.path)
    }

    /// Reads a checkpoint; none if the folder has none. If the program was ended between two names, so that
    /// there is a previous checkpoint and no latest one, the previous one is the latest.
    ///
    /// # Errors
    /// If the file cannot be read, is cut off or damaged, of another kind or of a later version.
    pub fn load(&mut self, which: Which) -> Result<Option<Loaded>, DataError> {
        let path = match which {
            Which::Latest if !self.file(Which::Latest).exists() => self.file(Which::Previous),
            which => self.file(which),
        };
        if which == Which::Latest && !path.exists() {
            return Ok(None);
        }
        let name = path.display().to_string();
        let expected = format!("a whole checkpoint of losslab train{}", self.hint(&path));
        let bytes = ConfinedFolder::new(&self.path).read(path.file_name().unwrap_or_default(), MOST_BYTES);
        let bytes = bytes.map_err(|error| DataError::Read { file: name.clone(), error })?;
        let checkpoint = decode(&bytes).map_err(|found| Place::of(&name).error(found, expected))?;
        self.latest_is_whole = path == self.file(Which::Latest);
        Ok(Some(Loaded { checkpoint, path }))
    }

    /// What to do if this file is of no use.
    fn hint(&self, path: &Path) -> &'static str {
        if path == self.file(Which::Latest) && self.file(Which::Previous).exists() {
            "; --resume=previous goes on from the one before it"
        } else {
            "; there is no other, remove it to train anew"
        }
    }
}
