//! Signals that ask the program to end: the first asks trainings to end at the next epoch, so that what is
//! done is kept; the second ends the program.
//!
//! They are Ctrl-C (SIGINT), SIGTERM, which other programs send, and SIGHUP, which comes when a terminal is
//! closed. A signal that the program was started to ignore, as `nohup` does with SIGHUP, stays ignored.

#[cfg(unix)]
mod ignored;

use std::fmt;
use std::sync::Once;
use std::sync::atomic::{AtomicI32, Ordering};

/// Ctrl-C.
const SIGINT: i32 = 2;

/// The signal that asked; 0 if none did.
static REQUESTED: AtomicI32 = AtomicI32::new(0);

/// From now on takes these signals as requests.
pub fn watch() {
    static ONCE: Once = Once::new();
    // A system without such signals has nothing to watch.
    ONCE.call_once(|| drop(watch_system()));
}

#[cfg(unix)]
fn watch_system() -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGTERM};
    let heeded = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|&signal| !ignored::is_ignored(signal));
    let mut signals = signal_hook::iterator::Signals::new(heeded)?;
    std::thread::Builder::new().name("signals".into()).spawn(move || signals.forever().for_each(take))?;
    Ok(())
}

#[cfg(not(unix))]
fn watch_system() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| take(SIGINT))
}

/// Takes a signal as a request.
fn take(signal: i32) {
    if REQUESTED.swap(signal, Ordering::Relaxed) != 0 {
        super::owner::release_all();
        std::process::exit(exit_code(signal).into());
    }
    super::emit_error(match signal {
        SIGINT => "\nstopping at the next epoch; Ctrl-C again stops at once\n",
        _ => "\nasked to end: stopping at the next epoch; a second signal stops at once\n",
    });
}

/// The exit code of a program that a signal has ended.
fn exit_code(signal: i32) -> u8 {
    128 + signal as u8
}

/// Whether the program was asked to end.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed) != 0
}

/// A comparison that was stopped; what is done is kept.
#[derive(Debug)]
pub struct Interrupted {
    /// Trainings that are done.
    pub done: usize,
    /// Trainings that were asked for.
    pub of: usize,
}

impl Interrupted {
    /// The exit code: 128 and the number of the signal.
    pub fn exit_code(&self) -> u8 {
        exit_code(REQUESTED.load(Ordering::Relaxed))
    }
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "interrupted: {} of {} trainings are done and kept; --resume trains the others",
            self.done, self.of
        )
    }
}

impl std::error::Error for Interrupted {}
