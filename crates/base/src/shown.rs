//! Numbers as messages show them.

/// A number as messages show it: in scientific notation where it would be long.
pub fn shown_number(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && size.is_finite() && !(1e-5..1e15).contains(&size) {
        format!("{number:e}")
    } else {
        number.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
