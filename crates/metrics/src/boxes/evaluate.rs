//! COCO's evaluation from end to end: detections grouped by category and image, matched, accumulated,
//! summarised.

use super::accumulate::{CategoryScores, accumulate};
use super::coco_set::{Annotation, Detection, GroundTruth};
use super::matching::{Outcome, Scratch, is_ignored, match_image};
use super::protocol::{AREA_RANGES, MOST_DETECTIONS, iou_thresholds, recall_levels};
use super::summary::CocoResults;
use losslab_base::DataError;
use rayon::prelude::*;

/// Images that a thread matches in one go: enough to be worth handing over, few enough to share one
/// category's images.
const IMAGES_PER_TASK: usize = 256;

/// Scores detections against the truth as pycocotools' `COCOeval` does for `bbox`, on the threads of rayon's
/// pool; the result does not depend on their number. `name` is what messages call the detections, such as the
/// path of their file.
///
/// Equal scores keep the order of image ids, and within an image that of `detections`. Detections of a
/// category that the truth does not know are left out and counted. Without any detection, all numbers are 0
/// (pycocotools refuses an empty list). An object whose id is 0 is never found: pycocotools takes the 0 for
/// "no match", and this function agrees with it.
///
/// # Errors
/// If a detection names an unknown image, has an unusable box or a score that is not finite.
pub fn evaluate(truth: &GroundTruth, name: &str, detections: &[Detection]) -> Result<CocoResults, DataError> {
    let (groups, unknown) = group(truth, name, detections)?;
    let scores: Vec<CategoryScores> = groups.into_par_iter().map(Group::scores).collect();
    Ok(CocoResults::new(truth.categories(), &scores, unknown))
}

/// Truth and detections by category, and the number of detections of a category that the truth does not know.
pub(super) fn group<'a>(
    truth: &'a GroundTruth,
    name: &str,
    detections: &'a [Detection],
) -> Result<(Vec<Group<'a>>, usize), DataError> {
    let mut groups: Vec<Group> = truth.categories().iter().map(|_| Group::default()).collect();
    for annotation in truth.annotations() {
        let image = truth.image_index(annotation.image_id);
        let category = truth.category_index(annotation.category_id);
        let (Some(image), Some(category)) = (image, category) else {
            unreachable!("checked by GroundTruth::new")
        };
        groups[category].truths.push((image, annotation));
    }
    let mut unknown = 0;
    for (i, detection) in detections.iter().enumerate() {
        detection.check(name, i, truth)?;
        match (truth.image_index(detection.image_id), truth.category_index(detection.category_id)) {
            (Some(image), Some(category)) => groups[category].detections.push((image, detection)),
            _ => unknown += 1,
        }
    }
    for group in &mut groups {
        group.sort();
    }
    Ok((groups, unknown))
}

/// What belongs to one category, each with the position of its image: by image, detections of one by score.
#[derive(Default)]
pub(super) struct Group<'a> {
    truths: Vec<(usize, &'a Annotation)>,
    detections: Vec<(usize, &'a Detection)>,
}

impl Group<'_> {
    fn sort(&mut self) {
        self.truths.sort_by_key(|(image, _)| *image);
        // Adding 0 makes -0 equal to 0, as it is in numpy; scores have been checked to be finite.
        let score = |detection: &Detection| detection.score + 0.0;
        self.detections.sort_by(|a, b| a.0.cmp(&b.0).then(score(b.1).total_cmp(&score(a.1))));
    }

    fn scores(self) -> CategoryScores {
        let objects = std::array::from_fn(|range| {
            self.truths.iter().filter(|(_, truth)| !is_ignored(truth, range)).count()
        });
        let mut outcomes = self.outcomes();
        accumulate(&mut outcomes, objects, &recall_levels())
    }

    /// The outcome of every detection, by image and rank.
    fn outcomes(&self) -> Vec<Outcome> {
        let thresholds = iou_thresholds();
        let truths: Vec<&Annotation> = self.truths.iter().map(|(_, truth)| *truth).collect();
        let detections: Vec<&Detection> = self.detections.iter().map(|(_, detection)| *detection).collect();
        let match_images = |images: &[Image]| {
            let (mut scratch, mut outcomes) = (Scratch::default(), Vec::new());
            for image in images {
                let of_image = &detections[image.detections.clone()];
                let counted = &of_image[..of_image.len().min(MOST_DETECTIONS)];
                match_image(&truths[image.truths.clone()], counted, &thresholds, &mut scratch, &mut outcomes);
            }
            outcomes
        };
        let parts: Vec<Vec<Outcome>> = self.images().par_chunks(IMAGES_PER_TASK).map(match_images).collect();
        parts.concat()
    }

    /// The same, each with the position of its image.
    pub(super) fn outcomes_by_image(&self) -> Vec<(u32, Outcome)> {
        let counted = self.images().into_iter().flat_map(|image| {
            let position = self.detections[image.detections.start].0 as u32;
            std::iter::repeat_n(position, image.detections.len().min(MOST_DETECTIONS))
        });
        counted.zip(self.outcomes()).collect()
    }

    /// Objects that count in an area range, by position of their image.
    pub(super) fn objects_by_image(&self, range: usize) -> Vec<(u32, u32)> {
        let counted = self.truths.iter().filter(|(_, truth)| !is_ignored(truth, range));
        let positions: Vec<usize> = counted.map(|(image, _)| *image).collect();
        positions.chunk_by(|a, b| a == b).map(|same| (same[0] as u32, same.len() as u32)).collect()
    }

    /// The images with detections, ascending, with what is in them.
    fn images(&self) -> Vec<Image> {
        let (mut t, mut images) = (0, Vec::new());
        let mut d = 0;
        while d < self.detections.len() {
            let image = self.detections[d].0;
            let end = d + self.detections[d..].partition_point(|(other, _)| *other == image);
            t += self.truths[t..].partition_point(|(other, _)| *other < image);
            let last = t + self.truths[t..].partition_point(|(other, _)| *other == image);
            images.push(Image { truths: t..last, detections: d..end });
            (t, d) = (last, end);
        }
        images
    }
}

struct Image {
    truths: std::ops::Range<usize>,
    detections: std::ops::Range<usize>,
}

// The masks of an outcome hold one bit for each pair.
const _: () = assert!(AREA_RANGES.len() * super::protocol::IOU_COUNT <= 64);
