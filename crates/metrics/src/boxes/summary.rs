//! COCO's twelve numbers, and the lines they are printed in (`COCOeval.summarize`).

use super::accumulate::CategoryScores;
use super::coco_set::Category;
use super::protocol::IOU_COUNT;
use serde::{Deserialize, Serialize};
use std::fmt;

/// COCO's evaluation of detected boxes. A number is `None` (null in JSON) where no true object counts for it.
///
/// AP is the mean over IoU thresholds .50, .55, ..., .95 and over the categories with objects, AR likewise.
/// Small objects have areas up to 32^2, medium from there to 96^2, large from there; up to 100 detections per
/// image and category count, except for `ar1` and `ar10`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CocoResults {
    /// Average precision.
    pub ap: Option<f64>,
    /// At IoU .50 alone.
    pub ap50: Option<f64>,
    /// At IoU .75 alone.
    pub ap75: Option<f64>,
    /// On small objects.
    pub ap_small: Option<f64>,
    /// On medium objects.
    pub ap_medium: Option<f64>,
    /// On large objects.
    pub ap_large: Option<f64>,
    /// Average recall with one detection per image and category.
    pub ar1: Option<f64>,
    /// With ten.
    pub ar10: Option<f64>,
    /// With a hundred.
    pub ar100: Option<f64>,
    /// On small objects.
    pub ar_small: Option<f64>,
    /// On medium objects.
    pub ar_medium: Option<f64>,
    /// On large objects.
    pub ar_large: Option<f64>,
    /// Each category by itself, by ascending id.
    pub per_category: Vec<CategoryResult>,
    /// Number of detections left out because their category is not in the ground truth (as pycocotools does).
    #[serde(skip)]
    pub unknown_categories: usize,
}

/// Average precision of one category, all areas, 100 detections per image; `None` without objects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoryResult {
    /// Its id in the ground truth.
    pub id: i64,
    /// Its name there.
    pub name: String,
    /// Over all IoU thresholds.
    pub ap: Option<f64>,
    /// At IoU .50 alone.
    pub ap50: Option<f64>,
}

impl CocoResults {
    pub(super) fn new(
        categories: &[Category],
        scores: &[CategoryScores],
        unknown_categories: usize,
    ) -> CocoResults {
        let ap = |area: usize| mean(scores.iter().filter_map(|s| s.precision[area].as_ref()).flatten());
        let ap_at = |t: usize| mean(scores.iter().filter_map(|s| s.precision[0].as_ref()).map(|p| &p[t]));
        let ar = |setting: usize| mean(scores.iter().filter_map(|s| s.recall[setting].as_ref()).flatten());
        let of_category = |(category, scores): (&Category, &CategoryScores)| CategoryResult {
            id: category.id,
            name: category.name.clone(),
            ap: scores.precision[0].as_ref().and_then(|p: &[f64; IOU_COUNT]| mean(p.iter())),
            ap50: scores.precision[0].map(|p| p[0]),
        };
        CocoResults {
            ap: ap(0),
            ap50: ap_at(0),
            ap75: ap_at(5),
            ap_small: ap(1),
            ap_medium: ap(2),
            ap_large: ap(3),
            ar1: ar(0),
            ar10: ar(1),
            ar100: ar(2),
            ar_small: ar(3),
            ar_medium: ar(4),
            ar_large: ar(5),
            per_category: categories.iter().zip(scores).map(of_category).collect(),
            unknown_categories,
        }
    }

    /// The twelve numbers in the order of their lines.
    pub fn stats(&self) -> [Option<f64>; 12] {
        [
            self.ap,
            self.ap50,
            self.ap75,
            self.ap_small,
            self.ap_medium,
            self.ap_large,
            self.ar1,
            self.ar10,
            self.ar100,
            self.ar_small,
            self.ar_medium,
            self.ar_large,
        ]
    }
}

/// What each line is about: IoU, area, most detections.
const LINES: [(&str, &str, u32); 12] = [
    ("0.50:0.95", "all", 100),
    ("0.50", "all", 100),
    ("0.75", "all", 100),
    ("0.50:0.95", "small", 100),
    ("0.50:0.95", "medium", 100),
    ("0.50:0.95", "large", 100),
    ("0.50:0.95", "all", 1),
    ("0.50:0.95", "all", 10),
    ("0.50:0.95", "all", 100),
    ("0.50:0.95", "small", 100),
    ("0.50:0.95", "medium", 100),
    ("0.50:0.95", "large", 100),
];

/// The twelve lines of pycocotools, where a number that is undefined is -1.
impl fmt::Display for CocoResults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, ((iou, area, most), value)) in LINES.iter().zip(self.stats()).enumerate() {
            let (title, short) =
                if i < 6 { ("Average Precision", "(AP)") } else { ("Average Recall", "(AR)") };
            let value = value.unwrap_or(-1.0);
            writeln!(
                f,
                " {title:<18} {short} @[ IoU={iou:<9} | area={area:>6} | maxDets={most:>3} ] = {value:.3}"
            )?;
        }
        Ok(())
    }
}

fn mean<'a>(values: impl Iterator<Item = &'a f64>) -> Option<f64> {
    let (sum, n) = values.fold((0.0, 0usize), |(sum, n), value| (sum + value, n + 1));
    (n > 0).then(|| sum / n as f64)
}
