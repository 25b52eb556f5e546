//! Reads regular files only: a pipe would make a program wait for ever, and a device has no end.

use super::{kind, refused};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// The bytes of a regular file of at most `most` bytes. A link is followed: the path is what a user named.
///
/// # Errors
/// If the file cannot be read, is something else than a regular file, or is larger.
pub fn read_regular(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    // Before the file is opened: to open a device can move it.
    check(&fs::metadata(path)?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    read(options.open(path)?, most)
}

/// The same of a path that is the file itself, not a link to it.
pub(super) fn read_unlinked(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    check(&fs::symlink_metadata(path)?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NOFOLLOW | libc::O_NONBLOCK);
    read(options.open(path)?, most)
}

fn read(file: File, most: u64) -> io::Result<Vec<u8>> {
    let data = file.metadata()?;
    check(&data)?;
    let expected = || format!("at most {most} bytes");
    if data.len() > most {
        return Err(refused(&format!("{} bytes", data.len()), &expected()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(data.len()).unwrap_or_default());
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(refused("a file that grows", &expected()));
    }
    Ok(bytes)
}

fn check(data: &fs::Metadata) -> io::Result<()> {
    if data.is_file() { Ok(()) } else { Err(refused(kind(data.file_type()), "a regular file")) }
}
