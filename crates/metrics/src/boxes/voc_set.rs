//! Pascal VOC's evaluation of a whole set: average precision of each category, and their mean.

use super::coco_set::{Detection, GroundTruth};
use super::voc::{VocDetection, VocObject, VocRule, voc_average_precision};
use crate::MetricError;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Pascal VOC's numbers, at IoU .50.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VocResults {
    /// `all-point` or `11-point`.
    pub rule: String,
    /// Mean over the categories with objects; none without any.
    pub mean_ap: Option<f64>,
    /// Each category by itself, by ascending id.
    pub per_category: Vec<VocCategory>,
}

/// One category; none without objects that count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VocCategory {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Average precision.
    pub ap: Option<f64>,
}

/// Scores detections as Pascal VOC's development kit does; what is a crowd in the truth counts as difficult.
///
/// # Errors
/// If a score is not finite.
pub fn evaluate_voc(
    truth: &GroundTruth,
    detections: &[Detection],
    rule: VocRule,
) -> Result<VocResults, MetricError> {
    let category = |id: i64, name: &str| {
        let objects: Vec<VocObject> = truth
            .annotations()
            .iter()
            .filter(|object| object.category_id == id)
            .map(|o| VocObject { image_id: o.image_id, bbox: o.bbox, difficult: o.iscrowd })
            .collect();
        let found: Vec<VocDetection> = detections
            .iter()
            .filter(|found| found.category_id == id)
            .map(|d| VocDetection { image_id: d.image_id, bbox: d.bbox, score: d.score })
            .collect();
        let ap = voc_average_precision(&objects, &found, rule)?;
        Ok(VocCategory { id, name: name.into(), ap })
    };
    let per_category = truth
        .categories()
        .iter()
        .map(|c| category(c.id, &c.name))
        .collect::<Result<Vec<_>, MetricError>>()?;
    let defined: Vec<f64> = per_category.iter().filter_map(|category| category.ap).collect();
    let mean_ap = (!defined.is_empty()).then(|| defined.iter().sum::<f64>() / defined.len() as f64);
    Ok(VocResults { rule: rule.to_string(), mean_ap, per_category })
}

impl fmt::Display for VocRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            VocRule::AllPoint => "all-point",
            VocRule::ElevenPoint => "11-point",
        })
    }
}

impl fmt::Display for VocResults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |ap: Option<f64>| ap.map_or_else(|| "-".into(), |ap| format!("{ap:.3}"));
        for category in &self.per_category {
            writeln!(f, " AP of {} ({}, IoU=0.50) = {}", category.name, self.rule, show(category.ap))?;
        }
        writeln!(f, " Mean AP ({}, IoU=0.50) = {}", self.rule, show(self.mean_ap))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boxes::{Annotation, Category};

    #[test]
    fn each_category_counts_alike_and_one_without_objects_not_at_all() {
        let categories = [1, 2, 3].map(|id| Category { id, name: format!("c{id}") }).to_vec();
        let object = |id, category_id, x: f64, iscrowd| {
            let bbox = [x, 0.0, 10.0, 10.0].into();
            Annotation { id, image_id: 1, category_id, bbox, area: 100.0, iscrowd }
        };
        let objects = vec![
            object(1, 1, 0.0, false),
            object(2, 1, 50.0, false),
            object(3, 2, 0.0, false),
            object(4, 3, 0.0, true),
        ];
        let truth = GroundTruth::new("truth", vec![1], categories, objects).unwrap();
        let found = |category_id, x: f64, score| Detection {
            image_id: 1,
            category_id,
            bbox: [x, 0.0, 10.0, 10.0].into(),
            score,
        };
        // Category 1: one of two found, after a false one: precision 1/2 at recall 1/2. Category 2: found.
        let detections = [found(1, 90.0, 0.9), found(1, 0.0, 0.8), found(2, 1.0, 0.1)];
        let all = evaluate_voc(&truth, &detections, VocRule::AllPoint).unwrap();
        assert_eq!(all.per_category.iter().map(|c| c.ap).collect::<Vec<_>>(), [Some(0.25), Some(1.0), None]);
        assert_eq!(all.mean_ap, Some(0.625));
        let eleven = evaluate_voc(&truth, &detections, VocRule::ElevenPoint).unwrap();
        assert_eq!(eleven.per_category[0].ap, Some(0.5 * 6.0 / 11.0));
    }
}
