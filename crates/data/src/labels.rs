//! The label column: from texts to classes, and the choice of the positive one.

use std::cmp::Ordering;

use super::decimal::Decimal;
use super::dictionary::{Dictionary, natural_order};
use losslab_base::{counted, listed, quoted};

/// Most classes of a label column; more are a number to be predicted or an identifier, not classes.
const MOST_CLASSES: usize = 100;

/// What the labels of a file mean.
pub(super) struct Classes {
    /// The class of each entry of the dictionary.
    class_of: Vec<u32>,
    pub(super) names: Vec<String>,
    pub(super) positive: Option<u32>,
    /// A line for the user where we chose for them.
    pub(super) note: Option<String>,
}

impl Classes {
    /// Two labels make a binary problem, and so do more if the positive one is `wanted`: all others are its
    /// negatives. Otherwise every label is a class. An error says what was found and what was expected.
    pub(super) fn of(
        values: &Dictionary,
        column: &str,
        wanted: Option<&str>,
    ) -> Result<Classes, (String, String)> {
        let names = &values.names;
        match (&names[..], wanted) {
            ([], _) => Err(("no label".into(), "labels".into())),
            ([only], _) => {
                let found = format!("{} in all {}", quoted(only), counted(values.counts[0], "row"));
                Err((found, "two classes or more".into()))
            }
            ([_, _], _) => binary(values, column, wanted),
            (_, Some(wanted)) => one_against_the_rest(values, column, wanted),
            (many, None) if many.len() > MOST_CLASSES => {
                let found = format!("{} different labels ({})", many.len(), listed(many));
                let expected = format!(
                    "at most {MOST_CLASSES} classes (a number to be predicted is no label; \
                     --positive VALUE makes one class against the rest)"
                );
                Err((found, expected))
            }
            _ => Ok(many(values)),
        }
    }

    /// Entries of the dictionary become classes.
    pub(super) fn translate(&self, labels: &mut [u32]) {
        labels.iter_mut().for_each(|label| *label = self.class_of[*label as usize]);
    }

    /// Every label with its class, for reading a second file.
    pub(super) fn values(&self, dictionary: &Dictionary) -> Vec<(String, u32)> {
        dictionary.names.iter().cloned().zip(self.class_of.iter().copied()).collect()
    }
}

fn binary(values: &Dictionary, column: &str, wanted: Option<&str>) -> Result<Classes, (String, String)> {
    let (positive, reason) = match wanted {
        Some(wanted) => (find_positive(values, wanted)?, None),
        None => {
            let (positive, reason) = choose_positive(values);
            (positive, Some(reason))
        }
    };
    Ok(Classes {
        class_of: (0..2).map(|value| u32::from(value == positive)).collect(),
        names: [1 - positive, positive].map(|value| values.names[value as usize].clone()).to_vec(),
        positive: Some(1),
        note: reason.map(|reason| choice_note(values, column, positive, reason)),
    })
}

fn one_against_the_rest(
    values: &Dictionary,
    column: &str,
    wanted: &str,
) -> Result<Classes, (String, String)> {
    let positive = find_positive(values, wanted)?;
    let name = &values.names[positive as usize];
    let rest = values.names.len() - 1;
    Ok(Classes {
        class_of: (0..values.names.len()).map(|value| u32::from(value == positive as usize)).collect(),
        names: vec![format!("not {name}"), name.clone()],
        positive: Some(1),
        note: Some(format!(
            "column {}: {} against the rest, the {rest} other labels",
            quoted(column),
            quoted(name)
        )),
    })
}

fn many(values: &Dictionary) -> Classes {
    let mut order: Vec<usize> = (0..values.names.len()).collect();
    order.sort_by(|&a, &b| natural_order(&values.names[a], &values.names[b]));
    let mut class_of = vec![0; order.len()];
    order.iter().zip(0..).for_each(|(&value, class)| class_of[value] = class);
    let names = order.iter().map(|&value| values.names[value].clone()).collect();
    Classes { class_of, names, positive: None, note: None }
}

fn find_positive(values: &Dictionary, wanted: &str) -> Result<u32, (String, String)> {
    values.get(wanted.trim_ascii()).ok_or_else(|| {
        let found = format!("no row labelled {}, the positive label asked for", quoted(wanted));
        (found, format!("one of the labels present: {}", listed(&values.names)))
    })
}

/// The positive one of two labels, and why: the one that says so itself (1, true, yes); else the rarer one;
/// else, with equal counts, the one that sorts last.
fn choose_positive(values: &Dictionary) -> (u32, &'static str) {
    let [first, second] = [&values.names[0], &values.names[1]];
    match (says_positive(first), says_positive(second)) {
        (true, false) => (0, "it says so itself"),
        (false, true) => (1, "it says so itself"),
        _ => match values.counts[0].cmp(&values.counts[1]) {
            Ordering::Less => (0, "it is the rarer one"),
            Ordering::Greater => (1, "it is the rarer one"),
            Ordering::Equal => {
                let last = natural_order(first, second) == Ordering::Less;
                (u32::from(last), "both are equally frequent and it sorts last")
            }
        },
    }
}

/// One line on a choice we made for the user.
fn choice_note(values: &Dictionary, column: &str, positive: u32, reason: &str) -> String {
    let (name, count) = (&values.names[positive as usize], values.counts[positive as usize]);
    let rows: usize = values.counts.iter().sum();
    let other = &values.names[1 - positive as usize];
    format!(
        "column {}: {} is taken as the positive class ({count} of {rows} rows), since {reason}; the other is {}",
        quoted(column),
        quoted(name),
        quoted(other)
    )
}

/// Whether a label calls itself positive: 1 (as a number: `1.0`, `+1`), true or yes in any case.
fn says_positive(label: &str) -> bool {
    let is_one = || Decimal::parse(label).is_some_and(|number| Decimal::parse("1") == Some(number));
    is_one() || label.eq_ignore_ascii_case("true") || label.eq_ignore_ascii_case("yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(labels: &[&str], wanted: Option<&str>) -> Result<Classes, (String, String)> {
        let mut values = Dictionary::default();
        for label in labels {
            values.find_or_add(label.as_bytes());
        }
        Classes::of(&values, "label", wanted)
    }

    #[track_caller]
    fn names(labels: &[&str], wanted: Option<&str>) -> Vec<String> {
        classes(labels, wanted).unwrap_or_else(|(found, _)| panic!("{found}")).names
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
            assert_eq!(names(labels, None)[1], expected, "{labels:?}");
        }
    }

    #[test]
    fn a_wanted_class_is_found_by_text_or_number_or_refused() {
        assert_eq!(names(&["0", "1"], Some("0")), ["1", "0"]);
        assert_eq!(names(&["0.0", "1.0"], Some(" 0 ")), ["1.0", "0.0"]);
        assert!(classes(&["0", "1"], Some("2")).is_err());
        assert!(classes(&["0", "1", "2"], Some("3")).is_err());
    }

    #[test]
    fn more_than_two_labels_are_classes_in_order_or_one_against_the_rest() {
        let all = classes(&["10", "b", "9", "a", "9"], None).unwrap_or_else(|(found, _)| panic!("{found}"));
        assert_eq!((all.names, all.positive), (["9", "10", "a", "b"].map(String::from).to_vec(), None));
        assert_eq!(all.class_of, [1, 3, 0, 2]);
        let one = classes(&["10", "9", "a"], Some("9.0")).unwrap_or_else(|(found, _)| panic!("{found}"));
        assert_eq!(one.names, ["not 9", "9"]);
        assert_eq!((one.class_of, one.positive), (vec![0, 1, 0], Some(1)));
    }
}
