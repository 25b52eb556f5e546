//! Greedy non-maximum suppression.

use super::iou;
use std::cmp::Ordering;

/// The numbers of the boxes that stay, best first: by falling score, a box is dropped if its IoU with one
/// that stays is more than `iou_threshold`. Equal scores rank by number.
///
/// A NaN score ranks first and a box with NaN is never dropped, so that they do not disappear unseen.
///
/// # Panics
/// If there is not one score per box.
///
/// ```
/// use losslab_models::detection::nms;
/// let boxes = [[0.0, 0.0, 4.0, 4.0], [1.0, 0.0, 5.0, 4.0], [9.0, 0.0, 13.0, 4.0]];
/// assert_eq!(nms(&boxes, &[0.5, 0.9, 0.7], 0.5), [1, 2]); // IoU of the first two: 12 / 20
/// ```
#[track_caller]
pub fn nms(boxes: &[[f32; 4]], scores: &[f32], iou_threshold: f32) -> Vec<usize> {
    assert!(boxes.len() == scores.len(), "nms: {} boxes, {} scores", boxes.len(), scores.len());
    let mut order: Vec<usize> = (0..boxes.len()).collect();
    order.sort_by(|&a, &b| by_falling_score(scores[a], scores[b]).then(a.cmp(&b)));
    let ranked = order.iter().map(|&i| (boxes[i], 0));
    let kept = suppress(ranked, iou_threshold, usize::MAX);
    kept.into_iter().map(|place| order[place]).collect()
}

/// Places in `ranked`, boxes with their class from best to worst, of the first `most` that no better box of
/// the same class suppresses.
pub(super) fn suppress(
    ranked: impl Iterator<Item = ([f32; 4], usize)>,
    iou_threshold: f32,
    most: usize,
) -> Vec<usize> {
    let mut kept: Vec<([f32; 4], usize)> = Vec::new();
    let mut places = Vec::new();
    for (place, (bbox, class)) in ranked.enumerate() {
        if kept.len() == most {
            break;
        }
        if !kept.iter().any(|&(other, its_class)| its_class == class && iou(bbox, other) > iou_threshold) {
            kept.push((bbox, class));
            places.push(place);
        }
    }
    places
}

/// The larger score first, NaN before all numbers.
pub(super) fn by_falling_score(a: f32, b: f32) -> Ordering {
    b.partial_cmp(&a).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}
