//! Pascal VOC's average precision against an independent numpy implementation.

use losslab_metrics::MetricError;
use losslab_metrics::boxes::{BoundingBox, VocDetection, VocObject, VocRule, voc_average_precision};
use serde_json::Value;

/// Corners that belong to the box, counted from 1, as VOC has them.
fn bbox(value: &Value) -> BoundingBox {
    let corner = |i: usize| value["corners"][i].as_f64().unwrap();
    let (x, y) = (corner(0) - 1.0, corner(1) - 1.0);
    BoundingBox { x, y, width: corner(2) - x, height: corner(3) - y }
}

fn object(value: &Value) -> VocObject {
    let difficult = value["difficult"].as_bool().unwrap();
    VocObject { image_id: value["image_id"].as_i64().unwrap(), bbox: bbox(value), difficult }
}

fn detection(value: &Value) -> VocDetection {
    let score = value["score"].as_f64().unwrap();
    VocDetection { image_id: value["image_id"].as_i64().unwrap(), bbox: bbox(value), score }
}

#[test]
fn both_rules_agree_with_numpy() {
    let text = include_str!("fixtures/coco/voc.json");
    let cases: Vec<Value> = serde_json::from_str(text).unwrap();
    assert_eq!(cases.len(), 5);
    for (i, case) in cases.iter().enumerate() {
        let objects: Vec<_> = case["objects"].as_array().unwrap().iter().map(object).collect();
        let detections: Vec<_> = case["detections"].as_array().unwrap().iter().map(detection).collect();
        for (rule, key) in [(VocRule::AllPoint, "all_point"), (VocRule::ElevenPoint, "eleven_point")] {
            let ours = voc_average_precision(&objects, &detections, rule).unwrap();
            match (ours, case[key].as_f64()) {
                (Some(a), Some(b)) => assert!((a - b).abs() < 1e-12, "case {i}, {key}: {a}, numpy {b}"),
                other => assert_eq!(other, (None, None), "case {i}, {key}"),
            }
        }
    }
}

/// One object of two found first, then a miss: precision is 1 up to recall 1/2 and 0 beyond.
#[test]
fn a_case_to_check_by_hand() {
    let object = |x: f64| VocObject { image_id: 1, bbox: [x, 0.0, 10.0, 10.0].into(), difficult: false };
    let found = |x: f64, score: f64| VocDetection { image_id: 1, bbox: [x, 0.0, 10.0, 10.0].into(), score };
    let objects = [object(0.0), object(50.0)];
    let detections = [found(100.0, 0.5), found(0.0, 0.9)];
    let ap = |rule| voc_average_precision(&objects, &detections, rule).unwrap().unwrap();
    assert_eq!(ap(VocRule::AllPoint), 0.5);
    assert_eq!(ap(VocRule::ElevenPoint), 6.0 / 11.0);
    assert_eq!(voc_average_precision(&objects, &[], VocRule::AllPoint), Ok(Some(0.0)));
    let nan = [found(0.0, 0.9), found(0.0, f64::NAN)];
    assert!(matches!(
        voc_average_precision(&objects, &nan, VocRule::AllPoint),
        Err(MetricError::NotFinite { index: 1, .. })
    ));
}
