//! Amounts of memory, as people write them.

use std::fmt;
use std::str::FromStr;

/// A number of bytes. Reads `4G`, `512M`, `64K` or a plain number, in powers of 1024; prints `4.0 GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

/// The units, the largest first, each with its power of two.
const UNITS: [(char, u32); 4] = [('T', 40), ('G', 30), ('M', 20), ('K', 10)];

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.trim_end_matches("iB").trim_end_matches('B');
        let unit = UNITS.into_iter().find(|(unit, _)| number.ends_with(*unit));
        let (number, power) = match unit {
            Some((unit, power)) => (number.trim_end_matches(unit).trim_end(), power),
            None => (number, 0),
        };
        let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(1 << power));
        bytes.filter(|&bytes| bytes > 0).map(Bytes).ok_or_else(|| "expected a size such as 4G or 512M".into())
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.into_iter().find(|(_, power)| self.0 >> power > 0) {
            Some((unit, power)) => write!(f, "{:.1} {unit}iB", self.0 as f64 / (1_u64 << power) as f64),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_printed_in_powers_of_1024() {
        for (text, bytes, printed) in [
            ("4G", 4 << 30, "4.0 GiB"),
            ("1536M", 1536 << 20, "1.5 GiB"),
            ("64KiB", 64 << 10, "64.0 KiB"),
            ("2 TB", 2 << 40, "2.0 TiB"),
            ("1023", 1023, "1023 bytes"),
        ] {
            let read: Bytes = text.parse().unwrap();
            assert_eq!((read, read.to_string().as_str()), (Bytes(bytes), printed), "{text}");
        }
        for text in ["", "0", "G", "-1", "1.5G", "4X", "99999999999T"] {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
        }
    }
}
