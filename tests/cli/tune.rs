//! `compare --tune`: every loss has the same number of trials, the best on validation data is judged, all are
//! kept.

use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn compare(out: &Path, extra: &[&str]) -> Output {
    let data = ["compare", "--synthetic", "rows=1010,ratio=20", "--seeds", "2", "--epochs", "3"];
    let out = ["--out", out.to_str().unwrap()];
    let arguments = data.iter().chain(&out).chain(extra);
    Command::new(env!("CARGO_BIN_EXE_losslab")).args(arguments).output().unwrap()
}

fn results(folder: &Path) -> Value {
    let mut results: Value =
        serde_json::from_str(&fs::read_to_string(folder.join("results.json")).unwrap()).unwrap();
    results.as_object_mut().unwrap().remove("environment");
    results
}

/// The learning rates of a run's trials.
fn rates(run: &Value) -> Vec<f64> {
    let trials = run["trials"].as_array().unwrap();
    trials.iter().map(|trial| trial["learning_rate"].as_f64().unwrap()).collect()
}

#[test]
fn every_loss_has_the_same_trials_and_the_best_on_validation_is_judged() {
    let keep = tempfile::tempdir().unwrap();
    let (tuned, plain) = (keep.path().join("tuned"), keep.path().join("plain"));
    let output = compare(&tuned, &["--loss", "ce", "--loss", "focal:gamma=?", "--tune", "3"]);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(printed.contains("chosen by tuning, over the seeds:\n  ce: learning rate "), "{printed}");
    assert!(printed.contains("the best of 3 trials on validation data"), "{printed}");

    let results_of = results(&tuned);
    assert_eq!(results_of["trials"], 3);
    let runs = results_of["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 4);
    for run in runs {
        let trials = run["trials"].as_array().unwrap();
        let rates = rates(run);
        assert!(rates[0] == 1e-3 && rates[1..].iter().all(|rate| (1e-4..=1e-2).contains(rate)), "{rates:?}");
        assert!(trials.iter().all(|trial| trial["settings"]["lr"] == trial["learning_rate"]));
        let aps: Vec<f64> = trials.iter().map(|trial| trial["validation"].as_f64().unwrap()).collect();
        let best = (0..3).rev().max_by(|&a, &b| aps[a].total_cmp(&aps[b])).unwrap();
        assert_eq!(run["chosen"], best, "{aps:?}");
        assert_eq!(run["best_epoch"], trials[best]["best_epoch"]);
    }
    // Both losses have the same learning rates with a seed, and others with the next.
    assert_eq!((rates(&runs[0]), rates(&runs[1])), (rates(&runs[2]), rates(&runs[3])));
    assert_ne!(rates(&runs[0]), rates(&runs[1]));
    assert_eq!(runs[2]["trials"][0]["loss"], "focal:gamma=2");
    assert_ne!(runs[2]["trials"][1]["loss"], runs[2]["trials"][2]["loss"]);
    assert_eq!(results_of["tune_over"][0]["name"], "lr");

    // The chosen trial is the very training that its learning rate and loss give without tuning.
    let ce = &runs[0];
    let rate = ce["trials"][ce["chosen"].as_u64().unwrap() as usize]["learning_rate"].to_string();
    assert!(compare(&plain, &["--loss", "ce", "--lr", &rate]).status.success());
    assert_eq!(results(&plain)["runs"][0]["metrics"], ce["metrics"]);
    assert_eq!(results(&plain)["trials"], 1);
    assert!(results(&plain)["runs"][0].get("trials").is_none(), "untuned runs have no word of trials");

    // The page names what was chosen; resuming finds every run and trains none.
    let page = fs::read_to_string(tuned.join("report.html")).unwrap();
    assert!(page.contains("What tuning chose") && !page.contains("nothing was tuned"));
    assert!(page.contains("Best validation metric by trials") && tuned.join("plots/budget.svg").is_file());
    assert!(fs::read_to_string(plain.join("report.html")).unwrap().contains("nothing was tuned"));
    let again = compare(&tuned, &["--loss", "ce", "--loss", "focal:gamma=?", "--tune", "3", "--resume"]);
    assert!(String::from_utf8(again.stdout).unwrap().contains("resumed: 4 of 4 trainings are kept"));
    assert_eq!(results(&tuned), results_of);
}

#[test]
fn named_settings_are_tuned_whatever_the_order_of_their_names() {
    let keep = tempfile::tempdir().unwrap();
    let of = |folder: &str, extra: &[&str]| {
        let folder = keep.path().join(folder);
        let fixed = ["--loss", "ce", "--tune", "2", "--optimizer", "adamw"];
        let output = compare(&folder, &[&fixed[..], extra].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        results(&folder)["runs"][0]["trials"].clone()
    };
    let trials = of("wd", &["--tune-over", "wd,batch"]);
    // The learning rate is not among them; AdamW decays weights by 0.01.
    assert_eq!(trials[0]["settings"], json!({ "batch": 128.0, "wd": 0.01 }));
    let tried = |name: &str| trials[1]["settings"][name].as_f64().unwrap();
    assert!((0.001..=0.1).contains(&tried("wd")) && tried("wd") != 0.01, "{trials}");
    assert!((32.0..=512.0).contains(&tried("batch")) && tried("batch").fract() == 0.0, "{trials}");
    assert_eq!(trials[1]["learning_rate"], 1e-3);
    assert_eq!(of("batch", &["--tune-over", "batch,wd"]), trials);

    // What was tried is what the flags give.
    let (decay, batch) = (tried("wd").to_string(), tried("batch").to_string());
    let plain = keep.path().join("plain");
    let flags = ["--loss", "ce", "--optimizer", "adamw", "--weight-decay", &decay, "--batch", &batch];
    assert!(compare(&plain, &[&flags[..], &["--metric", "average_precision"]].concat()).status.success());
    let run: Value =
        serde_json::from_str(&fs::read_to_string(plain.join("runs/mlp__ce__0.json")).unwrap()).unwrap();
    let epochs = run["epochs"].as_array().unwrap().iter();
    let best = epochs.filter_map(|epoch| epoch["validation"].as_f64()).fold(0.0, f64::max);
    assert_eq!(trials[1]["validation"], best);
}

#[test]
fn detectors_are_tuned_with_the_weight_of_the_box_loss() {
    let keep = tempfile::tempdir().unwrap();
    let out = keep.path().join("out");
    let scenes = "images=6,size=40,ratio=60,classes=2";
    let output = Command::new(env!("CARGO_BIN_EXE_losslab"))
        .args(["compare", "--scenes", scenes, "--loss", "ce", "--loss", "focal:alpha=?", "--seeds", "1"])
        .args([
            "--epochs",
            "1",
            "--width",
            "8",
            "--batch",
            "3",
            "--tune",
            "2",
            "--tune-over",
            "box-weight,lr",
        ])
        .args(["--box-weight", "2", "--out", out.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("; weight of the box loss "), "{printed}");
    let results = results(&out);
    let of = |run: usize, trial: usize| results["runs"][run]["trials"][trial]["settings"].clone();
    assert_eq!(of(0, 0), json!({ "box-weight": 2.0, "lr": 0.002 }));
    let weight = of(0, 1)["box-weight"].as_f64().unwrap();
    assert!((0.2..=20.0).contains(&weight) && weight != 2.0, "{weight}");
    assert_eq!(of(0, 1), of(1, 1), "the same for both losses");
    assert_eq!(results["settings"]["box_weight"], 2.0);
}

#[test]
fn what_cannot_be_tuned_is_refused() {
    let keep = tempfile::tempdir().unwrap();
    let complaint = |extra: &[&str]| {
        let output = compare(&keep.path().join("out"), extra);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    insta::assert_snapshot!(
        [
            complaint(&["--loss", "focal:gamma=?"]),
            complaint(&["--loss", "ce+threshold:at=?", "--tune", "2"]),
            complaint(&["--loss", "ce", "--tune", "0"]),
            complaint(&["--loss", "ce", "--tune", "1001"]),
            complaint(&["--loss", "focal:gamma=?", "--loss", "focal:gamma=?", "--tune", "2"]),
            complaint(&["--loss", "ce", "--tune-over", "lr,wd"]),
            complaint(&["--loss", "ce", "--tune", "2", "--tune-over", "lr,box-weight"]),
            complaint(&["--loss", "ce", "--tune", "2", "--tune-over", "lr,lr"]),
            complaint(&["--loss", "ce", "--tune", "2", "--tune-over", "wd"]),
        ]
        .concat(),
        @"
    error: --loss focal:gamma=?: gamma is left open; expected a number, or --tune N with N of at least 2
    error: --loss: loss spec 'ce+threshold:at=?': threshold: at cannot be tuned; expected a number
    error: invalid value '0' for '--tune <N>': expected a whole number from 1 to 1000 (see losslab --help)
    error: invalid value '1001' for '--tune <N>': expected a whole number from 1 to 1000 (see losslab --help)
    error: --loss focal:gamma=?: focal:gamma=? is given twice
    error: --tune-over lr,wd: expected --tune N with N of at least 2 beside it
    error: --tune-over box-weight: expected one of lr, wd, batch
    error: --tune-over lr: given twice
    error: --tune-over wd: trials vary the weight decay around its value, found 0; expected \
     --weight-decay X with X above 0
    "
    );
}
