//! Texts as small numbers: the values of a label, a category or a group column, in order of appearance.

use super::decimal::Decimal;
use std::collections::HashMap;

/// The texts met so far, with their counts.
///
/// Two texts are one entry if one tool writes the first where another writes the second: if both spell one
/// number, as `1` and `1.0` do, or both are `true` or both `false` in any case. Numbers are compared digit by
/// digit, so that identifiers of any length stay apart, and a number with a zero in front (`01234`) is a
/// code, not a number. The entry carries the spelling seen first.
#[derive(Default)]
pub(super) struct Dictionary {
    pub(super) names: Vec<String>,
    pub(super) counts: Vec<usize>,
    /// Every spelling met; looked up for every row, without allocating.
    by_text: HashMap<Vec<u8>, u32>,
    by_key: HashMap<Key, u32>,
}

/// What two spellings of one entry have in common.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Number(Decimal),
    Truth(bool),
    Text(String),
}

impl Key {
    fn of(text: &str) -> Key {
        match (truth(text), Decimal::parse(text)) {
            (Some(truth), _) => Key::Truth(truth),
            (None, Some(number)) if !is_code(text) => Key::Number(number),
            _ => Key::Text(text.to_owned()),
        }
    }
}

impl Dictionary {
    /// With these entries, each counted 0 times.
    pub(super) fn of<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Dictionary {
        let mut dictionary = Dictionary::default();
        for name in names {
            dictionary.find_or_add(name.as_ref().as_bytes());
        }
        dictionary.counts.fill(0);
        dictionary
    }

    /// The number of a text and one more to its count; `None` if it is not known.
    pub(super) fn find(&mut self, text: &[u8]) -> Option<u32> {
        let index = match self.by_text.get(text) {
            Some(&index) => index,
            None => {
                let index = self.get(&String::from_utf8_lossy(text))?;
                self.by_text.insert(text.to_vec(), index);
                index
            }
        };
        self.counts[index as usize] += 1;
        Some(index)
    }

    /// The number of a text, a new one if it was not known, and one more to its count.
    pub(super) fn find_or_add(&mut self, text: &[u8]) -> u32 {
        self.find(text).unwrap_or_else(|| {
            let index = self.names.len() as u32;
            let name = String::from_utf8_lossy(text).into_owned();
            self.by_text.insert(text.to_vec(), index);
            self.by_key.insert(Key::of(&name), index);
            self.names.push(name);
            self.counts.push(1);
            index
        })
    }

    /// The number of a text, not counted.
    pub(super) fn get(&self, text: &str) -> Option<u32> {
        self.by_key.get(&Key::of(text)).copied()
    }

    /// Calls entries `true` and `false` that were spelt in several cases, whichever came first, and says so
    /// in a line for the user.
    pub(super) fn settle_truths(&mut self) -> Option<String> {
        let mut said = Vec::new();
        for (value, name) in [(true, "true"), (false, "false")] {
            let Some(&index) = self.by_key.get(&Key::Truth(value)) else { continue };
            let spellings = self.by_text.iter().filter(|(_, met)| **met == index);
            let mut spellings: Vec<_> = spellings.map(|(text, _)| String::from_utf8_lossy(text)).collect();
            if spellings.len() > 1 {
                spellings.sort_unstable();
                said.push(format!("{} are one value, {name}", spellings.join(", ")));
                self.names[index as usize] = name.to_owned();
            }
        }
        (!said.is_empty()).then(|| said.join("; "))
    }
}

/// Whether a text is `true` or `false`, in any case.
fn truth(text: &str) -> Option<bool> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if is("true") { Some(true) } else { is("false").then_some(false) }
}

/// Whether a text has a zero in front that a number would not have, as post codes do.
fn is_code(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.strip_prefix('0').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The order in which reports show texts: numbers by value, before other texts; those by their characters.
pub(super) fn natural_order(a: &str, b: &str) -> std::cmp::Ordering {
    match (Decimal::parse(a), Decimal::parse(b)) {
        (Some(x), Some(y)) => x.cmp(&y).then_with(|| a.cmp(b)),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_number_are_one_entry() {
        let mut dictionary = Dictionary::default();
        for text in ["1", "1.0", "0", "-0", "a", "A"] {
            dictionary.find_or_add(text.as_bytes());
        }
        assert_eq!(dictionary.names, ["1", "0", "a", "A"]);
        assert_eq!(dictionary.counts, [2, 2, 1, 1]);
    }

    #[test]
    fn what_floating_point_merges_stays_apart_and_so_do_codes() {
        let mut dictionary = Dictionary::default();
        let texts = ["9007199254740992", "9007199254740993", "01234", "1234", "012340", "0", "00"];
        for text in texts {
            dictionary.find_or_add(text.as_bytes());
        }
        assert_eq!(dictionary.names, texts);
    }

    #[test]
    fn truths_are_one_entry_in_any_case_and_the_user_is_told() {
        let mut dictionary = Dictionary::default();
        for text in ["TRUE", "False", "true", "True"] {
            dictionary.find_or_add(text.as_bytes());
        }
        assert_eq!(dictionary.counts, [3, 1]);
        assert_eq!(dictionary.settle_truths().as_deref(), Some("TRUE, True, true are one value, true"));
        assert_eq!(dictionary.names, ["true", "False"]);
        assert_eq!(Dictionary::of(["yes", "Yes"]).settle_truths(), None);
    }

    #[test]
    fn known_entries_keep_their_numbers_and_new_ones_are_told() {
        let mut dictionary = Dictionary::of(["0", "1"]);
        assert_eq!(dictionary.find(b"1.0"), Some(1));
        assert_eq!(dictionary.find(b"0"), Some(0));
        assert_eq!(dictionary.find(b"2"), None);
        assert_eq!(dictionary.counts, [1, 1]);
    }

    #[test]
    fn numbers_sort_by_value_and_before_texts() {
        let mut texts = ["b", "10", "9", "a", "-1"];
        texts.sort_by(|a, b| natural_order(a, b));
        assert_eq!(texts, ["-1", "9", "10", "a", "b"]);
    }
}
