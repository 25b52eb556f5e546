//! The command line as a user meets it: what it prints, what it writes, and what it says of bad input.

use crate::common::{self, complaint, losslab};
use losslab_testing::Files;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder that vanishes with the test, and the path of a file in it.
fn folder() -> (tempfile::TempDir, impl Fn(&str) -> String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    (folder, move |name: &str| path.join(name).to_str().unwrap().to_owned())
}

fn results(folder: &str) -> Value {
    common::results(Path::new(folder))
}

fn determined(folder: &str) -> Value {
    common::determined(Path::new(folder))
}

/// The specs of a list of descriptions.
fn specs(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entry| entry["spec"].as_str().unwrap()).collect()
}

const SMALL: [&str; 6] = ["--synthetic", "rows=1010,ratio=100", "--seeds", "2", "--epochs", "4"];

#[test]
fn plain_losslab_compares_on_the_embedded_defaults() {
    let (_keep, path) = folder();
    let mut command = Command::new(env!("CARGO_BIN_EXE_losslab"));
    let out = command.args(["--seeds", "1", "--epochs", "2"]).current_dir(path("")).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(out.status.success());
    assert!(text.contains("Average precision") && text.contains("gamma=2"), "{text}");
    assert!(text.contains("AP50") && text.contains("easy negatives"), "{text}");

    let tabular = results(&path("losslab-results/001/tabular"));
    assert_eq!((&tabular["schema"], &tabular["complete"]), (&Value::from(4), &Value::from(true)));
    let losses = ["ce", "alpha-ce:alpha=0.75", "focal:gamma=2,alpha=0.25", "focal:gamma=2"];
    assert_eq!(specs(&tabular["losses"]), losses);
    assert_eq!(specs(&tabular["models"]), ["mlp"]);
    for (summary, loss) in tabular["summary"].as_array().unwrap().iter().zip(losses) {
        assert_eq!(summary["loss"], loss);
        assert!(summary["metrics"]["average_precision"]["mean"].is_f64(), "{summary}");
    }

    let scenes = results(&path("losslab-results/001/scenes"));
    assert_eq!(specs(&scenes["losses"]), ["ce", "focal:gamma=2,alpha=0.25"]);
    let run = &scenes["runs"][0];
    assert!(run["metrics"]["ap50"].is_f64() && run["per_category"].as_array().unwrap().len() == 3, "{run}");
    // What the paper is about: at the start easy negatives have most of cross-entropy's gradient, next to
    // none of focal's.
    let easy = |run: usize| scenes["runs"][run]["epochs"][0]["shares"]["easy_negatives"]["gradient"].as_f64();
    assert!(easy(0).unwrap() > 0.5 && easy(1).unwrap() < 0.05, "{:?} {:?}", easy(0), easy(1));
    for seed in ["retinanet__ce__0", "retinanet__focal_gamma=2,alpha=0.25__0"] {
        assert!(Path::new(&path(&format!("losslab-results/001/scenes/detections/{seed}.json"))).is_file());
    }
}

#[test]
fn the_embedded_table_is_learnt() {
    let (_keep, path) = folder();
    let out = path("");
    let table = ["compare", "--synthetic", "rows=20200", "--seeds", "5", "--quiet", "--out", &out];
    assert!(losslab(&table).status.success());
    for summary in results(&out)["summary"].as_array().unwrap() {
        let ap = &summary["metrics"]["average_precision"];
        assert_eq!(ap["n"], 5);
        // One positive in a hundred: a model that knows nothing has .01.
        assert!(ap["mean"].as_f64().unwrap() > 0.5 && ap["sd"].as_f64().unwrap() < 0.2, "{summary}");
    }
}

