//! Trainings killed at random moments and resumed until they end: the model that they save must have the
//! bytes of one that was never killed.
//!
//! The signal cannot be caught, so a training dies wherever it is: reading data, between two steps, half way
//! through writing a checkpoint. Classifiers and detectors take turns; each has another loss and optimiser
//! than the last one.

use crate::ledger::Ledger;
use anyhow::{Context, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Instant;

/// What is trained: a second or two each.
const PROBLEMS: [(&str, &[&str]); 2] = [
    ("classifiers", &["--synthetic", "rows=10100,ratio=20", "--epochs", "60", "--patience", "60"]),
    (
        "detectors",
        &["--scenes", "images=24,size=48,ratio=60", "--epochs", "24", "--width", "8", "--batch", "4"],
    ),
];
const LOSSES: [&str; 3] = ["ce", "focal:gamma=2,alpha=0.25", "asl"];
const OPTIMIZERS: [&str; 3] = ["sgd", "adam", "adamw"];
/// Attempts after which a training is given up: on average it needs a handful.
const MOST_ATTEMPTS: u64 = 200;

/// Runs until the deadline, always to the end of a training.
pub fn run(root: &Path, deadline: Instant, ledger: &mut Ledger) -> anyhow::Result<()> {
    let program = build(root)?;
    let folder = root.join("target/soak/kills");
    while Instant::now() < deadline {
        let number = PROBLEMS.iter().map(|(name, _)| ledger.get("kills", name)).sum();
        one(&program, &folder, number, ledger)
            .with_context(|| format!("training {number}; its files are in {}", folder.display()))?;
    }
    Ok(())
}

/// The program, as tests build it.
pub fn build(root: &Path) -> anyhow::Result<PathBuf> {
    let built = Command::new(env!("CARGO")).args(["build", "--bin", "losslab"]).current_dir(root).status()?;
    ensure!(built.success(), "cargo build --bin losslab failed");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("debug/losslab").with_extension(std::env::consts::EXE_EXTENSION))
}

/// Training number `number`: once without a kill, once with as many as come about.
fn one(program: &Path, folder: &Path, number: u64, ledger: &mut Ledger) -> anyhow::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let (name, problem) = PROBLEMS[number as usize % 2];
    let turn = number as usize / 2;
    let seed = number.to_string();
    let train = |save: &Path| {
        let mut command = Command::new(program);
        command.args(["train", "--quiet", "--seed", &seed, "--loss", LOSSES[turn % 3]]);
        command.args(["--optimizer", OPTIMIZERS[turn / 3 % 3]]).args(problem).arg("--save").arg(save);
        command.stdout(Stdio::null());
        command
    };
    let [whole, resumed] = ["whole", "resumed"].map(|name| folder.join(format!("{name}.safetensors")));
    let start = Instant::now();
    ensure!(train(&whole).status()?.success(), "a training without a kill failed");
    let length = start.elapsed();

    let mut random = number;
    let mut kills = 0;
    for attempt in 0.. {
        ensure!(attempt < MOST_ATTEMPTS, "still not at its end after {MOST_ATTEMPTS} attempts");
        let mut command = train(&resumed);
        // It may be killed between saving the model and its end.
        command.args(["--resume", "--force", "--checkpoint"]).arg(folder.join("kept"));
        let mut child = command.spawn()?;
        sleep(length.mul_f64(draw(&mut random)));
        // An error means that it had ended.
        let _ = child.kill();
        let status = child.wait()?;
        if status.success() {
            break;
        }
        // An error of the training itself has a code, a death by the signal has none.
        if let Some(code) = status.code().filter(|_| cfg!(unix)) {
            bail!("attempt {attempt}, after {kills} kills: the training ended by itself, with code {code}");
        }
        kills += 1;
    }
    let [whole, resumed] = [fs::read(whole)?, fs::read(resumed)?];
    ensure!(whole == resumed, "after {kills} kills the model has other bytes");
    ledger.add("kills", name, 1)?;
    ledger.add("kills", "kills survived", kills)?;
    ledger.add("kills", "bytes of models equal", whole.len() as u64)?;
    Ok(())
}

/// Uniform in [0, 1): SplitMix64, which needs no dependency.
fn draw(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}
