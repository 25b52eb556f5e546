//! Whether a signal is ignored. Only the system's own call tells that.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ptr;

/// Whether the program was started to ignore a signal, or ignores it since.
pub(super) fn is_ignored(signal: i32) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action the call changes nothing, and `action` is a place that it may write to.
    // All zeros are a valid action, so it is one even if the call fails.
    let action = unsafe {
        libc::sigaction(signal, ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    action.sa_sigaction == libc::SIG_IGN
}

#[cfg(test)]
mod tests {
    use super::is_ignored;

    #[test]
    fn the_standard_library_ignores_closed_pipes_alone() {
        assert!(is_ignored(libc::SIGPIPE));
        assert!(!is_ignored(libc::SIGUSR1));
        assert!(!is_ignored(-1), "no signal");
    }
}
