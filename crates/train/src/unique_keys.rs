//! JSON objects that name a key twice: readers keep one of the two values, each another, so that such a text
//! means something different to every program.

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::HashSet;
use std::fmt;

/// Refuses a JSON text in which an object names a key twice.
///
/// # Errors
/// The key, or what is wrong with the text.
pub(crate) fn check(text: &[u8]) -> Result<(), String> {
    let error = serde_json::from_slice::<Unique>(text).map(drop).map_err(|error| error.to_string());
    // Without the place that serde_json adds: the text is one long line.
    error.map_err(|error| error.split(" at line ").next().unwrap_or_default().to_owned())
}

/// Any value whose objects, at every depth, have each key once.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Unique)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unique, A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value::<Unique>()?;
            if let Some(twice) = seen.replace(key) {
                return Err(A::Error::custom(format!("{twice:?} twice")));
            }
        }
        Ok(Unique)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Unique, A::Error> {
        while list.next_element::<Unique>()?.is_some() {}
        Ok(Unique)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique)
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn a_key_twice_is_refused_at_every_depth() {
        assert_eq!(check(br#"{"a":[{"b":1},{"b":-2.5}],"b":null,"c":true}"#), Ok(()));
        for text in [r#"{"a":1,"a":1}"#, r#"[0,{"b":{"a":1,"c":2,"\u0061":3}}]"#] {
            assert_eq!(check(text.as_bytes()).unwrap_err(), "\"a\" twice", "{text}");
        }
    }
}
