//! `losslab report --across`: comparisons on several data sets.

use crate::common::{complaint, printed};
use std::fs;
use std::path::{Path, PathBuf};

fn compare(folder: &Path, data: &str, extra: &[&str]) -> PathBuf {
    let out = folder.join(data.replace(['=', ','], "_"));
    let given = ["compare", "--loss", "ce", "--loss", "focal", "--seeds", "2", "--epochs", "1", "--quiet"];
    printed(&[&given[..], &["--synthetic", data, "--out", out.to_str().unwrap()], extra].concat());
    out
}

#[test]
fn data_sets_are_reported_together_or_refused() {
    let keep = tempfile::tempdir().unwrap();
    let first = compare(keep.path(), "rows=110,ratio=10", &[]);
    let second = compare(keep.path(), "rows=220,ratio=10", &["--lr", "0.01"]);
    let other = compare(keep.path(), "rows=330,ratio=10", &["--metric", "brier"]);
    let [a, b, other] = [&first, &second, &other].map(|path| path.to_str().unwrap());

    let text = printed(&["report", "--across", a, b]);
    // One epoch is too short to be judged.
    assert!(
        text.contains("verdict: No conclusion from 0 informative data sets, 6 more are needed"),
        "{text}"
    );
    assert_eq!(text.matches("not trained out").count(), 2, "{text}");
    assert!(text.contains("was trained otherwise than") && text.contains("--out DIR writes"), "{text}");
    let out = keep.path().join("out");
    let text = printed(&["report", "--across", a, b, "--out", out.to_str().unwrap()]);
    assert!(text.contains("across.html and across.json"), "{text}");
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("across.json")).unwrap()).unwrap();
    assert_eq!(json["overall"][0]["conclusion"], "too_few_sets");
    assert!(fs::read_to_string(out.join("across.html")).unwrap().contains("Which loss over 2 data sets?"));
    assert!(!first.join("across.json").exists());

    let lines = [
        complaint(&["report", "--across", a], keep.path()),
        complaint(&["report", "--across", a, b, a], keep.path()),
        complaint(&["report", "--across", a, other], keep.path()),
        complaint(&["report", "--across", a, b, "--out", a], keep.path()),
        complaint(&["report", "--across", a, "absent"], keep.path()),
    ];
    insta::assert_snapshot!(lines.concat());
}
