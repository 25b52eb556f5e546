//! Replanted bugs, which the tests must catch.
//!
//! Each bug of [`list`] is planted in a copy of the tree, `target/soak/planted`; it must compile, and the
//! tests named with it must fail. Before the first of a kind they must pass. Nothing of the tree itself is
//! touched.

mod list;

use crate::copy;
use crate::ledger::Ledger;
use anyhow::Context;
use list::{BUGS, Bug};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Plants bugs until the deadline, those first that the last soak did not come to.
pub fn run(root: &Path, deadline: Instant, ledger: &mut Ledger) -> anyhow::Result<()> {
    let copy = copy::refresh(root, "planted")?;
    let mut sound = BTreeSet::new();
    ledger.set("bugs", "in the list", BUGS.len() as u64)?;
    let first = ledger.get("bugs", "planted") as usize;
    let mut missed = Vec::new();
    for bug in (0..BUGS.len()).map(|i| &BUGS[(first + i) % BUGS.len()]) {
        if Instant::now() >= deadline {
            break;
        }
        if sound.insert(bug.tests) {
            anyhow::ensure!(
                cargo_test(&copy, bug.tests, &[])?,
                "without any bug, cargo test {} fails",
                bug.tests
            );
        }
        let caught = plant(&copy, bug)?;
        println!("{}: {} ({})", if caught { "caught" } else { "MISSED" }, bug.name, bug.class);
        ledger.add("bugs", "planted", 1)?;
        ledger.add("bugs", "caught", u64::from(caught))?;
        if !caught {
            missed.push(bug.name);
        }
    }
    anyhow::ensure!(missed.is_empty(), "the tests pass in spite of: {}", missed.join(", "));
    Ok(())
}

/// Whether the tests catch it.
fn plant(copy: &Path, bug: &Bug) -> anyhow::Result<bool> {
    let path = copy.join(bug.file);
    let sound = fs::read_to_string(&path).with_context(|| format!("{}: {}", bug.name, path.display()))?;
    fs::write(&path, bug.planted_in(&sound)?)?;
    let result = (|| {
        // What does not compile is not caught by tests.
        anyhow::ensure!(cargo_test(copy, bug.tests, &["--no-run"])?, "{}: does not compile", bug.name);
        Ok(!cargo_test(copy, bug.tests, &[])?)
    })();
    fs::write(&path, sound)?;
    result
}

/// Whether `cargo test` succeeds in the copy.
fn cargo_test(copy: &Path, tests: &str, more: &[&str]) -> anyhow::Result<bool> {
    let status = Command::new("cargo")
        .args(["test", "--quiet"])
        .args(tests.split(' '))
        .args(more)
        .current_dir(copy)
        .env("RUSTFLAGS", "--cap-lints allow")
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::null())
        .stderr(if more.is_empty() { Stdio::null() } else { Stdio::inherit() })
        .status();
    Ok(status.context("cargo cannot be run")?.success())
}

impl Bug {
    /// The text with the bug in it; an error if it does not hold what the bug replaces, or more than once.
    fn planted_in(&self, text: &str) -> anyhow::Result<String> {
        let found = text.matches(self.search).count();
        let Self { name, file, search, replace, .. } = self;
        anyhow::ensure!(found == 1, "{name}: '{search}' stands {found} times in {file}, expected once");
        Ok(text.replacen(search, replace, 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bug_can_still_be_planted() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for bug in BUGS {
            let text =
                fs::read_to_string(root.join(bug.file)).unwrap_or_else(|e| panic!("{}: {e}", bug.file));
            let planted = bug.planted_in(&text).unwrap();
            assert_ne!(planted, text, "{}", bug.name);
        }
        let names: BTreeSet<&str> = BUGS.iter().map(|bug| bug.name).collect();
        assert_eq!(names.len(), BUGS.len(), "two bugs of one name");
        assert!(BUGS.len() >= 20);
    }
}