#[test]
fn results_do_not_depend_on_threads_or_on_the_run() {
    let (_keep, path) = folder();
    let mut seen = Vec::new();
    for (name, threads) in [("a", "1"), ("b", "2"), ("c", "4"), ("d", "1")] {
        let mut arguments = vec!["compare", "--quiet", "--threads", threads];
        let out = path(name);
        arguments.extend(SMALL);
        arguments.extend(["--out", &out]);
        assert!(losslab(&arguments).status.success());
        seen.push(determined(&out));
        assert_eq!(results(&out)["environment"]["threads"], threads.parse::<u64>().unwrap());
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn seeds_and_options_change_the_results() {
    let (_keep, path) = folder();
    let run = |name: &str, extra: &[&str]| {
        let out = path(name);
        let mut arguments = vec!["compare", "--quiet", "--loss", "ce", "--out", &out];
        arguments.extend(SMALL);
        arguments.extend(extra);
        assert!(losslab(&arguments).status.success(), "{extra:?}");
        determined(&out)["runs"].clone()
    };
    let base = run("base", &[]);
    for extra in [
        &["--seed", "2"][..],
        &["--lr", "0.01"],
        &["--batch", "64"],
        &["--hidden", "8"],
        &["--optimizer", "sgd"],
        &["--optimizer", "adamw"],
    ] {
        assert_ne!(run(&extra.concat(), extra), base, "{extra:?} changes nothing");
    }
    // Seeds 1 and 2 share seed 1 with seeds 0 and 1: the same run, whatever stands beside it.
    let shifted = run("shifted", &["--seed", "1"]);
    assert_eq!(shifted[0], base[1]);
}

#[test]
fn a_csv_with_its_own_test_set() {
    let (_keep, path) = folder();
    let row = |i: usize| {
        format!("{},{},{}\n", i % 7, (i * i) % 11, if i.is_multiple_of(9) { "bad" } else { "good" })
    };
    let table =
        |rows: usize| std::iter::once("x,y,kind\n".to_string()).chain((0..rows).map(row)).collect::<String>();
    std::fs::write(path("train.csv"), table(200)).unwrap();
    std::fs::write(path("test.csv"), table(90)).unwrap();
    let (train, test, out) = (path("train.csv"), path("test.csv"), path("out"));
    let output = losslab(&[
        "compare",
        "--csv",
        &train,
        "--label",
        "kind",
        "--test-csv",
        &test,
        "--seeds",
        "1",
        "--epochs",
        "2",
        "--out",
        &out,
    ]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && text.contains("200 rows x 2 columns, 23 positive (11.50 %)"),
        "{text}"
    );
    // The rarer label is taken as the positive one, and the output says so.
    assert!(text.contains("note: ") && text.contains("bad"), "{text}");
    let results = results(&out);
    assert_eq!(results["data"]["positive"], "bad");
    assert_ne!(results["data"]["fingerprint"], results["data"]["test_fingerprint"]);
}

#[test]
fn a_training_that_diverges_is_reported_and_the_others_go_on() {
    let (_keep, path) = folder();
    let out = path("out");
    let mut arguments = vec!["compare", "--lr", "1e30", "--optimizer", "sgd", "--loss", "ce", "--out", &out];
    arguments.extend(SMALL);
    let output = losslab(&arguments);
    assert!(output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("diverged: the loss was"));
    let results = results(&out);
    for run in results["runs"].as_array().unwrap() {
        assert!(run["diverged"].as_str().unwrap().contains("in epoch 1, step"), "{run}");
        assert_eq!(run["metrics"]["average_precision"], Value::Null);
        assert_eq!(run["epochs_run"], Value::Null);
    }
    assert_eq!(results["summary"][0]["metrics"]["average_precision"]["n"], 0);
}

#[test]
fn a_comparison_goes_on_and_its_record_and_table_say_how_a_run_diverged() {
    let files = Files::new();
    let arguments =
        ["compare", "--synthetic", "rows=505,ratio=20", "--loss", "ce", "--seeds", "1", "--lr", "1e30"];
    let output = Command::new(env!("CARGO_BIN_EXE_losslab"))
        .args(arguments)
        .args(["--loss", "focal", "--optimizer", "sgd", "--epochs", "2", "--quiet", "--out"])
        .arg(files.path("out"))
        .output()
        .unwrap();
    let shown = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    let note = "1 of 1 trainings diverged (seeds 0); the table is over the others; with seed 0 the loss was";
    assert!(shown.contains(&format!("ce: {note}")), "{shown}");
    let results = common::results(&files.path("out"));
    for run in results["runs"].as_array().unwrap() {
        let how = run["diverged"].as_str().unwrap();
        assert!(how.starts_with("diverged: the loss was ") && how.contains("linear_relu of layer"), "{how}");
        let page = std::fs::read_to_string(files.path("out/report.html")).unwrap();
        assert!(page.contains("linear_relu of layer"));
    }
}

#[test]
fn a_threshold_in_the_spec_moves_the_decisions_and_nothing_else() {
    let (_keep, path) = folder();
    let out = path("out");
    let mut arguments = vec!["compare", "--quiet", "--out", &out];
    for loss in ["ce", "ce+threshold", "ce+threshold:at=0.001"] {
        arguments.extend(["--loss", loss]);
    }
    arguments.extend(SMALL);
    assert!(losslab(&arguments).status.success());
    let results = results(&out);
    let metric = |loss: usize, name: &str| results["runs"][2 * loss]["metrics"][name].clone();
    for name in ["average_precision", "log_loss"] {
        assert_eq!(metric(0, name), metric(1, name));
        assert_eq!(metric(0, name), metric(2, name));
    }
    assert_eq!(metric(1, "f1"), metric(0, "f1_tuned"));
    assert_eq!(metric(2, "recall"), 1.0, "nearly everything is called positive from one in a thousand on");
    assert_ne!(metric(0, "recall"), metric(2, "recall"));
}

#[test]
fn bad_arguments_are_one_clear_line() {
    let (keep, path) = folder();
    let csv = path("data.csv");
    std::fs::write(&csv, "a,label\n1,0\n2,1\n3,0\n4,1\n5,0\n6,1\n").unwrap();
    let blocked = path("file");
    std::fs::write(&blocked, "").unwrap();
    let out = path("out");
    let cases: &[&[&str]] = &[
        &["--loss", "foo"],
        &["--loss", "focal:gamma=-1"],
        &["--loss", "focal:gamma=NaN"],
        &["--loss", "alpha-ce:alpha=1.5"],
        &["--loss", "focal:alpha"],
        &["--loss", "focal", "--loss", "focal:gamma=2"],
        &["--seeds", "0"],
        &["--seeds", "-1"],
        &["--seeds", "18446744073709551615"],
        &["--seeds", "10001"],
        &["--seed", "18446744073709551615"],
        &["--epochs", "0"],
        &["--batch", "0"],
        &["--hidden", "64,0"],
        &["--hidden", "wide"],
        &["--hidden", "100000,100000"],
        &["--patience", "1e6"],
        &["--lr", "0"],
        &["--lr", "NaN"],
        &["--lr", "fast"],
        &["--lr", "-1e300"],
        &["--seed", "-1"],
        &["--optimizer", "lion"],
        &["--synthetic", "ratio=1000000"],
        &["--synthetic", "rate=3"],
        &["--nonsense"],
        &["--csv", &csv],
        &["--label", "label"],
        &["--csv", &csv, "--label", "label", "--synthetic", "ratio=10"],
    ];
    let mut lines = String::new();
    for case in cases {
        let mut arguments = vec!["compare", "--out", &out];
        arguments.extend(*case);
        lines += &complaint(&arguments, keep.path());
    }
    lines += &complaint(&["compare", "--out", &path("file/below")], keep.path());
    lines += &complaint(&["compare", "--out", &blocked], keep.path());
    insta::assert_snapshot!(lines);
    assert!(!PathBuf::from(&out).exists(), "nothing is written for arguments that are refused");
}

#[test]
fn bad_files_are_one_clear_line_and_leave_no_results() {
    let (keep, path) = folder();
    let cases: [(&str, &[u8]); 9] = [
        ("empty.csv", b""),
        ("binary.csv", b"a,label\n\0\x01\xff,1\n"),
        ("no-label.csv", b"a,b\n1,0\n2,1\n"),
        ("one-class.csv", b"a,label\n1,0\n2,0\n"),
        ("tiny-class.csv", b"a,label\n1,0\n2,0\n3,0\n4,0\n5,1\n6,1\n"),
        ("text.csv", b"a,label\n1,0\nx,1\n"),
        ("infinite.csv", b"a,label\n1,0\ninf,1\n"),
        ("ragged.csv", b"a,label\n1,0\n2\n"),
        ("header.csv", b"a,label\n"),
    ];
    let out = path("out");
    let mut lines = String::new();
    for (name, bytes) in cases {
        std::fs::write(path(name), bytes).unwrap();
        lines += &complaint(
            &["compare", "--quiet", "--csv", &path(name), "--label", "label", "--out", &out],
            keep.path(),
        );
    }
    lines += &complaint(
        &["compare", "--quiet", "--csv", &path("absent.csv"), "--label", "label", "--out", &out],
        keep.path(),
    );
    insta::assert_snapshot!(lines);
    assert!(!Path::new(&out).join("results.json").exists());
}

#[test]
fn results_have_the_documented_schema() {
    let (_keep, path) = folder();
    let out = path("out");
    let mut arguments = vec!["compare", "--quiet", "--loss", "ce", "--loss", "focal", "--out", &out];
    arguments.extend(SMALL);
    assert!(losslab(&arguments).status.success());
    // Keys and types only: trained numbers are not recorded.
    fn shape(value: &Value) -> Value {
        match value {
            Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), shape(value))).collect(),
            // Whether a metric is defined depends on the training.
            Value::Null => "number".into(),
            Value::Array(items) => Value::Array(items.first().map(shape).into_iter().collect()),
            Value::Number(_) => "number".into(),
            Value::String(_) => "string".into(),
            Value::Bool(_) => "bool".into(),
        }
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&shape(&results(&out))).unwrap());
}

#[test]
#[cfg(unix)]
fn an_argument_that_is_no_text_is_named() {
    use std::os::unix::ffi::OsStrExt;
    let argument = std::ffi::OsStr::from_bytes(b"col\xff");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_losslab"));
    let output = command.args(["compare", "--csv", "d.csv", "--label"]).arg(argument).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(message, "error: \"col\\xFF\": found bytes that are not UTF-8, expected text\n");
}
