//! Texts as small numbers: the values of a label, a category or a group column, in order of appearance.

use std::collections::HashMap;

/// The texts met so far, with their counts.
///
/// Two texts are one entry if they are equal, or if both are numbers and the numbers are equal: one tool writes `1`
/// where another writes `1.0`. The entry carries the spelling seen first.
#[derive(Default)]
pub(super) struct Dictionary {
    pub(super) names: Vec<String>,
    pub(super) counts: Vec<usize>,
    /// Every spelling met; looked up for every row, without allocating.
    by_text: HashMap<Vec<u8>, u32>,
    by_key: HashMap<String, u32>,
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
                let index = *self.by_key.get(&key(text))?;
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
            self.names.push(String::from_utf8_lossy(text).into_owned());
            self.counts.push(1);
            self.by_text.insert(text.to_vec(), index);
            self.by_key.insert(key(text), index);
            index
        })
    }

    /// The number of a text, not counted.
    pub(super) fn get(&self, text: &str) -> Option<u32> {
        self.by_key.get(&key(text.as_bytes())).copied()
    }
}

/// What two spellings of one entry have in common.
fn key(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    // `+ 0.0` makes one zero of 0 and -0.
    finite(&text).map_or_else(|| text.into_owned(), |number| (number + 0.0).to_string())
}

/// The number that a text spells, if it is finite.
pub(super) fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// The order in which reports show texts: numbers by value, before other texts; those by their characters.
pub(super) fn natural_order(a: &str, b: &str) -> std::cmp::Ordering {
    match (finite(a), finite(b)) {
        (Some(x), Some(y)) => x.total_cmp(&y).then_with(|| a.cmp(b)),
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
