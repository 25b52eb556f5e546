//! The whole numbers that a setting may be.

use std::fmt;

/// The whole numbers that a setting may be, both ends included.
///
/// Declared once beside the setting; flags, their help, specs and files are checked against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The least.
    pub least: usize,
    /// The greatest.
    pub most: usize,
}

impl Bounds {
    /// From `least` to `most`.
    pub const fn new(least: usize, most: usize) -> Self {
        Self { least, most }
    }

    /// Whether a number lies within.
    pub fn contains(&self, number: usize) -> bool {
        (self.least..=self.most).contains(&number)
    }

    /// The number that a text holds, if it lies within.
    ///
    /// # Errors
    /// What was expected, for any other text.
    pub fn parse(&self, text: &str) -> Result<usize, String> {
        let number = text.parse().ok().filter(|&number| self.contains(number));
        number.ok_or_else(|| format!("expected {self}"))
    }

    /// Refuses a number outside.
    ///
    /// # Errors
    /// `NAME=NUMBER: expected ..`.
    pub fn check(&self, name: &str, number: usize) -> Result<(), String> {
        match self.contains(number) {
            true => Ok(()),
            false => Err(format!("{name}={number}: expected {self}")),
        }
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from {} to {}", self.least, self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_numbers_between_both_ends_are_taken() {
        let bounds = Bounds::new(1, 10);
        assert_eq!(["1", "10"].map(|text| bounds.parse(text)), [Ok(1), Ok(10)]);
        for text in ["0", "11", "-1", "", "1.5", "x", "18446744073709551616"] {
            assert_eq!(bounds.parse(text).unwrap_err(), "expected a whole number from 1 to 10", "{text:?}");
        }
        assert_eq!(bounds.check("width", 10), Ok(()));
        assert_eq!(bounds.check("width", 11).unwrap_err(), "width=11: expected a whole number from 1 to 10");
    }
}
