//! Mutants, most of which the tests must catch: cargo-mutants on autograd and losses.
//!
//! All mutants are dealt to [`SHARDS`] shards, each of which has some of every file. One shard is run after
//! the other, in an order that a seed fixes; the ledger counts them, so the next soak goes on where the last
//! one stopped. A mutant is judged by the tests of its own crate. Survivors are listed in
//! `target/soak/mutants-missed.txt`.

use crate::copy;
use crate::ledger::Ledger;
use anyhow::Context;
use serde::Deserialize;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// About 28 mutants each.
const SHARDS: u64 = 100;
/// Coprime to the number of shards: the order is 7, 44, 81, 18, ..
const STRIDE: u64 = 37;
const FIRST: u64 = 7;
/// Of all mutants that compile.
const REQUIRED: f64 = 0.9;

/// What cargo-mutants says of a run, in `mutants.out/outcomes.json`.
#[derive(Deserialize)]
struct Outcomes {
    caught: u64,
    missed: u64,
    timeout: u64,
    unviable: u64,
}

/// Runs shards until the next one would not end before the deadline, at least one.
pub fn run(root: &Path, deadline: Instant, ledger: &mut Ledger) -> anyhow::Result<()> {
    let found = Command::new("cargo").args(["mutants", "--version"]).output()?;
    anyhow::ensure!(
        found.status.success(),
        "cargo-mutants is not installed: `cargo install --locked cargo-mutants` gets it"
    );
    let mut longest = Duration::ZERO;
    loop {
        let start = Instant::now();
        shard(root, (FIRST + STRIDE * ledger.get("mutants", "shards")) % SHARDS, ledger)?;
        longest = longest.max(start.elapsed());
        if Instant::now() + longest > deadline {
            break;
        }
    }
    let caught = ledger.get("mutants", "caught") + ledger.get("mutants", "timeout");
    let viable = caught + ledger.get("mutants", "missed");
    println!("{caught} of {viable} mutants caught");
    anyhow::ensure!(
        caught as f64 >= REQUIRED * viable as f64,
        "{caught} of {viable} mutants caught, expected {REQUIRED} of them; see target/soak/mutants-missed.txt"
    );
    Ok(())
}

/// Runs one shard and adds its outcomes to the ledger.
fn shard(root: &Path, number: u64, ledger: &mut Ledger) -> anyhow::Result<()> {
    let tree = copy::refresh(root, "mutants")?;
    let output = root.join("target/soak/mutants-output");
    fs::create_dir_all(&output)?;
    // In place, because the copy is ours and its builds are incremental: 6 seconds to build a mutant, 1 to
    // test it. Documentation tests are left out, each of which is a build of its own.
    let status = Command::new("cargo")
        .args(["mutants", "--in-place", "--colors=never", "--sharding=round-robin"])
        .args(["-p", "losslab-autograd", "-p", "losslab-losses", "--minimum-test-timeout=20"])
        .arg(format!("--shard={number}/{SHARDS}"))
        .arg("--output")
        .arg(&output)
        .args(["--", "--tests"])
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("LOSSLAB_GRADIENT_CASES", "3")
        .current_dir(&tree)
        .status()
        .context("cargo mutants cannot be run")?;
    // 2 and 3 say that mutants were missed or ran out of time.
    anyhow::ensure!(matches!(status.code(), Some(0 | 2 | 3)), "cargo mutants, shard {number}: {status}");
    let file = output.join("mutants.out/outcomes.json");
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let outcomes: Outcomes = serde_json::from_str(&text).with_context(|| file.display().to_string())?;
    let missed = fs::read(output.join("mutants.out/missed.txt"))?;
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(root.join("target/soak/mutants-missed.txt"))?
        .write_all(&missed)?;
    ledger.add("mutants", "caught", outcomes.caught)?;
    ledger.add("mutants", "missed", outcomes.missed)?;
    ledger.add("mutants", "timeout", outcomes.timeout)?;
    ledger.add("mutants", "unviable", outcomes.unviable)?;
    ledger.add("mutants", "shards", 1)
}
