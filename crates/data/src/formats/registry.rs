//! The registry of formats: command lines, config files and their help iterate it.

use super::{Flag, Format, FormatInfo, Given, Takes};
use super::{coco, csv, idx, image_folder, scenes, synthetic, voc};
use crate::checks::NamedFile;
use losslab_base::{DataError, unknown};
use std::sync::Arc;

/// A set of formats that data can be given in. It is a value: a program extends it by its own.
#[derive(Clone)]
pub struct Formats {
    formats: Vec<Arc<dyn Format>>,
}

/// The flags of a format for one kind of command.
pub(super) type FlagsOf = for<'a> fn(&'a dyn Format) -> &'a [Flag];

/// Of commands that learn.
pub(super) const LEARNING: FlagsOf = |format| format.flags();

/// Of commands that give new data to a saved model.
pub(super) const NEW: FlagsOf = |format| format.new_flags();

impl Formats {
    /// The formats of this crate.
    pub fn standard() -> Formats {
        Formats { formats: Vec::new() }
            .with(csv::Csv)
            .with(idx::Idx)
            .with(image_folder::ImageFolder)
            .with(synthetic::Synthetic)
            .with(coco::Coco)
            .with(voc::Voc)
            .with(scenes::Scenes)
    }

    /// These formats and one more.
    ///
    /// # Panics
    /// If a format of this name or with this first flag is there already, a flag is declared otherwise by
    /// another format, or the flags contradict themselves: mistakes of the program, not of its user.
    #[must_use]
    #[track_caller]
    pub fn with(mut self, format: impl Format + 'static) -> Formats {
        let name = format.info().name;
        assert!(is_well_formed(name), "the name of a format is like 'my-format', found '{name}'");
        assert!(
            self.iter().all(|other| other.info().name != name),
            "a format named '{name}' is in the registry already"
        );
        assert!(!format.flags().is_empty(), "format {name}: the flag that selects it is missing");
        for flags_of in [LEARNING, NEW] {
            check_flags(name, flags_of(&format));
            for other in self.iter() {
                check_apart((name, flags_of(&format)), (other.info().name, flags_of(other)));
            }
        }
        self.formats.push(Arc::new(format));
        self
    }

    /// All formats, in the order of registration.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Format> {
        self.formats.iter().map(|format| &**format)
    }

    /// The format of this name.
    ///
    /// # Errors
    /// If there is none; the message lists those that there are.
    pub fn find(&self, name: &str) -> Result<&dyn Format, DataError> {
        self.iter().find(|format| format.info().name == name).ok_or_else(|| {
            DataError::Flags(unknown("format", name, self.iter().map(|format| format.info().name)))
        })
    }

    /// The flags of commands that learn, each once, with the format that declares it first.
    pub fn flags(&self) -> Vec<(FormatInfo, &Flag)> {
        self.distinct(LEARNING)
    }

    /// The flags of commands that give new data to a saved model, each once, with the format that declares it
    /// first.
    pub fn new_flags(&self) -> Vec<(FormatInfo, &Flag)> {
        self.distinct(NEW)
    }

    /// The files and folders that are given, with the flags that name them.
    pub fn files(&self, given: &Given) -> Vec<NamedFile> {
        let paths = self.flags().into_iter().filter(|(_, flag)| flag.is_path);
        let of_flag = |flag: &Flag| -> Vec<NamedFile> {
            let file = |path: &String| NamedFile { flag: flag.name.into(), path: path.into() };
            given.all(flag.name).iter().map(file).collect()
        };
        paths.flat_map(|(_, flag)| of_flag(flag)).collect()
    }

    pub(super) fn distinct(&self, flags_of: FlagsOf) -> Vec<(FormatInfo, &Flag)> {
        let mut all: Vec<(FormatInfo, &Flag)> = Vec::new();
        for format in self.iter() {
            for flag in flags_of(format) {
                if all.iter().all(|(_, other)| other.name != flag.name) {
                    all.push((format.info(), flag));
                }
            }
        }
        all
    }
}

impl std::fmt::Debug for Formats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter().map(|format| format.info().name)).finish()
    }
}

fn is_well_formed(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty() && !name.starts_with('-') && name.chars().all(allowed)
}

/// Refuses flags of one format that contradict themselves.
#[track_caller]
fn check_flags(format: &str, flags: &[Flag]) {
    for flag in flags {
        let name = flag.name;
        assert!(is_well_formed(name), "format {format}: a flag is like 'my-flag', found '{name}'");
        let count = flags.iter().filter(|other| other.name == name).count();
        assert!(count == 1, "format {format}: flag --{name} is declared {count} times");
        assert!(
            (flag.takes == Takes::Switch) == flag.value_name.is_none(),
            "format {format}: flag --{name} needs the name of a value, unless it is a switch"
        );
        for other in flag.requires.iter().chain(flag.conflicts) {
            assert!(
                flags.iter().any(|flag| flag.name == *other),
                "format {format}: flag --{name} names --{other}, which is no flag of the format"
            );
        }
    }
}

/// Refuses two formats that could not be told apart.
#[track_caller]
fn check_apart((name, flags): (&str, &[Flag]), (other_name, others): (&str, &[Flag])) {
    let is_key = |flags: &[Flag], flag: &Flag| flags.first().is_some_and(|key| key.name == flag.name);
    for flag in flags {
        let Some(other) = others.iter().find(|other| other.name == flag.name) else { continue };
        assert!(
            !is_key(flags, flag) && !is_key(others, flag),
            "flag --{} selects one of the formats {other_name} and {name}, and is a flag of the other",
            flag.name
        );
        assert!(flag == other, "formats {other_name} and {name} declare flag --{} differently", flag.name);
    }
}
