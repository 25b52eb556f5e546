//! One writer per folder: a lock file that says which process writes into a folder, and that it is alive.
//!
//! A folder is claimed by creating its [`OWNER_FILE`], in which exactly one of several processes succeeds.
//! The owner locks the file, which the operating system undoes with the process however it ends, and renews
//! the heartbeat in it, which other machines can read where locks do not reach. A claim is void, and replaced
//! by the next, once the lock of an owner on the same machine is gone or its heartbeat is older than
//! [`STOPPED_AFTER`]. An owner that was only asleep learns of it from [`Owner::check`], which comes before
//! everything that it writes.
//!
//! Nothing here reads a clock or knows the machine: [`Claim`] is given.

use super::create_temporary;
use crate::{DataError, Place};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The name of the file.
pub const OWNER_FILE: &str = "losslab-owner.json";
/// Seconds from one heartbeat to the next.
pub const HEARTBEAT: u64 = 5;
/// The age in seconds from which on a heartbeat has stopped; clocks of machines that share a folder differ by
/// less.
pub const STOPPED_AFTER: u64 = 60;
/// Larger files are not owner files.
const MOST_BYTES: u64 = 4096;
/// How often a claim is tried while other processes come and go.
const ATTEMPTS: usize = 20;

/// Who owns a folder. Times are in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The name of the machine.
    pub host: String,
    /// The number of the process.
    pub process: u32,
    /// When the folder was claimed.
    pub start: u64,
    /// When the owner was last known to be alive.
    pub heartbeat: u64,
}

impl Claim {
    fn is_of(&self, other: &Claim) -> bool {
        (&self.host, self.process, self.start) == (&other.host, other.process, other.start)
    }

    fn words(&self, now: u64) -> String {
        let age = age(now.saturating_sub(self.start));
        format!("process {} on {:?}, which claimed it {age} ago", self.process, self.host)
    }
}

