//! Standard output and standard error.

use losslab_base::shown;
use std::fmt;
use std::io::{self, Write};

/// Whoever read standard output has closed it.
#[derive(Debug)]
pub struct ClosedPipe;

impl ClosedPipe {
    /// The exit code of a program that SIGPIPE has ended: 128 + 13.
    pub const EXIT_CODE: u8 = 141;
}

impl fmt::Display for ClosedPipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("standard output was closed")
    }
}

impl std::error::Error for ClosedPipe {}

/// Writes text to standard output, safe to be shown.
///
/// # Errors
/// [`ClosedPipe`] if nobody reads it any more, and what the system says if it cannot be written.
pub fn emit(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(shown(text).as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(ClosedPipe.into()),
        Err(error) => Err(anyhow::Error::new(error).context("standard output: cannot be written")),
    }
}

/// Writes text to standard error, safe to be shown; if nobody reads it, nobody can be told.
pub fn emit_error(text: &str) {
    let _ = io::stderr().lock().write_all(shown(text).as_bytes());
}
