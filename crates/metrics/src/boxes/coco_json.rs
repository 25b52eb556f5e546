//! Reads COCO's two JSON files: annotations and detections ("results").
//!
//! ```json
//! {"images": [{"id": 1}], "categories": [{"id": 3, "name": "cat"}],
//!  "annotations": [{"id": 7, "image_id": 1, "category_id": 3, "bbox": [8, 8, 20, 10],
//!   "area": 150.5, "iscrowd": 0}]}
//! ```
//! ```json
//! [{"image_id": 1, "category_id": 3, "bbox": [8.5, 7, 20, 10], "score": 0.9}]
//! ```
//! Other keys are ignored. Ids are whole numbers.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

use super::coco_set::{Annotation, Category, Detection, GroundTruth};
use super::json_fault::{Layout, explain};
use losslab_base::DataError;
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
pub struct ImageFile {
    /// Its id.
    pub id: i64,
    /// Its file, relative to the folder of images.
    pub file_name: String,
    /// Width in pixels, if the file says.
    pub width: Option<f64>,
    /// Height in pixels, if the file says.
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
        let (name, bytes) = read(path)?;
        GroundTruth::parse(name, &bytes)
    }

    /// The same from the bytes of a file; `name` is what messages call it.
    pub fn parse(name: String, bytes: &[u8]) -> Result<GroundTruth, DataError> {
        let file: File<Image> = parse(&name, bytes, Layout::GroundTruth)?;
        let images = file.images.iter().map(|image| image.id).collect();
        GroundTruth::new(name, images, file.categories, file.annotations)
    }

    /// The same, and the images in the order of the file, each with the name of its file.
    pub fn load_with_files(path: &Path) -> Result<(GroundTruth, Vec<ImageFile>), DataError> {
        let (name, bytes) = read(path)?;
        GroundTruth::parse_with_files(name, &bytes)
    }

    /// The same from the bytes of a file; `name` is what messages call it.
    pub fn parse_with_files(name: String, bytes: &[u8]) -> Result<(GroundTruth, Vec<ImageFile>), DataError> {
        let file: File<ImageFile> = parse(&name, bytes, Layout::WithFiles)?;
        let images = file.images.iter().map(|image| image.id).collect();
        let truth = GroundTruth::new(name, images, file.categories, file.annotations)?;
        Ok((truth, file.images))
    }
}

/// Reads a file of detections; [`evaluate`](super::evaluate) checks them against the ground truth.
///
/// # Errors
/// If the file cannot be read or is not such JSON.
pub fn load_detections(path: &Path) -> Result<Vec<Detection>, DataError> {
    let (name, bytes) = read(path)?;
    parse_detections(&name, &bytes)
}

/// The same from the bytes of a file; `name` is what messages call it.
pub fn parse_detections(name: &str, bytes: &[u8]) -> Result<Vec<Detection>, DataError> {
    parse(name, bytes, Layout::Detections)
}

/// What messages call a file, and its bytes.
fn read(path: &Path) -> Result<(String, Vec<u8>), DataError> {
    let name = path.display().to_string();
    match std::fs::read(path) {
        Ok(bytes) => Ok((name, bytes)),
        Err(error) => Err(DataError::Read { file: name, error }),
    }
}

fn parse<T: DeserializeOwned>(name: &str, bytes: &[u8], layout: Layout) -> Result<T, DataError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|error| explain(name, bytes, layout, &error))
}
