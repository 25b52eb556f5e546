//! `compare --tune`: every loss has the same number of trials, the best on validation data is judged, all are
//! kept.

use serde_json::Value;
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

#[test]
fn every_loss_has_the_same_trials_and_the_best_on_validation_is_judged() {
    let keep = tempfile::tempdir().unwrap();
    let (tuned, plain) = (keep.path().join("tuned"), keep.path().join("plain"));
    let output = compare(&tuned, &["--loss", "ce", "--loss", "focal:gamma=?", "--tune", "3"]);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(printed.contains("chosen by tuning (how often):\n  ce: learning rate "), "{printed}");
    assert!(printed.contains("the best of 3 trials on validation data"), "{printed}");

    let results_of = results(&tuned);
    assert_eq!(results_of["trials"], 3);
    let runs = results_of["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 4);
    for run in runs {
        let trials = run["trials"].as_array().unwrap();
        let rates: Vec<f64> = trials.iter().map(|trial| trial["learning_rate"].as_f64().unwrap()).collect();
        assert_eq!(rates, [1e-3, 3.2e-4, 3.2e-3]);
        let aps: Vec<f64> = trials.iter().map(|trial| trial["validation"].as_f64().unwrap()).collect();
        let best = (0..3).rev().max_by(|&a, &b| aps[a].total_cmp(&aps[b])).unwrap();
        assert_eq!(run["chosen"], best, "{aps:?}");
        assert_eq!(run["best_epoch"], trials[best]["best_epoch"]);
    }
    let losses: Vec<&str> =
        runs[2]["trials"].as_array().unwrap().iter().map(|t| t["loss"].as_str().unwrap()).collect();
    assert_eq!(losses, ["focal:gamma=2", "focal:gamma=3", "focal:gamma=1"]);

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
    assert!(fs::read_to_string(plain.join("report.html")).unwrap().contains("nothing was tuned"));
    let again = compare(&tuned, &["--loss", "ce", "--loss", "focal:gamma=?", "--tune", "3", "--resume"]);
    assert!(String::from_utf8(again.stdout).unwrap().contains("resumed: 4 of 4 trainings are kept"));
    assert_eq!(results(&tuned), results_of);
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
            complaint(&["--loss", "ce", "--tune", "18"]),
            complaint(&["--loss", "focal:gamma=?", "--loss", "focal:gamma=?", "--tune", "2"]),
        ]
        .concat(),
        @r"
    error: --loss focal:gamma=?: gamma is left open; expected a number, or --tune N with N of at least 2
    error: loss spec 'ce+threshold:at=?': threshold: at cannot be tuned; expected a number
    error: --tune 0: expected at least 1
    error: --tune 18: expected at most 17, the learning rates that there are to try
    error: --loss focal:gamma=?: focal:gamma=? is given twice
    "
    );
}
