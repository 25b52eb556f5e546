//! Detectors on the command line: comparing, training, predicting, and what is said of bad input.

use crate::common::losslab;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

const SCENES: &str = "images=6,size=40,ratio=60,classes=2";
const SMALL: [&str; 7] = ["--epochs", "1", "--width", "8", "--batch", "3", "--quiet"];

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn compare_writes_results_detections_and_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let mut arguments =
        vec!["compare", "--scenes", SCENES, "--loss", "ce", "--loss", "focal:gamma=2", "--seeds", "1"];
    arguments.extend(SMALL);
    arguments.extend(["--out", out]);
    let output = losslab(&arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("AP50") && text.contains("easy negatives"), "{text}");
    let results = json(&folder.path().join("results.json"));
    assert_eq!(results["data"]["categories"][1]["name"], "triangle");
    assert!(results["data"]["anchors"]["positive"].as_u64().unwrap() > 0);
    assert_eq!(results["settings"]["normalizer"], "positives");
    assert_eq!(results["runs"][1]["loss"], "focal:gamma=2");
    for name in ["ap", "ap50", "ap75", "ap_small", "ar100"] {
        assert!(results["runs"][0]["metrics"].get(name).is_some(), "{name}");
    }
    let shares = &results["runs"][0]["epochs"][0]["shares"];
    let sum: f64 = ["easy_negatives", "hard_negatives", "positives"]
        .iter()
        .map(|group| shares[group]["gradient"].as_f64().unwrap())
        .sum();
    assert!((sum - 1.0).abs() < 1e-9, "{shares}");
    let picture = std::fs::read(folder.path().join("pictures/retinanet__focal_gamma=2.png")).unwrap();
    assert_eq!(picture[..4], *b"\x89PNG");
    assert!(json(&folder.path().join("detections/retinanet__ce__0.json")).is_array());
}

#[test]
fn a_trained_detector_finds_objects_in_a_folder_of_images() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (model, images, found) = (path("m.safetensors"), path("images"), path("found.json"));
    let mut arguments = vec!["train", "--scenes", SCENES, "--loss", "focal:gamma=2", "--save", &model];
    arguments.extend(SMALL);
    let output = losslab(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    std::fs::create_dir(&images).unwrap();
    let grey = losslab::data::images::Image::filled(60, 30, &[128]);
    std::fs::write(Path::new(&images).join("a.png"), losslab::data::images::encode_png(&grey)).unwrap();
    let output = losslab(&["predict", "--model", &model, "--images", &images, "--out", &found]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found = json(Path::new(&found));
    let first = &found[0];
    assert_eq!((&first["image_id"], &first["file_name"]), (&Value::from(1), &Value::from("a.png")));
    assert!(first["category"].is_string() && first["score"].as_f64().unwrap() > 0.0);

    let errors = [
        losslab(&["predict", "--model", &path("absent"), "--images", &images]),
        losslab(&["predict", "--model", &model, "--images", &path("nowhere")]),
        losslab(&["predict", "--model", &model, "--csv", &path("a.csv")]),
    ];
    let text: Vec<String> = errors
        .iter()
        .map(|output| {
            assert_eq!(output.status.code(), Some(2));
            String::from_utf8_lossy(&output.stderr).replace(folder.path().to_str().unwrap(), "DIR")
        })
        .collect();
    insta::assert_snapshot!(text.concat());
}

#[test]
fn bad_arguments_are_one_clear_line() {
    let cases: [&[&str]; 18] = [
        &["--scenes", "ratio=1"],
        &["--scenes", "colour=red"],
        &["--scenes", "--csv", "a.csv", "--label", "y"],
        &["--scenes", "--image-size", "64x64"],
        &["--scenes", "--stride", "3"],
        &["--scenes", "--levels", "4"],
        &["--scenes", "--anchors", "0"],
        &["--scenes", "--anchors", "1000000"],
        &["--scenes", "--width", "1000000"],
        &["--scenes", "--prior", "1"],
        &["--scenes", "--box-weight", "0"],
        &["--scenes", "--norm", "layer"],
        &["--scenes", "--normalizer", "batch"],
        &["--scenes", "--hidden", "64"],
        &["--scenes", "--loss", "ce+oversample"],
        &["--coco-train", "a.json"],
        &["--coco-train", "a.json", "--coco-val", "b.json", "--images", "nowhere"],
        &["--synthetic", "rows=1010", "--stride", "8"],
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::new();
    for case in cases {
        let mut arguments = vec!["compare"];
        arguments.extend(case);
        let output = Command::new(env!("CARGO_BIN_EXE_losslab"))
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{case:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(error.lines().count(), 1, "{case:?}: {error}");
        text += &error;
    }
    insta::assert_snapshot!(text);
    assert!(!folder.path().join("losslab-results").join("001").exists());
}
