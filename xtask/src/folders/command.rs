//! A command with limits on time and memory.

use anyhow::{Context, bail, ensure};
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A command that takes longer hangs.
const MOST: Duration = Duration::from_secs(120);
/// KiB of address space: commands of these sizes take a tenth of it.
const MOST_KIB: u64 = 6 << 20;

/// A command of losslab in a folder.
pub struct Meeting {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Where it runs; its output is kept beside.
    pub folder: PathBuf,
}

/// How a command ended.
pub struct Ended {
    /// Its exit code.
    pub code: i32,
    /// What it wrote.
    pub out: Vec<u8>,
    /// What it wrote to standard error.
    pub err: Vec<u8>,
}

impl Ended {
    /// What it wrote, shortened, for messages.
    pub fn text(&self) -> String {
        let all = [&self.out[..], &self.err].concat();
        let text = String::from_utf8_lossy(&all);
        let from = text.char_indices().rev().nth(1500).map_or(0, |(at, _)| at);
        format!("exit code {}:\n{}", self.code, text.split_at(from).1)
    }
}

impl Meeting {
    /// Runs it to its end.
    ///
    /// # Errors
    /// If it panics, is ended by a signal, hangs, or ends with a code that stands for no error of input.
    pub fn run(&self) -> anyhow::Result<Ended> {
        let [out, err] = ["stdout", "stderr"].map(|name| self.folder.with_extension(name));
        let mut child = limited(&self.program)
            .args(&self.arguments)
            .current_dir(&self.folder)
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .stdout(File::create(&out)?)
            .stderr(File::create(&err)?)
            .spawn()?;
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if start.elapsed() > MOST {
                child.kill()?;
                child.wait()?;
                bail!("it hangs: not at its end after {} s", MOST.as_secs());
            }
            sleep(Duration::from_millis(5));
        };
        let read = |path: &Path| std::fs::read(path).with_context(|| path.display().to_string());
        let (out, err) = (read(&out)?, read(&err)?);
        let Some(code) = status.code() else { bail!("ended by a signal: {status}") };
        let ended = Ended { code, out, err };
        ensure!([0, 2, 3].contains(&code), "unexpected {}", ended.text());
        ensure!(!String::from_utf8_lossy(&ended.err).contains("panicked"), "a panic, {}", ended.text());
        Ok(ended)
    }
}

/// The program under a limit of memory, where the shell has one.
fn limited(program: &Path) -> Command {
    if !cfg!(unix) {
        return Command::new(program);
    }
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("ulimit -v {MOST_KIB}; exec \"$0\" \"$@\"")).arg(program);
    command
}
