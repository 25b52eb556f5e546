//! Trainings with different threads and instruction sets, bit by bit.
//!
//! The test `bits` is built twice: as released, with every instruction set in it and the best chosen at run
//! time, and for a processor of 2013 (`-C target-cpu=haswell`), restricted to AVX2 and FMA. Both train the
//! same random models with 1, 2, 4 and 8 threads; all eight files of a model must be equal. Each round takes
//! configurations of its own.

use crate::ledger::Ledger;
use anyhow::Context;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Configurations of a round.
const COUNT: u64 = 8;
const THREADS: [u32; 4] = [1, 2, 4, 8];

/// A way to build and run.
struct Build {
    name: &'static str,
    rustflags: &'static str,
    instruction_set: &'static str,
}

const BUILDS: [Build; 2] = [
    Build { name: "released", rustflags: "", instruction_set: "best" },
    Build { name: "haswell", rustflags: "-C target-cpu=haswell", instruction_set: "avx2+fma" },
];

/// Runs rounds until the deadline, at least one.
pub fn run(root: &Path, deadline: Instant, ledger: &mut Ledger) -> anyhow::Result<()> {
    let folder = root.join("target/soak/bits");
    loop {
        let first = COUNT * ledger.get("bits", "rounds");
        for build in &BUILDS {
            train(root, &folder, build, first)?;
        }
        for seed in first..first + COUNT {
            let bits = compare(&folder, seed)?;
            ledger.add("bits", "models", (BUILDS.len() * THREADS.len()) as u64)?;
            ledger.add("bits", "compared", bits)?;
        }
        ledger.add("bits", "rounds", 1)?;
        if Instant::now() >= deadline {
            return Ok(());
        }
    }
}

/// Trains the models of a round.
fn train(root: &Path, folder: &Path, build: &Build, first: u64) -> anyhow::Result<()> {
    let out = folder.join(build.name);
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    let status = Command::new("cargo")
        .args(["test", "--quiet", "-p", "losslab", "--test", "bits", "--", "--ignored", "--nocapture"])
        .env("RUSTFLAGS", build.rustflags)
        .env("CARGO_TARGET_DIR", folder.join(format!("target-{}", build.name)))
        .env("LOSSLAB_BITS_OUT", &out)
        .env("LOSSLAB_BITS_ISA", build.instruction_set)
        .env("LOSSLAB_BITS_FIRST", first.to_string())
        .env("LOSSLAB_BITS_COUNT", COUNT.to_string())
        .stdout(fs::File::create(log_of(folder, build)?)?)
        .current_dir(root)
        .status()
        .context("cargo cannot be run")?;
    anyhow::ensure!(status.success(), "{}: trainings from seed {first} on failed", build.name);
    Ok(())
}

fn log_of(folder: &Path, build: &Build) -> anyhow::Result<std::path::PathBuf> {
    fs::create_dir_all(folder)?;
    Ok(folder.join(format!("{}.log", build.name)))
}

/// Compares the files of a model with the first; returns the number of bits compared.
fn compare(folder: &Path, seed: u64) -> anyhow::Result<u64> {
    let file = |build: &Build, threads: u32| {
        let path = folder.join(build.name).join(format!("{seed}-{threads}.safetensors"));
        fs::read(&path).with_context(|| path.display().to_string())
    };
    let first = file(&BUILDS[0], THREADS[0])?;
    anyhow::ensure!(!first.is_empty(), "seed {seed}: the model is empty");
    let mut bits = 0;
    for build in &BUILDS {
        for threads in THREADS {
            let other = file(build, threads)?;
            anyhow::ensure!(
                other == first,
                "seed {seed}: {} with {threads} threads saves another model than {} with {} thread",
                build.name,
                BUILDS[0].name,
                THREADS[0]
            );
            bits += 8 * other.len() as u64;
        }
    }
    // The first file was compared with itself.
    Ok(bits - 8 * first.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bit_of_one_model_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        for build in &BUILDS {
            let out = folder.path().join(build.name);
            fs::create_dir_all(&out).unwrap();
            for threads in THREADS {
                fs::write(out.join(format!("3-{threads}.safetensors")), [1, 2]).unwrap();
            }
        }
        assert_eq!(compare(folder.path(), 3).unwrap(), 7 * 16);
        fs::write(folder.path().join("haswell/3-4.safetensors"), [1, 3]).unwrap();
        let error = compare(folder.path(), 3).unwrap_err().to_string();
        assert!(error.starts_with("seed 3: haswell with 4 threads"), "{error}");
        assert!(compare(folder.path(), 4).is_err());
    }
}
