//! What a cell of a CSV file is: a number, a text, or nothing.

/// What stands in a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    /// No value.
    Missing,
    /// A finite number, of a size that 32-bit floating point has.
    Number(f64),
    /// A number that is infinite, NaN with a sign, or too large; with what was expected instead.
    NotFinite(&'static str),
    /// Anything else; with what was expected if it was meant as a number.
    Text(&'static str),
}

impl Cell {
    /// What was expected of a cell that is no number.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Cell::NotFinite(expected) | Cell::Text(expected) => expected,
            Cell::Missing => "a value",
            Cell::Number(_) => "a text",
        }
    }
}

/// How a missing value may be written, for messages.
pub(super) const MISSING_SPELLINGS: &str = "empty, NA, N/A, ?, null or NaN";

/// Whether a cell holds no value: it is empty or `?`, or `NA`, `N/A`, `null` or `NaN` in any case.
pub(super) fn is_missing(cell: &[u8]) -> bool {
    match cell.len() {
        0 => true,
        1 => cell == b"?",
        2 => cell.eq_ignore_ascii_case(b"na"),
        3 => cell.eq_ignore_ascii_case(b"nan") || cell.eq_ignore_ascii_case(b"n/a"),
        4 => cell.eq_ignore_ascii_case(b"null"),
        _ => false,
    }
}

/// Reads a cell.
///
/// The decimal text of a number is read as f64, as numpy and pandas do, and keeps its digits; whether the
/// inputs of a network need them is the [`Encoder`](super::Encoder)'s business. Its size has to be one that
/// f32 has: values too small become zero; values too large are not finite, and so are the infinities however
/// they are written.
pub(super) fn read(cell: &[u8]) -> Cell {
    if is_missing(cell) {
        return Cell::Missing;
    }
    let text = std::str::from_utf8(cell).unwrap_or("");
    let Ok(value) = text.parse::<f64>() else {
        return Cell::Text(not_a_number(text));
    };
    let rounded = value as f32;
    if rounded == 0.0 {
        Cell::Number(rounded.into())
    } else if rounded.is_finite() {
        Cell::Number(value)
    } else if value.is_finite() || text.contains(|c: char| c.is_ascii_digit()) {
        Cell::NotFinite("a number of at most 3.4e38 in size (32-bit floating point)")
    } else {
        Cell::NotFinite("a finite number")
    }
}

/// What to expect instead of a text that is no number, with a hint where the cause is plain.
fn not_a_number(text: &str) -> &'static str {
    if text.contains(['\n', '\r']) {
        "a number (the cell runs over a line end: is a quote left open?)"
    } else if is_decimal_comma(text) {
        "a number with a decimal point"
    } else {
        "a number"
    }
}

/// Whether a text is a number but for its decimal comma.
pub(super) fn is_decimal_comma(text: &str) -> bool {
    text.matches(',').count() == 1 && text.replace(',', ".").parse::<f64>().is_ok()
}

/// The cell without the blanks around it.
pub(super) fn trimmed(cell: &[u8]) -> &[u8] {
    cell.trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_text_becomes_the_nearest_f64() {
        for (text, expected) in [
            ("0", 0.0),
            ("-2.5", -2.5),
            ("+.5", 0.5),
            ("1e3", 1000.0),
            ("0.1", 0.1),
            ("1700000060.25", 1_700_000_060.25),
            ("1e-60", 0.0),
            ("3.4028235e38", 3.402_823_5e38),
        ] {
            assert_eq!(read(text.as_bytes()), Cell::Number(expected), "{text}");
        }
    }

    #[test]
    fn what_has_not_the_size_of_an_f32_is_no_number() {
        for text in ["-NaN", "+nan", "inf", "-Infinity", "1e39", "-3.5e38", "1e999"] {
            assert!(matches!(read(text.as_bytes()), Cell::NotFinite(_)), "{text:?}");
        }
        for text in ["x", "1_000", "0x10", "1,5", "12%", "nan1", "none", "-"] {
            assert!(matches!(read(text.as_bytes()), Cell::Text(_)), "{text:?}");
        }
    }

    #[test]
    fn missing_values_are_known_in_any_case() {
        for text in ["", "NA", "na", "N/A", "n/a", "?", "null", "NULL", "nan", "NaN", "NAN"] {
            assert_eq!(read(text.as_bytes()), Cell::Missing, "{text:?}");
        }
    }
}
