//! The folders that a comparison writes into.

use super::request::cannot_write;
use crate::owner::Owned;
use anyhow::Context;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that were created and claimed. At the end, those that nothing was written into are removed again.
pub struct Folders {
    owned: Vec<Owned>,
    created: Vec<PathBuf>,
}

impl Folders {
    /// Creates these folders, all below `out`, and claims them, before hours of training rather than after.
    ///
    /// # Errors
    /// If one cannot be written, or belongs to another process.
    pub fn claim(out: &Path, folders: &[PathBuf]) -> anyhow::Result<Self> {
        let mut all = Self { owned: Vec::new(), created: Vec::new() };
        all.create(out).with_context(|| cannot_write(out))?;
        for folder in folders {
            all.create(folder).with_context(|| cannot_write(folder))?;
            all.owned.push(Owned::new("--out", folder)?);
        }
        Ok(all)
    }

    fn create(&mut self, folder: &Path) -> std::io::Result<()> {
        let missing =
            folder.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        let missing: Vec<PathBuf> = missing.map(Into::into).collect();
        fs::create_dir_all(folder)?;
        // The innermost first, in the order in which they are removed.
        self.created.splice(0..0, missing);
        Ok(())
    }

    /// The folders, in the order in which they were asked for.
    pub fn owned(&self) -> &[Owned] {
        &self.owned
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        self.owned.clear();
        for folder in &self.created {
            // Succeeds only if it is empty.
            let _ = fs::remove_dir(folder);
        }
    }
}
