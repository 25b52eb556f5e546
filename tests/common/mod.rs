//! What several integration tests share: where the real data is.

use std::io::Write;
use std::path::{Path, PathBuf};

/// The path of a file or folder of real data, such as `tabular/mammography/data.csv`, or `None` where it is absent.
///
/// Looks below the folder named by `LOSSLAB_DATA`, by default `../shared/data` beside the workspace root. Absence is
/// said on standard error; with `LOSSLAB_REQUIRE_DATA=1` it fails the test.
#[allow(dead_code)] // every test binary compiles this file, not every one needs real data
pub fn real_data(relative: &str) -> Option<PathBuf> {
    let root = std::env::var_os("LOSSLAB_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
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
