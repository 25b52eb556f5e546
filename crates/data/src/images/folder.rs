//! Images of a folder, without annotations.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

use super::assemble::{Entry, assemble};
use super::{ImageOptions, ImageSet};
use crate::files::ConfinedFolder;
use losslab_base::DataError;
use losslab_metrics::boxes::GroundTruth;
use std::path::{Path, PathBuf};

/// Endings of the files that are read, in any case.
const ENDINGS: [&str; 3] = ["png", "jpg", "jpeg"];

/// Reads all PNG and JPEG files of a folder (not those of folders in it), numbered from 1 in the order of
/// their names.
///
/// # Errors
/// If the folder cannot be read, has no image, or [`read_image`](super::read_image) refuses one.
pub fn load_folder(folder: &Path, options: &ImageOptions) -> Result<ImageSet, DataError> {
    load_files(folder, list_images(folder)?, options)
}

/// Reads these files of a folder and of folders in it, numbered from 1; the set is called as the folder is.
pub(crate) fn load_files(
    folder: &Path,
    paths: Vec<PathBuf>,
    options: &ImageOptions,
) -> Result<ImageSet, DataError> {
    let name = folder.display().to_string();
    let truth = GroundTruth::new(&name, (1..).take(paths.len()).collect(), Vec::new(), Vec::new())?;
    let entry = |(id, path): (i64, PathBuf)| {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let file = path.strip_prefix(folder).unwrap_or(&path).to_path_buf();
        Entry { id, name, file, declared: None }
    };
    let entries = (1..).zip(paths).map(entry).collect();
    assemble(name, &ConfinedFolder::new(folder), entries, truth, options)
}

/// The PNG and JPEG files of a folder, by their endings, in the order of their names.
pub(crate) fn list_images(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let is_image = |path: &PathBuf| {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        ending.is_some_and(|ending| ENDINGS.contains(&&ending[..])) && path.is_file()
    };
    Ok(entries(folder)?.into_iter().filter(is_image).collect())
}

/// The folders in a folder, in the order of their names; those that begin with a dot are left out.
///
/// # Errors
/// If the folder cannot be listed, or one of those in it is a link that leads out of it.
pub(crate) fn list_folders(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let is_hidden =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let folders: Vec<PathBuf> =
        entries(folder)?.into_iter().filter(|path| path.is_dir() && !is_hidden(path)).collect();
    let confined = ConfinedFolder::new(folder);
    for path in &folders {
        let inside = confined.check(path.file_name().unwrap_or_default());
        inside.map_err(|error| DataError::Read { file: path.display().to_string(), error })?;
    }
    Ok(folders)
}

/// All that lies in a folder, sorted.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let failed = |error| DataError::Read { file: folder.display().to_string(), error };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}
