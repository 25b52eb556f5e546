//! What lies outside of a folder: it must not change, and its secrets must not be read.

use super::command::Ended;
use super::template::Templates;
use anyhow::{Context, ensure};
use losslab_base::Fnv1a;
use std::fs;
use std::path::{Path, PathBuf};

/// What no output may hold.
pub const SECRET: &str = "the-secret-of-another-folder-7f3a91";

/// A folder beside the mutated one, with files that links may lead to.
pub struct Outside {
    folder: PathBuf,
}

impl Outside {
    /// Makes it: a text, a record and a picture with a secret, an empty folder, and a folder with a file.
    pub fn make(folder: &Path, templates: &Templates) -> anyhow::Result<Self> {
        fs::create_dir_all(folder.join("empty"))?;
        fs::create_dir_all(folder.join("full"))?;
        fs::write(folder.join("secret.txt"), SECRET)?;
        fs::write(folder.join("full/secret.json"), format!("{{\"text\":\"{SECRET}\"}}"))?;
        fs::copy(&templates.record, folder.join("record.json"))?;
        let mut picture = fs::read(&templates.picture)?;
        // Decoders stop at the end of the picture; what follows would be embedded with it.
        picture.extend_from_slice(SECRET.as_bytes());
        fs::write(folder.join("picture.png"), picture)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// The files that links may lead to: those above and one that is not there.
    pub fn files(&self) -> Vec<PathBuf> {
        let names = ["secret.txt", "record.json", "picture.png", "full/secret.json", "absent"];
        names.map(|name| self.folder.join(name)).to_vec()
    }

    /// The folders that links may lead to.
    pub fn folders(&self) -> Vec<PathBuf> {
        ["", "empty", "full"].map(|name| self.folder.join(name)).to_vec()
    }

    /// Stands for all files beside and below: names, kinds and contents.
    pub fn fingerprint(&self) -> anyhow::Result<String> {
        let mut hash = Fnv1a::new();
        let above = self.folder.parent().context("it lies in the case")?;
        for entry in sorted(above)? {
            let kept = ["work", "work.stdout", "work.stderr"].map(|name| above.join(name));
            if !kept.contains(&entry) {
                add(&entry, &mut hash)?;
            }
        }
        Ok(format!("{:016x}", hash.finish()))
    }

    /// No file of the working folder, and no output, holds the secret as text or in base64.
    pub fn ensure_unread(&self, work: &Path, ended: &Ended) -> anyhow::Result<()> {
        let in_base64 = (0..3).map(|shift| inner_base64(SECRET.as_bytes(), shift));
        let needles: Vec<String> = in_base64.chain([SECRET.to_owned()]).collect();
        let holds = |bytes: &[u8]| {
            needles.iter().any(|needle| bytes.windows(needle.len()).any(|part| part == needle.as_bytes()))
        };
        ensure!(!holds(&ended.out) && !holds(&ended.err), "a file outside was shown");
        let mut files = Vec::new();
        regular_files(work, &mut files)?;
        for file in files.iter().filter(|file| !file.starts_with(work.join("given"))) {
            ensure!(!holds(&fs::read(file)?), "{}: holds what stands outside", file.display());
        }
        // In the folder itself what losslab writes, not what was put there.
        let page = work.join("given/report.html");
        if page.symlink_metadata().is_ok_and(|about| about.is_file() && about.len() < 1 << 26) {
            ensure!(!holds(&fs::read(&page)?), "{}: holds what stands outside", page.display());
        }
        Ok(())
    }
}

/// The regular files below, links not followed; huge ones are left out.
pub fn regular_files(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for path in sorted(folder)? {
        let about = path.symlink_metadata()?;
        if about.is_dir() {
            regular_files(&path, files)?;
        } else if about.is_file() && about.len() < 1 << 26 {
            files.push(path);
        }
    }
    Ok(())
}

fn sorted(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut paths: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}

fn add(path: &Path, hash: &mut Fnv1a) -> anyhow::Result<()> {
    hash.text(&path.to_string_lossy());
    let about = path.symlink_metadata()?;
    hash.text(&format!("{:?}", about.file_type()));
    if about.is_dir() {
        for entry in sorted(path)? {
            add(&entry, hash)?;
        }
    } else if about.is_file() {
        hash.bytes(&fs::read(path)?);
    }
    Ok(())
}

/// The base64 digits that depend on these bytes alone, if so many others stand before them.
fn inner_base64(bytes: &[u8], shift: usize) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let whole = bytes.get((3 - shift) % 3..).unwrap_or_default().chunks_exact(3);
    let digits = whole.flat_map(|three| {
        let bits = three.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|place| char::from(DIGITS[bits >> place & 63]))
    });
    digits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of Python's base64.b64encode.
    #[test]
    fn base64_is_found_at_any_place() {
        for (before, encoded) in [("", "c2VjcmV0cw=="), ("x", "eHNlY3JldHM="), ("xy", "eHlzZWNyZXRz")] {
            let inner = inner_base64(b"secrets", before.len());
            assert!(inner.len() >= 4 && encoded.contains(&inner), "{before}: {inner}");
        }
    }
}
