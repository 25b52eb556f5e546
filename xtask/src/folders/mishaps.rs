//! Kills, two writers, full disks: what a comparison leaves must be what is gone on from, and the end must be
//! the same as without a mishap.

use super::PART;
use super::command::Meeting;
use super::outside::regular_files;
use crate::ledger::Ledger;
use anyhow::{Context, bail, ensure};
use losslab_base::rng::Rng;
use serde_json::Value;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A comparison of twelve trainings that takes a second or two.
const COMPARISON: [&str; 16] = [
    "compare",
    "--quiet",
    "--synthetic",
    "rows=2100,ratio=20,seed=1",
    "--loss",
    "ce",
    "--loss",
    "focal:gamma=2",
    "--loss",
    "asl",
    "--seeds",
    "4",
    "--epochs",
    "30",
    "--patience",
    "30",
];
/// Attempts after which a comparison is given up.
const MOST_ATTEMPTS: usize = 200;
/// KiB of the file systems that are too small, or just large enough.
const DISKS: [u32; 5] = [16, 64, 160, 400, 4000];

fn meeting(program: &Path, folder: &Path, out: &str, more: &[&str]) -> Meeting {
    let mut arguments: Vec<OsString> = COMPARISON.iter().map(Into::into).collect();
    arguments.extend(["--out", out].iter().chain(more).map(Into::into));
    Meeting { program: program.to_owned(), arguments, folder: folder.to_owned() }
}

/// An empty folder.
fn emptied(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(fs::create_dir_all(folder)?)
}

/// `results.json` without what depends on the machine and the moment.
fn results(folder: &Path) -> anyhow::Result<Value> {
    let path = folder.join("results.json");
    let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
    let mut value: Value = serde_json::from_slice(&bytes)?;
    value.as_object_mut().and_then(|fields| fields.remove("environment"));
    Ok(value)
}

/// The results of the comparison without a mishap.
fn undisturbed(program: &Path, folder: &Path) -> anyhow::Result<Value> {
    let ended = meeting(program, folder, "whole", &[]).run()?;
    ensure!(ended.code == 0, "a comparison without a mishap failed, {}", ended.text());
    results(&folder.join("whole"))
}

/// A comparison that is killed at random moments and resumed until it ends.
pub fn kill(program: &Path, folder: &Path, number: u64, ledger: &mut Ledger) -> anyhow::Result<()> {
    emptied(folder)?;
    let start = Instant::now();
    let expected = undisturbed(program, folder)?;
    let length = start.elapsed();
    let mut rng = Rng::stream(0x04b1_11ed, number);
    let mut kills = 0;
    for attempt in 0.. {
        ensure!(attempt < MOST_ATTEMPTS, "still not at its end after {MOST_ATTEMPTS} attempts");
        let mut child = started(&meeting(program, folder, "killed", &["--resume"]))?;
        sleep(length.mul_f64(rng.uniform()));
        // An error means that it had ended.
        let _ = child.kill();
        let status = child.wait()?;
        if status.success() {
            break;
        }
        if let Some(code) = status.code().filter(|_| cfg!(unix)) {
            bail!("after {kills} kills the comparison ended by itself, with code {code}");
        }
        kills += 1;
    }
    let found = results(&folder.join("killed"))?;
    ensure!(found == expected, "after {kills} kills the results are others");
    let mut files = Vec::new();
    regular_files(&folder.join("killed"), &mut files)?;
    let hidden = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let left: Vec<_> = files.iter().filter(|path| hidden(path)).collect();
    ensure!(left.is_empty(), "left behind: {left:?}");
    ledger.add(PART, "kills survived", kills)?;
    ledger.add(PART, "comparisons killed and resumed to the same results", 1)
}

fn started(meeting: &Meeting) -> anyhow::Result<Child> {
    let mut command = Command::new(&meeting.program);
    command.args(&meeting.arguments).current_dir(&meeting.folder);
    Ok(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
}

/// A second comparison in the folder of one that runs is refused, and the first one ends as if alone.
pub fn two_writers(program: &Path, folder: &Path, ledger: &mut Ledger) -> anyhow::Result<()> {
    emptied(folder)?;
    let expected = undisturbed(program, folder)?;
    for more in [&[][..], &["--resume"], &["--fresh"]] {
        let out = format!("shared{}", more.len() + more.concat().len());
        let mut first = started(&meeting(program, folder, &out, &[]))?;
        let start = Instant::now();
        while !folder.join(&out).join("comparison.json").exists() {
            ensure!(start.elapsed() < Duration::from_secs(60), "the first comparison does not begin");
            sleep(Duration::from_millis(2));
        }
        let second = meeting(program, folder, &out, more).run()?;
        let was_alone = first.try_wait()?.is_some();
        let status = first.wait()?;
        ensure!(status.success(), "the first of two comparisons failed: {status}");
        ensure!(results(&folder.join(&out))? == expected, "two writers: the results are others");
        if !was_alone {
            ensure!(second.code == 2, "a second writer was not refused, {}", second.text());
            ledger.add(PART, "second writers refused", 1)?;
        }
    }
    Ok(())
}

/// Comparisons on file systems that are full before they end. Needs the right to mount one.
pub fn full_disks(program: &Path, folder: &Path, ledger: &mut Ledger) -> anyhow::Result<()> {
    emptied(folder)?;
    let expected = undisturbed(program, folder)?;
    for size in DISKS {
        let disk = folder.join(format!("disk{size}"));
        fs::create_dir_all(&disk)?;
        if !mount(&disk, &format!("size={size}k"))? {
            println!("no file system can be mounted here: full disks are left out");
            return Ok(());
        }
        let outcome = full_disk(program, folder, &disk, &expected);
        Command::new("umount").arg(&disk).status()?;
        outcome.with_context(|| format!("a file system of {size} KiB"))?;
        ledger.add(PART, "full disks", 1)?;
    }
    Ok(())
}

fn mount(disk: &Path, options: &str) -> anyhow::Result<bool> {
    if !cfg!(target_os = "linux") {
        return Ok(false);
    }
    let mut command = Command::new("mount");
    command.args(["-t", "tmpfs", "-o", options, "losslab-soak"]).arg(disk);
    Ok(command.stderr(Stdio::null()).status().is_ok_and(|status| status.success()))
}

fn full_disk(program: &Path, folder: &Path, disk: &Path, expected: &Value) -> anyhow::Result<()> {
    let out = disk.join("out");
    let out = out.to_string_lossy();
    let ended = meeting(program, folder, &out, &[]).run()?;
    let said = String::from_utf8_lossy(&ended.err);
    if ended.code == 0 {
        ensure!(results(&disk.join("out"))? == *expected, "the results are others");
        return Ok(());
    }
    ensure!(ended.code == 2 && said.contains("disk"), "a full disk is not named, {}", ended.text());
    ensure!(!String::from_utf8_lossy(&ended.out).contains("verdict:"), "a verdict, {}", ended.text());
    ensure!(mount(disk, "remount,size=64m")?, "the file system cannot be enlarged");
    let resumed = meeting(program, folder, &out, &["--resume"]).run()?;
    ensure!(resumed.code == 0, "with room again, {}", resumed.text());
    ensure!(results(&disk.join("out"))? == *expected, "with room again the results are others");
    Ok(())
}
