//! The task's part of a record: text until somebody asks for it.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::any::Any;
use std::fmt;
use std::sync::OnceLock;

/// What a task found, as the text that stands in the record. Reports of any task can copy it; those of its
/// own task
/// [read](Found::get) it, once.
pub struct Found {
    text: Box<RawValue>,
    read: OnceLock<Result<Box<dyn Any + Send + Sync>, String>>,
}

impl Found {
    /// From what a training has returned.
    pub fn new<F: Serialize>(found: &F) -> serde_json::Result<Self> {
        Ok(Self { text: serde_json::value::to_raw_value(found)?, read: OnceLock::new() })
    }

    /// What was found, as the type of its task.
    ///
    /// # Errors
    /// If the text is not of that type.
    pub fn get<F: DeserializeOwned + Send + Sync + 'static>(&self) -> Result<&F, String> {
        let read = self.read.get_or_init(|| match serde_json::from_str::<F>(self.text.get()) {
            Ok(found) => Ok(Box::new(found)),
            Err(error) => Err(error.to_string()),
        });
        let found = read.as_ref().map_err(Clone::clone)?;
        found.downcast_ref().ok_or_else(|| "it was read as that of another task".into())
    }
}

impl Clone for Found {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), read: OnceLock::new() }
    }
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Found")
    }
}

impl PartialEq for Found {
    fn eq(&self, other: &Self) -> bool {
        self.text.get() == other.text.get()
    }
}

impl Serialize for Found {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Found {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { text: Box::deserialize(deserializer)?, read: OnceLock::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_kept_and_read_as_its_type() {
        let found: Found = serde_json::from_str("[0.1, 2]").unwrap();
        assert_eq!(found.get::<Vec<f32>>().unwrap(), &[0.1, 2.0]);
        assert_eq!(serde_json::to_string(&found).unwrap(), "[0.1, 2]");
        assert!(found.clone().get::<String>().is_err());
        assert_eq!(Found::new(&[0.1_f32]).unwrap(), serde_json::from_str("[0.1]").unwrap());
    }
}
