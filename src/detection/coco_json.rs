//! Reads COCO's two JSON files: annotations and detections ("results").
//!
//! ```json
//! {"images": [{"id": 1}], "categories": [{"id": 3, "name": "cat"}],
//!  "annotations": [{"id": 7, "image_id": 1, "category_id": 3, "bbox": [8, 8, 20, 10], "area": 150.5, "iscrowd": 0}]}
//! ```
//! ```json
//! [{"image_id": 1, "category_id": 3, "bbox": [8.5, 7, 20, 10], "score": 0.9}]
//! ```
//! Other keys are ignored. Ids are whole numbers.

use super::coco_set::{Annotation, Category, Detection, GroundTruth};
use super::json_fault::{Layout, explain};
use crate::data::DataError;
use serde::ser::{SerializeStruct, Serializer};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::path::Path;

#[derive(Deserialize)]
struct File<I> {
    images: Vec<I>,
    categories: Vec<Category>,
    annotations: Vec<Annotation>,
}

#[derive(Deserialize, Serialize)]
struct Image {
    id: i64,
}

/// An image as a loader of pixels needs it.
#[derive(Deserialize)]
pub(crate) struct ImageFile {
    pub id: i64,
    pub file_name: String,
    pub width: Option<f64>,
    pub height: Option<f64>,
}

/// In the form that [`GroundTruth::load`] reads.
impl Serialize for GroundTruth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let images: Vec<Image> = self.images().iter().map(|&id| Image { id }).collect();
        let mut file = serializer.serialize_struct("GroundTruth", 3)?;
        file.serialize_field("images", &images)?;
        file.serialize_field("categories", self.categories())?;
        file.serialize_field("annotations", self.annotations())?;
        file.end()
    }
}

impl GroundTruth {
    /// Reads a file of annotations (`instances_*.json`).
    ///
    /// # Errors
    /// If the file cannot be read, is not such JSON, or does not pass [`GroundTruth::new`].
    pub fn load(path: &Path) -> Result<GroundTruth, DataError> {
        let file: File<Image> = read(path, Layout::GroundTruth)?;
        let images = file.images.iter().map(|image| image.id).collect();
        GroundTruth::new(path.display().to_string(), images, file.categories, file.annotations)
    }

    /// The same, and the images in the order of the file, each with the name of its file.
    pub(crate) fn load_with_files(path: &Path) -> Result<(GroundTruth, Vec<ImageFile>), DataError> {
        let file: File<ImageFile> = read(path, Layout::WithFiles)?;
        let images = file.images.iter().map(|image| image.id).collect();
        let truth = GroundTruth::new(path.display().to_string(), images, file.categories, file.annotations)?;
        Ok((truth, file.images))
    }
}

/// Reads a file of detections; [`evaluate`](super::evaluate) checks them against the ground truth.
///
/// # Errors
/// If the file cannot be read or is not such JSON.
pub fn load_detections(path: &Path) -> Result<Vec<Detection>, DataError> {
    read(path, Layout::Detections)
}

fn read<T: DeserializeOwned>(path: &Path, layout: Layout) -> Result<T, DataError> {
    let file = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| DataError::Read { file: file.clone(), error })?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    serde_json::from_slice(bytes).map_err(|error| explain(&file, bytes, layout, &error))
}
