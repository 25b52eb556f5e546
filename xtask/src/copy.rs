//! A copy of the working tree, in which sources may be changed and built while the tree itself is worked on.

use anyhow::Context;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Brings `target/soak/NAME` up to date with the tree: all files that git tracks or would. A file that is
/// equal is not touched, and the copy's own `target` folder stays, so that the next build there is an
/// incremental one.
pub fn refresh(root: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let copy = root.join("target/soak").join(name);
    let files = listed(root)?;
    for file in &files {
        let new = fs::read(root.join(file)).with_context(|| format!("{} cannot be read", file.display()))?;
        let to = copy.join(file);
        if fs::read(&to).ok().as_ref() != Some(&new) {
            fs::create_dir_all(to.parent().context("a file has a folder")?)?;
            fs::write(&to, new).with_context(|| format!("{} cannot be written", to.display()))?;
        }
    }
    remove_others(&copy, &copy, &files)?;
    Ok(copy)
}

/// The files of the tree, relative to its root, without those that git ignores or that have been deleted.
fn listed(root: &Path) -> anyhow::Result<BTreeSet<PathBuf>> {
    let list = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("git lists the files to copy, and cannot be run")?;
    anyhow::ensure!(list.status.success(), "git ls-files: {}", String::from_utf8_lossy(&list.stderr));
    let names = String::from_utf8(list.stdout).context("a file's name is not UTF-8")?;
    Ok(names.split_terminator('\0').map(PathBuf::from).filter(|file| root.join(file).is_file()).collect())
}

/// Removes what is not in the list, `target` excepted.
fn remove_others(copy: &Path, folder: &Path, files: &BTreeSet<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.strip_prefix(copy)?;
        if path.is_dir() {
            if name != Path::new("target") {
                remove_others(copy, &path, files)?;
            }
        } else if !files.contains(name) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
