//! What several tests share: files that vanish with a test, and where the real data is.

use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The path of a file or folder of real data, such as `tabular/mammography/data.csv`, or `None` where it is absent.
///
/// Looks below the folder named by `LOSSLAB_DATA`, by default `../shared/data` beside the workspace root. Absence is
/// said on standard error; with `LOSSLAB_REQUIRE_DATA=1` it fails the test.
pub fn real_data(relative: &str) -> Option<PathBuf> {
    let root = std::env::var_os("LOSSLAB_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
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

impl Files {
    /// An empty folder.
    pub fn new() -> Files {
        Files(TempDir::new().expect("a temporary folder"))
    }

    /// The path of a file that may not be there yet.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("a temporary file");
        path
    }

    /// The message of an error, with the folder cut from the file name.
    #[track_caller]
    pub fn message<T>(&self, result: Result<T, impl std::fmt::Display>) -> String {
        let Err(error) = result else { panic!("accepted what should be refused") };
        error.to_string().replace(&format!("{}/", self.0.path().display()), "")
    }
}
