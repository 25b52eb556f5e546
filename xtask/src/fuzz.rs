//! Random bytes for every reader of files, by libFuzzer: see `crates/cli/src/fuzzing.rs` for what is read
//! and `fuzz/` for the targets.
//!
//! A crash, a panic, more than [`SECONDS`] for one input or memory beyond [`RESIDENT_MB`] and
//! [`ADDRESSES_KB`] is a failure. The readers are safe Rust, so they are built without AddressSanitizer,
//! which would find nothing and halve the speed; `cargo xtask asan` is for the crates with unsafe code.

use crate::ledger::Ledger;
use anyhow::{Context, bail, ensure};
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

/// The part's name in the ledger.
const PART: &str = "fuzz";
/// Every target gets so many executions before any gets more.
const GOAL: u64 = 10_000_000;
/// Longest time for one input.
const SECONDS: u32 = 10;
/// Longest input in bytes, or that of the longest seed if it is longer.
const LONGEST: u64 = 2048;
/// Most memory in use at any time.
const RESIDENT_MB: usize = 512;
/// Most memory asked for: one absurd allocation fails even if it were never touched.
const ADDRESSES_KB: usize = 2 << 20;

/// Runs every target in turn until the deadline.
pub fn run(root: &Path, deadline: Instant, ledger: &mut Ledger) -> anyhow::Result<()> {
    build(root)?;
    let mut targets = names(&root.join("fuzz/fuzz_targets"))?;
    let done = |ledger: &Ledger, target: &str| ledger.get(PART, &figure(target));
    if targets.iter().any(|target| done(ledger, target) < GOAL) {
        targets.retain(|target| done(ledger, target) < GOAL);
    }
    // Those that are nearly there leave the rest of their time to the others.
    targets.sort_by_key(|target| std::cmp::Reverse(done(ledger, target)));
    let host = host()?;
    let mut failures = Vec::new();
    for (i, target) in targets.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let seconds = (left / (targets.len() - i) as u32).as_secs();
        if seconds == 0 {
            break;
        }
        let runs = GOAL.checked_sub(done(ledger, target)).filter(|runs| *runs > 0);
        let output = fuzz(root, &host, target, seconds, runs)?;
        let log = String::from_utf8_lossy(&output.stderr);
        let executions = executions(&log).with_context(|| format!("{target} gave no figures:\n{log}"))?;
        ledger.add(PART, &figure(target), executions)?;
        println!("{target}: {executions} executions");
        if !output.status.success() {
            ledger.add(PART, "failures", 1)?;
            eprintln!("{log}");
            failures.push(target.as_str());
        }
    }
    ensure!(
        failures.is_empty(),
        "{} failed; the inputs are in fuzz/artifacts, and cargo +nightly fuzz run --sanitizer none TARGET \
         FILE repeats them. Fix the reader and keep the input in tests/fixtures/fuzz/TARGET",
        failures.join(", ")
    );
    Ok(())
}

fn figure(target: &str) -> String {
    format!("executions of {target}")
}

/// Builds all targets, or says what is missing for it.
fn build(root: &Path) -> anyhow::Result<()> {
    let nightly = Command::new("cargo").args(["+nightly", "--version"]).stderr(Stdio::null()).output();
    if !nightly.is_ok_and(|output| output.status.success()) {
        bail!("nightly Rust is absent: rustup toolchain install nightly");
    }
    let fuzz = Command::new("cargo").args(["+nightly", "fuzz", "--version"]).stderr(Stdio::null()).output();
    if !fuzz.is_ok_and(|output| output.status.success()) {
        bail!("cargo-fuzz is absent: cargo install cargo-fuzz");
    }
    let built = Command::new("cargo")
        .args(["+nightly", "fuzz", "build", "--sanitizer", "none"])
        .current_dir(root)
        .status()
        .context("cargo fuzz build")?;
    ensure!(built.success(), "the fuzz targets do not build");
    Ok(())
}

/// The targets: one file each.
fn names(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// The name of this machine's platform, of which cargo-fuzz makes a folder.
fn host() -> anyhow::Result<String> {
    let output = Command::new("rustc").args(["+nightly", "-vV"]).output().context("rustc +nightly -vV")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}

/// Runs one target for so many seconds, or for so many executions if these are done earlier.
fn fuzz(root: &Path, host: &str, target: &str, seconds: u64, runs: Option<u64>) -> anyhow::Result<Output> {
    let folder = root.join("fuzz");
    let seeds = root.join("tests/fixtures/fuzz").join(target);
    let (corpus, artifacts) = (folder.join("corpus").join(target), folder.join("artifacts").join(target));
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&artifacts)?;
    let binary = folder.join("target").join(host).join("release").join(target);
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("ulimit -v {ADDRESSES_KB}; exec \"$0\" \"$@\"")])
        .arg(binary)
        .args([&corpus, &seeds])
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args([format!("-max_total_time={seconds}"), format!("-timeout={SECONDS}")])
        .args([format!("-rss_limit_mb={RESIDENT_MB}"), format!("-max_len={}", longest(&seeds)?)])
        .arg("-print_final_stats=1")
        .env("RAYON_NUM_THREADS", "1")
        .stdout(Stdio::null());
    if let Some(runs) = runs {
        command.arg(format!("-runs={runs}"));
    }
    let dictionary = folder.join("dictionaries").join(format!("{target}.dict"));
    if dictionary.is_file() {
        command.arg(format!("-dict={}", dictionary.display()));
    }
    command.output().with_context(|| format!("the fuzz target {target}"))
}

/// The length that inputs may have.
fn longest(seeds: &Path) -> anyhow::Result<u64> {
    let mut longest = LONGEST;
    for seed in fs::read_dir(seeds).with_context(|| seeds.display().to_string())? {
        longest = longest.max(seed?.metadata()?.len());
    }
    Ok(longest)
}

/// The number of executions in libFuzzer's last words.
fn executions(log: &str) -> Option<u64> {
    log.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executions_are_read_from_the_final_figures() {
        let log = "#2\tINITED\nstat::number_of_executed_units: 65616\nstat::average_exec_per_sec:     5965\n";
        assert_eq!(executions(log), Some(65616));
        assert_eq!(executions("==1== ERROR: libFuzzer"), None);
    }
}
