//! Sets from COCO's JSON files and a folder of images.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

use super::assemble::{Entry, assemble};
use super::{ImageOptions, ImageSet};
use crate::files::{ConfinedFolder, check_inner};
use losslab_base::{DataError, Place};
use losslab_metrics::boxes::{Category, GroundTruth, ImageFile};
use std::path::{Path, PathBuf};

/// Reads the annotations in `json` and their images, each from `folder/file_name` or else
/// `folder/images/file_name`.
///
/// The truth is all that the file says, for the evaluation. The objects, to train on, are its boxes in the
/// pixels of the fitted image:
/// - boxes without area and boxes outside of their image are skipped, boxes partly outside are clipped: counted in the
///   notes, because COCO's own files have some;
/// - crowds become objects to ignore.
///
/// The set is called as the file is, without its ending.
///
/// # Errors
/// If the file does not pass [`GroundTruth::new`], has no images, tells of an image another size than it has
/// (its boxes would be misplaced; no size is fine), or an image is absent, lies outside of the folder, or is
/// refused by [`read_image`](super::read_image).
pub fn load_coco(json: &Path, folder: &Path, options: &ImageOptions) -> Result<ImageSet, DataError> {
    let (truth, files) = GroundTruth::load_with_files(json)?;
    let folder = ConfinedFolder::new(folder);
    let entry = |(i, file): (usize, &ImageFile)| {
        let place = Place::of(format!("{}, images[{i}] (id {})", json.display(), file.id));
        Ok(Entry {
            id: file.id,
            name: file.file_name.clone(),
            file: find(&folder, file, &place)?,
            declared: file.width.zip(file.height).map(|(width, height)| (place, [width, height])),
        })
    };
    let entries = files.iter().enumerate().map(entry).collect::<Result<Vec<_>, DataError>>()?;
    let name = json.file_stem().unwrap_or(json.as_os_str()).to_string_lossy().into_owned();
    assemble(name, &folder, entries, truth, options)
}

/// The file of an image, in the folder.
fn find(folder: &ConfinedFolder, file: &ImageFile, place: &Place) -> Result<PathBuf, DataError> {
    let wrong = |found: &str, expected: String| {
        place.clone().error(format!("\"file_name\" {:?}, which {found}", file.file_name), expected)
    };
    let direct = PathBuf::from(&file.file_name);
    if check_inner(&direct).is_err() {
        return Err(wrong("leads out of the folder of images", "the path of a file in it".into()));
    }
    let paths = [Path::new("images").join(&direct), direct];
    match paths.iter().rev().find(|path| folder.has(path)) {
        Some(path) => Ok(path.clone()),
        None => {
            let [second, first] = paths.map(|path| folder.path(path));
            Err(wrong("is absent", format!("a file {} or {}", first.display(), second.display())))
        }
    }
}

/// Refuses sets whose categories differ from those of the first, by id or name: a model trained on the one
/// could not be judged on the other.
///
/// # Errors
/// The first difference, by ascending id.
pub fn check_same_categories(sets: &[&ImageSet]) -> Result<(), DataError> {
    let Some((first, others)) = sets.split_first() else { return Ok(()) };
    let say = |category: Option<&Category>| match category {
        Some(Category { id, name }) => format!("id {id}, {name:?}"),
        None => "no more".into(),
    };
    for other in others {
        for i in 0..first.categories.len().max(other.categories.len()) {
            let (expected, found) = (first.categories.get(i), other.categories.get(i));
            if expected != found {
                let place = Place::of(format!("{}, categories by id", other.truth.name()));
                let expected = format!("{} as in {}", say(expected), first.truth.name());
                return Err(place.error(say(found), expected));
            }
        }
    }
    Ok(())
}
