//! COCO's numbers on resamples of the test images: detections are matched once, and each image counts as
//! often as it was drawn.

use super::accumulate::{CategoryScores, RECALLS};
use super::coco_set::{Category, Detection, GroundTruth};
use super::evaluate::group;
use super::matching::{Outcome, bit};
use super::protocol::{AREA_RANGES, IOU_COUNT, RECALL_COUNT, recall_levels};
use super::summary::CocoResults;
use losslab_base::DataError;
use std::ops::Range;

/// One evaluation of detections, ready to be weighted by image.
#[derive(Clone, Debug)]
pub struct WeightedBoxes {
    images: usize,
    categories: Vec<Category>,
    /// What each category's numbers are made of.
    matched: Vec<Matched>,
    levels: [f64; RECALL_COUNT],
    unknown_categories: usize,
}

/// The detections of one category, matched.
#[derive(Clone, Debug)]
struct Matched {
    /// For each area range: index of the image and number of objects that count, for each image that has
    /// some.
    objects: [Vec<(u32, u32)>; AREA_RANGES.len()],
    /// For each IoU threshold, objects of all sizes, by descending score: index of the image, and whether the
    /// detection is right. Detections that do not count, and those behind the last right one, are left out:
    /// they change nothing. AP, AP50 and AP75, which are wanted most, read these alone.
    of_all_sizes: [Vec<(u32, bool)>; IOU_COUNT],
    /// Index of the image and outcome of every detection, by descending score.
    outcomes: Vec<(u32, Outcome)>,
}

impl WeightedBoxes {
    /// Matches detections to the truth, see [`evaluate`](super::evaluate).
    ///
    /// # Errors
    /// As [`evaluate`](super::evaluate).
    pub fn new(truth: &GroundTruth, name: &str, detections: &[Detection]) -> Result<Self, DataError> {
        let (groups, unknown_categories) = group(truth, name, detections)?;
        let matched = groups.into_iter().map(|group| {
            let objects = std::array::from_fn(|range| group.objects_by_image(range));
            let mut outcomes = group.outcomes_by_image();
            outcomes.sort_by(|a, b| b.1.score.total_cmp(&a.1.score));
            Matched { objects, of_all_sizes: std::array::from_fn(|t| at_threshold(&outcomes, t)), outcomes }
        });
        Ok(Self {
            images: truth.images().len(),
            categories: truth.categories().to_vec(),
            matched: matched.collect(),
            levels: recall_levels(),
            unknown_categories,
        })
    }

    /// Number of images.
    pub fn images(&self) -> usize {
        self.images
    }

    /// AP if image i, by ascending id, were there `weights[i]` times; the copies of a detection stand side by
    /// side.
    ///
    /// `None` if no object is left. Weights of 1 give [`CocoResults::ap`], to the last bit.
    ///
    /// # Panics
    /// If there are not as many weights as images.
    #[track_caller]
    pub fn ap(&self, weights: &[u32]) -> Option<f64> {
        self.ap_over(0..IOU_COUNT, weights)
    }

    /// The same at IoU .50 alone.
    ///
    /// # Panics
    /// As [`ap`](Self::ap).
    #[track_caller]
    pub fn ap50(&self, weights: &[u32]) -> Option<f64> {
        self.ap_over(0..1, weights)
    }

    /// The same at IoU .75 alone.
    ///
    /// # Panics
    /// As [`ap`](Self::ap).
    #[track_caller]
    pub fn ap75(&self, weights: &[u32]) -> Option<f64> {
        self.ap_over(5..6, weights)
    }

    /// AP over some of the IoU thresholds.
    #[track_caller]
    fn ap_over(&self, thresholds: Range<usize>, weights: &[u32]) -> Option<f64> {
        self.check(weights);
        let (mut sum, mut n, mut curve) = (0.0, 0_usize, Vec::new());
        for category in &self.matched {
            let objects = weighted_sum(&category.objects[0], weights);
            if objects == 0 {
                continue;
            }
            for detections in &category.of_all_sizes[thresholds.clone()] {
                let detections = detections.iter().copied();
                sum += interpolated(detections, weights, objects, &self.levels, &mut curve);
                n += 1;
            }
        }
        (n > 0).then(|| sum / n as f64)
    }

    /// All of COCO's numbers if image i, by ascending id, were there `weights[i]` times.
    ///
    /// Weights of 1 give what [`evaluate`](super::evaluate) gives, to the last bit. Detections of unknown
    /// categories are counted without weights.
    ///
    /// # Panics
    /// If there are not as many weights as images.
    #[track_caller]
    pub fn results(&self, weights: &[u32]) -> CocoResults {
        self.check(weights);
        let mut curve = Vec::new();
        let scores: Vec<CategoryScores> =
            self.matched.iter().map(|category| category.scores(weights, &self.levels, &mut curve)).collect();
        CocoResults::new(&self.categories, &scores, self.unknown_categories)
    }

    #[track_caller]
    fn check(&self, weights: &[u32]) {
        assert!(weights.len() == self.images, "{} weights for {} images", weights.len(), self.images);
    }
}

impl Matched {
    /// What `accumulate` computes, with weights.
    fn scores(
        &self,
        weights: &[u32],
        levels: &[f64; RECALL_COUNT],
        curve: &mut Vec<(f64, f64)>,
    ) -> CategoryScores {
        let objects: [u64; AREA_RANGES.len()] =
            std::array::from_fn(|range| weighted_sum(&self.objects[range], weights));
        let mut precision = |area: usize, t: usize| {
            let counted = self
                .outcomes
                .iter()
                .filter_map(|(image, outcome)| outcome.verdict(bit(area, t)).map(|right| (*image, right)));
            interpolated(counted, weights, objects[area], levels, curve)
        };
        CategoryScores {
            precision: std::array::from_fn(|area| {
                (objects[area] > 0).then(|| std::array::from_fn(|t| precision(area, t)))
            }),
            recall: RECALLS.map(|(area, most)| {
                let found = |t: usize| -> u64 {
                    let right = |o: &Outcome| o.rank < most && o.verdict(bit(area, t)) == Some(true);
                    let hits = self.outcomes.iter().filter(|(_, outcome)| right(outcome));
                    hits.map(|(image, _)| u64::from(weights[*image as usize])).sum()
                };
                (objects[area] > 0).then(|| std::array::from_fn(|t| found(t) as f64 / objects[area] as f64))
            }),
        }
    }
}

/// Number of objects, each as often as its image.
fn weighted_sum(objects: &[(u32, u32)], weights: &[u32]) -> u64 {
    objects.iter().map(|&(image, count)| u64::from(weights[image as usize]) * u64::from(count)).sum()
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

/// Mean over the recall levels of the best precision at that recall or a higher one, as `accumulate` computes
/// it.
///
/// Of the copies of a right detection the last has the best precision, which then holds for the others, too.
fn interpolated(
    detections: impl Iterator<Item = (u32, bool)>,
    weights: &[u32],
    objects: u64,
    levels: &[f64; RECALL_COUNT],
    curve: &mut Vec<(f64, f64)>,
) -> f64 {
    curve.clear();
    let (mut hits, mut counted) = (0_u64, 0_u64);
    for (image, right) in detections {
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
