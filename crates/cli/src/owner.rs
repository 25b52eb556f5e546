//! The folders that this process writes into: claimed from other processes, with a heartbeat as long as it
//! does.

use crate::{emit_error, notes};
use anyhow::{Context, bail};
use losslab_data::files::owner::{Claim, ClaimError, HEARTBEAT, Owner};
use losslab_data::files::remove_leftovers;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// All that are owned, for an end at once.
static OWNERS: Mutex<Vec<Weak<Owner>>> = Mutex::new(Vec::new());

/// A folder that belongs to this process until the value is dropped.
pub struct Owned {
    folder: PathBuf,
    owner: Arc<Owner>,
    /// Ends the thread when it is dropped.
    stop: Option<Sender<()>>,
    heart: Option<JoinHandle<()>>,
}

impl Owned {
    /// Claims the folder that a flag names, which must be there; tells if the claim of a process that is gone
    /// was replaced.
    ///
    /// # Errors
    /// If another process owns it, or it cannot be written.
    pub fn new(flag: &str, folder: &Path) -> anyhow::Result<Self> {
        let start = now();
        let host = gethostname::gethostname().to_string_lossy().into_owned();
        let claim = Claim { host, process: std::process::id(), start, heartbeat: start };
        let (owner, replaced) = match Owner::claim(folder, claim) {
            Ok(claimed) => claimed,
            Err(ClaimError::Taken(error)) => bail!("{flag} {error}"),
            Err(error) => Err(error).with_context(|| format!("{flag} {}", folder.display()))?,
        };
        emit_error(&notes(replaced.as_slice()));
        // Nobody else writes here now: temporary files are those of processes that were killed.
        remove_leftovers(folder).with_context(|| format!("{flag} {}", folder.display()))?;
        let owner = Arc::new(owner);
        OWNERS.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&owner));
        let (stop, stopped) = mpsc::channel();
        let beating = Arc::clone(&owner);
        let heart = thread::Builder::new().name("heartbeat".into()).spawn(move || {
            while stopped.recv_timeout(Duration::from_secs(HEARTBEAT)) == Err(RecvTimeoutError::Timeout) {
                // A disk that refuses is told by what is written next.
                let _ = beating.beat(now());
            }
        })?;
        Ok(Self { folder: folder.to_owned(), owner, stop: Some(stop), heart: Some(heart) })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its owner.
    pub fn owner(&self) -> &Arc<Owner> {
        &self.owner
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(heart) = self.heart.take() {
            // It does not panic.
            let _ = heart.join();
        }
        self.owner.release();
    }
}

/// Gives all folders back, for a process that ends at once.
pub fn release_all() {
    let owners = OWNERS.lock().unwrap_or_else(PoisonError::into_inner);
    owners.iter().filter_map(Weak::upgrade).for_each(|owner| owner.release());
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}
