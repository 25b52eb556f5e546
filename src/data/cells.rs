//! Turns a cell of a CSV file into a number.

/// The value of a cell, or what was expected in its place.
///
/// The decimal text is read as f64 and rounded to f32, as numpy and pandas do. Values too small for f32 become
/// subnormal or zero; values too large are refused, and so are NaN and the infinities however they are written.
pub(super) fn number(cell: &[u8]) -> Result<f32, &'static str> {
    let text = std::str::from_utf8(cell).unwrap_or("");
    let Ok(value) = text.parse::<f64>() else {
        return Err(not_a_number(text));
    };
    let rounded = value as f32;
    if rounded.is_finite() {
        Ok(rounded)
    } else if value.is_finite() || text.contains(|c: char| c.is_ascii_digit()) {
        Err("a number of at most 3.4e38 in size (32-bit floating point)")
    } else {
        Err("a finite number")
    }
}

/// What to expect instead of a text that is no number, with a hint where the cause is plain.
fn not_a_number(text: &str) -> &'static str {
    if text.is_empty() {
        "a number (missing values are not supported yet)"
    } else if text.contains(['\n', '\r']) {
        "a number (the cell runs over a line end: is a quote left open?)"
    } else if text.matches(',').count() == 1 && text.replace(',', ".").parse::<f64>().is_ok() {
        "a number with a decimal point"
    } else {
        "a number"
    }
}

/// The cell without the blanks around it.
pub(super) fn trimmed(cell: &[u8]) -> &[u8] {
    cell.trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_text_becomes_the_nearest_f32_of_the_nearest_f64() {
        for (text, expected) in [
            ("0", 0.0),
            ("-2.5", -2.5),
            ("+.5", 0.5),
            ("1e3", 1000.0),
            ("0.1", 0.1),
            ("1e-60", 0.0),
            ("3.4028235e38", f32::MAX),
        ] {
            assert_eq!(number(text.as_bytes()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_finite_f32_is_refused() {
        for text in
            ["nan", "-NaN", "inf", "-Infinity", "1e39", "-3.5e38", "1e999", "", "x", "1_000", "0x10", "1,5"]
        {
            assert!(number(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
