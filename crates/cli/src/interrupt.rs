//! Ctrl-C: the first asks trainings to end at the next epoch, so that what is done is kept; the second ends the program.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

/// The exit code of a program that was interrupted: 128 + SIGINT.
pub const EXIT_CODE: u8 = 130;

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// From now on takes Ctrl-C as a request.
pub fn watch() {
    // A system without such signals has nothing to watch; a second call finds the watch in place.
    let _ = ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Ordering::Relaxed) {
            super::owner::release_all();
            std::process::exit(EXIT_CODE.into());
        }
        super::emit_error("\nstopping at the next epoch; Ctrl-C again stops at once\n");
    });
}

/// Whether Ctrl-C was pressed.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}

/// A comparison that was stopped; what is done is kept.
#[derive(Debug)]
pub struct Interrupted {
    /// Trainings that are done.
    pub done: usize,
    /// Trainings that were asked for.
    pub of: usize,
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
