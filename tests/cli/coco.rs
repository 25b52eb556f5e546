//! `losslab coco-eval` as a user meets it.

use losslab_testing::Files;
use serde_json::Value;
use std::process::{Command, Output};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/crates/metrics/tests/fixtures/coco");

fn coco_eval(gt: &str, dt: &str, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_losslab"));
    command.args(["coco-eval", "--gt", gt, "--dt", dt]).args(more).output().unwrap()
}

#[track_caller]
fn succeed(name: &str, more: &[&str]) -> (String, String) {
    let [gt, dt] = ["gt", "dt"].map(|kind| format!("{FIXTURES}/{name}_{kind}.json"));
    let output = coco_eval(&gt, &dt, more);
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success(), "{err}");
    (out, err.replace(FIXTURES, "DIR"))
}

#[test]
fn the_lines_are_those_of_pycocotools() {
    let reference = std::fs::read_to_string(format!("{FIXTURES}/reference.json")).unwrap();
    let reference: Value = serde_json::from_str(&reference).unwrap();
    for set in reference["sets"].as_array().unwrap() {
        let (out, _) = succeed(set["name"].as_str().unwrap(), &[]);
        assert_eq!(out, set["lines"].as_str().unwrap());
    }
    let (out, err) = succeed("mixed", &[]);
    insta::assert_snapshot!(out);
    assert_eq!(err, "");
}

#[test]
fn the_json_has_the_documented_keys_and_null_for_what_is_undefined() {
    let (out, _) = succeed("no_objects", &["--json"]);
    insta::assert_snapshot!(out);
    let (out, _) = succeed("mixed", &["--json"]);
    let value: Value = serde_json::from_str(&out).unwrap();
    assert!(value["ap"].as_f64().unwrap() > 0.2, "{out}");
    assert_eq!(value["per_category"][0]["id"], 3);
}

#[test]
fn what_is_peculiar_is_said_on_standard_error() {
    let files = Files::new();
    let empty = files.write("empty.json", "[]");
    let other =
        files.write("other.json", r#"[{"image_id": 2, "category_id": 9, "bbox": [1, 2, 3, 4], "score": 1}]"#);
    let mut lines = succeed("zero_id", &[]).1;
    for dt in [empty, other] {
        let output = coco_eval(&format!("{FIXTURES}/mixed_gt.json"), dt.to_str().unwrap(), &[]);
        assert!(output.status.success());
        lines += &files.without_folder(&String::from_utf8(output.stderr).unwrap()).replace(FIXTURES, "DIR");
    }
    insta::assert_snapshot!(lines);
}

#[test]
fn bad_input_is_one_line_and_exit_code_2() {
    let files = Files::new();
    let found =
        files.write("dt.json", r#"[{"image_id": 99, "category_id": 3, "bbox": [1, 2, 3, 4], "score": 0.5}]"#);
    let text = files.write("text.json", "hello");
    let mut lines = String::new();
    let truth = format!("{FIXTURES}/mixed_gt.json");
    for (gt, dt) in [
        (truth.as_str(), found.to_str().unwrap()),
        (truth.as_str(), text.to_str().unwrap()),
        (text.to_str().unwrap(), found.to_str().unwrap()),
        (truth.as_str(), "missing.json"),
        (truth.as_str(), truth.as_str()),
    ] {
        let output = coco_eval(gt, dt, &["--json"]);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
        lines += &files.without_folder(&message).replace(FIXTURES, "DIR");
    }
    insta::assert_snapshot!(lines);
}
