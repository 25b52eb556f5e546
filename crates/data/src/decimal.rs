//! A number exactly as its decimal text spells it, whatever its size.

use std::cmp::Ordering;

/// A decimal number: 0.d1 d2 d3 .. times 10^point, with its sign.
///
/// Two texts are one number if they are equal here: `1`, `1.0`, `+1` and `10e-1` are, and two identifiers of
/// 19 digits that 64-bit floating point cannot tell apart are not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Decimal {
    negative: bool,
    /// Without zeros in front and at the end; none for the number 0, whose `point` is 0.
    digits: Vec<u8>,
    point: i64,
}

impl Decimal {
    /// The number that a text spells, if it spells a finite one: `12`, `-0.5`, `.5`, `1e+05`.
    pub(super) fn parse(text: &str) -> Option<Decimal> {
        let (negative, unsigned) = match text.strip_prefix(['-', '+']) {
            Some(rest) => (text.starts_with('-'), rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, integer(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = || whole.bytes().chain(fraction.bytes());
        if all().next().is_none() || !all().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let zeros = all().take_while(|byte| *byte == b'0').count();
        let mut digits: Vec<u8> = all().skip(zeros).collect();
        digits.truncate(digits.iter().rposition(|byte| *byte != b'0').map_or(0, |last| last + 1));
        if digits.is_empty() {
            return Some(Decimal { negative: false, digits, point: 0 });
        }
        let point = i64::try_from(whole.len()).ok()?.checked_sub(i64::try_from(zeros).ok()?)?;
        Some(Decimal { negative, digits, point: point.checked_add(exponent)? })
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |x: &Decimal| match (x.digits.is_empty(), x.negative) {
            (true, _) => 0,
            (false, negative) => 1 - 2 * i8::from(negative),
        };
        sign(self).cmp(&sign(other)).then_with(|| {
            // Digits after the point compare as texts do.
            let size = self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits));
            if self.negative { size.reverse() } else { size }
        })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// An integer with or without a sign, as an exponent is written.
fn integer(text: &str) -> Option<i64> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap_or_else(|| panic!("{text:?}"))
    }

    #[test]
    fn spellings_of_one_number_are_equal() {
        for (a, b) in [
            ("1", "1.0"),
            ("1", "+1."),
            ("1", "10e-1"),
            ("0", "-0.00"),
            ("0", "0e9"),
            (".5", "0.50"),
            ("100000", "1e+05"),
            ("-12.30", "-1.23E1"),
            ("0.001", "1e-3"),
            ("007", "7"),
        ] {
            assert_eq!(decimal(a), decimal(b), "{a} {b}");
        }
    }

    #[test]
    fn what_floating_point_merges_stays_apart() {
        for (a, b) in [
            ("9007199254740992", "9007199254740993"),
            ("1580000000000000000", "1580000000000000001"),
            ("0.1", "0.1000000000000000001"),
            ("1e400", "1e401"),
        ] {
            assert_ne!(decimal(a), decimal(b), "{a} {b}");
            assert!(decimal(a) < decimal(b), "{a} {b}");
        }
    }

    #[test]
    fn numbers_are_ordered_by_value() {
        let ascending =
            ["-1e3", "-20", "-3", "-0.5", "0", "1e-9", "0.05", "0.5", "1", "1.5", "3", "20", "1e3"];
        for pair in ascending.windows(2) {
            assert!(decimal(pair[0]) < decimal(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn other_texts_are_no_numbers() {
        for text in [
            "",
            "-",
            "+",
            ".",
            "e5",
            "1e",
            "1e5.0",
            "1.2.3",
            "0x10",
            "1_000",
            "inf",
            "nan",
            "1e99999999999999999999",
            "--1",
            "١",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text:?}");
        }
    }
}
