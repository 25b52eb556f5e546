//! Warnings about the data: where they are told, and that they can be made errors.

use crate::common::{complaint, losslab, printed, results};
use losslab::Lab;
use std::fmt::Write as _;
use std::path::Path;
use tempfile::TempDir;

/// A table of 300 rows with a column that is filled for the positives alone.
fn leaking(folder: &TempDir) -> String {
    let mut text = String::from("a,closed,y\n");
    for row in 0..300 {
        let (closed, y) = if row % 3 == 0 { (row.to_string(), 1) } else { (String::new(), 0) };
        writeln!(text, "{}.5,{closed},{y}", row * 7919 % 1009).unwrap();
    }
    let path = folder.path().join("table.csv");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

const SHORT: [&str; 8] = ["--label", "y", "--loss", "ce", "--seeds", "2", "--epochs", "1"];
const WARNING: &str = "warning: leaking-gaps: whether a value is missing in column \"closed\"";

#[test]
fn a_severe_warning_is_told_before_and_after_the_training_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (table, out) = (leaking(&folder), folder.path().join("out"));
    let place = ["--csv", &table, "--out", out.to_str().unwrap()];
    let compare = [&["compare"][..], &place, &SHORT].concat();
    let text = printed(&compare);
    let (before, after) = text.split_once("training 1 loss").unwrap();
    assert!(before.contains(WARNING), "{text}");
    let (_, below) = after.split_once("verdict").unwrap();
    assert!(below.contains(WARNING), "{text}");
    // Without notes it is told all the same, once.
    let quiet = printed(&[&compare[..], &["--quiet", "--fresh"]].concat());
    assert_eq!(quiet.matches(WARNING).count(), 1, "{quiet}");

    let found = results(&out)["warnings"].clone();
    assert_eq!((&found[0]["kind"], &found[0]["severity"]), (&"leaking-gaps".into(), &"severe".into()));
    assert!(found[0]["text"].as_str().unwrap().contains("\"closed\""), "{found}");
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    let (warnings, verdict) = (page.find("id=\"warnings\"").unwrap(), page.find("id=\"verdict\"").unwrap());
    assert!(warnings < verdict && page.contains("<strong>leaking-gaps</strong>"));

    let again = printed(&["report", out.to_str().unwrap()]);
    assert_eq!(again.matches(WARNING).count(), 2, "{again}");
    assert_eq!(results(&out)["warnings"], found);
}

#[test]
fn severe_warnings_are_errors_where_they_are_denied() {
    let folder = tempfile::tempdir().unwrap();
    let (table, out) = (leaking(&folder), folder.path().join("out"));
    let deny = ["--csv", &table, "--label", "y", "--deny-warnings"];
    let told = complaint(&[&["compare", "--out", out.to_str().unwrap()][..], &deny].concat(), folder.path());
    assert!(told.starts_with("error: --deny-warnings: leaking-gaps: whether a value is missing"), "{told}");
    assert!(!out.exists());
    let model = folder.path().join("m.safetensors");
    let train = [&["train", "--save", model.to_str().unwrap()][..], &deny].concat();
    assert_eq!(complaint(&train, folder.path()), told);
    assert!(!model.exists());
    // Each is named.
    let twice = [&["compare", "--out", out.to_str().unwrap(), "--test-csv", &table][..], &deny].concat();
    let told = complaint(&twice, folder.path());
    for kind in ["same-file: --csv and --test-csv", "leaking-gaps: ", "positives-in-two-parts: "] {
        assert!(told.contains(kind), "{told}");
    }
    // Without the column nothing is denied.
    let dropped = [&deny[..], &["--drop", "closed", "--epochs", "1", "--seeds", "1"]].concat();
    printed(&[&["compare", "--out", out.to_str().unwrap(), "--loss", "ce"][..], &dropped].concat());
    assert!(!results(&out)["warnings"].to_string().contains("severe"));
}

#[test]
fn predictions_on_training_rows_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let (table, model) = (leaking(&folder), folder.path().join("m.safetensors"));
    let model = model.to_str().unwrap();
    printed(&[
        "train", "--csv", &table, "--label", "y", "--drop", "closed", "--epochs", "1", "--save", model,
    ]);
    let predict = ["predict", "--model", model, "--csv", &table];
    let told = |arguments: &[&str]| {
        let output = losslab(&[&predict[..], arguments].concat());
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    // 60 % of 300 rows, of which each class gives its share.
    let expected = "scored-on-training-rows: 180 of 300 rows are among those";
    assert!(told(&["--label", "y"]).1.contains(&format!("warning: {expected}")));
    let (code, error) = told(&["--label", "y", "--deny-warnings"]);
    assert_eq!(code, Some(2));
    assert!(error.starts_with(&format!("error: --deny-warnings: {expected}")), "{error}");
    // Without labels nothing is scored.
    assert!(!told(&["--deny-warnings"]).1.contains("scored-on"));
    let mut new = String::from("a,y\n");
    (0..50).for_each(|row| writeln!(new, "{}.25,{}", row * 31 % 1009, row % 2).unwrap());
    let path = folder.path().join("new.csv");
    std::fs::write(&path, new).unwrap();
    let fresh =
        ["predict", "--model", model, "--csv", path.to_str().unwrap(), "--label", "y", "--deny-warnings"];
    printed(&fresh);
}

#[test]
fn the_table_of_checks_in_the_docs_is_the_registry() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/your-own-data.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, section) = page.split_once("## Warnings about the data").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
    let lab = Lab::standard();
    let infos = lab.checks.iter().map(|check| check.info());
    let expected: Vec<String> = infos
        .map(|info| format!("| `{}` | {} | {} |", info.kind, info.severity.name(), info.finds))
        .collect();
    assert_eq!(rows, expected);
    let listed = printed(&["models"]);
    lab.checks.iter().for_each(|check| assert!(listed.contains(check.info().kind), "{listed}"));
}
