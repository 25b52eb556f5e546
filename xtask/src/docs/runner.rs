//! Commands of pages, each run once.

use super::blocks::Run;
use anyhow::{Context, ensure};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
#[cfg(unix)]
use std::os::unix::fs::symlink;
#[cfg(windows)]
use std::os::windows::fs::symlink_dir as symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Runs commands in folders below `target/docs` that link to the folders of the repository, or to those of
/// the real data: paths are those of a reader, and what a command writes is in nobody's way.
pub struct Runner {
    repository: PathBuf,
    /// Or where data were sought in vain.
    data: Result<PathBuf, String>,
    /// The folder with `losslab` before all others that programs are looked for in.
    path: OsString,
    known: HashMap<Run, Vec<String>>,
}

/// What came of a command.
pub enum Printed<'a> {
    Lines(&'a [String]),
    /// The real data are absent; where they were sought.
    NoData(String),
}

impl Runner {
    /// With a program, or the release build, which is brought up to date, and with what is known already.
    pub fn new(
        root: &Path,
        program: Option<&Path>,
        known: HashMap<Run, Vec<String>>,
    ) -> anyhow::Result<Runner> {
        let folder = root.join("target/docs");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("{} cannot be removed", folder.display()))?;
        }
        let program = match program {
            Some(program) => program.canonicalize().with_context(|| format!("{}", program.display()))?,
            None => build(root)?,
        };
        let others = std::env::var_os("PATH").unwrap_or_default();
        let folders = program.parent().map(Path::to_owned).into_iter().chain(std::env::split_paths(&others));
        let data =
            std::env::var_os("LOSSLAB_DATA").map_or_else(|| root.join("../shared/data"), PathBuf::from);
        let data = match data.canonicalize() {
            Ok(data) => Ok(linked(&data, &folder.join("data"))?),
            Err(_) => Err(format!("no real data at {}; set LOSSLAB_DATA to its folder", data.display())),
        };
        let known = known.into_iter().map(|(run, lines)| (run.of_program(), lines)).collect();
        let repository = linked(&root.canonicalize()?, &folder.join("repository"))?;
        Ok(Runner { repository, data, path: std::env::join_paths(folders)?, known })
    }

    /// Whether what a command prints is known without running it.
    pub fn knows(&self, run: &Run) -> bool {
        self.known.contains_key(&run.clone().of_program())
    }

    /// What a command prints.
    pub fn printed(&mut self, run: &Run) -> anyhow::Result<Printed<'_>> {
        let run = run.clone().of_program();
        if !self.known.contains_key(&run) {
            let folder = match (&self.data, run.in_data) {
                (Ok(data), true) => data,
                (Err(why), true) => {
                    ensure!(std::env::var("LOSSLAB_REQUIRE_DATA").as_deref() != Ok("1"), "{why}");
                    return Ok(Printed::NoData(why.clone()));
                }
                _ => &self.repository,
            };
            let lines = execute(&run.command, folder, &self.path)?;
            self.known.insert(run.clone(), lines);
        }
        Ok(Printed::Lines(&self.known[&run]))
    }
}

impl Run {
    /// With the program that is there already for the one that cargo would build and run.
    fn of_program(mut self) -> Run {
        if let Some(rest) = self.command.strip_prefix("cargo run --release") {
            let arguments = rest.strip_prefix(" --").unwrap_or(rest);
            if arguments.is_empty() || arguments.starts_with(' ') {
                self.command = format!("losslab{arguments}");
            }
        }
        self
    }
}

fn build(root: &Path) -> anyhow::Result<PathBuf> {
    let build = ["build", "--release", "--quiet", "--package", "losslab", "--bin", "losslab"];
    let status =
        Command::new("cargo").args(build).current_dir(root).status().context("cargo cannot be run")?;
    ensure!(status.success(), "losslab cannot be built");
    Ok(root.canonicalize()?.join("target/release/losslab"))
}

/// A new folder with links to the folders of another, but for what is built or written there.
fn linked(from: &Path, to: &Path) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if entry.path().is_dir() && !text.starts_with('.') && text != "target" && text != "losslab-results" {
            symlink(entry.path(), to.join(&name))?;
        }
    }
    Ok(to.to_owned())
}

/// The lines that a command prints in a folder, errors included.
fn execute(command: &str, folder: &Path, path: &OsString) -> anyhow::Result<Vec<String>> {
    // A folder of results remembers earlier verdicts, and a reader's first one is shown.
    let results = folder.join("losslab-results");
    if results.exists() {
        fs::remove_dir_all(&results)?;
    }
    println!("$ {command}");
    let start = Instant::now();
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("exec 2>&1\n{command}")).current_dir(folder).env("PATH", path);
    // Neither colours nor what cargo builds.
    shell.env("NO_COLOR", "1").env("CARGO_TERM_QUIET", "true").stdin(std::process::Stdio::null());
    let output = shell.output().with_context(|| format!("{shell:?}"))?;
    println!("  {:.1} s", start.elapsed().as_secs_f64());
    Ok(lines(&String::from_utf8_lossy(&output.stdout)))
}

/// The lines of a text, without blank ones at its end and the mark of byte order, which nobody sees.
pub fn lines(text: &str) -> Vec<String> {
    text.trim_start_matches('\u{feff}').trim_end().lines().map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_is_left_out_where_the_program_is_there() {
        for (command, run) in [
            ("cargo run --release", "losslab"),
            ("cargo run --release -- compare --csv a", "losslab compare --csv a"),
            ("losslab losses", "losslab losses"),
            ("cargo run --release --example a", "cargo run --release --example a"),
        ] {
            assert_eq!(Run::new(command).of_program().command, run);
        }
    }
}
