//! What detectors are trained and judged on: three sets of images, and what follows from the training
//! objects.

use super::description::{AnchorCounts, CategoryObjects, ImageData, ImagePart};
use super::settings::{DetectorSettings, NormKind};
use super::targets::assign_objects;
use crate::limits;
use losslab_base::{DataError, Place};
use losslab_data::images::{ImageParts, ImageSet, Normalisation};
use losslab_models::detection::{AnchorConfig, Anchors, Assigned, suggest_stride};
use losslab_models::{DetectorConfig, Norm, Stage};
use rayon::prelude::*;

/// The width of the network that [`DetectorConfig::small`] describes.
const SMALL_WIDTH: usize = 24;
/// Groups of channels of group norm.
const GROUPS: usize = 8;

/// A detection problem, ready for trainings.
#[derive(Clone, Debug)]
pub struct DetectionProblem {
    /// The images.
    pub parts: ImageParts,
    /// The network's shape.
    pub network: DetectorConfig,
    /// The shapes of the anchors.
    pub anchor_shapes: AnchorConfig,
    /// The anchors of an image.
    pub anchors: Anchors,
    /// Mean and deviation of the training pixels, by which inputs are scaled.
    pub pixels: Normalisation,
    /// How the anchors of the training images, not augmented, are assigned.
    pub counts: AnchorCounts,
    /// Positive anchors of each category.
    pub positives: Vec<u64>,
}

impl DetectionProblem {
    /// Fits stride and anchors to the training objects, where the settings leave them open, and counts the
    /// imbalance.
    ///
    /// # Errors
    /// If no training image has an object to learn, or the settings describe no network.
    pub fn new(parts: ImageParts, settings: &DetectorSettings) -> Result<Self, DataError> {
        let train = &parts.train;
        let sizes = object_sizes(train);
        let stride = settings.stride.unwrap_or_else(|| suggest_stride(&sizes.concat()));
        let network = network(train, settings, stride);
        network.check().map_err(|error| {
            Place::of(format!("detector, {}", error.field)).error(error.found, error.expected)
        })?;
        let strides = network.strides();
        let cells = network.feature_sizes(train.height, train.width);
        let anchors = cells.iter().map(|[h, w]| h * w * settings.anchors).sum::<usize>();
        if anchors > limits::MOST_ANCHORS {
            let (found, expected) = (format!("{anchors} anchors in an image"), limits::MOST_ANCHORS);
            let hint = "a smaller image size, a larger stride or fewer anchors per cell";
            return Err(Place::of(&train.name).error(found, format!("at most {expected}: {hint}")));
        }
        let Some(anchor_shapes) = AnchorConfig::fitted(&balanced(&sizes), &strides, settings.anchors) else {
            return Err(
                Place::of(&train.name).error("no object to learn", "at least one box in the training images")
            );
        };
        let anchors = anchor_shapes.grid(train.height, train.width);
        let pixels = Normalisation::of(train);
        let mut problem = Self {
            positives: vec![0; train.categories.len()],
            counts: AnchorCounts::default(),
            network,
            anchor_shapes,
            anchors,
            pixels,
            parts,
        };
        problem.count();
        Ok(problem)
    }

    /// Counts what the anchors of the training images are assigned to.
    fn count(&mut self) {
        let Self { parts, anchors, .. } = &*self;
        let assigned: Vec<(AnchorCounts, Vec<u64>)> = parts
            .train
            .images
            .par_iter()
            .map(|image| {
                let (mut counts, mut of_category) =
                    (AnchorCounts::default(), vec![0; parts.train.categories.len()]);
                let (targets, objects) = assign_objects(&anchors.boxes, &image.objects);
                for assigned in targets {
                    match assigned {
                        Assigned::Negative => counts.negative += 1,
                        Assigned::Ignored => counts.ignored += 1,
                        Assigned::Positive(object) => {
                            counts.positive += 1;
                            of_category[objects[object].category] += 1;
                        }
                    }
                }
                (counts, of_category)
            })
            .collect();
        for (counts, of_category) in assigned {
            self.counts.positive += counts.positive;
            self.counts.negative += counts.negative;
            self.counts.ignored += counts.ignored;
            self.positives.iter_mut().zip(of_category).for_each(|(sum, n)| *sum += n);
        }
    }

