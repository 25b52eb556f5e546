//! Creates files that are there whole or not at all.
//!
//! The bytes go to a temporary file that is created exclusively, under a random name, in the folder of the
//! file to be; it is flushed to the disk and renamed, and then the folder is flushed. So no reader, no killed
//! process and no power cut leaves a part of a file under its name, and a link that somebody planted is
//! neither followed nor written through.

use super::{kind, refused};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// How the names of temporary files begin and end: `.losslab-RANDOM.tmp`.
const PREFIX: &str = ".losslab-";
const SUFFIX: &str = ".tmp";
/// Random letters and digits between them.
const RANDOM: usize = 12;

/// A file that is whole and on the disk, but still has a random name; removed if it is dropped.
#[derive(Debug)]
pub struct Temporary(NamedTempFile);

impl Temporary {
    /// Writes a temporary file in the folder.
    ///
    /// # Errors
    /// If the folder cannot be written. Nothing is left.
    pub fn with(folder: &Path, bytes: &[u8]) -> io::Result<Self> {
        let mut temporary = create_temporary(folder)?;
        let file = temporary.as_file_mut();
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(Self(temporary))
    }

    /// Gives the file its name, in place of a regular file that has it. The name is on the disk once
    /// [`sync_folder`] has returned.
    ///
    /// # Errors
    /// If what has the name is no regular file, or the file cannot be renamed. The temporary file is removed.
    pub fn persist(self, path: &Path) -> io::Result<()> {
        check_target(path)?;
        self.0.persist(path).map(drop).map_err(|failed| failed.error)
    }
}

/// Writes a file, in place of a regular file of its name.
///
/// # Errors
/// If the folder cannot be written, there is no file name, or what has the name is no regular file: a link,
/// a folder, a pipe or a device is never replaced. Nothing is left.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path)?;
    check_target(path)?;
    Temporary::with(folder, bytes)?.persist(path)?;
    sync_folder(folder)
}

/// Whether a file can be written there, found out by creating a temporary file beside it.
///
/// # Errors
/// As [`write_atomically`].
pub fn ensure_writable(path: &Path) -> io::Result<()> {
    let folder = folder_of(path)?;
    check_target(path)?;
    ensure_folder_writable(folder)
}

/// Whether files can be created in a folder.
///
/// # Errors
/// If not.
pub fn ensure_folder_writable(folder: &Path) -> io::Result<()> {
    create_temporary(folder)?.close()
}

/// Whether a file may be written under this name: if nothing or a regular file has it.
///
/// # Errors
/// What has it instead.
pub fn check_target(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(data) if data.is_file() => Ok(()),
        Ok(data) => Err(refused(kind(data.file_type()), "a regular file or nothing")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Gives a file another name, in place of the file that has it.
///
/// # Errors
/// If the system refuses; both files are as before.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// Returns when the names in a folder are on the disk.
///
/// # Errors
/// If the disk fails.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        // Elsewhere a folder cannot be opened, and names are journaled.
        return Ok(());
    }
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // Some file systems cannot flush a folder, and one that may not be listed cannot be opened.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        other => other,
    }
}

/// Removes the temporary files that killed processes have left in a folder and in the folders in it; returns
/// how many. Only for the owner of the folder: those of a process that runs would go, too.
///
/// # Errors
/// If a folder cannot be listed, or a file not be removed.
pub fn remove_leftovers(folder: &Path) -> io::Result<usize> {
    let mut removed = remove_leftovers_in(folder)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // The type of the entry itself: a link to a folder is none.
        if entry.file_type()?.is_dir() {
            removed += remove_leftovers_in(&entry.path())?;
        }
    }
    Ok(removed)
}

fn remove_leftovers_in(folder: &Path) -> io::Result<usize> {
    let mut removed = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_temporary) && entry.file_type()?.is_file() {
            fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Whether this is the name of a temporary file.
fn is_temporary(name: &str) -> bool {
    let random = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    random.is_some_and(|random| random.len() == RANDOM && random.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// An empty temporary file. That it must not exist keeps the system from following a link.
pub(super) fn create_temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let new = |path: &Path| OpenOptions::new().read(true).write(true).create_new(true).open(path);
    tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).rand_bytes(RANDOM).make_in(folder, new)
}

fn folder_of(path: &Path) -> io::Result<&Path> {
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(_)) if folder.as_os_str().is_empty() => Ok(Path::new(".")),
        (Some(folder), Some(_)) => Ok(folder),
        _ => Err(refused("a path without a file name", "that of a file")),
    }
}
