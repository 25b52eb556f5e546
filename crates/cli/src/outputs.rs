//! Files that a command is about to write, which must not be those that it reads.

use anyhow::ensure;
use losslab_data::formats::{Flag, FormatInfo, Given};
use std::fs;
use std::path::{Path, PathBuf};

/// Files and folders that a command reads, each with the flag that names it.
pub type Inputs = Vec<(String, PathBuf)>;

/// What the flags of formats name.
pub fn inputs(flags: &[(FormatInfo, &Flag)], given: &Given) -> Inputs {
    let paths = flags.iter().filter(|(_, flag)| flag.is_path);
    let of_flag = |flag: &Flag| {
        let file = |path: &String| (flag.name.to_owned(), PathBuf::from(path));
        given.all(flag.name).iter().map(file).collect::<Inputs>()
    };
    paths.flat_map(|(_, flag)| of_flag(flag)).collect()
}

/// Refuses to write a file that is read, by whatever name.
///
/// # Errors
/// If it is one of the inputs; the message names both flags.
pub fn ensure_not_read(flag: &str, path: &Path, inputs: &Inputs) -> anyhow::Result<()> {
    for (of, input) in inputs {
        ensure!(
            !is_same(path, input),
            "{flag} {}: found the file that is read as --{of}, expected another one",
            path.display()
        );
    }
    Ok(())
}

/// Whether both are the same file or folder, which is there, by whatever name.
pub fn is_same(a: &Path, b: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(a), Ok(b)) = (fs::metadata(a), fs::metadata(b)) {
        use std::os::unix::fs::MetadataExt;
        return (a.dev(), a.ino()) == (b.dev(), b.ino());
    }
    matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}
