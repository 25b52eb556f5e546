//! What losslab has written into a folder, and what it leaves alone.

use crate::common::{logits, plan, run};
use losslab_report::{Contents, Store};
use losslab_testing::Files;
use std::fs;

/// A comparison with one run in this folder.
fn begun(files: &Files, name: &str) -> Store {
    let mut plan = plan(&["ce"], 1, false);
    let store = Store::new(&files.path(name));
    store.begin(&mut plan).unwrap();
    store.save(&run(&plan, "ce", 0, Some(0.5), &logits(0.3, 0))).unwrap();
    store
}

#[test]
fn files_are_known_by_what_stands_in_them() {
    let files = Files::new();
    assert!(Contents::of(&files.path("absent")).unwrap().is_empty());
    let store = begun(&files, "out");
    let contents = Contents::of(store.folder()).unwrap();
    assert_eq!(contents.words(), "1 run and 1 other file");
    fs::create_dir(files.path("out/plots")).unwrap();
    for (name, text) in [
        ("out/runs/mlp__ce__1.json", fs::read_to_string(files.path("out/runs/mlp__ce__0.json")).unwrap()),
        ("out/plots/metrics.svg", "<svg></svg>".into()),
        ("out/notes.txt", "mine".into()),
    ] {
        files.write(name, text);
    }
    assert_eq!(Contents::of(store.folder()).unwrap(), contents);
    // A table has no file of true objects, so that this one is another's.
    files.write("out/truth.json", "{}");
    files.write("out/report.html", "<!DOCTYPE html>");
    let foreign = Contents::of(store.folder()).unwrap().foreign;
    assert_eq!(
        foreign.iter().map(|path| path.to_str().unwrap()).collect::<Vec<_>>(),
        ["report.html", "truth.json"]
    );
    contents.remove().unwrap();
    assert!(!files.path("out/runs/mlp__ce__0.json").exists());
    let left = ["runs/mlp__ce__1.json", "plots/metrics.svg", "notes.txt", "truth.json", "report.html"];
    assert!(left.iter().all(|name| files.path("out").join(name).exists()));
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    use std::os::unix::fs::symlink;
    let files = Files::new();
    begun(&files, "others");
    let store = begun(&files, "out");
    fs::remove_dir_all(files.path("out/runs")).unwrap();
    symlink(files.path("others/runs"), files.path("out/runs")).unwrap();
    symlink(files.path("others/comparison.json"), files.path("out/results.json")).unwrap();
    let contents = Contents::of(store.folder()).unwrap();
    assert_eq!((contents.words(), contents.foreign.len()), ("0 runs and 1 other file".into(), 1));
    contents.remove().unwrap();
    assert!(files.path("others/runs/mlp__ce__0.json").exists());
}
