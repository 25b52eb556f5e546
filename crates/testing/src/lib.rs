//! What the tests of several crates share. Only ever a dev-dependency by path: it is not published.
//!
//! | item | what |
//! |---|---|
//! | [`real_data`] | where a real data set is, if it is there |
//! | [`Files`] | a folder that vanishes with its test |
//! | `random`, a feature | random cases for checks of gradients |

#[cfg(feature = "random")]
pub mod random;

use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The path of a file or folder of real data, such as `tabular/mammography/data.csv`, or `None` where it is
/// absent.
///
/// Looks below the folder named by `LOSSLAB_DATA`, by default `../shared/data` beside the workspace root.
/// Absence is said on standard error.
///
/// # Panics
/// If it is absent and `LOSSLAB_REQUIRE_DATA` is 1.
pub fn real_data(relative: &str) -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/testing");
    let default = || workspace.join("../shared/data");
    let root = std::env::var_os("LOSSLAB_DATA").map_or_else(default, PathBuf::from);
    let path = root.join(relative);
    if path.exists() {
        return Some(path);
    }
    let message = format!("no real data at {}; set LOSSLAB_DATA to its folder", path.display());
    assert!(std::env::var("LOSSLAB_REQUIRE_DATA").as_deref() != Ok("1"), "{message}");
    // Not `eprintln!`, which the test runner would swallow.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {message}");
    None
}

/// A folder with files of a test; messages name them without the folder.
pub struct Files(pub TempDir);

impl Default for Files {
    fn default() -> Files {
        Files::new()
    }
}

impl Files {
    /// An empty folder.
    ///
    /// # Panics
    /// If the system gives none.
    pub fn new() -> Files {
        Files(TempDir::new().expect("a temporary folder"))
    }

    /// The path of a file that may not be there yet.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file.
    ///
    /// # Panics
    /// If the disk refuses.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("a temporary file");
        path
    }

    /// A text without the folder before file names.
    pub fn without_folder(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.0.path().display()), "")
    }

    /// The message of an error, with the folder cut from the file name.
    ///
    /// # Panics
    /// If there is no error.
    #[track_caller]
    pub fn message<T>(&self, result: Result<T, impl std::fmt::Display>) -> String {
        let Err(error) = result else { panic!("accepted what should be refused") };
        self.without_folder(&error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_vanish_and_messages_name_them_without_their_folder() {
        let files = Files::new();
        let path = files.write("a.txt", "a");
        assert_eq!(std::fs::read(&path).unwrap(), b"a");
        let error: Result<(), String> = Err(format!("{}: wrong", path.display()));
        assert_eq!(files.message(error), "a.txt: wrong");
        drop(files);
        assert!(!path.exists());
    }
}
