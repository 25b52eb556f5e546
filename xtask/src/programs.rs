//! The test programs of the workspace, as cargo knows them.

use anyhow::{Context, ensure};
use serde::Deserialize;
use std::path::Path;
use std::process::Command;

/// The part of `cargo metadata` that says which test programs there are.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    #[cfg(test)]
    manifest_path: std::path::PathBuf,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
    #[cfg(test)]
    src_path: std::path::PathBuf,
    /// Whether `cargo test` runs it.
    test: bool,
}

impl Package {
    /// Its test programs, which stand in `tests`.
    fn programs(&self) -> impl Iterator<Item = &Target> {
        self.targets.iter().filter(|target| target.kind == ["test"] && target.test)
    }
}

/// What cargo is told to run the unit tests of a crate, and each of its test programs.
pub fn targets(root: &Path, name: &str) -> anyhow::Result<Vec<Vec<String>>> {
    let package = packages(root)?.into_iter().find(|package| package.name == name);
    let package = package.with_context(|| format!("no crate {name}"))?;
    let tests = package.programs().map(|test| vec!["--test".to_owned(), test.name.clone()]);
    Ok(tests.chain([vec!["--lib".to_owned()]]).collect())
}

fn packages(root: &Path) -> anyhow::Result<Vec<Package>> {
    let mut command = Command::new("cargo");
    command.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(root);
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Metadata = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    Ok(metadata.packages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
    }

    #[test]
    fn targets_are_the_test_programs_and_the_unit_tests() {
        let of = |name: &str| targets(root(), name).unwrap().iter().map(|t| t.join(" ")).collect::<Vec<_>>();
        assert_eq!(of("losslab-losses"), ["--test accuracy", "--test main", "--test proof", "--lib"]);
        assert!(of("losslab-tensor").contains(&"--test workers".to_owned()));
        assert!(targets(root(), "nothing").is_err());
    }

    /// A file below `tests` that is neither a program nor a module of one would pass unnoticed. (This test is
    /// part of none of them.)
    #[test]
    fn every_file_of_tests_is_run() {
        let mut files = 0;
        for package in packages(root()).unwrap() {
            let folder = package.manifest_path.parent().unwrap().join("tests");
            let is_program = |path: &Path| package.programs().any(|program| program.src_path == path);
            files += assert_is_run(&folder, &folder.join("main.rs"), &is_program);
        }
        assert!(files > 80, "{files} files");
    }

    /// The number of files with tests in a folder whose modules this file lists, and in the folders below.
    fn assert_is_run(folder: &Path, list: &Path, is_program: &dyn Fn(&Path) -> bool) -> usize {
        let list = fs::read_to_string(list).unwrap_or_default();
        let lines: Vec<&str> = list.lines().collect();
        let mut files = 0;
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let line = format!("mod {};", path.file_stem().unwrap().to_str().unwrap());
            // Behind an attribute it may be left out.
            let module = lines.iter().position(|&other| other == line);
            let is_listed = module.is_some_and(|i| i == 0 || !lines[i - 1].starts_with('#'));
            if path.is_dir() {
                let below = assert_is_run(&path, &path.join("mod.rs"), is_program);
                assert!(below == 0 || is_listed, "{} is not run", path.display());
                files += below;
            } else if path.extension().is_some_and(|end| end == "rs")
                && fs::read_to_string(&path).unwrap().contains("#[test]")
            {
                assert!(is_program(&path) || is_listed, "{} is not run", path.display());
                files += 1;
            }
        }
        files
    }
}
