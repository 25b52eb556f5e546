//! A small comparison, and the page it leaves.

use std::path::Path;
use std::process::Command;

/// Compares two losses on a small problem of two columns and returns the page.
pub fn small_report(folder: &Path) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_losslab"))
        .args(["compare", "--quiet", "--synthetic", "rows=2020,ratio=50", "--loss", "ce"])
        .args(["--loss", "focal:gamma=2,alpha=0.25", "--seeds", "3", "--epochs", "6", "--out"])
        .arg(folder)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    std::fs::read_to_string(folder.join("report.html")).unwrap()
}
