//! A set of images of one size with the objects in them.

use super::{Fit, Image};
use losslab_base::Fnv1a;
use losslab_metrics::boxes::{BoundingBox, Category, GroundTruth};
use rayon::prelude::*;

/// An object that a detector is to find.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Position of its category among those of the set.
    pub category: usize,
    /// Where it is, in pixels of the fitted image; inside of it, neither width nor height 0.
    pub bbox: BoundingBox,
    /// True for a crowd or a difficult object: it is neither to be found nor background.
    pub ignore: bool,
}

/// An image and the objects in it.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledImage {
    /// Its number in the file, by which detections name it.
    pub id: i64,
    /// Its file, or what else it is called.
    pub name: String,
    /// The pixels, fitted into the size of the set.
    pub image: Image,
    /// How they were fitted.
    pub fit: Fit,
    /// The objects; there may be none.
    pub objects: Vec<Object>,
}

/// Images of one size and one number of channels, the categories, and the truth.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageSet {
    /// What reports call it, such as the name of its file.
    pub name: String,
    /// Width of every image, in pixels.
    pub width: usize,
    /// Height of every image, in pixels.
    pub height: usize,
    /// Channels of every image.
    pub channels: usize,
    /// The categories, by ascending id.
    pub categories: Vec<Category>,
    /// The images, by ascending id.
    pub images: Vec<LabelledImage>,
    /// All objects in pixels of the originals, as the evaluation takes them.
    pub truth: GroundTruth,
    /// What the loader decided, for people: what was skipped, clipped, resized, and why.
    pub notes: Vec<String>,
}

impl ImageSet {
    /// A hash of the pixels of each image, FNV-1a of 64 bits; the set's size is the same for all.
    pub fn image_hashes(&self) -> Vec<u64> {
        let hash = |image: &LabelledImage| {
            let mut hash = Fnv1a::new();
            hash.bytes(&image.image.pixels);
            hash.finish()
        };
        self.images.par_iter().map(hash).collect()
    }

    /// The images at these positions, with their part of the truth; the notes are left out.
    pub fn part(&self, name: &str, is_in: impl Fn(usize) -> bool) -> ImageSet {
        let images: Vec<LabelledImage> = self
            .images
            .iter()
            .enumerate()
            .filter(|&(i, _)| is_in(i))
            .map(|(_, image)| image.clone())
            .collect();
        let ids: Vec<i64> = images.iter().map(|image| image.id).collect();
        ImageSet {
            name: name.into(),
            width: self.width,
            height: self.height,
            channels: self.channels,
            categories: self.categories.clone(),
            truth: self.truth.of_images(&ids),
            images,
            notes: Vec::new(),
        }
    }
}
