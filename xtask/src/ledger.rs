//! The figures of all soaks so far, in one JSON file: `{"bugs": {"caught": 23, "planted": 23}, ..}`.
//!
//! The file is written beside its name and renamed after every change, so that a soak may be ended at any
//! moment and the next one counts on from there.

use anyhow::Context;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// Counts by part and name.
type Figures = BTreeMap<String, BTreeMap<String, u64>>;

/// Cumulative figures and the file that they are kept in.
pub struct Ledger {
    path: PathBuf,
    figures: Figures,
}

impl Ledger {
    /// The figures in this file; none if there is no such file yet. An error if it is not such a file.
    pub fn open(path: &Path) -> anyhow::Result<Ledger> {
        let figures = match fs::read_to_string(path) {
            Ok(text) => serde_json::from_str(&text)
                .with_context(|| format!("{}: expected figures of a soak", path.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Figures::new(),
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        Ok(Ledger { path: path.to_owned(), figures })
    }

    /// The figure, 0 if nothing was ever added to it.
    pub fn get(&self, part: &str, name: &str) -> u64 {
        self.figures.get(part).and_then(|names| names.get(name)).copied().unwrap_or(0)
    }

    /// Adds to a figure and saves.
    pub fn add(&mut self, part: &str, name: &str, by: u64) -> anyhow::Result<()> {
        self.set(part, name, self.get(part, name) + by)
    }

    /// Replaces a figure that does not add up (how many operations there are) and saves.
    pub fn set(&mut self, part: &str, name: &str, value: u64) -> anyhow::Result<()> {
        self.figures.entry(part.to_owned()).or_default().insert(name.to_owned(), value);
        self.save().with_context(|| format!("{}: cannot be written", self.path.display()))
    }

    fn save(&self) -> anyhow::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut beside = self.path.clone().into_os_string();
        beside.push(".new");
        fs::write(&beside, serde_json::to_string_pretty(&self.figures)? + "\n")?;
        Ok(fs::rename(&beside, &self.path)?)
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (part, names) in &self.figures {
            let names: Vec<String> = names.iter().map(|(name, count)| format!("{count} {name}")).collect();
            writeln!(f, "{part}: {}", names.join(", "))?;
        }
        write!(f, "kept in {}", self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_kept_and_counted_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deeper/soak.json");
        let mut ledger = Ledger::open(&path).unwrap();
        ledger.add("bugs", "planted", 2).unwrap();
        ledger.add("bugs", "planted", 3).unwrap();
        ledger.set("gradients", "operations", 50).unwrap();
        let again = Ledger::open(&path).unwrap();
        assert_eq!((again.get("bugs", "planted"), again.get("gradients", "operations")), (5, 50));
        assert_eq!(again.get("bits", "models"), 0);
    }

    #[test]
    fn another_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("soak.json");
        fs::write(&path, "{\"bugs\": -1}").unwrap();
        let error = Ledger::open(&path).err().expect("a figure below 0").to_string();
        assert!(error.ends_with("soak.json: expected figures of a soak"), "{error}");
    }
}
