//! The checksum of a JSON file: its first field, the FNV-1a hash of all that follows.
//!
//! It finds damage and edits, as that of a checkpoint does. It has no key: who wants to deceive can compute
//! it, too.

use losslab_base::Fnv1a;

/// The text of an object with its checksum as the first field, and the checksum.
pub(crate) fn seal(text: &str) -> (String, String) {
    let fields = text.strip_prefix('{').unwrap_or(text);
    let first = fields.trim_start();
    let indent = fields.strip_suffix(first).unwrap_or_default();
    let checksum = checksum(first);
    (format!("{{{indent}\"checksum\": \"{checksum}\",{indent}{first}"), checksum)
}

/// The checksum of such a text.
///
/// # Errors
/// If it has none, or another than it should have.
pub(crate) fn check(text: &str) -> Result<String, String> {
    let stated = text
        .strip_prefix('{')
        .and_then(|fields| fields.trim_start().strip_prefix("\"checksum\": \"")?.split_once("\","));
    let Some((stated, rest)) = stated else { return Err("no checksum as its first field".into()) };
    let actual = checksum(rest.trim());
    match stated == actual {
        true => Ok(actual),
        false => Err(format!("what was changed or damaged: its checksum is {actual}, it states {stated}")),
    }
}

fn checksum(text: &str) -> String {
    let mut hash = Fnv1a::new();
    hash.bytes(text.as_bytes());
    format!("{:016x}", hash.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_is_json_and_any_change_is_found() {
        let value = serde_json::json!({"seed": 3, "arm": {"model": "mlp"}});
        for plain in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let (sealed, checksum) = seal(&plain);
            assert_eq!(check(&format!("{sealed}\n")), Ok(checksum.clone()));
            let read: serde_json::Value = serde_json::from_str(&sealed).unwrap();
            assert_eq!((&read["checksum"], &read["seed"]), (&checksum.into(), &3.into()));
            for (from, to) in [("3", "4"), ("mlp", "cnn"), ("\"checksum\": \"", "\"checksum\": \"0")] {
                assert!(check(&sealed.replacen(from, to, 1)).is_err(), "{from}");
            }
        }
        assert_eq!(check("{\"seed\":3}"), Err("no checksum as its first field".into()));
    }
}