/// Seconds in the largest fitting unit.
fn age(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Why a folder cannot be claimed.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// Another process owns it, or the file in the place of the owner file is none.
    #[error(transparent)]
    Taken(#[from] DataError),
    /// It cannot be written.
    #[error("cannot be written: {0}")]
    Disk(#[from] io::Error),
}

/// The claim on a folder, which ends with this value.
#[derive(Debug)]
pub struct Owner {
    path: PathBuf,
    claim: Claim,
    /// Locked, so that others on this machine see whether the process is there.
    file: Mutex<File>,
}

impl Owner {
    /// Claims a folder, which must be there. If the claim of an owner that is gone was replaced, says so in a
    /// sentence without a full stop.
    ///
    /// # Errors
    /// If another process owns the folder, the file in its place is none that an owner wrote, or the folder
    /// cannot be written.
    pub fn claim(folder: &Path, claim: Claim) -> Result<(Self, Option<String>), ClaimError> {
        let path = folder.join(OWNER_FILE);
        let mut replaced = None;
        for _ in 0..ATTEMPTS {
            if let Some(file) = create(folder, &path, &claim)? {
                return Ok((Self { path, claim, file: Mutex::new(file) }, replaced));
            }
            let Some(holder) = Holder::read(&path)? else { continue };
            let Some(why) = holder.is_gone(&claim) else { return Err(holder.refusal(folder, &claim).into()) };
            if set_aside(folder, &path, &holder)? {
                let owner = holder.claim.words(claim.heartbeat);
                replaced = Some(format!("{}: it was owned by {owner}; replaced, {why}", folder.display()));
            }
        }
        let place = Place::of(folder.display().to_string());
        Err(place.error("several processes that claim it", "a folder that one process writes into").into())
    }

    /// Renews the heartbeat.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn beat(&self, now: u64) -> io::Result<()> {
        // In place: if the claim was replaced, this file no longer has a name, and nobody is disturbed.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.rewind()?;
        let text = text(&Claim { heartbeat: now, ..self.claim.clone() })?;
        file.write_all(text.as_bytes())?;
        file.set_len(text.len() as u64)
    }

    /// Ends the claim: the file is removed, unless it is that of another owner by now.
    pub fn release(&self) {
        if self.check().is_ok() {
            // If it cannot be removed, the next owner finds it without a lock.
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Whether the folder still belongs to this owner.
    ///
    /// # Errors
    /// If its file is gone, or is that of another owner.
    pub fn check(&self) -> io::Result<()> {
        let lost = |why: String| io::Error::other(format!("{}: {why}", self.path.display()));
        match Holder::read(&self.path) {
            Ok(Some(holder)) if holder.claim.is_of(&self.claim) => Ok(()),
            Ok(Some(holder)) => {
                let owner = holder.claim.words(holder.claim.heartbeat);
                Err(lost(format!("the folder was taken over by {owner}")))
            }
            Ok(None) => Err(lost("the file was removed while the folder was in use".into())),
            Err(error) => Err(io::Error::other(error.to_string())),
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.release();
    }
}

/// What stands in an owner file, and whether its lock is free.
struct Holder {
    claim: Claim,
    is_unlocked: bool,
}

impl Holder {
    /// None if there is no such file.
    fn read(path: &Path) -> Result<Option<Self>, DataError> {
        let failed = |error| DataError::Read { file: path.display().to_string(), error };
        let wrong = |found: &str| {
            let expected = "the owner file of a running losslab; if none writes here, remove it";
            Place::of(path.display().to_string()).error(found, expected)
        };
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
            Ok(metadata) if !metadata.is_file() => return Err(wrong("something that is no file")),
            Ok(_) => {}
        }
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(failed)?,
        };
        // Where there are no locks, only the heartbeat tells.
        let is_unlocked = file.try_lock_shared().is_ok();
        let mut text = String::new();
        let read = file.take(MOST_BYTES).read_to_string(&mut text);
        match read.ok().and_then(|_| serde_json::from_str(&text).ok()) {
            Some(claim) => Ok(Some(Self { claim, is_unlocked })),
            None => Err(wrong("something else")),
        }
    }

    /// Why the owner is gone, as this claimant sees it.
    fn is_gone(&self, claimant: &Claim) -> Option<String> {
        let Claim { host, heartbeat, .. } = &self.claim;
        let silent = claimant.heartbeat.abs_diff(*heartbeat);
        if self.is_unlocked && *host == claimant.host {
            Some("because that process has ended".into())
        } else if silent <= STOPPED_AFTER {
            None
        } else if claimant.heartbeat > *heartbeat {
            Some(format!("because its last sign of life is {} old", age(silent)))
        } else {
            Some(format!("because its last sign of life is {} ahead of this clock", age(silent)))
        }
    }

    fn refusal(&self, folder: &Path, claimant: &Claim) -> DataError {
        let owner = self.claim.words(claimant.heartbeat);
        let found = format!("a folder owned by {owner}");
        Place::of(folder.display().to_string()).error(found, "one that no other process writes into")
    }
}

/// Creates the file under its name, whole and locked; none if there is one.
fn create(folder: &Path, path: &Path, claim: &Claim) -> io::Result<Option<File>> {
    let mut file = create_temporary(folder)?;
    match file.as_file().try_lock() {
        Ok(()) | Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
        Err(TryLockError::Error(error)) => return Err(error),
    }
    file.write_all(text(claim)?.as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(file) => Ok(Some(file)),
        Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        Err(failed) => Err(failed.error),
    }
}

/// Removes the file of an owner that is gone; false if it is another's by now, which stays.
fn set_aside(folder: &Path, path: &Path, gone: &Holder) -> io::Result<bool> {
    // Under a name of its own first: between reading and removing, another process may have claimed the
    // folder.
    let aside = create_temporary(folder)?.into_temp_path();
    match fs::rename(path, &aside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        other => other?,
    }
    if matches!(Holder::read(&aside), Ok(Some(found)) if found.claim == gone.claim) {
        return Ok(true);
    }
    // If a third process has claimed the folder meanwhile, the second learns it from `Owner::check`.
    let _ = aside.persist_noclobber(path);
    Ok(false)
}

fn text(claim: &Claim) -> io::Result<String> {
    Ok(serde_json::to_string(claim)? + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(host: &str, process: u32, start: u64) -> Claim {
        Claim { host: host.into(), process, start, heartbeat: start }
    }

    fn put(folder: &Path, claim: &Claim) {
        fs::write(folder.join(OWNER_FILE), text(claim).unwrap()).unwrap();
    }

    #[test]
    fn a_second_claim_is_refused_and_told_whose_folder_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (first, replaced) = Owner::claim(folder.path(), claim("a", 7, 1000)).unwrap();
        assert_eq!(replaced, None);
        first.check().unwrap();
        // The lock alone keeps one on the same machine away, a heartbeat one on another.
        for host in ["a", "b"] {
            let message = Owner::claim(folder.path(), claim(host, 8, 1030)).unwrap_err().to_string();
            let owner = "found a folder owned by process 7 on \"a\", which claimed it 30 s ago, expected";
            assert!(message.contains(owner), "{message}");
        }
        drop(first);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "the file is removed at the end");
        Owner::claim(folder.path(), claim("a", 8, 1030)).unwrap();
    }

    #[test]
    fn an_owner_whose_process_has_ended_or_whose_heartbeat_has_stopped_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        for (left, why) in [
            (claim("a", 7, 1990), "because that process has ended"),
            (claim("b", 7, 1000), "because its last sign of life is 16 min old"),
            (claim("b", 7, 9000), "because its last sign of life is 116 min ahead of this clock"),
        ] {
            put(folder.path(), &left);
            let (owner, replaced) = Owner::claim(folder.path(), claim("a", 8, 2000)).unwrap();
            let replaced = replaced.unwrap();
            assert!(
                replaced.contains("it was owned by process 7 on") && replaced.ends_with(why),
                "{replaced}"
            );
            drop(owner);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
        put(folder.path(), &claim("b", 7, 1990));
        assert!(Owner::claim(folder.path(), claim("a", 8, 2000)).is_err(), "another machine is alive");
    }

    #[test]
    fn a_heartbeat_keeps_others_away_and_an_owner_that_slept_learns_that_it_was_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (first, _) = Owner::claim(folder.path(), claim("a", 7, 1000)).unwrap();
        first.beat(5000).unwrap();
        assert!(Owner::claim(folder.path(), claim("b", 8, 5060)).is_err());
        let (second, replaced) = Owner::claim(folder.path(), claim("b", 8, 5061)).unwrap();
        assert!(replaced.unwrap().ends_with("because its last sign of life is 61 s old"));
        let message = first.check().unwrap_err().to_string();
        assert!(message.contains("the folder was taken over by process 8 on \"b\""), "{message}");
        first.beat(5062).unwrap();
        drop(first);
        second.check().unwrap();
        fs::remove_file(folder.path().join(OWNER_FILE)).unwrap();
        assert!(second.check().unwrap_err().to_string().contains("removed while the folder was in use"));
    }

    #[test]
    fn of_many_claims_at_once_one_succeeds() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), &claim("a", 1, 1000));
        let barrier = std::sync::Barrier::new(8);
        let owners: Vec<_> = std::thread::scope(|scope| {
            let claims = (10..18).map(|process| {
                let (folder, barrier) = (folder.path(), &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    Owner::claim(folder, claim("a", process, 2000)).ok()
                })
            });
            let threads: Vec<_> = claims.collect();
            threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(owners.iter().filter(|(owner, _)| owner.check().is_ok()).count(), 1);
    }

    #[test]
    fn what_is_no_owner_file_is_neither_read_nor_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(OWNER_FILE);
        let refused = || Owner::claim(folder.path(), claim("a", 8, 2000)).unwrap_err().to_string();
        fs::write(&path, "mine").unwrap();
        assert!(refused().contains("found something else, expected the owner file"), "{}", refused());
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(refused().contains("found something that is no file"), "{}", refused());
    }
}
