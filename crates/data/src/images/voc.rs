//! Sets from a folder of Pascal VOC: `ImageSets/Main/SPLIT.txt`, `Annotations/ID.xml`, `JPEGImages/ID.jpg`.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

use super::assemble::{Entry, assemble};
use super::voc_xml::{VocFile, XmlObject, read_voc_file};
use super::{ImageOptions, ImageSet};
use crate::files::{ConfinedFolder, check_inner};
use losslab_base::{DataError, Place, counted, listed, quoted};
use losslab_metrics::boxes::{Annotation, Category, GroundTruth, VocObject};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// Larger files are no lists of images.
const MOST_SPLIT_BYTES: u64 = 1 << 28;

/// Reads a split, such as `train`, and its images (`.jpg`, `.jpeg` or `.png`).
///
/// - **Ids.** Images are numbered from 1 in the order of the split's file, objects from 1 in the order of the XML files.
/// - **Categories** are the names that occur in this split, in order, numbered from 1; pass those of all splits
///   ([`voc_categories`]) where several have to agree.
/// - **Corners** are whole pixels from 1, both inside: x = xmin - 1, width = xmax - xmin + 1.
/// - **Boxes with xmax <= xmin or ymax <= ymin** are left out, of the truth as well, and counted in the notes. By the
///   rule above one with equal corners is a pixel wide; files that have them (BCCD) have them by mistake.
/// - **Difficult** objects are objects to ignore, and `iscrowd` in the truth, COCO's word for what is neither to be found
///   nor background (a crowd, however, may be found several times: there COCO's and VOC's evaluation differ).
///   [`ImageSet::voc_objects`] gives them back for VOC's own.
///
/// Otherwise as [`load_coco`](super::load_coco); the set is called as the split is.
///
/// # Errors
/// If a file is absent or not as above (messages name the line), the split is empty or names an image twice,
/// or a name is not among `categories`.
pub fn load_voc(
    folder: &Path,
    split: &str,
    categories: Option<&[Category]>,
    options: &ImageOptions,
) -> Result<ImageSet, DataError> {
    let list = voc_split_path(folder, split);
    let folder = ConfinedFolder::new(folder);
    let ids = read_split(&folder, split)?;
    let files = read_annotations(&folder, &ids)?;
    let categories = categories.map_or_else(|| numbered(&files), <[Category]>::to_vec);
    let ids_of: HashMap<&str, i64> =
        categories.iter().rev().map(|category| (category.name.as_str(), category.id)).collect();
    let mut annotations = Vec::new();
    let mut skipped: Vec<String> = Vec::new();
    for (image_id, file) in (1i64..).zip(&files) {
        for object in &file.objects {
            let category = ids_of.get(object.name.as_str()).copied();
            let category = category.ok_or_else(|| unknown_category(object, &categories))?;
            match object.bbox {
                Some(bbox) => annotations.push(Annotation {
                    id: annotations.len() as i64 + 1,
                    image_id,
                    category_id: category,
                    bbox,
                    area: bbox.area(),
                    iscrowd: object.difficult,
                }),
                None => skipped.push(format!("{}, line {}", object.place.of, object.place.line.unwrap_or(0))),
            }
        }
    }
    let name = list.display().to_string();
    let images = (1i64..).take(ids.len()).collect();
    let truth = GroundTruth::new(name, images, categories, annotations)?;
    let entry = |(id, (name, file)): (i64, (&String, VocFile))| {
        let path = find(&folder, name)?;
        Ok(Entry { id, name: file_name(&path), file: path, declared: file.size })
    };
    let entries = (1i64..).zip(ids.iter().zip(files)).map(entry).collect::<Result<Vec<_>, DataError>>()?;
    let mut set = assemble(split.into(), &folder, entries, truth, options)?;
    if let Some(first) = skipped.first() {
        let boxes = counted(skipped.len(), "object");
        set.notes.insert(0, format!("{boxes} left out, with xmax <= xmin or ymax <= ymin: first {first}"));
    }
    Ok(set)
}

