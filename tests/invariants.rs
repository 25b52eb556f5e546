//! The invariants of ARCHITECTURE.md that can be read off the sources.

use std::path::{Path, PathBuf};

/// All Rust sources below a folder of the workspace.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(root).unwrap().to_owned(), text));
            }
        }
    }
    assert!(!found.is_empty(), "no sources in {folder}");
    found.sort();
    found
}

/// The lines that are not comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// Each crate with those that it may use.
const LAYERS: [(&str, &[&str]); 9] = [
    ("base", &[]),
    ("tensor", &["base"]),
    ("autograd", &["base", "tensor"]),
    ("losses", &["base", "tensor", "autograd"]),
    ("models", &["base", "tensor", "autograd"]),
    ("metrics", &["base"]),
    ("data", &["base", "metrics"]),
    ("train", &["base", "tensor", "autograd", "losses", "models", "metrics", "data"]),
    ("report", &["base", "tensor", "autograd", "losses", "models", "metrics", "data", "train"]),
];

#[test]
fn unsafe_code_lives_in_the_named_modules_only() {
    let all = LAYERS.map(|(krate, _)| format!("crates/{krate}/src"));
    let with_unsafe: Vec<String> = all
        .iter()
        .map(String::as_str)
        .chain(["src"])
        .flat_map(sources)
        .filter(|(_, text)| {
            code(text).any(|line| line.contains("unsafe ") || line.contains("allow(unsafe_code)"))
        })
        .map(|(path, _)| path.display().to_string())
        .collect();
    let named = ["gemm/tile.rs", "kernel.rs", "short_rows.rs", "transpose.rs", "workers.rs"]
        .map(|module| format!("crates/tensor/src/{module}"));
    assert_eq!(with_unsafe, named);
}

#[test]
fn crates_use_only_those_below_them() {
    for (krate, below) in LAYERS {
        for (path, text) in sources(&format!("crates/{krate}/src")) {
            for line in code(&text) {
                for (other, _) in LAYERS {
                    let uses = line.contains(&format!("losslab_{other}")) && other != krate;
                    assert!(!uses || below.contains(&other), "{}: {line}", path.display());
                }
                assert!(!line.contains("losslab::"), "{}: {line}", path.display());
            }
        }
    }
}

#[test]
fn the_lower_crates_touch_nothing_of_the_world() {
    for krate in ["base", "tensor", "autograd", "losses", "models"] {
        for (path, text) in sources(&format!("crates/{krate}/src")) {
            for line in code(&text) {
                for world in
                    ["std::fs", "std::env", "std::time", "std::net", "std::process", "thread_rng", "println!"]
                {
                    assert!(!line.contains(world), "{}: {line}", path.display());
                }
            }
        }
    }
}

#[test]
fn files_stay_short_enough_to_read() {
    for folder in ["crates", "src", "tests", "examples", "benches", "xtask"] {
        for (path, text) in sources(folder) {
            assert!(text.lines().count() <= 400, "{} has {} lines", path.display(), text.lines().count());
        }
    }
}

#[test]
fn no_path_of_a_machine_stands_in_the_sources() {
    for folder in ["crates", "src", "examples", "benches", "xtask"] {
        for (path, text) in sources(folder) {
            for place in ["home", "root", "work", "Users", "opt"].map(|name| format!("/{name}/")) {
                assert!(!text.contains(&place), "{} contains {place}", path.display());
            }
        }
    }
}
