//! Folders of results and checkpoints under attack: links, hostile names and fields, torn files, kills,
//! second writers and full disks.
//!
//! A received folder is input from a stranger, and a machine may fail at any moment. So whatever a folder
//! holds, nothing outside of it may change or be read, no command may panic, hang or take much memory, and
//! there must be no verdict on runs that are missing or were edited.
//!
//! | file | what |
//! |---|---|
//! | `template` | the folders that are mutated, and the commands that meet them |
//! | `mutation` | what is done to a folder |
//! | `outside` | what must not change or be read, and how that is checked |
//! | `command` | a command with limits on time and memory |
//! | `runs` | whether results hold what was trained, and no verdict on less |
//! | `mishaps` | kills, two writers, full disks |

mod command;
mod mishaps;
mod mutation;
mod outside;
mod runs;
mod template;

use crate::kills::build;
use crate::ledger::Ledger;
use anyhow::Context;
use losslab_base::rng::Rng;
use outside::Outside;
use std::fs;
use std::path::Path;
use std::time::Instant;
use template::Templates;

/// The name of the part in the figures.
const PART: &str = "folders";
/// Mutated folders to one kill of a comparison.
const FOLDERS_PER_KILL: u64 = 50;
/// Mutated folders from one round of two writers and full disks to the next.
const FOLDERS_PER_ROUND: u64 = 500;

/// Runs until the deadline.
pub fn run(root: &Path, deadline: Instant, ledger: &mut Ledger) -> anyhow::Result<()> {
    let program = build(root)?;
    let base = root.join("target/soak/folders");
    if base.exists() {
        fs::remove_dir_all(&base)?;
    }
    fs::create_dir_all(&base)?;
    let templates = Templates::make(&program, &base.join("templates"))?;
    while Instant::now() < deadline {
        let number = ledger.get(PART, "mutated");
        if number.is_multiple_of(FOLDERS_PER_ROUND) {
            mishaps::two_writers(&program, &base.join("writers"), ledger)?;
            mishaps::full_disks(&program, &base.join("disk"), ledger)?;
        }
        if number.is_multiple_of(FOLDERS_PER_KILL) {
            mishaps::kill(&program, &base.join("killed"), number / FOLDERS_PER_KILL, ledger)?;
        }
        let case = base.join("case");
        one(&program, &templates, &case, number, ledger)
            .with_context(|| format!("folder {number}; its files are in {}", case.display()))?;
    }
    Ok(())
}

/// Folder number `number`: a copy of a template, mutated, and a command that meets it.
fn one(
    program: &Path,
    templates: &Templates,
    case: &Path,
    number: u64,
    ledger: &mut Ledger,
) -> anyhow::Result<()> {
    if case.exists() {
        fs::remove_dir_all(case)?;
    }
    let mut rng = Rng::stream(0x0f01_de25, number);
    let outside = Outside::make(&case.join("outside"), templates)?;
    let work = case.join("work");
    let template = templates.copy(&work, &mut rng)?;
    let mut done = Vec::new();
    for _ in 0..=rng.below(3) {
        done.push(mutation::mutate(&work.join("given"), &outside, &mut rng)?);
    }
    let before = outside.fingerprint()?;
    let meeting = template.command(program, &work, &mut rng);
    // Edited by somebody who makes checksums right, or taken as settings, a folder is what it says.
    let is_edited = done.iter().any(|mutation| mutation.resealed)
        || meeting.arguments.iter().any(|argument| argument == "--config");
    let what = || format!("{done:?}, then {:?}", meeting.arguments);
    let ended = meeting.run().with_context(what)?;
    let check = || {
        anyhow::ensure!(outside.fingerprint()? == before, "files outside of the folder were changed");
        outside.ensure_unread(&work, &ended)?;
        runs::check(&template.runs, &work, &ended, is_edited)
    };
    check().with_context(what).with_context(|| ended.text())?;
    ledger.add(PART, "mutated", 1)?;
    ledger.add(PART, if ended.code == 0 { "accepted" } else { "refused" }, 1)
}
