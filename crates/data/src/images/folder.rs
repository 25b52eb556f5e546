//! Images of a folder, without annotations.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

use super::assemble::{Entry, assemble};
use super::{ImageOptions, ImageSet};
use losslab_base::DataError;
use losslab_metrics::boxes::GroundTruth;
use std::path::{Path, PathBuf};

/// Endings of the files that are read, in any case.
const ENDINGS: [&str; 3] = ["png", "jpg", "jpeg"];

/// Reads all PNG and JPEG files of a folder (not those of folders in it), numbered from 1 in the order of their names.
///
/// # Errors
/// If the folder cannot be read, has no image, or [`read_image`](super::read_image) refuses one.
pub fn load_folder(folder: &Path, options: &ImageOptions) -> Result<ImageSet, DataError> {
    let failed = |error| DataError::Read { file: folder.display().to_string(), error };
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        if ending.is_some_and(|ending| ENDINGS.contains(&&ending[..])) && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    let name = folder.display().to_string();
    let truth = GroundTruth::new(&name, (1..).take(paths.len()).collect(), Vec::new(), Vec::new())?;
    let entry = |(id, path): (i64, PathBuf)| {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Entry { id, name, path, declared: None }
    };
    assemble(name, (1..).zip(paths).map(entry).collect(), truth, options)
}
