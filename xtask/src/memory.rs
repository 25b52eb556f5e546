//! `cargo xtask miri` and `cargo xtask asan`: the tests of the crates with unsafe code, and of those that call it, where
//! an access out of bounds, a data race or an uninitialised number does not go unnoticed.
//!
//! | | finds | costs |
//! |---|---|---|
//! | Miri | undefined behaviour of any kind, data races in `workers.rs` among them | a thousand times the time |
//! | AddressSanitizer | accesses out of bounds and after freeing, in what the processor really runs | twice the time |
//!
//! Miri interprets; it runs the kernels of all instruction sets because they are compiled for all
//! (`-C target-feature`), and the few intrinsics of `gemm/tile.rs` are among those it knows.

use anyhow::{Context, ensure};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// What is checked.
const CRATES: [&str; 3] = ["losslab-tensor", "losslab-autograd", "losslab-losses"];
/// Tests that take Miri more than a minute or two each, and that reach no unsafe code that others do not: sweeps over many
/// numbers and random cases.
const TOO_SLOW: [&str; 0] = [];
/// Every instruction set that `kernel.rs` chooses among.
const FEATURES: &str = "-C target-feature=+avx2,+fma,+avx512f,+avx512vl,+avx512bw,+avx512dq";

/// Runs the tests in Miri.
pub fn miri(root: &Path) -> anyhow::Result<()> {
    present("miri", "rustup component add --toolchain nightly miri rust-src")?;
    for name in CRATES {
        let mut command = nightly(root, &["miri", "test", "--target-dir", "target/miri", "-p", name]);
        // Tree borrows, because crossbeam's queue, on which rayon rests, does not pass stacked borrows. Not isolated, because
        // tests read fixtures and count the processors.
        command.env("MIRIFLAGS", "-Zmiri-tree-borrows -Zmiri-disable-isolation").env("RUSTFLAGS", FEATURES);
        command.args(["--lib", "--tests", "--"]).args(TOO_SLOW.iter().flat_map(|test| ["--skip", test]));
        run(command, name)?;
    }
    Ok(())
}

/// Runs the tests with AddressSanitizer.
pub fn asan(root: &Path) -> anyhow::Result<()> {
    present("--version", "rustup toolchain install nightly")?;
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
fn present(command: &str, install: &str) -> anyhow::Result<()> {
    let mut version = Command::new("cargo");
    version.args(["+nightly", command, "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
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
