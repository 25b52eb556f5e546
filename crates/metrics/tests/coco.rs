//! COCO's evaluation against pycocotools, and what is refused.

use losslab_metrics::boxes::{
    Annotation, Category, CocoResults, Detection, GroundTruth, evaluate, iou_thresholds, load_detections,
    recall_levels,
};
use losslab_testing::{Files, real_data};
use serde_json::Value;
use std::path::Path;

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/coco").join(name)
}

fn reference() -> Value {
    serde_json::from_str(&std::fs::read_to_string(fixture("reference.json")).unwrap()).unwrap()
}

fn score(truth: &Path, found: &Path) -> CocoResults {
    let truth = GroundTruth::load(truth).unwrap_or_else(|error| panic!("{error}"));
    let found = load_detections(found).unwrap_or_else(|error| panic!("{error}"));
    evaluate(&truth, "detections", &found).unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn assert_close(ours: Option<f64>, theirs: &Value, tolerance: f64, what: &str) {
    match (ours, theirs.as_f64()) {
        (None, None) => assert!(theirs.is_null(), "{what}: {theirs}"),
        (Some(a), Some(b)) => assert!((a - b).abs() <= tolerance, "{what}: {a}, pycocotools {b}"),
        other => panic!("{what}: {other:?}"),
    }
}

#[test]
fn thresholds_have_the_bits_of_numpy() {
    let reference = reference();
    assert_eq!(serde_json::to_value(iou_thresholds()).unwrap(), reference["iou"]);
    assert_eq!(serde_json::to_value(recall_levels().to_vec()).unwrap(), reference["recall"]);
}

#[test]
fn all_numbers_equal_those_of_pycocotools() {
    let reference = reference();
    for set in reference["sets"].as_array().unwrap() {
        let name = set["name"].as_str().unwrap();
        let results = score(&fixture(&format!("{name}_gt.json")), &fixture(&format!("{name}_dt.json")));
        for (i, ours) in results.stats().into_iter().enumerate() {
            assert_close(ours, &set["stats"][i], 1e-12, &format!("{name}, number {i}"));
        }
        assert_eq!(results.to_string(), set["lines"].as_str().unwrap(), "{name}");
        let categories = set["per_category"].as_array().unwrap();
        assert_eq!(results.per_category.len(), categories.len());
        for (ours, theirs) in results.per_category.iter().zip(categories) {
            assert_eq!((ours.id, &ours.name), (theirs[0].as_i64().unwrap(), &format!("class {}", theirs[0])));
            assert_close(ours.ap, &theirs[1], 1e-12, &format!("{name}, AP of {}", ours.name));
            assert_close(ours.ap50, &theirs[2], 1e-12, &format!("{name}, AP50 of {}", ours.name));
        }
    }
}

#[test]
fn the_published_numbers_of_coco_come_out() {
    let Some(folder) = real_data("coco_eval_check") else { return };
    let results = score(
        &folder.join("instances_val2014_100.json"),
        &folder.join("instances_val2014_fakebbox100_results.json"),
    );
    let ours: Vec<String> = results.stats().iter().map(|s| format!("{:.3}", s.unwrap())).collect();
    let published = [
        "0.505", "0.697", "0.573", "0.586", "0.519", "0.501", "0.387", "0.594", "0.595", "0.640", "0.566",
        "0.564",
    ];
    assert_eq!(ours, published);
    // pycocotools 2.0.11 on the same two files.
    let pycocotools = serde_json::json!(PUBLISHED_IN_FULL);
    for (i, ours) in results.stats().into_iter().enumerate() {
        assert_close(ours, &pycocotools[i], 1e-12, &format!("number {i}"));
    }
}

const PUBLISHED_IN_FULL: [f64; 12] = [
    0.5045806987249628,
    0.6969727247299577,
    0.5729816669904824,
    0.5856257209410443,
    0.5193996948036719,
    0.5013978986347466,
    0.38681277964578054,
    0.5936795762842003,
    0.595352982877607,
    0.6398109626113442,
    0.5664205978994309,
    0.5642905982905982,
];

#[test]
fn the_number_of_threads_changes_nothing() {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| score(&fixture("mixed_gt.json"), &fixture("mixed_dt.json")))
    };
    assert_eq!(on(1), on(4));
}

