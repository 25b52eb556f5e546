//! Pure functions around a detector: which anchors there are, which of them answer for which object, and how
//! logits and coded boxes become detections.
//!
//! A box is `[x1, y1, x2, y2]` in pixels, x to the right and y down, its sides at x1, y1 (left, top) and x2,
//! y2 (right, bottom): width `x2 - x1`, no pixel added.

mod anchors;
mod assign;
mod box_coding;
mod decode;
mod fit_anchors;
mod nms;

pub use anchors::{AnchorConfig, Anchors};
pub use assign::{AssignConfig, Assigned, assign};
pub use box_coding::{MAX_LOG_SCALE, decode, encode};
pub use decode::{DecodeConfig, ScoredBox, decode_detections};
pub use fit_anchors::{fit_anchors, suggest_stride};
pub use nms::nms;

/// The area two boxes share, divided by the area they cover together; 0 if that is 0. NaN if a coordinate is
/// NaN.
///
/// ```
/// use losslab_models::detection::iou;
/// assert_eq!(iou([0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.0]), 2.0 / 6.0);
/// ```
#[inline]
pub fn iou(a: [f32; 4], b: [f32; 4]) -> f32 {
    let shared = intersection(a, b);
    let together = area(a) + area(b) - shared;
    if together == 0.0 { 0.0 } else { shared / together }
}

/// Width times height.
#[inline]
fn area(b: [f32; 4]) -> f32 {
    (b[2] - b[0]) * (b[3] - b[1])
}

/// The area two boxes share. NaN if a coordinate is NaN.
#[inline]
fn intersection(a: [f32; 4], b: [f32; 4]) -> f32 {
    let side = |low: usize, high: usize| {
        let length = smaller(a[high], b[high]) - larger(a[low], b[low]);
        if length < 0.0 { 0.0 } else { length }
    };
    side(0, 2) * side(1, 3)
}

/// The smaller of two; NaN if either is (`f32::min` would drop it).
#[inline]
fn smaller(a: f32, b: f32) -> f32 {
    if a < b || a.is_nan() { a } else { b }
}

/// The larger of two; NaN if either is.
#[inline]
fn larger(a: f32, b: f32) -> f32 {
    if a > b || a.is_nan() { a } else { b }
}
