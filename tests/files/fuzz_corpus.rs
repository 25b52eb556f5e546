//! Every input that is kept for a fuzz target goes through it: seeds, and inputs that once broke a reader.

use losslab::fuzzing::{TARGETS, report};
use std::path::Path;

#[test]
fn no_kept_input_breaks_a_reader() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fuzz");
    for (name, read) in TARGETS {
        let folder = root.join(name);
        let files =
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut inputs = 0;
        for file in files {
            let path = file.unwrap().path();
            println!("{}", path.display());
            read(&std::fs::read(&path).unwrap());
            inputs += 1;
        }
        assert!(inputs > 0, "{name}: no input");
    }
}

/// The list of targets stands twice: here and where cargo-fuzz looks for it.
#[test]
fn every_reader_has_a_fuzz_target() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
    let mut found: Vec<String> = std::fs::read_dir(root)
        .unwrap()
        .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let mut expected = TARGETS.map(|(name, _)| name.to_owned());
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

/// Inputs of another version would be refused at their first field, and test nothing behind it.
#[test]
fn kept_records_are_reported() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fuzz/records");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        assert!(report(&std::fs::read(&path).unwrap()), "{}", path.display());
    }
}
