//! `--metric`: epochs, trials and verdicts follow the metric that was declared before the runs.

use crate::common::{complaint, determined, printed};
use losslab_testing::Files;
use serde_json::Value;
use std::path::Path;

/// The records of a comparison.
fn records(out: &Path) -> Vec<Value> {
    let files = std::fs::read_dir(out.join("runs")).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()).collect()
}

/// The validation metric of each epoch, where it was evaluated.
fn validation(record: &Value) -> Vec<(usize, f64)> {
    let epochs = record["epochs"].as_array().unwrap().iter();
    epochs
        .filter_map(|epoch| Some((epoch["epoch"].as_u64().unwrap() as usize, epoch["validation"].as_f64()?)))
        .collect()
}

/// The epoch of the first of the best.
fn best_epoch(values: &[(usize, f64)], higher_is_better: bool) -> usize {
    let sign = if higher_is_better { 1.0 } else { -1.0 };
    values.iter().rev().max_by(|a, b| (sign * a.1).total_cmp(&(sign * b.1))).unwrap().0
}

/// Checks all that follows the metric; returns the results.
#[track_caller]
fn assert_follows(text: &str, out: &Path, name: &str, higher_is_better: bool) -> Value {
    let results = determined(out);
    assert_eq!(results["metric"], name);
    let metric = results["metrics"].as_array().unwrap().iter().find(|metric| metric["name"] == name).unwrap();
    assert_eq!(metric["higher_is_better"], higher_is_better);
    let [title, words] = ["title", "words"].map(|key| metric[key].as_str().unwrap());
    assert!(text.contains(&format!("verdicts rest on {title}, against ce\n")), "{text}");
    let verdicts = &results["verdicts"];
    let comparison = &verdicts["comparisons"][0];
    for sentence in [&verdicts["sentence"], &comparison["sentence"]] {
        let sentence = sentence.as_str().unwrap();
        assert!(sentence.contains(words) && text.contains(sentence), "{sentence}\n{text}");
    }
    // The difference is that of the means of this metric.
    let mean = |arm: usize| results["summary"][arm]["metrics"][name]["mean"].as_f64().unwrap();
    let difference = comparison["difference"].as_f64().unwrap();
    assert!((difference - (mean(1) - mean(0))).abs() < 1e-9, "{difference}");
    for record in records(out) {
        let values = validation(&record);
        assert_eq!(record["best_epoch"], best_epoch(&values, higher_is_better), "{values:?}");
    }
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains(&format!("The metric that decides is {title}")), "{title}");
    results
}

const METRICS: [(&str, bool); 3] = [("log_loss", false), ("f1_tuned", true), ("roc_auc", true)];

#[test]
fn epochs_verdicts_and_results_follow_the_metric() {
    let files = Files::new();
    let compare = |name: &str, metric: &str| {
        let out = files.path(name);
        let arguments =
            ["compare", "--synthetic", "rows=1010,ratio=20", "--seeds", "3", "--epochs", "6", "--lr", "0.02"];
        let losses = ["--loss", "ce", "--loss", "focal", "--metric", metric, "--out", out.to_str().unwrap()];
        (printed(&[&arguments[..], &losses].concat()), out)
    };
    let mut seen = Vec::new();
    for (metric, higher_is_better) in METRICS {
        let (text, out) = compare(metric, metric);
        let results = assert_follows(&text, &out, metric, higher_is_better);
        assert_eq!(results["verdicts"]["design"]["kind"], "resplits");
        let epochs: Vec<Value> =
            results["runs"].as_array().unwrap().iter().map(|run| run["best_epoch"].clone()).collect();
        seen.push(epochs);
    }
    assert!(seen[0] != seen[1] || seen[1] != seen[2], "each metric chooses the same epochs: {seen:?}");
    // Average precision is the default, and its name changes nothing.
    let (text, out) = compare("named", "average_precision");
    let named = assert_follows(&text, &out, "average_precision", true);
    assert_eq!(
        named["verdicts"]["correction"],
        "Holm, over the comparison listed: every loss with the reference loss"
    );
}