#[test]
fn without_detections_everything_is_missed() {
    let truth = GroundTruth::load(&fixture("mixed_gt.json")).unwrap();
    let results = evaluate(&truth, "detections", &[]).unwrap();
    assert_eq!(results.stats(), [Some(0.0); 12]);
}

fn small_truth() -> GroundTruth {
    let bbox = [0.0, 0.0, 10.0, 10.0].into();
    let cat = Category { id: 1, name: "cat".into() };
    let object = Annotation { id: 1, image_id: 5, category_id: 1, bbox, area: 100.0, iscrowd: false };
    GroundTruth::new("gt.json", vec![5], vec![cat], vec![object]).unwrap()
}

#[test]
fn detections_of_unknown_categories_are_counted_and_left_out() {
    let bbox = [0.0, 0.0, 10.0, 10.0].into();
    let found = [2, 1, 3].map(|category_id| Detection { image_id: 5, category_id, bbox, score: 0.5 });
    let results = evaluate(&small_truth(), "dt.json", &found).unwrap();
    assert_eq!((results.unknown_categories, results.ar1), (2, Some(1.0)));
    assert!(results.ap.unwrap() > 0.999_999, "{results:?}");
}

#[test]
fn messages_about_coco_files() {
    let files = Files::new();
    let mut lines = String::new();
    let mut note = |message: String| lines.extend([message.as_str(), "\n"]);
    let object =
        r#"{"id": 7, "image_id": 5, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12, "iscrowd": 0}"#;
    let with = |objects: &str| {
        let categories = r#"[{"id": 1, "name": "cat"}]"#;
        format!(r#"{{"images": [{{"id": 5}}], "categories": {categories}, "annotations": [{objects}]}}"#)
    };
    let changed = |from: &str, to: &str| {
        assert!(object.contains(from), "{from}");
        with(&format!("{object}, {}", object.replace("\"id\": 7", "\"id\": 8").replace(from, to)))
    };
    let truths = [
        String::new(),
        "images".into(),
        "[]".into(),
        r#"{"images": []}"#.into(),
        r#"{"images": {}}"#.into(),
        r#"{"images": [5]}"#.into(),
        r#"{"images": [{"id": "5"}]}"#.into(),
        r#"{"images": [{"id": 5}, {"id": 6}, {"id": 5}], "categories": [], "annotations": []}"#.into(),
        r#"{"images": [], "categories": [{"id": 1}], "annotations": []}"#.into(),
        r#"{"images": [], "categories": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}], "annotations": []}"#
            .into(),
        with(object).replace(r#""id": 7, "#, ""),
        with(&format!("{object}, {object}")),
        changed("\"image_id\": 5", "\"image_id\": 6"),
        changed("\"category_id\": 1", "\"category_id\": 2"),
        changed("\"category_id\": 1, ", ""),
        changed("[1, 2, 3, 4]", "[1, 2, 3]"),
        changed("[1, 2, 3, 4]", "[1, 2, 3, 4, 5]"),
        changed("[1, 2, 3, 4]", "[1, 2, NaN, 4]"),
        changed("[1, 2, 3, 4]", "[1, 2, -3, 4]"),
        changed("[1, 2, 3, 4]", "null"),
        changed("12", "-12"),
        changed("12", "1e999"),
        changed("\"area\": 12, ", ""),
        changed("\"iscrowd\": 0", "\"iscrowd\": 2"),
        with(object).replace("}]", "}"),
    ];
    for truth in truths {
        let path = files.write("gt.json", truth);
        note(files.message(GroundTruth::load(&path)));
    }
    note(files.message(GroundTruth::load(&files.path("missing.json"))));
    let found = r#"{"image_id": 5, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}"#;
    let changed = |from: &str, to: &str| {
        assert!(found.contains(from), "{from}");
        format!("[{found}, {}]", found.replace(from, to))
    };
    for detections in [
        "{}".into(),
        "[1]".into(),
        changed("\"image_id\": 5, ", ""),
        changed("\"image_id\": 5", "\"image_id\": 6"),
        changed("[1, 2, 3, 4]", "[]"),
        changed("[1, 2, 3, 4]", "[1, 2, 3, -4]"),
        changed("0.5", "\"0.5\""),
        changed("0.5", "NaN"),
        changed("0.5", "null"),
    ] {
        let path = files.write("dt.json", detections);
        let result = load_detections(&path).and_then(|d| evaluate(&small_truth(), "dt.json", &d));
        note(files.message(result));
    }
    insta::assert_snapshot!(lines);
}
