//! `cargo xtask miri` and `cargo xtask asan`: the tests of the crates with unsafe code, and of those that
//! call it, where an access out of bounds, a data race or an uninitialised number does not go unnoticed.
//!
//! | | finds | costs |
//! |---|---|---|
//! | Miri | undefined behaviour of any kind, such as data races in `workers.rs` | 1000 times the time |
//! | AddressSanitizer | accesses out of bounds and after freeing in compiled code | twice the time |
//!
//! Miri interprets; it runs the kernels of all instruction sets because they are compiled for all
//! (`-C target-feature`), and the few intrinsics of `gemm/tile.rs` are among those it knows.

use crate::programs;
use anyhow::{Context, ensure};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::Instant;

/// What is checked.
const CRATES: [&str; 3] = ["losslab-tensor", "losslab-autograd", "losslab-losses"];
/// Time to build a target and list its tests, in seconds.
const LISTING: u32 = 900;
/// What `timeout` exits with when the time is up.
const LATE: i32 = 124;
/// Every instruction set that `kernel.rs` chooses among.
const FEATURES: &str = "-C target-feature=+avx2,+fma,+avx512f,+avx512vl,+avx512bw,+avx512dq";

/// How a test ended in Miri.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Passed,
    /// Left out by the test itself.
    Ignored,
    /// Not done when its time was up.
    Late,
    Failed,
}

/// Runs each test in Miri for so many seconds at most, two at a time. Those that take longer, sweeps over
/// many numbers and random cases, are named.
pub fn miri(root: &Path, seconds: u32) -> anyhow::Result<()> {
    present(&["miri", "--version"], "rustup component add --toolchain nightly miri rust-src")?;
    let mut failed = 0;
    for name in CRATES {
        let start = Instant::now();
        let mut tests = Vec::new();
        for target in programs::targets(root, name)? {
            tests.extend(list(root, name, &target)?.into_iter().map(|test| (target.clone(), test)));
        }
        let (next, ends) = (Mutex::new(tests.iter()), Mutex::new(Vec::new()));
        let work = || {
            while let Some((target, test)) = lock(&next).next() {
                let end = run_one(root, name, target, test, seconds);
                lock(&ends).push(end);
            }
        };
        thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(work))));
        let count = |end| lock(&ends).iter().filter(|&&other| other == end).count();
        println!(
            "{name}: {} passed, {} ignored, {} took over {seconds} s, {} failed; {:.1} minutes",
            count(End::Passed),
            count(End::Ignored),
            count(End::Late),
            count(End::Failed),
            start.elapsed().as_secs_f64() / 60.0
        );
        failed += count(End::Failed);
    }
    ensure!(failed == 0, "{failed} tests failed in Miri");
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// `cargo miri test` for a target, `arguments` for the tests, behind `timeout`, which ends cargo's children
/// with it.
fn in_miri(
    root: &Path,
    name: &str,
    target: &[String],
    arguments: &[&str],
    seconds: u32,
) -> anyhow::Result<Output> {
    let mut command = Command::new("timeout");
    command
        .arg(seconds.to_string())
        .args(["cargo", "+nightly", "miri", "test", "--target-dir", "target/miri", "-p", name])
        .args(target)
        .arg("--")
        .args(arguments)
        // Tree borrows, because crossbeam's queue, on which rayon rests, does not pass stacked borrows. Not
        // isolated, because tests read fixtures and count the processors. Without the noise that it adds to
        // std's exp and ln, because tests compare them with themselves.
        .env("MIRIFLAGS", "-Zmiri-tree-borrows -Zmiri-disable-isolation -Zmiri-deterministic-floats")
        // Else insta asks cargo, and Miri starts no processes.
        .env("INSTA_WORKSPACE_ROOT", root)
        .env("RUSTFLAGS", FEATURES)
        .current_dir(root);
    command.output().with_context(|| format!("{command:?}"))
}

/// The tests of a target.
fn list(root: &Path, name: &str, target: &[String]) -> anyhow::Result<Vec<String>> {
    let output = in_miri(root, name, target, &["--list"], LISTING)?;
    ensure!(output.status.success(), "{name}:\n{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

/// Runs one test and says so.
fn run_one(root: &Path, name: &str, target: &[String], test: &str, seconds: u32) -> End {
    let what = format!("{name} {} {test}", target.join(" "));
    let output = match in_miri(root, name, target, &["--exact", test], seconds) {
        Ok(output) => output,
        Err(error) => {
            println!("{what}: FAILED: {error:#}");
            return End::Failed;
        }
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let (end, word) = match output.status.code() {
        Some(0) if text.contains(" 1 passed") => (End::Passed, "passed"),
        Some(0) if text.contains(" 1 ignored") => (End::Ignored, "ignored"),
        Some(LATE) => (End::Late, "not done"),
        _ => (End::Failed, "FAILED"),
    };
    println!("{what}: {word}");
    if end == End::Failed {
        println!("{text}\n{}", String::from_utf8_lossy(&output.stderr));
    }
    end
}

/// Runs the tests with AddressSanitizer.
pub fn asan(root: &Path) -> anyhow::Result<()> {
    present(&["--version"], "rustup toolchain install nightly")?;
    for name in CRATES {
        // With a target of its own, so that build scripts and macros are not instrumented.
        let target = ["--target", "x86_64-unknown-linux-gnu", "--target-dir", "target/asan"];
        let mut command = nightly(root, &["test", "-p", name, "--lib", "--tests"]);
        command.args(target).env("RUSTFLAGS", "-Zsanitizer=address");
        run(command, name)?;
    }
    Ok(())
}

fn nightly(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.arg("+nightly").args(arguments).current_dir(root);
    command
}

/// An error that says how to install what is absent.
fn present(command: &[&str], install: &str) -> anyhow::Result<()> {
    let mut version = Command::new("cargo");
    version.arg("+nightly").args(command).stdout(Stdio::null()).stderr(Stdio::null());
    ensure!(version.status().is_ok_and(|status| status.success()), "absent; {install}");
    Ok(())
}

fn run(mut command: Command, name: &str) -> anyhow::Result<()> {
    let start = Instant::now();
    let status = command.status().with_context(|| format!("{command:?}"))?;
    println!("{name}: {:.1} minutes", start.elapsed().as_secs_f64() / 60.0);
    ensure!(status.success(), "{name}: failed");
    Ok(())
}
