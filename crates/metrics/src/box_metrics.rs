//! Metrics of detectors: COCO's twelve numbers, as entries of a list like those of classifiers.

use super::registry::{Compute, Metric};
use crate::boxes::CocoResults;

const NO_OBJECT: Option<&str> = Some("there is no such object");

/// One of the twelve numbers.
const fn entry(
    name: &'static str,
    title: &'static str,
    meaning: &'static str,
    value: fn(&CocoResults) -> Option<f64>,
) -> Metric {
    Metric {
        name,
        title,
        meaning,
        undefined: NO_OBJECT,
        higher_is_better: true,
        compute: Compute::Boxes(value),
    }
}

/// The metrics of detectors, in the order in which results and reports show them.
pub static BOX_METRICS: &[Metric] = &[
    entry("ap", "AP", "average precision, mean over IoU thresholds .50 to .95 and categories", |r| r.ap),
    entry("ap50", "AP50", "average precision at IoU .50", |r| r.ap50),
    entry("ap75", "AP75", "average precision at IoU .75", |r| r.ap75),
    entry("ap_small", "AP small", "average precision on objects of up to 32^2 pixels", |r| r.ap_small),
    entry("ap_medium", "AP medium", "average precision on objects of 32^2 to 96^2 pixels", |r| r.ap_medium),
    entry("ap_large", "AP large", "average precision on objects from 96^2 pixels on", |r| r.ap_large),
    entry("ar1", "AR1", "average recall with one detection per image and category", |r| r.ar1),
    entry("ar10", "AR10", "average recall with ten detections per image and category", |r| r.ar10),
    entry("ar100", "AR100", "average recall with 100 detections per image and category", |r| r.ar100),
    entry("ar_small", "AR small", "average recall on objects of up to 32^2 pixels", |r| r.ar_small),
    entry("ar_medium", "AR medium", "average recall on objects of 32^2 to 96^2 pixels", |r| r.ar_medium),
    entry("ar_large", "AR large", "average recall on objects from 96^2 pixels on", |r| r.ar_large),
];

/// The values of [`BOX_METRICS`], in their order.
pub fn evaluate_boxes(results: &CocoResults) -> Vec<(&'static str, Option<f64>)> {
    BOX_METRICS.iter().map(|metric| (metric.name, metric.compute.of_boxes(results))).collect()
}