    /// Negative and positive class logits of the training images: what losses that need class counts get.
    pub fn logit_counts(&self) -> [u64; 2] {
        let logits = (self.counts.positive + self.counts.negative) * self.network.classes as u64;
        [logits - self.counts.positive, self.counts.positive]
    }

    /// The problem as results describe it.
    pub fn describe(&self) -> ImageData {
        let ImageParts { name, train, validation, test } = &self.parts;
        let categories = train.categories.iter().enumerate().map(|(index, category)| CategoryObjects {
            id: category.id,
            name: category.name.clone(),
            objects: train
                .images
                .iter()
                .flat_map(|image| &image.objects)
                .filter(|object| object.category == index && !object.ignore)
                .count(),
            positive_anchors: self.positives[index],
        });
        let notes = [train, validation, test].into_iter().flat_map(|set| set.notes.iter().cloned());
        ImageData {
            name: name.clone(),
            size: [train.width, train.height],
            channels: train.channels,
            categories: categories.collect(),
            parts: [train, validation, test].map(part),
            stride: self.network.stride,
            anchor_shapes: self
                .anchor_shapes
                .shapes
                .iter()
                .map(|level| level.iter().map(|&[w, h]| [w as f32, h as f32]).collect())
                .collect(),
            anchors: self.counts,
            voc_rule: None,
            notes: notes.collect(),
        }
    }
}

/// Width and height of the objects to learn, by category.
fn object_sizes(set: &ImageSet) -> Vec<Vec<[f64; 2]>> {
    let mut sizes = vec![Vec::new(); set.categories.len()];
    for object in set.images.iter().flat_map(|image| &image.objects).filter(|object| !object.ignore) {
        sizes[object.category].push([object.bbox.width, object.bbox.height]);
    }
    sizes
}

/// The sizes of all categories, those of rare ones repeated until each category has about as many: anchors
/// fitted to all objects alike would be those of the frequent categories. (BCCD: of 9 anchors one fitted the
/// platelets, 1 object in 14, and they were found half as well.)
fn balanced(sizes: &[Vec<[f64; 2]>]) -> Vec<[f64; 2]> {
    let most = sizes.iter().map(Vec::len).max().unwrap_or_default();
    let repeated = |sizes: &Vec<[f64; 2]>| match sizes.len() {
        0 => Vec::new(),
        count => sizes.repeat((most + count / 2) / count),
    };
    sizes.iter().flat_map(repeated).collect()
}

/// The network of these settings for these images.
fn network(train: &ImageSet, settings: &DetectorSettings, stride: usize) -> DetectorConfig {
    let small = DetectorConfig::small(train.channels, train.categories.len(), stride, settings.levels);
    let scaled = |width: usize| width * settings.width / SMALL_WIDTH;
    DetectorConfig {
        stages: small.stages.iter().map(|s| Stage { width: scaled(s.width), depth: s.depth }).collect(),
        head_width: scaled(small.head_width),
        anchors_per_cell: settings.anchors,
        norm: match settings.norm {
            NormKind::Batch => Norm::Batch,
            NormKind::Group => Norm::Group(GROUPS),
            NormKind::None => Norm::None,
        },
        prior: settings.prior,
        ..small
    }
}

/// One part as results describe it.
fn part(set: &ImageSet) -> ImagePart {
    let objects =
        |image: &losslab_data::images::LabelledImage| image.objects.iter().filter(|o| !o.ignore).count();
    ImagePart {
        name: set.name.clone(),
        images: set.images.len(),
        without_objects: set.images.iter().filter(|image| objects(image) == 0).count(),
        objects: set.images.iter().map(objects).sum(),
        fingerprint: set.fingerprint(),
    }
}
