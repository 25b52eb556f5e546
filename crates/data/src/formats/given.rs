//! The flags that are given, with their values.

use crate::file_text::MOST_BYTES;
use losslab_base::{DataError, Place, quoted, shown_number};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

/// Flags by name, without dashes, and the values of each as they were typed; a switch has none.
///
/// What a value has to be is asked for where it is used: messages name the flag, what was found and what was
/// expected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Given {
    flags: BTreeMap<String, Vec<String>>,
    /// Most bytes of memory that data may take.
    #[serde(skip)]
    memory: Option<u64>,
}

impl Given {
    /// No flag.
    pub fn new() -> Given {
        Given::default()
    }

    /// These flags and one more; a flag that is there already gets one value more.
    #[must_use]
    pub fn with(mut self, flag: impl Into<String>, value: impl Into<String>) -> Given {
        self.add(flag, [value.into()]);
        self
    }

    /// These flags, for data that take no more than so many bytes of memory.
    #[must_use]
    pub fn within(self, memory: u64) -> Given {
        Given { memory: Some(memory), ..self }
    }

    /// Most bytes of memory that data may take: 4 GiB unless said otherwise.
    pub fn memory(&self) -> u64 {
        self.memory.unwrap_or(MOST_BYTES)
    }

    /// Adds values to a flag; without any it is a switch that is on.
    pub fn add(&mut self, flag: impl Into<String>, values: impl IntoIterator<Item = String>) {
        self.flags.entry(flag.into()).or_default().extend(values);
    }

    /// Whether no flag is given.
    pub fn is_empty(&self) -> bool {
        self.flags.is_empty()
    }

    /// The names of the flags that are given, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.flags.keys().map(String::as_str)
    }

    /// Whether a flag is given.
    pub fn has(&self, flag: &str) -> bool {
        self.flags.contains_key(flag)
    }

    /// Whether a switch is on.
    pub fn switch(&self, flag: &str) -> bool {
        self.has(flag)
    }

    /// All values of a flag, in the order in which they were given.
    pub fn all(&self, flag: &str) -> &[String] {
        self.flags.get(flag).map_or(&[], Vec::as_slice)
    }

    /// The value of a flag, if it is given.
    pub fn text_if_given(&self, flag: &str) -> Option<&str> {
        self.all(flag).first().map(String::as_str)
    }

    /// The value of a flag that has to be given.
    ///
    /// # Errors
    /// If it is not given.
    pub fn text(&self, flag: &str) -> Result<&str, DataError> {
        self.text_if_given(flag).ok_or_else(|| DataError::Flags(format!("--{flag}: expected a value")))
    }

    /// The path that a flag names, if it is given.
    pub fn path_if_given(&self, flag: &str) -> Option<&Path> {
        self.text_if_given(flag).map(Path::new)
    }

    /// The path that a flag names, which has to be given.
    ///
    /// # Errors
    /// If it is not given.
    pub fn path(&self, flag: &str) -> Result<&Path, DataError> {
        self.text(flag).map(Path::new)
    }

    /// The value of a flag as another type, if it is given; `expected` says what it has to be.
    ///
    /// # Errors
    /// If the value is not of this type.
    pub fn parsed<T: FromStr>(&self, flag: &str, expected: &str) -> Result<Option<T>, DataError> {
        let parse = |text: &str| {
            text.parse().map_err(|_| Place::of(format!("--{flag}")).error(quoted(text), expected))
        };
        self.text_if_given(flag).map(parse).transpose()
    }

    /// The number that a flag gives, if it is given.
    ///
    /// # Errors
    /// If the value is not a finite number.
    pub fn number(&self, flag: &str) -> Result<Option<f64>, DataError> {
        const EXPECTED: &str = "a number";
        match self.parsed(flag, EXPECTED)? {
            Some(number) if !f64::is_finite(number) => {
                Err(Place::of(format!("--{flag}")).error(shown_number(number), EXPECTED))
            }
            number => Ok(number),
        }
    }

    /// The whole number that a flag gives, if it is given.
    ///
    /// # Errors
    /// If the value is not a whole number of at least 0.
    pub fn count(&self, flag: &str) -> Result<Option<usize>, DataError> {
        self.parsed(flag, "a whole number")
    }
}
