//! Runs as the unit of a comparison: kept as they end, resumed, merged, judged, and what is said of files
//! that do not fit.

use crate::common::{complaint, determined, losslab, printed};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SMALL: [&str; 9] =
    ["--synthetic", "rows=1010,ratio=100", "--seeds", "2", "--epochs", "3", "--loss", "ce", "--quiet"];

fn compare(out: &Path, extra: &[&str]) -> String {
    let mut arguments = vec!["compare"];
    arguments.extend(SMALL);
    arguments.extend(["--loss", "focal:gamma=2", "--out", out.to_str().unwrap()]);
    arguments.extend(extra);
    printed(&arguments)
}

fn modified(path: &Path) -> std::time::SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

#[test]
fn a_resumed_comparison_trains_what_is_missing_and_ends_with_the_same_results() {
    let keep = tempfile::tempdir().unwrap();
    let (whole, broken) = (keep.path().join("whole"), keep.path().join("broken"));
    compare(&whole, &[]);
    compare(&broken, &["--threads", "1"]);
    let run = |name: &str| broken.join("runs").join(name);
    // As after a kill: one run is missing, one is torn, and there are no results.
    fs::remove_file(run("mlp__ce__1.json")).unwrap();
    let text = fs::read(run("mlp__focal_gamma=2__0.json")).unwrap();
    fs::write(run("mlp__focal_gamma=2__0.json"), &text[..text.len() / 2]).unwrap();
    fs::remove_file(broken.join("results.json")).unwrap();
    let kept = modified(&run("mlp__ce__0.json"));

    let output = losslab(
        &[
            &["compare", "--resume", "--loss", "focal:gamma=2", "--out", broken.to_str().unwrap()][..],
            &SMALL[..8],
        ]
        .concat(),
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("resumed: 2 of 4 trainings are kept"), "{text}");
    assert!(text.contains("mlp__focal_gamma=2__0.json: not what losslab wrote: EOF"), "{text}");
    assert!(text.contains("2 trainings (2 kept from before)"), "{text}");
    assert_eq!(modified(&run("mlp__ce__0.json")), kept, "a run that was kept is written again");
    // The order of losses is that of the command, which differs here.
    let (mut a, mut b) = (determined(&whole), determined(&broken));
    for results in [&mut a, &mut b] {
        results["runs"].as_array_mut().unwrap().sort_by_key(|run| format!("{}{}", run["loss"], run["seed"]));
        assert_eq!(results["complete"], true);
    }
    assert_eq!(a["runs"], b["runs"]);

    compare(&broken, &["--resume"]);
    let bytes = |folder: &Path| {
        let text = fs::read_to_string(folder.join("results.json")).unwrap();
        text[..text.find("\"environment\"").unwrap()].to_owned()
    };
    assert_eq!(bytes(&whole), bytes(&broken));
}

#[test]
fn a_killed_comparison_is_resumed() {
    let keep = tempfile::tempdir().unwrap();
    let out = keep.path().join("out");
    let name = out.to_str().unwrap();
    let arguments = [
        "compare",
        "--synthetic",
        "rows=3030,ratio=100",
        "--loss",
        "ce",
        "--loss",
        "focal",
        "--seeds",
        "3",
        "--epochs",
        "12",
        "--quiet",
        "--out",
        name,
        "--threads",
        "1",
    ];
    let mut child = Command::new(env!("CARGO_BIN_EXE_losslab"))
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !out.join("runs/mlp__ce__0.json").exists() && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let first = modified(&out.join("runs/mlp__ce__0.json"));
    printed(&[&arguments[..], &["--resume"]].concat());
    assert_eq!(modified(&out.join("runs/mlp__ce__0.json")), first);
    let resumed = determined(&out);
    printed(&[&arguments[..], &["--fresh"]].concat());
    assert_ne!(modified(&out.join("runs/mlp__ce__0.json")), first, "with --fresh all runs are new");
    assert_eq!(resumed, determined(&out));
}

