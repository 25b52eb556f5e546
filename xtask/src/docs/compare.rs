//! What a page shows beside what a command has printed.

use std::ops::RangeInclusive;

/// Stands for any lines.
pub const ELISION: &str = "..";

/// The first place where the two part.
#[derive(Debug, PartialEq)]
pub struct Difference {
    pub expected: String,
    pub found: String,
}

impl Difference {
    fn new(expected: Option<&&str>, found: Option<&String>) -> Difference {
        let text = |line: Option<&str>| line.map_or_else(|| "(the end)".to_owned(), ToOwned::to_owned);
        Difference { expected: text(expected.copied()), found: text(found.map(String::as_str)) }
    }
}

/// Where what was printed lacks the lines between elisions, in their order; if the `whole` is shown, also
/// where it has more before the first or after the last.
pub fn lines(expected: &[&str], printed: &[String], whole: bool) -> Option<Difference> {
    let pieces: Vec<&[&str]> = expected.split(|line| line.trim() == ELISION).collect();
    let mut at = 0;
    for (i, piece) in pieces.iter().enumerate() {
        let last = printed.len().saturating_sub(piece.len()).max(at);
        let places = match () {
            () if whole && i == 0 => 0..=0,
            () if whole && i + 1 == pieces.len() => last..=last,
            () => at..=last,
        };
        match place(piece, printed, places) {
            Ok(found) => at = found + piece.len(),
            Err(difference) => return Some(difference),
        }
    }
    // Only a single piece, which has to begin at the start, may leave something.
    (whole && at < printed.len() && pieces.len() == 1).then(|| Difference::new(None, printed.get(at)))
}

/// The first of these places where a piece stands, or how it differs from the one that it is most like.
fn place(piece: &[&str], printed: &[String], places: RangeInclusive<usize>) -> Result<usize, Difference> {
    let mut best = (*places.start(), 0);
    for at in places {
        let rest = printed.get(at..).unwrap_or_default();
        let equal =
            piece.iter().zip(rest).take_while(|(line, other)| line.trim_end() == other.trim_end()).count();
        if equal == piece.len() {
            return Ok(at);
        }
        if equal > best.1 {
            best = (at, equal);
        }
    }
    Err(Difference::new(piece.get(best.1), printed.get(best.0 + best.1)))
}

/// The first `a ± b` of a table that does not occur in what was printed after those before it.
pub fn numbers(expected: &[&str], printed: &[String]) -> Option<Difference> {
    let found: Vec<String> = printed.iter().flat_map(|line| deviations(line)).collect();
    let mut rest = found.iter();
    for number in expected.iter().flat_map(|line| deviations(line)) {
        let before = rest.clone();
        if !rest.any(|other| *other == number) {
            return Some(Difference { expected: number, ..Difference::new(None, before.as_slice().first()) });
        }
    }
    None
}

/// The numbers with deviations of a line, as losslab prints them.
fn deviations(line: &str) -> Vec<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let full = |number: &str| if number.starts_with('.') { format!("0{number}") } else { number.to_owned() };
    let triples = words.windows(3).filter(|three| three[1] == "±");
    triples.map(|three| format!("{} ± {}", full(three[0]), full(three[2]))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differs(expected: &str, printed: &str, whole: bool) -> Option<(String, String)> {
        let expected: Vec<&str> = expected.split_whitespace().collect();
        let printed: Vec<String> = printed.split_whitespace().map(ToOwned::to_owned).collect();
        lines(&expected, &printed, whole).map(|difference| (difference.expected, difference.found))
    }

    #[test]
    fn a_part_is_found_anywhere_and_the_whole_from_start_to_end() {
        for (expected, whole) in
            [("b c", false), ("a .. d", false), ("a b c d", true), ("a .. d", true), (".. b ..", true)]
        {
            assert_eq!(differs(expected, "a b c d", whole), None, "{expected}");
        }
        for (expected, whole) in
            [("c b", false), ("b d", false), ("a b c", true), ("b .. d", true), ("a .. c", true)]
        {
            assert!(differs(expected, "a b c d", whole).is_some(), "{expected}");
        }
        assert_eq!(differs(".. d", "d", true), None);
        // One line cannot stand on both sides of an elision.
        assert!(differs("a .. a", "a", true).is_some());
    }

    #[test]
    fn a_difference_is_that_of_the_place_most_alike() {
        let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(differs("a b c", "x a b d a", false), pair("c", "d"));
        assert_eq!(differs("a b", "a b c", true), pair("(the end)", "c"));
        assert_eq!(differs("a b c", "a b", true), pair("c", "(the end)"));
    }

    #[test]
    fn numbers_occur_in_their_order() {
        let printed =
            ["│ AP ↑   0.219 ± 0.011   0.267 ± 0.012 │".to_owned(), "│ AP50 ↑   1.500 ± 0.100 │".to_owned()];
        assert_eq!(numbers(&["| a | 1.500 ± .100 |"], &printed), None);
        assert_eq!(numbers(&["| a | .219 ± .011 | x | .267 ± .012 |"], &printed), None);
        let difference = numbers(&["| .267 ± .012 | .219 ± .011 |"], &printed).unwrap();
        assert_eq!((&*difference.expected, &*difference.found), ("0.219 ± 0.011", "1.500 ± 0.100"));
    }
}
