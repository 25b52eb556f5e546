//! Says where a COCO file is wrong. Runs only once reading has failed, so it may take its time.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

use super::coco_set::A_BOX;
use losslab_base::{DataError, Place, quoted};
use serde_json::Value;

/// Which of the two files it should have been.
#[derive(Clone, Copy)]
pub(super) enum Layout {
    GroundTruth,
    /// Ground truth whose images name their files.
    WithFiles,
    Detections,
}

#[derive(Clone, Copy)]
enum Kind {
    Id,
    Number,
    Size,
    Text,
    Box,
    Flag,
}

type Keys = &'static [(&'static str, Kind)];

const IMAGE: Keys = &[("id", Kind::Id)];
const IMAGE_FILE: Keys =
    &[("id", Kind::Id), ("file_name", Kind::Text), ("width", Kind::Size), ("height", Kind::Size)];
const LISTS: [(&str, Keys); 2] = [
    ("categories", &[("id", Kind::Id), ("name", Kind::Text)]),
    (
        "annotations",
        &[
            ("id", Kind::Id),
            ("image_id", Kind::Id),
            ("category_id", Kind::Id),
            ("bbox", Kind::Box),
            ("area", Kind::Number),
            ("iscrowd", Kind::Flag),
        ],
    ),
];
const DETECTION: Keys =
    &[("image_id", Kind::Id), ("category_id", Kind::Id), ("bbox", Kind::Box), ("score", Kind::Number)];

impl Kind {
    fn fits(self, value: Option<&Value>) -> bool {
        match (self, value) {
            (Kind::Flag | Kind::Size, None) | (Kind::Size, Some(Value::Null)) => true,
            (_, None) => false,
            (Kind::Id, Some(value)) => value.is_i64(),
            (Kind::Number | Kind::Size, Some(value)) => value.is_number(),
            (Kind::Text, Some(value)) => value.is_string(),
            (Kind::Box, Some(Value::Array(v))) => v.len() == 4 && v.iter().all(Value::is_number),
            (Kind::Box, Some(_)) => false,
            (Kind::Flag, Some(value)) => matches!(value.as_u64(), Some(0 | 1)),
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Kind::Id => "a whole number",
            Kind::Number => "a finite number",
            Kind::Size => "a number of pixels",
            Kind::Text => "a text in quotes",
            Kind::Box => A_BOX,
            Kind::Flag => "0 or 1",
        }
    }
}

/// The error behind `error`, which reading `bytes` gave: the list, the entry and the key, or the line where
/// it is no JSON at all.
pub(super) fn explain(file: &str, bytes: &[u8], layout: Layout, error: &serde_json::Error) -> DataError {
    let expected = match layout {
        Layout::GroundTruth | Layout::WithFiles => "COCO annotations in JSON",
        Layout::Detections => "COCO detections in JSON",
    };
    let fault = |value: &Value| match layout {
        Layout::GroundTruth => in_ground_truth(file, value, IMAGE),
        Layout::WithFiles => in_ground_truth(file, value, IMAGE_FILE),
        Layout::Detections => in_detections(file, value),
    };
    match serde_json::from_str(&with_quoted_names(&String::from_utf8_lossy(bytes))) {
        Ok(value) => fault(&value).unwrap_or_else(|| Place::of(file).error(error.to_string(), expected)),
        Err(error) => Place::of(file).error(format!("a fault ({error})"), expected),
    }
}

fn in_ground_truth(file: &str, value: &Value, image: Keys) -> Option<DataError> {
    if !value.is_object() {
        return Some(wrong(
            file,
            Some(value),
            "an object with \"images\", \"categories\" and \"annotations\"",
        ));
    }
    [("images", image)].iter().chain(&LISTS).find_map(|(list, keys)| match value.get(list) {
        Some(Value::Array(entries)) => in_list(&format!("{file}, {list}"), entries, keys),
        other => Some(wrong(&format!("{file}, {list:?}"), other, "a list of objects")),
    })
}

fn in_detections(file: &str, value: &Value) -> Option<DataError> {
    match value {
        Value::Array(entries) => in_list(&format!("{file}, detections"), entries, DETECTION),
        _ => Some(wrong(file, Some(value), "a list of detections")),
    }
}

fn in_list(list: &str, entries: &[Value], keys: Keys) -> Option<DataError> {
    entries.iter().enumerate().find_map(|(i, entry)| {
        if !entry.is_object() {
            return Some(wrong(&format!("{list}[{i}]"), Some(entry), "an object"));
        }
        let (key, kind) = keys.iter().find(|(key, kind)| !kind.fits(entry.get(key)))?;
        let id = entry.get("id").filter(|id| id.is_i64()).map_or(String::new(), |id| format!(" (id {id})"));
        Some(wrong(&format!("{list}[{i}]{id}, {key:?}"), entry.get(key), kind.expected()))
    })
}

fn wrong(place: &str, value: Option<&Value>, expected: &str) -> DataError {
    let found = match value {
        None => "nothing".into(),
        Some(Value::Object(_)) => "an object".into(),
        Some(Value::Array(list)) if list.len() > 8 => format!("a list of {} entries", list.len()),
        Some(Value::String(text)) => quoted(text),
        Some(value) => value.to_string(),
    };
    Place::of(place).error(found, expected)
}

/// Puts quotes around `NaN` and `Infinity`, which Python writes but JSON does not know, so that the entry can
/// be named.
fn with_quoted_names(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_text, mut escaped) = (false, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if !in_text
            && let Some(name) = ["NaN", "-Infinity", "Infinity"].iter().find(|name| rest.starts_with(**name))
        {
            out.extend(["\"", name, "\""]);
            rest = &rest[name.len()..];
            continue;
        }
        in_text ^= c == '"' && !escaped;
        escaped = in_text && c == '\\' && !escaped;
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_names_get_quotes() {
        let text = r#"["NaN", NaN, "a\"NaN", -Infinity, "\\", Infinity]"#;
        assert_eq!(with_quoted_names(text), r#"["NaN", "NaN", "a\"NaN", "-Infinity", "\\", "Infinity"]"#);
    }
}
