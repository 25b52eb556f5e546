//! A folder that reading and writing never leave, whatever names and links it holds.

use super::read::read_unlinked;
use super::{kind, refused, write_atomically};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// A folder whose files are named by paths within it. The folder itself may be a link, for a user named it.
///
/// Every path is [checked](check_inner), so names may come from files. A link is read only if it leads to a
/// regular file in the folder; nothing is written through one.
#[derive(Clone, Debug)]
pub struct ConfinedFolder {
    root: PathBuf,
}

impl ConfinedFolder {
    /// This folder, which need not be there yet.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The path of the folder, as it was given.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What messages call a file: its path behind that of the folder.
    pub fn path(&self, inner: impl AsRef<Path>) -> PathBuf {
        self.root.join(inner)
    }

    /// The bytes of a regular file of at most `most` bytes.
    ///
    /// # Errors
    /// If there is no such file, it cannot be read, is something else than a regular file, is larger, or lies
    /// outside of the folder, be it by its name or by a link.
    pub fn read(&self, inner: impl AsRef<Path>, most: u64) -> io::Result<Vec<u8>> {
        read_unlinked(&self.resolved(inner.as_ref())?, most)
    }

    /// The same as text.
    ///
    /// # Errors
    /// As [`Self::read`], and if it is not UTF-8.
    pub fn read_text(&self, inner: impl AsRef<Path>, most: u64) -> io::Result<String> {
        let not_text = |_| io::Error::new(io::ErrorKind::InvalidData, "found bytes that are not UTF-8");
        String::from_utf8(self.read(inner, most)?).map_err(not_text)
    }

    /// Whether there is something to be read as a file, which [`Self::read`] may still refuse.
    pub fn has(&self, inner: impl AsRef<Path>) -> bool {
        check_inner(inner.as_ref()).is_ok() && fs::metadata(self.path(inner)).is_ok_and(|data| !data.is_dir())
    }

    /// Whether a path lies in the folder, also behind its links.
    ///
    /// # Errors
    /// If not, or nothing is there.
    pub fn check(&self, inner: impl AsRef<Path>) -> io::Result<()> {
        self.resolved(inner.as_ref()).map(drop)
    }

    /// The names in a folder within this one, in order; none if it is not there.
    ///
    /// # Errors
    /// If it cannot be listed, or is a link that leads out of this folder; the message names it.
    pub fn names(&self, inner: impl AsRef<Path>) -> io::Result<Vec<OsString>> {
        let inner = inner.as_ref();
        let names = || {
            let entries = fs::read_dir(self.resolved(inner)?)?;
            entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()
        };
        match names() {
            Ok(mut names) => {
                names.sort();
                Ok(names)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(named(inner, &error)),
        }
    }

    /// Writes a file as [`write_atomically`] does, with the folders that lead to it.
    ///
    /// # Errors
    /// If it cannot be written, or a folder or the file is a link; the message names it.
    pub fn write(&self, inner: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
        let inner = inner.as_ref();
        check_inner(inner)?;
        fs::create_dir_all(&self.root)?;
        for folder in parents(inner) {
            let path = self.root.join(folder);
            let created = match fs::create_dir(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => check_folder(&path),
                other => other,
            };
            created.map_err(|error| named(folder, &error))?;
        }
        write_atomically(&self.root.join(inner), bytes).map_err(|error| named(inner, &error))
    }

    /// Removes a file; that it is not there is no error.
    ///
    /// # Errors
    /// If it cannot be removed, or a folder that leads to it is a link; the message names it.
    pub fn remove(&self, inner: impl AsRef<Path>) -> io::Result<()> {
        let inner = inner.as_ref();
        check_inner(inner)?;
        let folders = parents(inner).into_iter().try_for_each(|folder| {
            check_folder(&self.root.join(folder)).map_err(|error| named(folder, &error))
        });
        let removed = folders
            .and_then(|()| fs::remove_file(self.root.join(inner)).map_err(|error| named(inner, &error)));
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Where a path leads, without links; it is inside of the folder.
    fn resolved(&self, inner: &Path) -> io::Result<PathBuf> {
        check_inner(inner)?;
        let path = self.root.join(inner).canonicalize()?;
        match path.starts_with(self.root.canonicalize()?) {
            true => Ok(path),
            false => Err(refused("a link that leads out of the folder", "a file in it")),
        }
    }
}

/// Whether a path that comes from a file stays in the folder in which it counts: made of plain names, without
/// `..` and not absolute.
///
/// # Errors
/// If not; the message says the path.
pub fn check_inner(path: &Path) -> io::Result<()> {
    let stays = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    match stays && path.file_name().is_some() {
        true => Ok(()),
        false => Err(refused(&format!("the path {path:?}"), "one that stays in its folder")),
    }
}

/// The folders that lead to a path, the outermost first.
fn parents(inner: &Path) -> Vec<&Path> {
    let mut parents: Vec<&Path> =
        inner.ancestors().skip(1).filter(|path| !path.as_os_str().is_empty()).collect();
    parents.reverse();
    parents
}

/// Whether there is a folder that is no link.
fn check_folder(path: &Path) -> io::Result<()> {
    let data = fs::symlink_metadata(path)?;
    if data.is_dir() { Ok(()) } else { Err(refused(kind(data.file_type()), "a folder")) }
}

/// The error with the path that it is about.
fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
