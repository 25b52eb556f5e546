//! What several tests share: running the command, and reading what it leaves.

pub mod eval;
pub mod model_file;
pub mod page;

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// Runs losslab.
pub fn losslab(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_losslab")).args(arguments).output().unwrap()
}

/// Runs losslab, which must succeed; returns what it printed.
#[track_caller]
pub fn printed(arguments: &[&str]) -> String {
    let output = losslab(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs losslab on something bad; returns its one line of error, with the test's folder replaced.
#[track_caller]
pub fn complaint(arguments: &[&str], folder: &Path) -> String {
    let output = losslab(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?} printed {:?}", String::from_utf8_lossy(&output.stdout));
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "{arguments:?}: {text}");
    text.replace(folder.to_str().unwrap(), "DIR")
}

/// `results.json`.
#[track_caller]
pub fn results(folder: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join("results.json")).unwrap()).unwrap()
}

/// `results.json` without what may differ from run to run.
#[track_caller]
pub fn determined(folder: &Path) -> Value {
    let mut results = results(folder);
    assert!(results.as_object_mut().unwrap().remove("environment").is_some());
    results
}
