//! Text from files as it may be shown: on a terminal, in a table, on a page.
//!
//! A name in a file can hold characters that are not printed but obeyed: escape sequences that move the
//! cursor or rewrite lines, and marks that turn the direction of the text around them. They are shown as Rust
//! writes them, `\u{1b}`, so that what is read is what the file holds.

use std::borrow::Cow;

/// Text of several lines with everything escaped that is not printed, but for line ends and tabs.
pub fn shown(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_obeyed(c) && c != '\n' && c != '\t', char::escape_default)
}

/// A name on one line: the same with line ends and tabs escaped, too.
pub fn shown_name(text: &str) -> Cow<'_, str> {
    escaped(text, is_obeyed, char::escape_default)
}

/// JSON text that means the same, with the same characters escaped as JSON does: `\u202e`.
pub fn shown_json(json: &str) -> Cow<'_, str> {
    // Outside of texts JSON has no such characters but line ends and tabs, and all of them have four digits.
    let escape = |c: char| format!("\\u{:04x}", u32::from(c)).chars().collect::<Vec<char>>();
    escaped(json, |c| is_obeyed(c) && c != '\n' && c != '\t', escape)
}

/// A cell of a table that a spreadsheet may open: a name on one line that no spreadsheet takes for a formula.
/// Text that begins with `=`, `+`, `-` or `@` gets an apostrophe in front (OWASP, "CSV Injection"); a number
/// stays as it is.
pub fn shown_cell(text: &str) -> Cow<'_, str> {
    let is_number = || text.parse::<f64>().is_ok_and(f64::is_finite);
    match text.starts_with(['=', '+', '-', '@']) && !is_number() {
        true => Cow::Owned(format!("'{}", shown_name(text))),
        false => shown_name(text),
    }
}

/// A number as messages show it: in scientific notation where it would be long.
pub fn shown_number(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && size.is_finite() && !(1e-5..1e15).contains(&size) {
        format!("{number:e}")
    } else {
        number.to_string()
    }
}

fn escaped<E: IntoIterator<Item = char>>(
    text: &str,
    is_escaped: impl Fn(char) -> bool,
    escape: impl Fn(char) -> E,
) -> Cow<'_, str> {
    if !text.contains(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_escaped(c) {
            true => shown.extend(escape(c)),
            false => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Control characters (C0, C1 and DEL), separators of lines and paragraphs, and the marks of the Unicode
/// Bidirectional Algorithm (UAX #9, table 1).
fn is_obeyed(c: char) -> bool {
    let is_direction = matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    c.is_control() || is_direction || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_terminals_and_pages_would_obey_is_escaped() {
        assert_eq!(shown("a\u{1b}[2Jb\nc\td\re"), "a\\u{1b}[2Jb\nc\td\\re");
        assert_eq!(shown_name("a\nb\tc"), "a\\nb\\tc");
        assert_eq!(shown("\u{202e}gpj.exe\u{2069}\u{7f}\u{9b}"), "\\u{202e}gpj.exe\\u{2069}\\u{7f}\\u{9b}");
        // Text of any language is left alone, and so are backslashes and quotes.
        let plain = "naïve 日本 עברית \"\\n\" 👩‍🔬";
        assert!(matches!(shown_name(plain), Cow::Borrowed(same) if same == plain));
    }

    #[test]
    fn json_keeps_its_meaning() {
        let json = "{\"a\": \"x\u{202e}\u{7f}\",\n\"b\": 1}";
        let shown = shown_json(json);
        assert_eq!(shown, "{\"a\": \"x\\u202e\\u007f\",\n\"b\": 1}");
    }

    #[test]
    fn cells_are_no_formulas() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+a", "'+a"),
            ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
            ("-inf", "'-inf"),
            ("-1.5e3", "-1.5e3"),
            ("+7", "+7"),
            ("\t=1", "\\t=1"),
            ("\r=1", "\\r=1"),
            ("a=b", "a=b"),
        ] {
            assert_eq!(shown_cell(text), cell, "{text:?}");
        }
    }

    #[test]
    fn numbers_are_short() {
        for (number, text) in [
            (0.0, "0"),
            (0.25, "0.25"),
            (-3.0, "-3"),
            (1e300, "1e300"),
            (-2.5e-9, "-2.5e-9"),
            (1e14, "100000000000000"),
        ] {
            assert_eq!(shown_number(number), text);
        }
        assert_eq!([f64::NAN, f64::INFINITY].map(shown_number), ["NaN", "inf"]);
    }
}
