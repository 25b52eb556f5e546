//! The rows that a saved model was trained on, as hashes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use losslab_base::Fnv1a;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Hashes of 64 bits of the rows or images that a model was trained on, each with its class: 8 bytes a row,
/// in files as base64. That a new row has the hash of one of n others by chance has a probability of n /
/// 2^64: with a million of both, 1 in 18 million for any of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingRows {
    /// Ascending.
    #[serde(serialize_with = "to_text", deserialize_with = "from_text")]
    hashes: Vec<u64>,
    /// The share of the rows of the test part that have the hash of a training row.
    test_share: f64,
}

impl TrainingRows {
    /// These rows of the training part, and those of the test part, which were not trained on.
    pub fn of(training: impl IntoIterator<Item = u64>, test: impl IntoIterator<Item = u64>) -> TrainingRows {
        let mut hashes: Vec<u64> = training.into_iter().collect();
        hashes.sort_unstable();
        hashes.dedup();
        let (mut seen, mut all) = (0, 0);
        for hash in test {
            seen += u32::from(hashes.binary_search(&hash).is_ok());
            all += 1;
        }
        TrainingRows { hashes, test_share: f64::from(seen) / f64::from(all.max(1)) }
    }

    /// The hash of a row with its class.
    pub fn hash(features: u64, class: u32) -> u64 {
        let mut hash = Fnv1a::new();
        hash.number(features);
        hash.number(class.into());
        hash.finish()
    }

    /// Whether the model was trained on a row of this hash.
    pub fn contains(&self, hash: u64) -> bool {
        self.hashes.binary_search(&hash).is_ok()
    }

    /// The share of the rows of the test part that are the same as a training row.
    pub fn test_share(&self) -> f64 {
        self.test_share
    }

    /// What in them cannot be, if anything.
    ///
    /// # Errors
    /// The fault.
    pub fn check(&self) -> Result<(), String> {
        if !self.hashes.is_sorted() {
            return Err("hashes of training rows that are not in order".into());
        }
        if !(0.0..=1.0).contains(&self.test_share) {
            return Err(format!("a share of {} of the test rows", self.test_share));
        }
        Ok(())
    }
}

fn to_text<S: Serializer>(hashes: &[u64], serializer: S) -> Result<S::Ok, S::Error> {
    let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect();
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes =
        STANDARD.decode(text).map_err(|error| de::Error::custom(format!("training rows: {error}")))?;
    match bytes.as_chunks::<8>() {
        (hashes, []) => Ok(hashes.iter().map(|&bytes| u64::from_le_bytes(bytes)).collect()),
        _ => Err(de::Error::custom("training rows: a hash that is cut off")),
    }
}
