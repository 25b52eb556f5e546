//! One process writes into a folder at a time; what is lost from it meanwhile is told.

use crate::common::{complaint, determined, losslab, printed};
use losslab_testing::Files;
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
