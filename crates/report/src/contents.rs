//! What losslab has written into a folder, told from what others have put there.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

use crate::plan::ArmName;
use crate::record::{arm_file, run_file};
use crate::store::{MOST_BYTES, PLAN_FILE};
use crate::views;
use losslab_base::counted;
use losslab_data::files::ConfinedFolder;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// So much of a file is looked at to know it.
const HEAD: usize = 1 << 16;
/// The folders that losslab writes into beside those of attachments.
const RUNS: &str = "runs";
const PICTURES: &str = "pictures";
const PLOTS: &str = "plots";

/// A file in the folder of results, and what stands at the beginning of one that losslab wrote.
const NAMED: [(&str, [&str; 2]); 5] = [
    (PLAN_FILE, ["\"schema\":", "\"problem\":"]),
    ("results.json", ["\"schema\":", "\"complete\":"]),
    ("across.json", ["\"schema\":", "\"reference\":"]),
    ("report.html", [GENERATOR; 2]),
    ("across.html", [GENERATOR; 2]),
];
const GENERATOR: &str = "<meta name=\"generator\" content=\"losslab ";
/// What stands in every drawing that is a file of its own.
const DRAWING: &str = "role=\"img\" aria-labelledby=\"title description\">";

/// The files of a folder that losslab wrote, and those of others that stand in the place of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    folder: PathBuf,
    runs: usize,
    /// All files but the plan, by their paths in the folder.
    files: Vec<PathBuf>,
    has_plan: bool,
    /// Files that losslab would write, and did not.
    pub foreign: Vec<PathBuf>,
}

/// The part of a record that says which run it is of.
#[derive(Deserialize)]
struct Head {
    arm: ArmName,
    seed: u64,
}

impl Contents {
    /// Looks into a folder, which need not be there. Links are not followed, and are not losslab's.
    ///
    /// # Errors
    /// If the folder or one of its files cannot be read.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let mut contents = Self { folder: folder.to_owned(), ..Self::default() };
        for (name, marks) in NAMED {
            match (exists(&folder.join(name)), has(folder, Path::new(name), &marks)) {
                (_, true) if name == PLAN_FILE => contents.has_plan = true,
                (_, true) => contents.files.push(name.into()),
                (true, false) => contents.foreign.push(name.into()),
                (false, false) => {}
            }
        }
        contents.look_at_runs()?;
        let own = shared_file(folder);
        for name in views::shared_files().filter(|name| exists(&folder.join(name))) {
            let is_own = own == Some(name) && is_file(&folder.join(name));
            if is_own { &mut contents.files } else { &mut contents.foreign }.push(name.into());
        }
        for name in names(&folder.join(PLOTS))? {
            if has(folder, &Path::new(PLOTS).join(&name), &[DRAWING]) {
                contents.files.push(Path::new(PLOTS).join(name));
            }
        }
        Ok(contents)
    }

    /// Records, and what belongs to each of them.
    fn look_at_runs(&mut self) -> io::Result<()> {
        let mut pictures = BTreeSet::new();
        let files = ConfinedFolder::new(&self.folder);
        for name in names(&self.folder.join(RUNS))? {
            let path = self.folder.join(RUNS).join(&name);
            if !is_file(&path) {
                continue;
            }
            let Ok(bytes) = files.read(format!("{RUNS}/{name}"), MOST_BYTES) else { continue };
            let Ok(Head { arm, seed }) = serde_json::from_slice(&bytes) else { continue };
            if name != run_file(&arm, seed) {
                continue;
            }
            self.runs += 1;
            for folder in views::attachment_folders() {
                let attached = Path::new(folder).join(&name);
                if is_file(&self.folder.join(&attached)) && !is_link(&self.folder.join(folder)) {
                    self.files.push(attached);
                }
            }
            self.files.push(Path::new(RUNS).join(name));
            pictures.insert(Path::new(PICTURES).join(format!("{}.png", arm_file(&arm))));
        }
        let is_there = |path: &PathBuf| is_file(&self.folder.join(path));
        if !is_link(&self.folder.join(PICTURES)) {
            self.files.extend(pictures.into_iter().filter(is_there));
        }
        Ok(())
    }

    /// Whether losslab has written nothing here, and nothing stands in the place of what it would write.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.foreign.is_empty() && !self.has_plan
    }

    /// The files that losslab wrote.
    pub fn paths(&self) -> impl Iterator<Item = PathBuf> {
        let plan = self.has_plan.then(|| PLAN_FILE.into());
        self.files.iter().cloned().chain(plan).map(|path| self.folder.join(path))
    }

    /// What there is, in words: `2 runs and 7 other files`.
    pub fn words(&self) -> String {
        let others = self.files.len() - self.runs + usize::from(self.has_plan);
        format!("{} and {}", counted(self.runs, "run"), counted(others, "other file"))
    }

    /// Removes all of it but the plan, which the next one replaces, and folders that are empty then.
    ///
    /// # Errors
    /// If a file cannot be removed.
    pub fn remove(&self) -> io::Result<()> {
        let files = ConfinedFolder::new(&self.folder);
        for file in &self.files {
            files.remove(file)?;
        }
        for folder in views::attachment_folders().chain([RUNS, PICTURES, PLOTS]) {
            // Succeeds only if it is empty.
            let _ = fs::remove_dir(self.folder.join(folder));
        }
        Ok(())
    }
}

/// The file that the runs of the plan in this folder share, if it can be read and they share one.
fn shared_file(folder: &Path) -> Option<&'static str> {
    #[derive(Deserialize)]
    struct OfTask {
        task: String,
    }
    let text = ConfinedFolder::new(folder).read(PLAN_FILE, MOST_BYTES).ok()?;
    let OfTask { task } = serde_json::from_slice(&text).ok()?;
    views::of(&task).ok()?.shared_file()
}

/// The names in a folder, in their order; none if there is no such folder, or it is a link.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    if is_link(folder) || !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        // What losslab writes has names in UTF-8.
        names.extend(entry?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

/// Whether this is a file whose beginning holds all marks.
fn has(folder: &Path, file: &Path, marks: &[&str]) -> bool {
    if !is_file(&folder.join(file)) {
        return false;
    }
    // What cannot be read or is too large is not losslab's.
    let Ok(bytes) = ConfinedFolder::new(folder).read(file, MOST_BYTES) else { return false };
    let head = String::from_utf8_lossy(bytes.get(..HEAD).unwrap_or(&bytes));
    marks.iter().all(|mark| head.contains(mark))
}

fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}
