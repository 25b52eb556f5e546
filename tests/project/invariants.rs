//! The invariants of ARCHITECTURE.md that can be read off the sources.

use losslab::losses::Registry;
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

/// A source without its tests, which stand at its end.
fn without_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]").next().unwrap_or(text)
}

/// Each crate with those that it may use.
const LAYERS: [(&str, &[&str]); 10] = [
    ("base", &[]),
    ("tensor", &["base"]),
    ("autograd", &["base", "tensor"]),
    ("losses", &["base", "tensor", "autograd"]),
    ("models", &["base", "tensor", "autograd"]),
    ("metrics", &["base"]),
    ("data", &["base", "metrics"]),
    ("train", &["base", "tensor", "autograd", "losses", "models", "metrics", "data"]),
    ("report", &["base", "tensor", "autograd", "losses", "models", "metrics", "data", "train"]),
    ("cli", &["base", "tensor", "losses", "models", "metrics", "data", "train", "report"]),
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
    let named = [&named[..], &["crates/cli/src/interrupt/ignored.rs".to_owned()]].concat();
    assert_eq!(with_unsafe, named);
}

/// The sources of the program that contain one of these calls outside of their tests.
fn calling(calls: &[&str]) -> Vec<String> {
    let all = LAYERS.map(|(krate, _)| format!("crates/{krate}/src"));
    let found = all.iter().map(String::as_str).chain(["src"]).flat_map(sources).filter(|(_, text)| {
        code(without_tests(text)).any(|line| calls.iter().any(|call| line.contains(call)))
    });
    found.map(|(path, _)| path.display().to_string()).collect()
}

/// Whatever else wrote a file could leave a part of it, or follow a link that somebody planted.
#[test]
fn files_are_created_in_one_place() {
    let calls = [
        "File::create",
        "File::options",
        "OpenOptions",
        "fs::write",
        "fs::copy",
        "fs::rename",
        "fs::hard_link",
        "remove_file",
        "remove_dir_all",
        "tempfile::",
    ];
    assert_eq!(
        calling(&calls),
        ["confined.rs", "owner.rs", "read.rs", "write.rs"]
            .map(|file| format!("crates/data/src/files/{file}"))
    );
}

/// Whatever else opened a file could wait for a pipe for ever. The others read what a user has named.
#[test]
fn files_are_opened_in_one_place_but_those_that_a_user_names() {
    let named = [
        "crates/metrics/src/boxes/coco_json.rs",
        "crates/data/src/checks/same_file.rs",
        "crates/data/src/file_text.rs",
        "crates/data/src/files/owner.rs",
        "crates/data/src/files/write.rs",
        "crates/data/src/idx.rs",
        "crates/cli/src/config.rs",
        // What the system tells of its memory.
        "crates/cli/src/memory.rs",
    ];
    assert_eq!(calling(&["File::open", "fs::read(", "fs::read_to_string("]), named);
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

/// The manifests say the same: what a crate lists, others have to compile.
#[test]
fn crates_list_only_those_below_them() {
    for (krate, below) in LAYERS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("crates/{krate}/Cargo.toml"));
        let manifest = std::fs::read_to_string(path).unwrap();
        let listed = manifest.split("[dependencies]").nth(1).and_then(|rest| rest.split("\n[").next());
        for line in listed.unwrap_or_default().lines() {
            let Some(rest) = line.strip_prefix("losslab-") else { continue };
            let other = rest.split(['.', ' ']).next().unwrap_or_default();
            assert!(below.contains(&other), "crates/{krate}/Cargo.toml: {line}");
        }
    }
}

/// Whoever extends a lab must reach all of it: what a part took from a registry of its own would lack the
/// extension.
#[test]
fn registries_are_filled_at_one_place() {
    let calling = |call: &str| -> Vec<String> {
        ["src", "crates/cli/src", "crates/report/src", "crates/train/src"]
            .into_iter()
            .flat_map(sources)
            .filter(|(_, text)| code(without_tests(text)).any(|line| line.contains(call)))
            .map(|(path, _)| path.display().to_string())
            .collect()
    };
    for registry in ["Registry", "Metrics", "Models", "Formats", "Detectors"] {
        assert_eq!(calling(&format!("{registry}::standard")), ["crates/train/src/lab.rs"], "{registry}");
    }
    // The program, and the fuzz targets, which have none.
    assert_eq!(calling("Lab::standard"), ["src/main.rs", "crates/cli/src/fuzzing.rs"]);
}

/// What depends on a loss or a modifier is declared by it, so that one of a user's own gets it, too.
#[test]
fn nothing_depends_on_the_name_of_a_loss() {
    let registry = Registry::standard();
    let losses = registry.losses().map(|loss| loss.name());
    let names: Vec<&str> = losses.chain(registry.modifiers().iter().map(|modifier| modifier.name)).collect();
    for (path, text) in sources("crates").into_iter().chain(sources("src")) {
        let own = ["crates/losses/src/zoo", "crates/losses/src/modifiers"];
        let is_test = path.components().any(|part| part.as_os_str() == "tests");
        if is_test || own.iter().any(|folder| path.starts_with(folder)) {
            continue;
        }
        for line in code(without_tests(&text)) {
            let compared = names.iter().find(|name| compares_with(line, name));
            assert!(compared.is_none(), "{}: {line}", path.display());
            let matched = line.contains("matches!(") && line.contains("name()");
            assert!(!matched, "{}: {line}", path.display());
        }
    }
    for line in [r#"x == "focal""#, r#"x.contains("focal:gamma=2")"#, r#""ce" => y"#, r#""a" | "ce" => y"#] {
        assert!(names.iter().any(|name| compares_with(line, name)), "{line}");
    }
    assert!(!names.iter().any(|name| compares_with(r#"const SHORT: [&str; 2] = ["ce", "focal"];"#, name)));
}

/// Whether a line compares something with a text that begins with this name.
fn compares_with(line: &str, name: &str) -> bool {
    const BEFORE: [&str; 7] =
        ["== ", "!= ", "contains(", "starts_with(", "ends_with(", "strip_prefix(", "| "];
    const BEHIND: [&str; 4] = ["\" =>", "\" |", "\" ==", "\" !="];
    let text = format!("\"{name}");
    line.match_indices(&text).any(|(at, _)| {
        let (before, behind) = (&line[..at], &line[at + text.len()..]);
        let is_name = behind.starts_with(['"', ':', '+', ',']);
        is_name
            && (BEFORE.iter().any(|b| before.ends_with(b)) || BEHIND.iter().any(|b| behind.starts_with(b)))
    })
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
