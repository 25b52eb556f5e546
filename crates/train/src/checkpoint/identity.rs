//! What a training is: all that its outcome depends on, in words and as a key.

use losslab_base::Fnv1a;
use losslab_losses::Spec;
use serde::{Deserialize, Serialize};

/// All that the outcome of a training depends on: version, data, split, settings, loss and seed, each a name
/// and a value.
///
/// The number of threads is not among them: the bits do not depend on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity(Vec<(String, String)>);

impl Identity {
    /// Of a training on `data`, described by anything that holds its fingerprint, whose parts have the
    /// fingerprint `split`, with these settings. Each field of the settings is compared by itself.
    pub fn new(
        name: &str,
        data: &impl Serialize,
        split: &str,
        settings: &impl Serialize,
        loss: &Spec,
        seed: u64,
    ) -> Self {
        let mut hash = Fnv1a::new();
        hash.text(&json(data).to_string());
        let mut parts = vec![
            ("losslab version".into(), env!("CARGO_PKG_VERSION").into()),
            ("data".into(), name.into()),
            ("fingerprint of the data".into(), format!("{:016x}", hash.finish())),
            ("loss".into(), loss.to_string()),
            ("seed".into(), seed.to_string()),
        ];
        if let serde_json::Value::Object(settings) = json(settings) {
            parts.extend(settings.into_iter().map(|(name, value)| (name, value.to_string())));
        }
        // Last, because other data, another seed or other settings make another split.
        parts.push(("fingerprint of the split".into(), split.into()));
        Self(parts)
    }

    /// 16 hexadecimal digits that stand for all of it.
    pub fn key(&self) -> String {
        let mut hash = Fnv1a::new();
        self.0.iter().flat_map(|(name, value)| [name, value]).for_each(|text| hash.text(text));
        format!("{:016x}", hash.finish())
    }

    /// The first thing in which the other training differs: what it is there, and what it is here.
    pub fn difference(&self, other: &Identity) -> Option<[String; 2]> {
        let of = |identity: &Identity, name: &str| {
            let part = identity.0.iter().find(|(other, _)| other == name);
            part.map_or_else(|| format!("no {name}"), |(name, value)| format!("{name} {value}"))
        };
        let names = self.0.iter().chain(&other.0).map(|(name, _)| name.as_str());
        names.map(|name| [of(other, name), of(self, name)]).find(|[there, here]| there != here)
    }
}

fn json(value: &impl Serialize) -> serde_json::Value {
    // Plain data always have a form as JSON; if they had none, all data would seem alike.
    serde_json::to_value(value).unwrap_or_else(|error| unreachable!("{error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use losslab_losses::Registry;
    use serde_json::json;

    #[test]
    fn what_differs_is_named() {
        let identity = |settings: serde_json::Value, seed| {
            let loss = Spec::parse("ce", &Registry::standard()).unwrap_or_else(|error| panic!("{error}"));
            Identity::new("a.csv", &"f00d", "5711", &settings, &loss, seed)
        };
        let here = identity(json!({"batch": 128, "clip": 0.5}), 0);
        assert_eq!(here.difference(&here), None);
        let cases = [
            (identity(json!({"batch": 64, "clip": 0.5}), 0), ["batch 64", "batch 128"]),
            (identity(json!({"batch": 128, "clip": 0.5}), 7), ["seed 7", "seed 0"]),
            (identity(json!({"batch": 128}), 0), ["no clip", "clip 0.5"]),
            (identity(json!({"batch": 128, "clip": 0.5, "width": 8}), 0), ["width 8", "no width"]),
        ];
        for (there, expected) in cases {
            assert_eq!(here.difference(&there), Some(expected.map(String::from)));
            assert_ne!(here.key(), there.key());
        }
    }
}