/// The categories of several splits together: the names that occur, in order, numbered from 1.
///
/// # Errors
/// If a split or one of its annotations cannot be read.
pub fn voc_categories(folder: &Path, splits: &[&str]) -> Result<Vec<Category>, DataError> {
    let folder = ConfinedFolder::new(folder);
    let mut files = Vec::new();
    for split in splits {
        files.extend(read_annotations(&folder, &read_split(&folder, split)?)?);
    }
    Ok(numbered(&files))
}

/// The file that lists the images of a split; whether it exists tells whether there is such a split.
pub fn voc_split_path(folder: &Path, split: &str) -> PathBuf {
    folder.join(split_file(split))
}

/// The same in the folder.
fn split_file(split: &str) -> PathBuf {
    Path::new("ImageSets").join("Main").join(format!("{split}.txt"))
}

impl ImageSet {
    /// The true objects of one category as VOC's evaluation takes them: what is a crowd in the truth is
    /// difficult.
    pub fn voc_objects(&self, category_id: i64) -> Vec<VocObject> {
        let of_category = self.truth.annotations().iter().filter(|object| object.category_id == category_id);
        let object = |o: &Annotation| VocObject { image_id: o.image_id, bbox: o.bbox, difficult: o.iscrowd };
        of_category.map(object).collect()
    }
}

/// One id a line, blank lines aside.
fn read_split(folder: &ConfinedFolder, split: &str) -> Result<Vec<String>, DataError> {
    let path = split_file(split);
    let file = folder.path(&path).display().to_string();
    let text = folder.read_text(&path, MOST_SPLIT_BYTES);
    let text = text.map_err(|error| DataError::Read { file: file.clone(), error })?;
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut ids = Vec::new();
    for (line, id) in (1..).zip(text.trim_start_matches('\u{feff}').lines().map(str::trim)) {
        if id.is_empty() {
            continue;
        }
        if check_inner(Path::new(id)).is_err() {
            let found = format!("{}, which leads out of the folder", quoted(id));
            return Err(Place::of(file).line(line as u64).error(found, "the name of an image"));
        }
        if let Some(first) = seen.insert(id, line) {
            let found = format!("{} as in line {first}", quoted(id));
            return Err(Place::of(file).line(line as u64).error(found, "images that do not repeat"));
        }
        ids.push(id.to_owned());
    }
    match ids.is_empty() {
        true => Err(Place::of(file).error("no images", "one image id a line")),
        false => Ok(ids),
    }
}

/// In parallel; the error is that of the first faulty file.
fn read_annotations(folder: &ConfinedFolder, ids: &[String]) -> Result<Vec<VocFile>, DataError> {
    let read = |id: &String| read_voc_file(folder, &Path::new("Annotations").join(format!("{id}.xml")));
    let results: Vec<_> = ids.par_iter().map(read).collect();
    results.into_iter().collect()
}

fn numbered(files: &[VocFile]) -> Vec<Category> {
    let names: BTreeSet<&String> =
        files.iter().flat_map(|file| &file.objects).map(|object| &object.name).collect();
    (1..).zip(names).map(|(id, name)| Category { id, name: name.clone() }).collect()
}

fn unknown_category(object: &XmlObject, categories: &[Category]) -> DataError {
    let names: Vec<&str> = categories.iter().map(|category| category.name.as_str()).collect();
    let (found, expected) =
        (format!("the name {}", quoted(&object.name)), format!("one of {}", listed(&names)));
    object.place.clone().error(found, expected)
}

/// The file of an image, in the folder.
fn find(folder: &ConfinedFolder, id: &str) -> Result<PathBuf, DataError> {
    let path = |ending: &str| Path::new("JPEGImages").join(format!("{id}.{ending}"));
    let found =
        ["jpg", "jpeg", "png", "JPG", "JPEG", "PNG"].into_iter().map(path).find(|path| folder.has(path));
    found.ok_or_else(|| {
        let place = Place::of(folder.path(path("jpg")).display().to_string());
        place.error("no such file", format!("the image of {}, as .jpg, .jpeg or .png", quoted(id)))
    })
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