#[test]
fn a_comparison_of_other_data_or_settings_is_not_resumed() {
    let keep = tempfile::tempdir().unwrap();
    let out = keep.path().join("out");
    compare(&out, &[]);
    let (before, run) = (determined(&out), fs::read(out.join("runs/mlp__ce__0.json")).unwrap());
    let refused = |extra: &[&str]| {
        let mut arguments = vec!["compare", "--quiet", "--resume", "--out", out.to_str().unwrap()];
        arguments.extend(["--loss", "ce", "--seeds", "2"]);
        arguments.extend(extra);
        complaint(&arguments, keep.path())
    };
    let (rows, epochs) = (["--synthetic", "rows=1010,ratio=100"], ["--epochs", "3"]);
    let lines = [
        refused(&[&rows[..], &["--epochs", "4"]].concat()),
        refused(&[&rows[..], &epochs, &["--lr", "0.01"]].concat()),
        refused(&[&rows[..], &epochs, &["--metric", "roc_auc"]].concat()),
        refused(&[&rows[..], &epochs, &["--tune", "2"]].concat()),
        refused(&[&["--synthetic", "rows=1010,ratio=100,seed=1"][..], &epochs].concat()),
    ];
    insta::assert_snapshot!(lines.concat());
    assert_eq!(determined(&out), before);
    assert_eq!(fs::read(out.join("runs/mlp__ce__0.json")).unwrap(), run);

    // What may grow: seeds and losses; the reference may be another.
    let more = ["--loss=ce", "--loss=focal:gamma=2", "--loss=gce", "--seeds=3", "--reference=gce"];
    let place = ["compare", "--quiet", "--resume", "--out", out.to_str().unwrap()];
    printed(&[&place[..], &rows, &epochs, &more].concat());
    let after = determined(&out);
    assert_eq!((&after["complete"], after["runs"].as_array().unwrap().len()), (&true.into(), 9));
    assert_eq!(fs::read(out.join("runs/mlp__ce__0.json")).unwrap(), run);
}

