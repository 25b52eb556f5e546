//! The folder of results where none is named: a new numbered one, which a text file names as the latest.

use losslab_data::files::{ConfinedFolder, write_atomically};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folder of the numbered ones.
const ROOT: &str = "losslab-results";
/// The file that names the latest of them.
const LATEST: &str = "latest";
/// A larger file is not that.
const MOST_BYTES: u64 = 100;

/// Creates the folder after the last; two processes never get the same.
///
/// # Errors
/// If it cannot be created.
pub fn next() -> io::Result<PathBuf> {
    let root = Path::new(ROOT);
    fs::create_dir_all(root)?;
    let mut last = 0;
    for entry in fs::read_dir(root)? {
        last = entry?.file_name().to_str().and_then(number).unwrap_or(0).max(last);
    }
    loop {
        last += 1;
        let folder = root.join(format!("{last:03}"));
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => return created.map(|()| folder),
        }
    }
}

/// Names the numbered folder in which this one lies as the latest.
///
/// # Errors
/// If the file cannot be written.
pub fn name_latest(folder: &Path) -> io::Result<()> {
    let name = folder.strip_prefix(ROOT).ok().and_then(|below| below.iter().next()?.to_str());
    match name {
        Some(name) => write_atomically(&Path::new(ROOT).join(LATEST), format!("{name}\n").as_bytes()),
        None => Ok(()),
    }
}

/// The latest numbered folder, if there is one.
pub fn latest() -> Option<PathBuf> {
    latest_in(Path::new(ROOT))
}

/// The folder of a comparison: this one, or the latest numbered one in it.
pub fn resolve(folder: &Path) -> PathBuf {
    let is_comparison = folder.join("comparison.json").exists();
    let latest = if is_comparison { None } else { latest_in(folder) };
    latest.unwrap_or_else(|| folder.to_owned())
}

fn latest_in(root: &Path) -> Option<PathBuf> {
    let text = ConfinedFolder::new(root).read_text(LATEST, MOST_BYTES).ok()?;
    let name = text.trim();
    // Nothing but a number: what stands in the file must not lead elsewhere.
    number(name)?;
    Some(root.join(name))
}

fn number(name: &str) -> Option<u64> {
    name.bytes().all(|byte| byte.is_ascii_digit()).then(|| name.parse().ok()).flatten()
}
