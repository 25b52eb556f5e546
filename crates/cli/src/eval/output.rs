//! What `losslab eval` writes.

use losslab_tensor::Float;
use serde::{Serialize, Serializer};

/// The answer.
#[derive(Serialize)]
#[serde(bound = "T: Float + Serialize")]
pub(super) struct Output<T> {
    pub loss: Numbers<T>,
    pub grad: Numbers<T>,
    /// Null for a loss of a whole batch.
    pub hess: Option<Numbers<T>>,
    #[serde(serialize_with = "object")]
    pub dparams: Vec<(&'static str, Number<T>)>,
}

/// Numbers in the shape of what they belong to.
#[derive(Serialize)]
#[serde(untagged, bound = "T: Float + Serialize")]
pub(super) enum Numbers<T> {
    One(Number<T>),
    List(Vec<Number<T>>),
    Rows(Vec<Vec<Number<T>>>),
}

/// A number as JSON: the shortest that reads back as the same `T`, or "NaN", "inf", "-inf".
#[derive(Clone, Copy)]
pub(super) struct Number<T>(pub T);

impl<T: Float> Numbers<T> {
    /// A list, or rows of so many columns.
    pub fn shaped(values: &[T], columns: Option<usize>) -> Self {
        let list = |values: &[T]| values.iter().map(|&x| Number(x)).collect::<Vec<_>>();
        match columns {
            None => Numbers::List(list(values)),
            Some(columns) => Numbers::Rows(values.chunks(columns).map(list).collect()),
        }
    }
}

impl<T: Float + Serialize> Serialize for Number<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let x = self.0.to_f64();
        match x {
            _ if x.is_finite() => self.0.serialize(serializer),
            _ if x.is_nan() => serializer.serialize_str("NaN"),
            _ if x > 0.0 => serializer.serialize_str("inf"),
            _ => serializer.serialize_str("-inf"),
        }
    }
}

/// Pairs as an object, in their order.
fn object<T: Float + Serialize, S: Serializer>(
    pairs: &[(&'static str, Number<T>)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().copied())
}
