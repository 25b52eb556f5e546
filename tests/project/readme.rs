//! Every example runs, and so does every command of the README but the main job, which `.ci/run` runs, on
//! tables of the names they use.

use std::path::Path;
use std::process::Command;

/// The folder that cargo builds programs of this profile into.
fn built() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_losslab")).parent().unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_example_runs() {
    let mut names: Vec<String> = std::fs::read_dir(root().join("examples"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    assert!(names.len() >= 2, "{names:?}");
    for name in names {
        // Those with a laboratory of their own list what is in it; the others take no arguments.
        let output = Command::new(built().join("examples").join(&name)).arg("models").output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !output.stdout.is_empty(), "{name}: {error}");
    }
}

/// The `sh` blocks of a page, line by line, without comments.
fn commands(page: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(page)).unwrap();
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or(rest));
    let lines = blocks.flat_map(|block| {
        block.lines().map(|line| line.split(" #").next().unwrap_or(line).trim().to_owned())
    });
    lines.filter(|line| !line.is_empty()).collect()
}

#[test]
fn every_command_of_the_readme_runs() {
    let folder = tempfile::tempdir().unwrap();
    let table: String = (0..400)
        .map(|i| format!("{},{},{}\n", i % 13, (i * i) % 17, if i % 8 == 0 { "yes" } else { "no" }))
        .collect();
    for name in ["table.csv", "new.csv"] {
        std::fs::write(folder.path().join(name), format!("a,b,outcome\n{table}")).unwrap();
    }
    let commands = commands("README.md");
    assert!(commands.len() > 5, "{commands:?}");
    for command in commands {
        // The tests themselves, the main job (a minute, which `.ci/run` spends on it anyway), and examples
        // (run above).
        let elsewhere = ["cargo test --workspace", "cargo run --release"].contains(&&*command);
        if elsewhere || command.contains("--example") {
            continue;
        }
        // The shell takes care of quotes and pipes.
        let line = command.replace("cargo run --release --", "losslab");
        assert!(line.contains("losslab"), "what is '{command}'?");
        let path = format!("{}:{}", built().display(), std::env::var("PATH").unwrap_or_default());
        let output = Command::new("sh")
            .arg("-c")
            .arg(&line)
            .current_dir(folder.path())
            .env("PATH", path)
            .output()
            .unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
