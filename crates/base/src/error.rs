//! The one error of this module, and the words its messages are made of.
//!
//! Every message has the same shape, so that nobody has to guess what is wrong or where:
//! `data.csv, line 17, column "age": found "abc", expected a number`.

use std::fmt;
use std::io;

use thiserror::Error;

/// What is wrong with a file or a specification that a user gave.
#[derive(Debug, Error)]
pub enum DataError {
    /// The operating system did not give us the file.
    #[error("{file}: cannot be read: {error}")]
    Read {
        /// The path as the user gave it.
        file: String,
        /// The system's answer.
        error: io::Error,
    },
    /// The content is not what it has to be.
    #[error("{place}: found {found}, expected {expected}")]
    Content {
        /// Where it is wrong.
        place: Place,
        /// What stands there.
        found: String,
        /// What should stand there, with a hint where one is known.
        expected: String,
    },
    /// The flags that say where the data is do not belong together, or name nothing that there is.
    #[error("{0}")]
    Flags(String),
}

/// Where something is wrong: a file or another thing the user named, and a line and column in it where they
/// matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The path as the user gave it, or a name such as `class "1"`.
    pub of: String,
    /// The line as an editor counts it: the header is line 1.
    pub line: Option<u64>,
    /// The column's name in the header.
    pub column: Option<String>,
}

impl Place {
    /// All of a file, or of another named thing.
    pub fn of(what: impl Into<String>) -> Place {
        Place { of: what.into(), line: None, column: None }
    }

    /// The same place, narrowed to a line.
    pub fn line(self, line: u64) -> Place {
        Place { line: Some(line), ..self }
    }

    /// The same place, narrowed to a column.
    pub fn column(self, column: impl Into<String>) -> Place {
        Place { column: Some(column.into()), ..self }
    }

    /// The error that stands at this place.
    pub fn error(self, found: impl Into<String>, expected: impl Into<String>) -> DataError {
        DataError::Content { place: self, found: found.into(), expected: expected.into() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.of)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {}", quoted(column))?;
        }
        Ok(())
    }
}

/// A text in quotes on one line, cut after 40 characters; an empty one is said in words.
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        _ if text.is_empty() => "an empty cell".into(),
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// The texts in quotes, with commas; of more than ten the first seven and the last two, since the label is
/// often last.
pub fn listed<S: AsRef<str>>(texts: &[S]) -> String {
    let join = |part: &[S]| part.iter().map(|text| quoted(text.as_ref())).collect::<Vec<_>>().join(", ");
    match texts.len() {
        0..=10 => join(texts),
        n => {
            let (first, last) = (texts.split_at(7).0, texts.split_at(n - 2).1);
            format!("{}, ... ({} more) ..., {}", join(first), n - 9, join(last))
        }
    }
}

/// "1 row", "2 rows"; "2 losses", "2 categories".
pub fn counted(count: usize, noun: &str) -> String {
    match noun.strip_suffix('y') {
        _ if count == 1 => format!("1 {noun}"),
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{count} {stem}ies"),
        _ if noun.ends_with("ss") => format!("{count} {noun}es"),
        _ => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_from_the_file_to_the_cell() {
        let file = Place::of("d.csv");
        assert_eq!(file.to_string(), "d.csv");
        assert_eq!(file.clone().column("age").to_string(), "d.csv, column \"age\"");
        assert_eq!(file.line(3).column("age").to_string(), "d.csv, line 3, column \"age\"");
    }

    #[test]
    fn values_stay_on_one_line_and_short() {
        assert_eq!(quoted("a\nb"), "\"a\\nb\"");
        assert_eq!(quoted(""), "an empty cell");
        assert_eq!(quoted(&"é".repeat(41)), format!("\"{}\"...", "é".repeat(40)));
    }

    #[test]
    fn nouns_are_singular_for_one_alone() {
        assert_eq!(["row", "class"].map(|noun| counted(1, noun)), ["1 row", "1 class"]);
        let many = ["row", "class", "category", "key"].map(|noun| counted(0, noun));
        assert_eq!(many, ["0 rows", "0 classes", "0 categories", "0 keys"]);
    }

    #[test]
    fn long_lists_keep_their_two_ends() {
        let names: Vec<String> = (0..12).map(|i| format!("f{i}")).collect();
        assert_eq!(listed(&names[..2]), "\"f0\", \"f1\"");
        let long = listed(&names);
        assert!(long.starts_with("\"f0\"") && long.ends_with("\"f10\", \"f11\""), "{long}");
        assert!(long.contains("... (3 more) ..."), "{long}");
    }
}
