//! Settings as people type them: `rows=500,ratio=20`.

use losslab_base::{DataError, Place, nearest, quoted};
use std::str::FromStr;

/// A key, and what its value may be, as messages say it.
pub(crate) type Key = (&'static str, &'static str);

/// One part of a text of settings.
pub(crate) struct Setting<'a> {
    /// One of the keys that are known.
    pub key: &'static str,
    value: &'a str,
    part: &'a str,
    expected: &'static str,
    place: &'a Place,
}

impl Setting<'_> {
    /// The value, as a number.
    ///
    /// # Errors
    /// If it is none: what was found, and what the key may be.
    pub fn number<T: FromStr>(&self) -> Result<T, DataError> {
        self.value.parse().map_err(|_| self.place.clone().error(quoted(self.part), self.expected))
    }
}

/// The `key=value` parts of a text with commas between them; none of `""`.
///
/// # Errors
/// For a part without `=`, an unknown key, and a key that stands twice. `example` is a part as it should be.
pub(crate) fn settings<'a>(
    text: &'a str,
    keys: &[Key],
    place: &'a Place,
    example: &str,
) -> Result<Vec<Setting<'a>>, DataError> {
    let mut settings: Vec<Setting<'a>> = Vec::new();
    for part in text.split(',').map(str::trim).filter(|_| !text.trim().is_empty()) {
        let Some((key, value)) = part.split_once('=').map(|(key, value)| (key.trim(), value.trim())) else {
            let found = if part.is_empty() { "nothing between two commas".into() } else { quoted(part) };
            return Err(place.clone().error(found, format!("key=value, such as {example}")));
        };
        let Some(&(key, expected)) = keys.iter().find(|(known, _)| *known == key) else {
            let known: Vec<String> = keys.iter().map(|(key, range)| format!("{key} ({range})")).collect();
            let hint = nearest(key, keys.iter().map(|(key, _)| *key));
            let hint = hint.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            let expected = format!("one of {}{hint}", known.join(", "));
            return Err(place.clone().error(format!("the key {}", quoted(key)), expected));
        };
        if settings.iter().any(|setting| setting.key == key) {
            return Err(place.clone().error(format!("the key {key:?} twice"), "every key once"));
        }
        settings.push(Setting { key, value, part, expected, place });
    }
    Ok(settings)
}

/// Refuses the first of some values that is not within its range: (key, value, whether it is).
pub(crate) fn check_ranges<const N: usize>(
    values: [(&str, String, bool); N],
    keys: &[Key],
    place: &Place,
) -> Result<(), DataError> {
    let Some((key, value, _)) = values.into_iter().find(|(_, _, fits)| !fits) else { return Ok(()) };
    let expected = keys.iter().find(|(known, _)| *known == key).map_or("", |(_, range)| *range);
    Err(place.clone().error(format!("{key}={value}"), expected))
}
