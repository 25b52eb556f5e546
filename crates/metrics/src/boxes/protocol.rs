//! The constants of COCO's evaluation of boxes: thresholds, area ranges and limits, to the last bit of
//! pycocotools.
//!
//! Source: `Params.setDetParams` of pycocotools 2.0; <https://cocodataset.org/#detection-eval>.

/// Number of IoU thresholds.
pub const IOU_COUNT: usize = 10;
/// Number of recall levels at which precision is read.
pub const RECALL_COUNT: usize = 101;
/// Most detections of one image and category, by score, that are looked at.
pub const MOST_DETECTIONS: usize = 100;

/// Ranges of areas in square pixels, both ends included: all, small, medium, large.
///
/// An object of exactly 32 x 32 pixels is small and medium, one of exactly 96 x 96 is medium and large.
pub const AREA_RANGES: [(f64, f64); 4] = [(0.0, 1e10), (0.0, 1024.0), (1024.0, 9216.0), (9216.0, 1e10)];

/// IoU thresholds .50, .55, ..., .95, as `numpy.linspace(.5, .95, 10)` rounds them.
pub fn iou_thresholds() -> [f64; IOU_COUNT] {
    linspace(0.5, 0.95)
}

/// Recall levels 0, .01, ..., 1, as `numpy.linspace(0, 1, 101)` rounds them.
pub fn recall_levels() -> [f64; RECALL_COUNT] {
    linspace(0.0, 1.0)
}

/// N numbers at equal distances, ends included: i times the step plus the start, and exactly `stop` at the
/// end.
fn linspace<const N: usize>(start: f64, stop: f64) -> [f64; N] {
    let step = (stop - start) / (N - 1) as f64;
    std::array::from_fn(|i| if i == N - 1 { stop } else { i as f64 * step + start })
}
