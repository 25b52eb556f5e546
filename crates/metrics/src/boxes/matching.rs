//! Matches the detections of one image and category to its true objects, for all area ranges and IoU
//! thresholds at once.

use super::coco_set::{Annotation, Detection};
use super::protocol::{AREA_RANGES, IOU_COUNT};

/// What became of one detection. Bit [`bit`]`(area, threshold)` of each mask belongs to one way of matching.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    /// Finite, and never -0, so that `total_cmp` orders as numpy does.
    pub score: f64,
    /// Its place by score in its image and category, counted from 0.
    pub rank: usize,
    matched: u64,
    ignored: u64,
}

impl Outcome {
    /// `Some(true)` for a true positive, `Some(false)` for a false one, `None` if it does not count.
    pub fn verdict(&self, bit: usize) -> Option<bool> {
        (self.ignored >> bit & 1 == 0).then_some(self.matched >> bit & 1 == 1)
    }
}

/// Position of an area range and an IoU threshold in the masks of [`Outcome`]; 40 of 64 bits are used.
pub(super) fn bit(area: usize, threshold: usize) -> usize {
    area * IOU_COUNT + threshold
}

/// True if an area lies outside a range of [`AREA_RANGES`], whose ends belong to it.
fn outside(area: f64, range: usize) -> bool {
    area < AREA_RANGES[range].0 || area > AREA_RANGES[range].1
}

/// True if a true object does not count in an area range: a crowd, or of another size.
pub(super) fn is_ignored(truth: &Annotation, range: usize) -> bool {
    truth.iscrowd || outside(truth.area, range)
}

/// Buffers that one thread uses for image after image.
#[derive(Default)]
pub(super) struct Scratch {
    /// D x G overlaps, one row per detection.
    overlaps: Vec<f64>,
    /// The objects, those that count first.
    order: Vec<usize>,
    ignored: Vec<bool>,
    taken: Vec<bool>,
}

/// Matches detections, ordered by descending score, greedily to objects (`COCOeval.evaluateImg`); appends one
/// outcome for each detection.
///
/// A detection takes the free object it overlaps most, at least by the threshold; of equal overlaps the later
/// object. Objects that do not count are taken only where no other fits; a crowd can be taken again and
/// again. A detection on an object that does not count, or without an object and of another size, does not
/// count either.
pub(super) fn match_image(
    truths: &[&Annotation],
    detections: &[&Detection],
    thresholds: &[f64; IOU_COUNT],
    scratch: &mut Scratch,
    outcomes: &mut Vec<Outcome>,
) {
    scratch.overlaps.clear();
    for detection in detections {
        scratch.overlaps.extend(truths.iter().map(|truth| match truth.iscrowd {
            true => detection.bbox.share_inside(&truth.bbox),
            false => detection.bbox.iou(&truth.bbox),
        }));
    }
    let first = outcomes.len();
    outcomes.extend(detections.iter().enumerate().map(|(rank, detection)| Outcome {
        score: detection.score + 0.0,
        rank,
        matched: 0,
        ignored: 0,
    }));
    let outcomes = &mut outcomes[first..];
    for range in 0..AREA_RANGES.len() {
        scratch.order_for(range, truths);
        for (t, &threshold) in thresholds.iter().enumerate() {
            scratch.taken.fill(false);
            let bit = 1 << bit(range, t);
            for (d, (outcome, detection)) in outcomes.iter_mut().zip(detections).enumerate() {
                let found = scratch.best(d, truths, threshold);
                if let Some(g) = found {
                    scratch.taken[g] = true;
                }
                // pycocotools stores the object's id as the match and reads 0 as "none": an object with id 0
                // is never found.
                let matched = found.is_some_and(|g| truths[g].id != 0);
                let on_ignored = found.is_some_and(|g| scratch.ignored[g]);
                outcome.matched |= if matched { bit } else { 0 };
                let ignored = on_ignored || (!matched && outside(detection.bbox.area(), range));
                outcome.ignored |= if ignored { bit } else { 0 };
            }
        }
    }
}

impl Scratch {
    fn order_for(&mut self, range: usize, truths: &[&Annotation]) {
        self.ignored.clear();
        self.ignored.extend(truths.iter().map(|truth| is_ignored(truth, range)));
        self.taken.resize(truths.len(), false);
        self.order.clear();
        for ignored in [false, true] {
            self.order.extend((0..truths.len()).filter(|&g| self.ignored[g] == ignored));
        }
    }

    /// The object that detection `d` takes.
    fn best(&self, d: usize, truths: &[&Annotation], threshold: f64) -> Option<usize> {
        let overlaps = &self.overlaps[d * truths.len()..][..truths.len()];
        let mut least = threshold.min(1.0 - 1e-10);
        let mut best: Option<usize> = None;
        for &g in &self.order {
            if self.taken[g] && !truths[g].iscrowd {
                continue;
            }
            if self.ignored[g] && best.is_some_and(|b| !self.ignored[b]) {
                break;
            }
            if overlaps[g] >= least {
                least = overlaps[g];
                best = Some(g);
            }
        }
        best
    }
}
