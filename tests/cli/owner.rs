//! One process writes into a folder at a time; what is lost from it meanwhile is told.

use crate::common::{complaint, determined, losslab, printed};
use losslab_testing::Files;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const OWNER: &str = "losslab-owner.json";
/// Eight trainings that last long enough to be met at work.
const LONG: [&str; 12] = [
    "compare",
    "--synthetic",
    "rows=2020,ratio=20",
    "--loss",
    "ce",
    "--loss",
    "focal",
    "--seeds",
    "4",
    "--epochs=60",
    "--patience=60",
    "--threads=1",
];

/// Begins a comparison, and returns when some of its runs are there.
fn at_work(out: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_losslab"));
    command.args(LONG).arg("--out").arg(out).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let begun = Instant::now();
    while !out.join("runs/mlp__ce__0.json").exists() && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

#[test]
fn a_second_comparison_in_a_folder_is_refused_and_the_first_ends_with_all_its_runs() {
    let files = Files::new();
    let out = files.path("out");
    let name = out.to_str().unwrap();
    let child = at_work(&out);
    let refused = [
        complaint(&[&LONG[..], &["--out", name]].concat(), files.0.path()),
        complaint(&[&LONG[..], &["--out", name, "--resume"]].concat(), files.0.path()),
        complaint(&["report", name], files.0.path()),
    ];
    let owner = format!("out: found a folder owned by process {} on \"", child.id());
    for line in refused {
        assert!(line.contains(&owner) && line.contains("which claimed it "), "{line}");
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let results = determined(&out);
    assert_eq!((&results["complete"], results["runs"].as_array().unwrap().len()), (&true.into(), 8));
    assert!(!out.join(OWNER).exists());
}

#[test]
fn an_owner_that_was_killed_is_replaced_and_that_is_said() {
    let files = Files::new();
    let out = files.path("out");
    let mut child = at_work(&out);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(out.join(OWNER).exists());
    let output = losslab(&["report", "--quiet", out.to_str().unwrap()]);
    let told = String::from_utf8(output.stderr).unwrap();
    let owner = format!("it was owned by process {} on", child.id());
    assert!(told.contains(&owner) && told.ends_with("because that process has ended\n"), "{told}");
    assert!(output.status.success() && !out.join(OWNER).exists());
}

#[test]
fn a_second_training_with_the_same_checkpoints_is_refused() {
    let files = Files::new();
    let [kept, model] = ["kept", "m.safetensors"].map(|name| files.path(name).to_str().unwrap().to_owned());
    let train = ["train", "--synthetic", "rows=2020,ratio=20", "--checkpoint", &kept, "--save", &model];
    let long = ["--epochs=400", "--patience=400", "--every=400"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_losslab"));
    let mut child =
        command.args(train).args(long).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while !Path::new(&kept).join(OWNER).exists() && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let line = complaint(&[&train[..], &["--quiet", "--resume"]].concat(), files.0.path());
    child.kill().unwrap();
    child.wait().unwrap();
    let owner = format!("error: --checkpoint DIR/kept: found a folder owned by process {} on", child.id());
    assert!(line.starts_with(&owner), "{line}");
    printed(&[&train[..], &["--quiet", "--resume", "--epochs=2"]].concat());
    assert!(!Path::new(&kept).join(OWNER).exists());
}

#[test]
fn files_that_are_lost_while_a_comparison_runs_are_named_and_there_is_no_verdict() {
    let files = Files::new();
    let out = files.path("out");
    let child = at_work(&out);
    let run = |name: &str| out.join("runs").join(name);
    fs::rename(run("mlp__ce__0.json"), files.path("first.json")).unwrap();
    let output = child.wait_with_output().unwrap();
    let [told, shown] = [output.stderr, output.stdout].map(|text| String::from_utf8(text).unwrap());
    assert_eq!(output.status.code(), Some(3), "{told}");
    let line = format!(
        "error: no verdict, for files were lost while the comparison ran: {}: not found\n",
        run("mlp__ce__0.json").display()
    );
    assert!(told.ends_with(&line), "{told}");
    assert!(!shown.contains("verdict: ") && !out.join("results.json").exists(), "{shown}");
    // What is lost can be trained again, to the same record.
    printed(&[&LONG[..], &["--quiet", "--resume", "--out", out.to_str().unwrap()]].concat());
    assert_eq!(fs::read(run("mlp__ce__0.json")).unwrap(), fs::read(files.path("first.json")).unwrap());
}

#[test]
fn a_record_or_a_plan_that_was_edited_is_named_and_not_taken() {
    let files = Files::new();
    let out = files.path("out");
    let name = out.to_str().unwrap();
    let compare =
        ["compare", "--synthetic", "rows=1010,ratio=100", "--seeds=2", "--epochs=2", "--loss=ce", "--quiet"];
    let resume = [&compare[..], &["--out", name, "--resume"]].concat();
    printed(&resume);
    let edit = |file: &str, from: &str, to: &str| {
        let text = fs::read_to_string(out.join(file)).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(out.join(file), text.replacen(from, to, 1)).unwrap();
    };
    let whole = fs::read(out.join("runs/mlp__ce__1.json")).unwrap();
    edit("runs/mlp__ce__1.json", "\"average_precision\":0.", "\"average_precision\":0.9");
    let fault = "mlp__ce__1.json: found what was changed or damaged: its checksum is ";
    let told = printed(&["report", "--quiet", name]);
    assert!(told.contains(fault), "{told}");
    let told = printed(&resume);
    assert!(told.contains(fault) && told.contains("; trained again"), "{told}");
    assert_eq!(fs::read(out.join("runs/mlp__ce__1.json")).unwrap(), whole);

    edit("comparison.json", "\"metric\": \"average_precision\"", "\"metric\": \"roc_auc\"");
    let lines = [&resume[..], &["report", name]].map(|command| complaint(command, files.0.path()));
    for line in lines {
        assert!(line.contains("DIR/out/comparison.json: found what was changed or damaged"), "{line}");
    }
}
