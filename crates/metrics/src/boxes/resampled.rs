//! COCO's AP on resamples of the test images: detections are matched once, and each image counts as often as it was drawn.

use super::coco_set::{Detection, GroundTruth};
use super::evaluate::group;
use super::matching::{Outcome, bit};
use super::protocol::{IOU_COUNT, RECALL_COUNT, recall_levels};
use losslab_base::DataError;

/// One evaluation of detections, ready to be weighted by image.
#[derive(Clone, Debug)]
pub struct WeightedBoxAp {
    images: usize,
    categories: Vec<Category>,
    levels: [f64; RECALL_COUNT],
}

/// What one category's AP is made of.
#[derive(Clone, Debug)]
struct Category {
    /// Index of the image and number of objects that count, for each image that has some.
    objects: Vec<(u32, u32)>,
    /// For each IoU threshold, by descending score: index of the image, and whether the detection is right. Detections that
    /// do not count, and those behind the last right one, are left out: they change nothing.
    detections: [Vec<(u32, bool)>; IOU_COUNT],
}

impl WeightedBoxAp {
    /// Matches detections to the truth, see [`evaluate`](super::evaluate).
    ///
    /// # Errors
    /// As [`evaluate`](super::evaluate).
    pub fn new(truth: &GroundTruth, name: &str, detections: &[Detection]) -> Result<Self, DataError> {
        let (groups, _) = group(truth, name, detections)?;
        let categories = groups.into_iter().map(|group| {
            let objects = group.objects_by_image();
            let mut outcomes = group.outcomes_by_image();
            outcomes.sort_by(|a, b| b.1.score.total_cmp(&a.1.score));
            Category { objects, detections: std::array::from_fn(|t| at_threshold(&outcomes, t)) }
        });
        Ok(Self { images: truth.images().len(), categories: categories.collect(), levels: recall_levels() })
    }

    /// Number of images.
    pub fn images(&self) -> usize {
        self.images
    }

    /// AP if image i, by ascending id, were there `weights[i]` times; the copies of a detection stand side by side.
    ///
    /// `None` if no object is left. Weights of 1 give [`CocoResults::ap`](super::CocoResults::ap), to the last bit.
    ///
    /// # Panics
    /// If there are not as many weights as images.
    #[track_caller]
    pub fn with_weights(&self, weights: &[u32]) -> Option<f64> {
        assert!(weights.len() == self.images, "{} weights for {} images", weights.len(), self.images);
        let (mut sum, mut n, mut curve) = (0.0, 0_usize, Vec::new());
        for category in &self.categories {
            let weight = |&(image, count): &(u32, u32)| u64::from(weights[image as usize]) * u64::from(count);
            let objects: u64 = category.objects.iter().map(weight).sum();
            if objects == 0 {
                continue;
            }
            for detections in &category.detections {
                sum += interpolated(detections, weights, objects, &self.levels, &mut curve);
                n += 1;
            }
        }
        (n > 0).then(|| sum / n as f64)
    }
}

fn at_threshold(outcomes: &[(u32, Outcome)], threshold: usize) -> Vec<(u32, bool)> {
    let bit = bit(0, threshold);
    let mut counted: Vec<(u32, bool)> = outcomes
        .iter()
        .filter_map(|(image, outcome)| outcome.verdict(bit).map(|right| (*image, right)))
        .collect();
    let end = counted.iter().rposition(|(_, right)| *right).map_or(0, |last| last + 1);
    counted.truncate(end);
    counted
}

/// Mean over the recall levels of the best precision at that recall or a higher one, as `accumulate` computes it.
///
/// Of the copies of a right detection the last has the best precision, which then holds for the others, too.
fn interpolated(
    detections: &[(u32, bool)],
    weights: &[u32],
    objects: u64,
    levels: &[f64; RECALL_COUNT],
    curve: &mut Vec<(f64, f64)>,
) -> f64 {
    curve.clear();
    let (mut hits, mut counted) = (0_u64, 0_u64);
    for &(image, right) in detections {
        let weight = u64::from(weights[image as usize]);
        counted += weight;
        if right && weight > 0 {
            hits += weight;
            curve.push((hits as f64 / objects as f64, hits as f64 / (counted as f64 + f64::EPSILON)));
        }
    }
    for k in (1..curve.len()).rev() {
        if curve[k].1 > curve[k - 1].1 {
            curve[k - 1].1 = curve[k].1;
        }
    }
    let (mut sum, mut k) = (0.0, 0);
    for level in levels {
        while k < curve.len() && curve[k].0 < *level {
            k += 1;
        }
        sum += curve.get(k).map_or(0.0, |(_, precision)| *precision);
    }
    sum / RECALL_COUNT as f64
}

#[cfg(test)]
mod tests {
    use super::super::{Annotation, Category, evaluate};
    use super::*;
    use losslab_base::rng::Rng;

    /// A random problem on these images; images of the same number are alike.
    fn problem(copies: &[u64]) -> (GroundTruth, Vec<Detection>) {
        let (mut objects, mut found) = (Vec::new(), Vec::new());
        for (id, &image) in copies.iter().enumerate() {
            let mut rng = Rng::stream(7, image);
            for k in 0..1 + rng.below(4) {
                let category_id = 1 + (k % 2) as i64;
                let corner = [0, 1].map(|_| rng.below(60) as f64);
                let bbox = [corner[0], corner[1], 20.0, 16.0].into();
                let image_id = id as i64;
                let (id, iscrowd) = (objects.len() as i64 + 1, rng.below(9) == 0);
                objects.push(Annotation { id, image_id, category_id, bbox, area: 320.0, iscrowd });
                for _ in 0..rng.below(4) {
                    let moved = corner.map(|c| c + rng.below(4) as f64);
                    // No score twice but in copies of an image: ties would fall otherwise.
                    let score = rng.below(1 << 40) as f64;
                    found.push(Detection {
                        image_id,
                        category_id,
                        bbox: [moved[0], moved[1], 20.0, 16.0].into(),
                        score,
                    });
                }
            }
        }
        let categories = [1, 2, 3].map(|id| Category { id, name: id.to_string() }).to_vec();
        (GroundTruth::new("truth", (0..copies.len() as i64).collect(), categories, objects).unwrap(), found)
    }

    #[test]
    fn weights_are_copies_of_images() {
        let (truth, found) = problem(&[0, 1, 2, 3, 4, 5, 6, 7]);
        let weighted = WeightedBoxAp::new(&truth, "found", &found).unwrap();
        let plain = evaluate(&truth, "found", &found).unwrap().ap;
        assert!(plain.is_some_and(|ap| ap > 0.05 && ap < 0.95), "{plain:?}");
        assert_eq!(weighted.with_weights(&[1; 8]), plain);
        let weights = [2, 0, 1, 3, 0, 1, 1, 0];
        let copies: Vec<u64> =
            (0..8).flat_map(|i| std::iter::repeat_n(i as u64, weights[i] as usize)).collect();
        let (truth, found) = problem(&copies);
        let copied = evaluate(&truth, "found", &found).unwrap().ap.unwrap();
        let drawn = weighted.with_weights(&weights).unwrap();
        assert!((drawn - copied).abs() < 1e-12, "{drawn} {copied}");
        assert_eq!(weighted.with_weights(&[0; 8]), None);
    }
}