#[test]
fn a_fixed_test_set_is_resampled_under_any_metric() {
    let files = Files::new();
    let row = |i: usize| format!("{},{},{}\n", i % 7, (i * i) % 11, usize::from(i.is_multiple_of(9)));
    let table = |rows: usize| format!("x,y,kind\n{}", (0..rows).map(row).collect::<String>());
    let (train, test) = (files.write("train.csv", table(200)), files.write("test.csv", table(90)));
    for (metric, higher_is_better) in METRICS {
        let out = files.path(metric);
        let data =
            ["--csv", train.to_str().unwrap(), "--test-csv", test.to_str().unwrap(), "--label", "kind"];
        let how = ["--seeds", "3", "--epochs", "3", "--loss", "ce", "--loss", "focal", "--metric", metric];
        let text = printed(&[&["compare"][..], &data, &how, &["--out", out.to_str().unwrap()]].concat());
        let results = assert_follows(&text, &out, metric, higher_is_better);
        let design = &results["verdicts"]["design"];
        assert_eq!((&design["kind"], &design["units"]), (&"fixed_test".into(), &90.into()));
        assert!(results["verdicts"]["comparisons"][0]["p"].is_f64(), "{}", results["verdicts"]);
    }
}

#[test]
fn trials_are_chosen_by_the_metric() {
    let files = Files::new();
    let out = files.path("out");
    let arguments =
        ["compare", "--synthetic", "rows=1010,ratio=20", "--seeds", "2", "--epochs", "2", "--tune"];
    let more = ["3", "--loss", "ce", "--metric", "log_loss", "--quiet", "--out", out.to_str().unwrap()];
    printed(&[&arguments[..], &more].concat());
    for run in determined(&out)["runs"].as_array().unwrap() {
        let trials = run["trials"].as_array().unwrap().iter();
        let values: Vec<(usize, f64)> =
            trials.map(|trial| trial["validation"].as_f64().unwrap()).enumerate().collect();
        assert_eq!(run["chosen"], best_epoch(&values, false), "{values:?}");
    }
}

#[test]
fn detectors_are_judged_by_a_metric_of_boxes() {
    let files = Files::new();
    let out = files.path("out");
    let scenes = ["compare", "--scenes", "images=9,size=40,ratio=60,classes=1,hard=0", "--seeds", "2"];
    let how = ["--epochs", "12", "--width", "8", "--batch", "3", "--loss", "ce", "--loss", "focal:gamma=2"];
    let text = printed(
        &[&scenes[..], &how, &["--metric", "ap50", "--lr", "0.01", "--out", out.to_str().unwrap()]].concat(),
    );
    let results = assert_follows(&text, &out, "ap50", true);
    assert_eq!(results["verdicts"]["design"]["kind"], "fixed_test");
}

#[test]
fn a_metric_of_another_task_is_refused() {
    let files = Files::new();
    let save = files.path("m");
    let mut lines = String::new();
    for arguments in [
        &["compare", "--synthetic", "rows=1010", "--metric", "ap50"][..],
        &["compare", "--scenes", "--metric", "roc_auc"],
        &["compare", "--synthetic", "rows=1010", "--metric", "macro_f1"],
        &["compare", "--synthetic", "rows=1010", "--metric", "auc"],
        &["compare", "--scenes", "--metric", "ap_50"],
        &["train", "--synthetic", "rows=1010", "--metric", "auc", "--save", save.to_str().unwrap()],
    ] {
        let out = files.path("out");
        let out = ["--out", out.to_str().unwrap()];
        let out = if arguments[0] == "compare" { &out[..] } else { &[] };
        lines += &complaint(&[arguments, out].concat(), files.0.path());
    }
    insta::assert_snapshot!(lines);
}

#[test]
fn a_metric_without_a_value_is_named_and_nothing_is_judged() {
    let files = Files::new();
    let out = files.path("out");
    let small = ["compare", "--synthetic", "rows=505,ratio=20", "--seeds", "2", "--epochs", "1", "--loss"];
    let text = printed(
        &[&small[..], &["ce", "--loss", "gce", "--metric", "precision", "--out", out.to_str().unwrap()]]
            .concat(),
    );
    assert!(text.contains("no verdict: precision is undefined in a run of every seed"), "{text}");
    assert!(determined(&out)["verdicts"].is_null());
}
