//! Files: every file that losslab writes is created here, and what lies in a folder from elsewhere is read
//! here.
//!
//! A folder of results, images or checkpoints may come from a stranger. Links, names and special files in it
//! are not trusted: nothing outside of the folder is changed, and nothing outside of it is read.
//!
//! | file | what |
//! |---|---|
//! | `write` | files that are there whole or not at all: [`write_atomically`], [`Temporary`] |
//! | `read` | reading regular files only, and not more than so many bytes: [`read_regular`] |
//! | `confined` | a folder that is never left, whatever it holds: [`ConfinedFolder`] |
//! | [`owner`] | one writer per folder |
//!
//! What a user names on the command line is trusted as far as reading goes: it may be a link, and a table may
//! be a pipe. The protection is against what a folder holds, not against a program that changes the folder at
//! the same moment.

mod confined;
pub mod owner;
mod read;
mod write;

pub use confined::{ConfinedFolder, check_inner};
pub use read::read_regular;
use write::create_temporary;
pub use write::{
    Temporary, check_target, ensure_folder_writable, ensure_writable, remove_leftovers, rename, sync_folder,
    write_atomically,
};

use std::fs::FileType;
use std::io;

/// What something that is no regular file is.
fn kind(of: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if of.is_fifo() {
            return "a pipe";
        }
        if of.is_socket() {
            return "a socket";
        }
        if of.is_char_device() || of.is_block_device() {
            return "a device";
        }
    }
    match () {
        () if of.is_symlink() => "a symbolic link",
        () if of.is_dir() => "a folder",
        () => "something that is no regular file",
    }
}

/// The error of a path that leads to something else than what was expected.
fn refused(found: &str, expected: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("found {found}, expected {expected}"))
}
