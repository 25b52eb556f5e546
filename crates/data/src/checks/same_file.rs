//! The same file given twice.

use super::{Check, CheckInfo, NamedFile, Severity};
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::Path;

/// A file given twice, by name or by content.
pub(super) struct SameFile;

impl Check for SameFile {
    fn info(&self) -> CheckInfo {
        CheckInfo {
            kind: "same-file",
            severity: Severity::Severe,
            finds: "two flags that name the same file, or files of the same bytes",
        }
    }

    fn files(&self, files: &[NamedFile]) -> Option<String> {
        let mut pairs = Vec::new();
        for (i, first) in files.iter().enumerate() {
            let same = files.iter().skip(i + 1).filter(|second| is_same(&first.path, &second.path));
            pairs.extend(same.map(|second| format!("--{} and --{}", first.flag, second.flag)));
        }
        let said = pairs.join("; ");
        (!pairs.is_empty())
            .then(|| format!("{said} name the same data: a model is judged on what it has seen"))
    }
}

/// Whether two paths lead to one file, or to files with the same bytes. What cannot be read is refused by
/// those who load it.
fn is_same(a: &Path, b: &Path) -> bool {
    let size = |path: &Path| fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|file| file.len());
    let (Some(size_a), Some(size_b)) = (size(a), size(b)) else { return false };
    let is_one = matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b);
    is_one || (size_a == size_b && has_same_bytes(a, b).unwrap_or(false))
}

fn has_same_bytes(a: &Path, b: &Path) -> std::io::Result<bool> {
    let (mut a, mut b) = (BufReader::new(File::open(a)?).bytes(), BufReader::new(File::open(b)?).bytes());
    loop {
        match (a.next().transpose()?, b.next().transpose()?) {
            (None, None) => return Ok(true),
            (a, b) if a != b => return Ok(false),
            _ => {}
        }
    }
}
