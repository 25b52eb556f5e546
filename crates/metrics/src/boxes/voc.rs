//! Pascal VOC's average precision of one class of detected boxes.
//!
//! Source: Everingham et al. 2010, section 4.2, and the development kit (`VOCevaldet.m`, `VOCap.m`).

use super::bounding_box::BoundingBox;
use crate::MetricError;
use std::collections::HashMap;

/// Least overlap of a detection that found its object; an overlap of exactly this much counts.
pub const VOC_IOU: f64 = 0.5;

/// How the curve of precision over recall becomes one number. Precision at a recall is the best at that
/// recall or higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VocRule {
    /// Area under the curve, since 2010.
    AllPoint,
    /// Mean of the precision at recalls 0, .1, ..., 1, until 2009.
    ElevenPoint,
}

/// One true object of the class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VocObject {
    /// The image it is in.
    pub image_id: i64,
    /// Where it is; see [`BoundingBox`] for VOC's corners.
    pub bbox: BoundingBox,
    /// True if neither finding nor missing it counts.
    pub difficult: bool,
}

/// One detection of the class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VocDetection {
    /// The image it is in.
    pub image_id: i64,
    /// Where it is.
    pub bbox: BoundingBox,
    /// How sure the detector is, higher is surer; only the order counts.
    pub score: f64,
}

/// Average precision of one class, in [0, 1]; `None` without an object that counts.
///
/// By descending score (ties in the order given), each detection is compared with the object of its image
/// that it overlaps most, taken or not; of equal overlaps the first. From [`VOC_IOU`] on it is a true
/// positive, a false one if that object was found before, and does not count if the object is difficult;
/// below, it is a false positive. Boxes without area overlap nothing.
///
/// # Errors
/// If a score is not finite.
pub fn voc_average_precision(
    objects: &[VocObject],
    detections: &[VocDetection],
    rule: VocRule,
) -> Result<Option<f64>, MetricError> {
    if let Some((index, d)) = detections.iter().enumerate().find(|(_, d)| !d.score.is_finite()) {
        return Err(MetricError::NotFinite { index, value: d.score });
    }
    let count = objects.iter().filter(|object| !object.difficult).count();
    let curve = precisions(&verdicts(objects, detections));
    Ok((count > 0).then(|| match rule {
        VocRule::AllPoint => curve.iter().sum::<f64>() / count as f64,
        VocRule::ElevenPoint => (0..=10).map(|tenths| at_recall(&curve, tenths, count)).sum::<f64>() / 11.0,
    }))
}

/// True or false positive, by descending score; detections that do not count are left out.
fn verdicts(objects: &[VocObject], detections: &[VocDetection]) -> Vec<bool> {
    let mut of_image: HashMap<i64, Vec<usize>> = HashMap::new();
    for (i, object) in objects.iter().enumerate() {
        of_image.entry(object.image_id).or_default().push(i);
    }
    let mut order: Vec<&VocDetection> = detections.iter().collect();
    // Adding 0 makes -0 equal to 0.
    order.sort_by(|a, b| (b.score + 0.0).total_cmp(&(a.score + 0.0)));
    let mut taken = vec![false; objects.len()];
    let verdict = |detection: &VocDetection| {
        let candidates = of_image.get(&detection.image_id).map_or(&[][..], Vec::as_slice);
        let (mut best, mut overlap) = (None, 0.0);
        for &i in candidates {
            let iou = detection.bbox.iou(&objects[i].bbox);
            if iou > overlap {
                (best, overlap) = (Some(i), iou);
            }
        }
        match best.filter(|_| overlap >= VOC_IOU) {
            None => Some(false),
            Some(i) if objects[i].difficult => None,
            Some(i) => Some(!std::mem::replace(&mut taken[i], true)),
        }
    };
    order.into_iter().filter_map(verdict).collect()
}

/// The best precision at the recall of the k-th true positive or a higher one, for k = 1, 2, ...
fn precisions(verdicts: &[bool]) -> Vec<f64> {
    let mut curve = Vec::new();
    for (i, _) in verdicts.iter().enumerate().filter(|(_, hit)| **hit) {
        curve.push((curve.len() + 1) as f64 / (i + 1) as f64);
    }
    for k in (1..curve.len()).rev() {
        curve[k - 1] = curve[k - 1].max(curve[k]);
    }
    curve
}

/// Precision at a recall of `tenths` / 10 of `count` objects, 0 where that is not reached.
fn at_recall(curve: &[f64], tenths: usize, count: usize) -> f64 {
    // In whole numbers, since .3 and 3 x .1 differ: k true positives reach it if 10 k >= tenths x count.
    let hits = (tenths * count).div_ceil(10).max(1);
    curve.get(hits - 1).copied().unwrap_or(0.0)
}
