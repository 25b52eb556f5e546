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
    for krate in ["metrics", "data", "train", "report"] {
        for (path, text) in sources(&format!("crates/{krate}/src")) {
            for line in code(&text) {
                for world in ["std::env", "std::time", "std::net", "thread_rng", "println!"] {
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

/// The pages for people, with their folders.
fn pages() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["", "docs"].map(|folder| std::fs::read_dir(root.join(folder)).unwrap());
    let files = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    let pages: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect();
    assert!(pages.len() >= 8, "{pages:?}");
    pages
}

/// What stands in backticks, outside of blocks of code.
fn quoted(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|part| part.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn pages_name_files_and_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["benches", "crates", "examples", "fuzz", "src", "tests", "xtask"];
    let all: Vec<(PathBuf, String)> = folders.into_iter().flat_map(sources).collect();
    for (page, text) in pages() {
        let page_folder = page.parent().unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let is_file = !link.is_empty() && !link.contains("://");
            assert!(!is_file || page_folder.join(link).exists(), "{}: link to {link}", page.display());
        }
        for name in quoted(&text) {
            let is_path = name.split_once('/').is_some_and(|(first, _)| folders.contains(&first))
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "/._-".contains(c));
            assert!(!is_path || root.join(name).exists(), "{}: path {name}", page.display());
            let is_source = name.ends_with(".rs") && !name.contains(' ');
            let found = || all.iter().any(|(path, _)| path.ends_with(name));
            assert!(!is_source || found(), "{}: file {name}", page.display());
        }
    }
    let architecture = std::fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let table =
        architecture.split("## Invariants").nth(1).and_then(|rest| rest.split("\n\n").nth(1)).unwrap();
    for row in table.lines().skip(2) {
        let tests = quoted(row.trim_end_matches('|').rsplit('|').next().unwrap());
        assert!(!tests.is_empty(), "an invariant without a test: {row}");
        for test in tests {
            let written = [format!("fn {test}("), format!("fn {test}<")];
            let found = all.iter().any(|(_, text)| written.iter().any(|start| text.contains(start)));
            assert!(found, "no test {test}");
        }
    }
}
