//! What is in the images and what a detector found there, in COCO's terms, checked before anything is
//! computed.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

use super::bounding_box::BoundingBox;
use losslab_base::{DataError, Place};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::collections::{BTreeMap, HashSet};

/// What a valid box is, in the words of messages.
pub(super) const A_BOX: &str = "four finite numbers [x, y, width, height] without a negative width or height";

/// A class of objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// Its number in the file; numbers may have gaps.
    pub id: i64,
    /// Its name.
    pub name: String,
}

/// One true object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Annotation {
    /// Its number, unique in the file.
    pub id: i64,
    /// The image it is in.
    pub image_id: i64,
    /// What it is.
    pub category_id: i64,
    /// Where it is.
    pub bbox: BoundingBox,
    /// Its area in square pixels, which decides whether it is small, medium or large: in COCO that of the
    /// object's outline, smaller than that of the box.
    pub area: f64,
    /// True for a box around many objects: detections in it are neither right nor wrong. Absent means false.
    #[serde(default, deserialize_with = "zero_or_one", serialize_with = "as_zero_or_one")]
    pub iscrowd: bool,
}

/// One box that a detector found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// The image it is in.
    pub image_id: i64,
    /// What the detector takes it for.
    pub category_id: i64,
    /// Where it is.
    pub bbox: BoundingBox,
    /// How sure the detector is: any finite number, higher is surer. Only the order counts.
    pub score: f64,
}

/// The images, categories and true objects of a data set. Ids are unique, and every reference is known.
#[derive(Clone, Debug, PartialEq)]
pub struct GroundTruth {
    name: String,
    images: Vec<i64>,
    categories: Vec<Category>,
    annotations: Vec<Annotation>,
}

impl GroundTruth {
    /// Checks a data set; `name` is what messages call it, such as the path of its file.
    ///
    /// # Errors
    /// If ids repeat, an annotation names an unknown image or category, or a box or area is not finite or is
    /// negative. Positions in messages count from 0.
    pub fn new(
        name: impl Into<String>,
        mut images: Vec<i64>,
        mut categories: Vec<Category>,
        annotations: Vec<Annotation>,
    ) -> Result<GroundTruth, DataError> {
        let name = name.into();
        unique(&name, "images", images.iter().copied())?;
        unique(&name, "categories", categories.iter().map(|category| category.id))?;
        unique(&name, "annotations", annotations.iter().map(|annotation| annotation.id))?;
        images.sort_unstable();
        categories.sort_unstable_by_key(|category| category.id);
        let truth = GroundTruth { name, images, categories, annotations };
        truth.annotations.iter().enumerate().try_for_each(|(i, annotation)| truth.check(i, annotation))?;
        Ok(truth)
    }

    fn check(&self, index: usize, annotation: &Annotation) -> Result<(), DataError> {
        let Annotation { id, image_id, category_id, bbox, area, .. } = annotation;
        let wrong = |key: &str, found: &dyn std::fmt::Display, expected: &str| {
            let place = format!("{}, annotations[{index}] (id {id}), {key:?}", self.name);
            Err(Place::of(place).error(found.to_string(), expected))
        };
        match () {
            () if self.image_index(*image_id).is_none() => {
                wrong("image_id", image_id, "the id of an image in \"images\"")
            }
            () if self.category_index(*category_id).is_none() => {
                wrong("category_id", category_id, "the id of a category in \"categories\"")
            }
            () if !bbox.is_valid() => wrong("bbox", bbox, A_BOX),
            () if !(area.is_finite() && *area >= 0.0) => {
                wrong("area", area, "a finite number that is not negative")
            }
            () => Ok(()),
        }
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is true of these images alone, which must be among [`images`](Self::images).
    pub fn of_images(&self, ids: &[i64]) -> GroundTruth {
        let kept = |id: &i64| ids.contains(id);
        GroundTruth {
            name: self.name.clone(),
            images: self.images.iter().copied().filter(kept).collect(),
            categories: self.categories.clone(),
            annotations: self.annotations.iter().filter(|a| kept(&a.image_id)).cloned().collect(),
        }
    }

    /// Ids of the images, ascending.
    pub fn images(&self) -> &[i64] {
        &self.images
    }

    /// The categories, by ascending id.
    pub fn categories(&self) -> &[Category] {
        &self.categories
    }

    /// The objects in the order given.
    pub fn annotations(&self) -> &[Annotation] {
        &self.annotations
    }

    /// Images with an object of the category that the fewest images have: the units by which the variance of
    /// an average over categories is known.
    pub fn images_of_rarest_category(&self) -> usize {
        let mut images: BTreeMap<i64, HashSet<i64>> = BTreeMap::new();
        for object in self.annotations.iter().filter(|object| !object.iscrowd) {
            images.entry(object.category_id).or_default().insert(object.image_id);
        }
        images.values().map(HashSet::len).min().unwrap_or(0)
    }

    /// Position of an image among [`images`](Self::images).
    pub(super) fn image_index(&self, id: i64) -> Option<usize> {
        self.images.binary_search(&id).ok()
    }

    /// Position of a category among [`categories`](Self::categories).
    pub fn category_index(&self, id: i64) -> Option<usize> {
        self.categories.binary_search_by_key(&id, |category| category.id).ok()
    }
}

impl Detection {
    /// Refuses a detection of an unknown image, with an unusable box or a score that is not finite.
    pub(super) fn check(&self, name: &str, index: usize, truth: &GroundTruth) -> Result<(), DataError> {
        let wrong = |key: &str, found: &dyn std::fmt::Display, expected: String| {
            let image = self.image_id;
            let place = format!("{name}, detections[{index}] (image {image}), {key:?}");
            Err(Place::of(place).error(found.to_string(), expected))
        };
        match () {
            () if truth.image_index(self.image_id).is_none() => {
                wrong("image_id", &self.image_id, format!("the id of an image in {}", truth.name()))
            }
            () if !self.bbox.is_valid() => wrong("bbox", &self.bbox, A_BOX.into()),
            () if !self.score.is_finite() => wrong("score", &self.score, "a finite number".into()),
            () => Ok(()),
        }
    }
}

fn unique(name: &str, list: &str, ids: impl Iterator<Item = i64>) -> Result<(), DataError> {
    let mut ids: Vec<(i64, usize)> = ids.enumerate().map(|(i, id)| (id, i)).collect();
    ids.sort_unstable();
    // The repetition that comes first in the file, so that the message does not depend on the ids.
    let again = ids
        .windows(2)
        .filter_map(|pair| match *pair {
            [(id, first), (same, second)] if id == same => Some((second, first, id)),
            _ => None,
        })
        .min();
    match again {
        Some((second, first, id)) => Err(Place::of(format!("{name}, {list}[{second}], \"id\""))
            .error(format!("{id} as in {list}[{first}]"), "ids that do not repeat")),
        None => Ok(()),
    }
}

fn as_zero_or_one<S: Serializer>(value: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(u8::from(*value))
}

fn zero_or_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match u8::deserialize(deserializer)? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(de::Error::custom(format!("iscrowd {other}, expected 0 or 1"))),
    }
}
