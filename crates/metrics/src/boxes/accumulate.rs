//! From the outcomes of one category to its average precision and recall (`COCOeval.accumulate`).

use super::matching::{Outcome, bit};
use super::protocol::{AREA_RANGES, IOU_COUNT, MOST_DETECTIONS, RECALL_COUNT};

/// Area range and most detections per image of the six average recalls: AR1, AR10, AR100, small, medium,
/// large.
pub(super) const RECALLS: [(usize, usize); 6] =
    [(0, 1), (0, 10), (0, MOST_DETECTIONS), (1, MOST_DETECTIONS), (2, MOST_DETECTIONS), (3, MOST_DETECTIONS)];

/// Precision and recall of a category at each IoU threshold; `None` where it has no object that counts.
pub(super) struct CategoryScores {
    /// Average precision per area range.
    pub precision: [Option<[f64; IOU_COUNT]>; AREA_RANGES.len()],
    /// Recall for each entry of [`RECALLS`].
    pub recall: [Option<[f64; IOU_COUNT]>; RECALLS.len()],
}

/// Scores a category from outcomes in the order of image ids and ranks, given its number of objects per area
/// range.
///
/// Sorts the outcomes by descending score; ties keep their order.
pub(super) fn accumulate(
    outcomes: &mut [Outcome],
    objects: [usize; AREA_RANGES.len()],
    levels: &[f64; RECALL_COUNT],
) -> CategoryScores {
    outcomes.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut precisions = Vec::with_capacity(outcomes.len());
    let mut precision =
        |area: usize, t: usize| interpolated(outcomes, bit(area, t), objects[area], levels, &mut precisions);
    CategoryScores {
        precision: std::array::from_fn(|area| {
            (objects[area] > 0).then(|| std::array::from_fn(|t| precision(area, t)))
        }),
        recall: RECALLS.map(|(area, most)| {
            let found = |t: usize| {
                let hits = |o: &&Outcome| o.rank < most && o.verdict(bit(area, t)) == Some(true);
                outcomes.iter().filter(hits).count() as f64
            };
            (objects[area] > 0).then(|| std::array::from_fn(|t| found(t) / objects[area] as f64))
        }),
    }
}

/// Mean over the recall levels of the best precision at that recall or a higher one, 0 where it is never
/// reached.
///
/// Recall only moves at a true positive, so precision is kept there alone: after the k-th, recall is k /
/// objects.
fn interpolated(
    outcomes: &[Outcome],
    bit: usize,
    objects: usize,
    levels: &[f64; RECALL_COUNT],
    precisions: &mut Vec<f64>,
) -> f64 {
    precisions.clear();
    let mut counted = 0.0;
    for hit in outcomes.iter().filter_map(|outcome| outcome.verdict(bit)) {
        counted += 1.0;
        if hit {
            // With pycocotools' `+ np.spacing(1)`: one of one is 1 - 2^-52.
            precisions.push((precisions.len() + 1) as f64 / (counted + f64::EPSILON));
        }
    }
    for k in (1..precisions.len()).rev() {
        precisions[k - 1] = precisions[k - 1].max(precisions[k]);
    }
    let mut sum = 0.0;
    let mut k = 0;
    for level in levels {
        while k < precisions.len() && ((k + 1) as f64 / objects as f64) < *level {
            k += 1;
        }
        sum += precisions.get(k).copied().unwrap_or(0.0);
    }
    sum / RECALL_COUNT as f64
}
