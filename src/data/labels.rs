//! The label column: from texts to class indices, and the choice of the positive class.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::error::{listed, quoted};

/// The label values met so far, in order of appearance, with their counts.
///
/// Two texts are one class if they are equal, or if both are numbers and the numbers are equal: one tool writes `1`
/// where another writes `1.0`. The class carries the name seen first.
#[derive(Default)]
pub(super) struct LabelValues {
    pub(super) names: Vec<String>,
    pub(super) counts: Vec<usize>,
    /// Every spelling met; looked up for every row, without allocating.
    by_text: HashMap<Vec<u8>, u32>,
    by_key: HashMap<String, u32>,
}

impl LabelValues {
    /// The known classes of another set, in their order.
    pub(super) fn of(class_names: &[String]) -> LabelValues {
        let mut values = LabelValues::default();
        for name in class_names {
            values.find_or_add(name.as_bytes());
        }
        values.counts.fill(0);
        values
    }

    /// The class of a label and one more to its count; `None` if it is not known.
    pub(super) fn find(&mut self, label: &[u8]) -> Option<u32> {
        let class = match self.by_text.get(label) {
            Some(&class) => class,
            None => {
                let class = *self.by_key.get(&key(label))?;
                self.by_text.insert(label.to_vec(), class);
                class
            }
        };
        self.counts[class as usize] += 1;
        Some(class)
    }

    /// The class of a label, new if it was not known, and one more to its count.
    pub(super) fn find_or_add(&mut self, label: &[u8]) -> u32 {
        self.find(label).unwrap_or_else(|| {
            let class = self.names.len() as u32;
            self.names.push(String::from_utf8_lossy(label).into_owned());
            self.counts.push(1);
            self.by_text.insert(label.to_vec(), class);
            self.by_key.insert(key(label), class);
            class
        })
    }
}

/// The positive one of two classes, and why where it was our choice.
///
/// `wanted` if it is given; else the label that says so itself (1, true, yes); else the rarer one; else, with equal
/// counts, the one that sorts last. An error says what was expected as the positive label.
pub(super) fn choose_positive(
    values: &LabelValues,
    wanted: Option<&str>,
) -> Result<(u32, Option<&'static str>), String> {
    let [first, second] = &values.names[..] else {
        panic!("choose_positive: {} classes, made for 2", values.names.len());
    };
    if let Some(wanted) = wanted {
        let wanted_key = key(wanted.trim().as_bytes());
        return match values.by_key.get(&wanted_key) {
            Some(&class) => Ok((class, None)),
            None => Err(format!("one of the labels present: {}", listed(&values.names))),
        };
    }
    let (class, reason) = match (says_positive(first), says_positive(second)) {
        (true, false) => (0, "it says so itself"),
        (false, true) => (1, "it says so itself"),
        _ => match values.counts[0].cmp(&values.counts[1]) {
            Ordering::Less => (0, "it is the rarer one"),
            Ordering::Greater => (1, "it is the rarer one"),
            Ordering::Equal => {
                (u32::from(sorts_before(first, second)), "both are equally frequent and it sorts last")
            }
        },
    };
    Ok((class, Some(reason)))
}

/// One line on a choice we made for the user.
pub(super) fn choice_note(values: &LabelValues, column: &str, class: u32, reason: &str) -> String {
    let (name, count) = (&values.names[class as usize], values.counts[class as usize]);
    let rows: usize = values.counts.iter().sum();
    let other = &values.names[1 - class as usize];
    format!(
        "column {}: {} is taken as the positive class ({count} of {rows} rows), since {reason}; the other is {}",
        quoted(column),
        quoted(name),
        quoted(other)
    )
}

/// Whether a label cell holds no label.
pub(super) fn is_missing(label: &[u8]) -> bool {
    label.is_empty() || label.eq_ignore_ascii_case(b"nan")
}

/// Whether a label calls itself positive: 1 (as a number: `1.0`, `+1`), true or yes in any case.
fn says_positive(label: &str) -> bool {
    finite(label) == Some(1.0) || label.eq_ignore_ascii_case("true") || label.eq_ignore_ascii_case("yes")
}

/// Numbers by value, before other texts; texts by their characters.
fn sorts_before(a: &str, b: &str) -> bool {
    match (finite(a), finite(b)) {
        (Some(a), Some(b)) => a < b,
        (a_number, b_number) if a_number.is_some() != b_number.is_some() => a_number.is_some(),
        _ => a < b,
    }
}

/// What two spellings of one class have in common.
fn key(label: &[u8]) -> String {
    let text = String::from_utf8_lossy(label);
    // `+ 0.0` makes one zero of 0 and -0.
    finite(&text).map_or_else(|| text.into_owned(), |number| (number + 0.0).to_string())
}

fn finite(label: &str) -> Option<f64> {
    label.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(labels: &[&str]) -> LabelValues {
        let mut values = LabelValues::default();
        for label in labels {
            values.find_or_add(label.as_bytes());
        }
        values
    }

    fn chosen(labels: &[&str], wanted: Option<&str>) -> Result<String, String> {
        let values = values(labels);
        choose_positive(&values, wanted).map(|(class, _)| values.names[class as usize].clone())
    }

    #[test]
    fn spellings_of_one_number_are_one_class() {
        let values = values(&["1", "1.0", "0", "-0", "a", "A"]);
        assert_eq!(values.names, ["1", "0", "a", "A"]);
        assert_eq!(values.counts, [2, 2, 1, 1]);
    }

    #[test]
    fn the_positive_class_is_the_one_that_says_so_then_the_rarer_then_the_last() {
        for (labels, expected) in [
            (&["0", "1.0", "1.0"][..], "1.0"),
            (&["No", "YES", "YES"], "YES"),
            (&["True", "False", "True"], "True"),
            (&["good", "bad", "good"], "bad"),
            (&["yes", "true", "true"], "yes"), // both say so: the rarer
            (&["a", "b"], "b"),
            (&["10", "9"], "10"), // numbers sort as numbers
            (&["b", "7"], "b"),
        ] {
            assert_eq!(chosen(labels, None).as_deref(), Ok(expected), "{labels:?}");
        }
    }

    #[test]
    fn a_wanted_class_is_found_by_text_or_number_or_refused() {
        assert_eq!(chosen(&["0", "1"], Some("0")).as_deref(), Ok("0"));
        assert_eq!(chosen(&["0.0", "1.0"], Some(" 0 ")).as_deref(), Ok("0.0"));
        assert!(chosen(&["0", "1"], Some("2")).is_err());
    }

    #[test]
    fn labels_of_another_set_keep_its_order() {
        let mut values = LabelValues::of(&["0".into(), "1".into()]);
        assert_eq!(values.find(b"1.0"), Some(1));
        assert_eq!(values.find(b"0"), Some(0));
        assert_eq!(values.find(b"2"), None);
        assert_eq!(values.counts, [1, 1]);
    }
}
