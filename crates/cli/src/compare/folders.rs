//! The folders that a comparison writes into.

use super::numbered;
use super::request::{Request, cannot_write};
use crate::outputs::ensure_not_read;
use crate::owner::Owned;
use crate::{emit, notes};
use anyhow::{Context, bail, ensure};
use losslab_report::{Contents, Plan, Store, not_resumable};
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that were created and claimed. At the end, those that nothing was written into are removed again.
pub struct Folders {
    owned: Vec<Owned>,
    created: Vec<PathBuf>,
}

impl Folders {
    /// Creates the folders of a request and claims them, before hours of training rather than after.
    ///
    /// # Errors
    /// If one cannot be written, belongs to another process, or holds what would be replaced.
    pub fn claim(request: &Request) -> anyhow::Result<Self> {
        let mut all = Self { owned: Vec::new(), created: Vec::new() };
        let latest = || if request.resume { numbered::latest() } else { None };
        let out = match request.out.clone().or_else(latest) {
            Some(out) => out,
            None => all.number()?,
        };
        all.create(&out).with_context(|| cannot_write(&out))?;
        for folder in request.folders(&out) {
            all.create(&folder).with_context(|| cannot_write(&folder))?;
            all.owned.push(Owned::new("--out", &folder)?);
            let contents = Contents::of(&folder).with_context(|| cannot_write(&folder))?;
            contents.paths().try_for_each(|path| ensure_not_read("--out", &path, &request.inputs))?;
            if !request.resume {
                let hint = "--resume goes on with it, --fresh replaces it";
                ensure_unused(&folder, &contents, request.fresh, hint)?;
            }
        }
        Ok(all)
    }

    /// A new numbered folder.
    fn number(&mut self) -> anyhow::Result<PathBuf> {
        let out = numbered::next().context("the folder for results cannot be created")?;
        self.created.extend(out.ancestors().take(2).map(Path::to_owned));
        Ok(out)
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

/// Refuses a folder that losslab has written into, unless that is to be replaced, and one with files of
/// others under the names of losslab's.
pub fn ensure_unused(folder: &Path, contents: &Contents, fresh: bool, hint: &str) -> anyhow::Result<()> {
    let place = folder.display();
    if let Some(foreign) = contents.foreign.first() {
        bail!(
            "--out {place}: found {}, which losslab did not write and would replace; expected a folder \
             without it",
            foreign.display()
        );
    }
    ensure!(
        fresh || contents.is_empty(),
        "--out {place}: found {} of an earlier comparison, expected none; {hint}",
        contents.words()
    );
    Ok(())
}

/// Writes the plan of a comparison into its folder, beside the runs that are resumed or in place of all that
/// losslab wrote there; returns its checksum.
pub fn begin(store: &Store, plan: &mut Plan, request: &Request) -> anyhow::Result<String> {
    let cannot_write = || cannot_write(store.folder());
    if request.resume && store.is_begun() {
        ensure_resumable(store, plan)?;
    }
    if request.out.is_none() {
        numbered::name_latest(store.folder()).with_context(cannot_write)?;
    }
    if !request.fresh {
        return store.begin(plan).with_context(cannot_write);
    }
    tell_removal(store.folder(), request.quiet)?;
    store.begin_fresh(plan).with_context(cannot_write)
}

/// Says what `--fresh` removes.
pub fn tell_removal(folder: &Path, quiet: bool) -> anyhow::Result<()> {
    let contents = Contents::of(folder).with_context(|| cannot_write(folder))?;
    if quiet || contents.is_empty() {
        return Ok(());
    }
    emit(&notes(&[format!("--fresh removes {} from {}", contents.words(), folder.display())]))
}

/// Refuses to go on with a comparison whose runs would have to be replaced.
fn ensure_resumable(store: &Store, plan: &Plan) -> anyhow::Result<()> {
    // Without its plan nobody knows which verdicts the runs that are there have given already.
    let earlier = store.plan().map_err(|fault| anyhow::anyhow!("--resume: {fault}"))?;
    match not_resumable(&earlier, plan) {
        Some(difference) => bail!(
            "--resume: {}: {difference}; expected the same data and training, where only losses, models, seeds \
             and the reference may change",
            store.folder().display()
        ),
        None => Ok(()),
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
