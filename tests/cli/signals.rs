//! Signals, closed pipes and full disks.

#![cfg(unix)]

use crate::common::determined;
use losslab_testing::Files;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// Begins a comparison of 4 runs in a folder, by way of `shell` if there is one, and waits for the first run.
fn begun(shell: Option<&str>, out: &Path) -> Child {
    let losslab = env!("CARGO_BIN_EXE_losslab");
    let mut command = match shell {
        None => Command::new(losslab),
        Some(script) => {
            let mut command = Command::new("sh");
            command.args(["-c", script, "sh", losslab]);
            command
        }
    };
    let mut child = command
        .args(["compare", "--synthetic", "rows=20200", "--loss", "ce", "--loss", "focal", "--seeds", "2"])
        .args(["--epochs", "4", "--threads", "1", "--out"])
        .arg(out)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !out.join("runs/mlp__ce__0.json").exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

fn send(signal: &str, child: &Child) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn termination_and_a_closed_terminal_keep_what_is_done() {
    for (signal, code) in [("-TERM", 143), ("-HUP", 129)] {
        let files = Files::new();
        let child = begun(None, &files.path("out"));
        send(signal, &child);
        let output = child.wait_with_output().unwrap();
        let error = said(&output);
        assert_eq!(output.status.code(), Some(code), "{error}");
        assert!(error.contains("asked to end: stopping at the next epoch"), "{error}");
        assert!(error.contains("of 4 trainings are done and kept; --resume trains the others"), "{error}");
        assert_eq!(determined(&files.path("out"))["complete"], false);
    }
}

/// `nohup` starts a program so that it outlives its terminal.
#[test]
fn a_signal_that_is_ignored_from_the_start_stays_ignored() {
    let files = Files::new();
    let child = begun(Some("trap '' HUP; exec \"$@\""), &files.path("out"));
    send("-HUP", &child);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(determined(&files.path("out"))["complete"], true);
}

#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_losslab"))
        .args(["eval", "--loss", "ce"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Nobody reads from before the program has anything to say.
    drop(child.stdout.take());
    let mut input = child.stdin.take().unwrap();
    input.write_all(br#"{"logits": [0.5], "targets": [1]}"#).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert_eq!(said(&output), "");
    assert_eq!(output.status.code(), Some(141));
}

/// `/dev/full` is a disk without space.
#[test]
fn a_full_standard_output_is_an_error() {
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return;
    };
    for arguments in [&["losses"][..], &["--help"], &["--version"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_losslab"))
            .args(arguments)
            .stdout(full.try_clone().unwrap())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut error = String::new();
        child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(2));
        assert_eq!(
            error,
            "error: standard output: cannot be written: No space left on device (os error 28)\n"
        );
    }
}