#[test]
fn a_fresh_comparison_replaces_runs_and_leaves_other_files_alone() {
    let keep = tempfile::tempdir().unwrap();
    let out = keep.path().join("out");
    compare(&out, &[]);
    fs::write(out.join("runs/notes.json"), "{}").unwrap();
    fs::write(out.join("runs/notes.txt"), "mine").unwrap();
    let mut arguments = vec!["compare", "--fresh", "--out", out.to_str().unwrap()];
    arguments.extend(SMALL);
    printed(&arguments);
    let mut names: Vec<String> = fs::read_dir(out.join("runs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["mlp__ce__0.json", "mlp__ce__1.json", "notes.json", "notes.txt"]);
}

#[test]
fn report_rebuilds_and_merges_without_training() {
    let keep = tempfile::tempdir().unwrap();
    let folder = |name: &str| keep.path().join(name);
    let (both, ce, focal, merged) = (folder("both"), folder("ce"), folder("focal"), folder("merged"));
    compare(&both, &[]);
    let before = determined(&both);
    fs::remove_file(both.join("results.json")).unwrap();
    let text = printed(&["report", both.to_str().unwrap()]);
    assert!(text.contains("Average precision") && text.contains("verdict: "), "{text}");
    assert_eq!(determined(&both), before);

    let run = |out: &Path, loss: &str, extra: &[&str]| {
        let mut arguments = vec!["compare", "--loss", loss, "--out", out.to_str().unwrap()];
        arguments.extend(&SMALL[..6]);
        arguments.extend(extra);
        printed(&arguments);
    };
    run(&ce, "ce", &[]);
    run(&focal, "focal:gamma=2", &[]);
    let [a, b, m] = [&ce, &focal, &merged].map(|path| path.to_str().unwrap());
    printed(&["report", a, b, "--out", m]);
    assert_eq!(determined(&merged), before);
    assert_eq!(printed(&["report", "--quiet", m]), printed(&["report", "--quiet", both.to_str().unwrap()]));

    let other = folder("other");
    run(&other, "gce", &["--lr", "0.01"]);
    let o = other.to_str().unwrap();
    let empty = folder("empty");
    fs::create_dir(&empty).unwrap();
    let lines = [
        complaint(&["report", a, o, "--out", folder("more").to_str().unwrap()], keep.path()),
        complaint(&["report", a, b], keep.path()),
        complaint(&["report", a, b, "--out", a], keep.path()),
        complaint(&["report", empty.to_str().unwrap()], keep.path()),
        complaint(&["report"], keep.path()),
    ];
    insta::assert_snapshot!(lines.concat());
}

#[test]
fn the_reference_is_declared_before_the_runs() {
    let keep = tempfile::tempdir().unwrap();
    let out = keep.path().join("out");
    let mut arguments = vec!["compare", "--loss", "focal", "--out", out.to_str().unwrap()];
    arguments.extend(&SMALL[..8]);
    let text = printed(&[&arguments[..], &["--reference", "focal:gamma=2"]].concat());
    let declared = text.find("verdicts rest on Average precision, against focal:gamma=2\n").unwrap();
    assert!(declared < text.find("verdict: ").unwrap(), "{text}");
    let results = determined(&out);
    assert_eq!(results["reference"], serde_json::json!({"model": "mlp", "loss": "focal:gamma=2"}));
    assert_eq!(results["metric"], "average_precision");
    assert_eq!(results["verdicts"]["comparisons"][0]["label"], "ce");
    assert_eq!(results["verdicts"]["design"]["kind"], "resplits");
    let one = compare(&out, &["--seed", "1", "--resume"]);
    assert!(one.contains("verdict: "), "{one}");
    let rows = ["--synthetic", "rows=1010,ratio=100"];
    let quick = [&["compare", "--fresh"][..], &rows, &["--seeds", "1", "--epochs", "1", "--out"]].concat();
    let one = printed(&[&quick[..], &[out.to_str().unwrap()]].concat());
    assert!(one.contains("with one run no test is possible: run more seeds"), "{one}");
    let refused = [
        complaint(&[&arguments[..], &["--reference", "gce"]].concat(), keep.path()),
        complaint(&[&arguments[..], &["--loss-set", "quick"]].concat(), keep.path()),
        complaint(&["compare", "--loss-set", "large"], keep.path()),
    ];
    insta::assert_snapshot!(refused.concat());
}

#[test]
fn a_fixed_test_set_is_resampled() {
    let keep = tempfile::tempdir().unwrap();
    let path = |name: &str| keep.path().join(name).to_str().unwrap().to_owned();
    let row = |i: usize| format!("{},{},{}\n", i % 7, (i * i) % 11, usize::from(i.is_multiple_of(9)));
    let table =
        |rows: usize| -> String { ["x,y,kind\n".to_owned()].into_iter().chain((0..rows).map(row)).collect() };
    fs::write(path("train.csv"), table(200)).unwrap();
    fs::write(path("test.csv"), table(90)).unwrap();
    let text = printed(&[
        "compare",
        "--csv",
        &path("train.csv"),
        "--test-csv",
        &path("test.csv"),
        "--label",
        "kind",
        "--loss-set",
        "quick",
        "--seeds",
        "3",
        "--epochs",
        "2",
        "--quiet",
        "--out",
        &path("out"),
    ]);
    assert!(text.contains("3 seeds and one test set of 90 rows"), "{text}");
    let results = determined(&keep.path().join("out"));
    let design = &results["verdicts"]["design"];
    assert_eq!((&design["kind"], &design["units"]), (&"fixed_test".into(), &90.into()));
    assert!(results["verdicts"]["comparisons"][0]["p"].is_f64(), "{}", results["verdicts"]);
}

#[test]
fn detectors_are_resumed_and_judged_over_images() {
    let keep = tempfile::tempdir().unwrap();
    let (out, truth) = (keep.path().join("out"), keep.path().join("out/truth.json"));
    let name = out.to_str().unwrap();
    let arguments = [
        "compare",
        "--scenes",
        "images=6,size=40,ratio=60,classes=2",
        "--epochs",
        "1",
        "--width",
        "8",
        "--batch",
        "3",
        "--quiet",
        "--loss",
        "ce",
        "--loss",
        "focal:gamma=2",
        "--seeds",
        "2",
        "--out",
        name,
    ];
    printed(&arguments);
    let whole = determined(&out);
    assert_eq!(whole["verdicts"]["design"]["kind"], "fixed_test");
    assert_eq!(whole["metric"], "ap");
    // Detections without their run, and a run without its detections.
    fs::remove_file(out.join("runs/retinanet__ce__0.json")).unwrap();
    fs::remove_file(out.join("detections/retinanet__focal_gamma=2__1.json")).unwrap();
    printed(&[&arguments[..], &["--resume"]].concat());
    assert_eq!(determined(&out), whole);
    printed(&["report", "--quiet", name]);
    assert_eq!(determined(&out), whole);
    // What stands there is COCO's form.
    let found = out.join("detections/retinanet__ce__0.json");
    let ap = printed(&["coco-eval", "--gt", truth.to_str().unwrap(), "--dt", found.to_str().unwrap()]);
    assert!(ap.contains("Average Precision"), "{ap}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_is_done() {
    let keep = tempfile::tempdir().unwrap();
    let out = keep.path().join("out");
    let arguments = [
        "compare",
        "--synthetic",
        "rows=20200",
        "--loss",
        "ce",
        "--loss",
        "focal",
        "--seeds",
        "2",
        "--epochs",
        "4",
        "--threads",
        "1",
        "--out",
        out.to_str().unwrap(),
    ];
    let child = Command::new(env!("CARGO_BIN_EXE_losslab"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !out.join("runs/mlp__ce__0.json").exists() && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{error}");
    assert!(error.contains("of 4 trainings are done and kept; --resume trains the others"), "{error}");
    let results = determined(&out);
    assert_eq!(results["complete"], false);
    let runs = results["runs"].as_array().unwrap().len();
    assert!((1..4).contains(&runs), "{runs}");
    assert!(!out.join("losslab-owner.json").exists(), "the folder is given back");
    let text = printed(&[&arguments[..], &["--resume"]].concat());
    assert!(text.contains(&format!("resumed: {runs} of 4")), "{text}");
    assert_eq!(determined(&out)["complete"], true);
}
