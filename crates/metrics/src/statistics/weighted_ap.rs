//! Average precision of examples that count several times, from an order sorted once: what a bootstrap
//! evaluates.

use crate::MetricError;

/// One example of the order, highest score first.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Entry {
    example: u32,
    positive: bool,
    /// Whether the next example has a lower score: equal scores enter together.
    last_of_ties: bool,
}

/// Examples sorted by score, for one class against the rest or for each of several.
///
/// With all weights 1 it is [`average_precision`](crate::average_precision) or
/// [`macro_average_precision`](crate::macro_average_precision); with other weights the same after each
/// example was repeated that often.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightedAveragePrecision {
    examples: usize,
    orders: Vec<Vec<Entry>>,
}

impl WeightedAveragePrecision {
    /// Sorts the examples of a binary problem: O(n log n). Any finite scores will do.
    ///
    /// # Errors
    /// A NaN or infinite score.
    ///
    /// # Panics
    /// If the lengths differ.
    #[track_caller]
    pub fn new(scores: &[f64], labels: &[bool]) -> Result<Self, MetricError> {
        assert!(scores.len() == labels.len(), "{} scores but {} labels", scores.len(), labels.len());
        Ok(Self { examples: scores.len(), orders: vec![order(scores, labels)?] })
    }

    /// Sorts the examples by the score of each class, any that rises with its probability; `scores` has a row
    /// of `classes` per label.
    ///
    /// # Errors
    /// A NaN or infinite score.
    ///
    /// # Panics
    /// If there is not one row per label.
    #[track_caller]
    pub fn of_classes(scores: &[f64], classes: usize, labels: &[u32]) -> Result<Self, MetricError> {
        assert!(
            scores.len() == classes * labels.len(),
            "{} scores, expected {classes} for each of {} labels",
            scores.len(),
            labels.len()
        );
        let of_class = |class: usize| {
            let scores: Vec<f64> = scores.iter().skip(class).step_by(classes).copied().collect();
            let labels: Vec<bool> = labels.iter().map(|&label| label as usize == class).collect();
            order(&scores, &labels)
        };
        Ok(Self { examples: labels.len(), orders: (0..classes).map(of_class).collect::<Result<_, _>>()? })
    }

    /// AP where example i counts `weights[i]` times: O(n), nothing allocated. The mean over classes that have
    /// weight.
    ///
    /// `None` if no positive has weight.
    ///
    /// # Panics
    /// If there is not one weight per example.
    #[track_caller]
    pub fn with_weights(&self, weights: &[u32]) -> Option<f64> {
        assert!(weights.len() == self.examples, "{} weights for {} examples", weights.len(), self.examples);
        let (mut sum, mut defined) = (0.0, 0.0);
        for value in self.orders.iter().filter_map(|order| weighted(order, weights)) {
            sum += value;
            defined += 1.0;
        }
        (defined > 0.0).then(|| sum / defined)
    }
}

/// Highest score first.
fn order(scores: &[f64], labels: &[bool]) -> Result<Vec<Entry>, MetricError> {
    if let Some(index) = scores.iter().position(|s| !s.is_finite()) {
        return Err(MetricError::NotFinite { index, value: scores[index] });
    }
    let mut sorted: Vec<u32> = (0..scores.len() as u32).collect();
    let score = |i: u32| scores[i as usize];
    sorted.sort_by(|&i, &j| score(j).total_cmp(&score(i)));
    let entry = |(place, &example): (usize, &u32)| Entry {
        example,
        positive: labels[example as usize],
        last_of_ties: sorted.get(place + 1).is_none_or(|&next| score(next) != score(example)),
    };
    Ok(sorted.iter().enumerate().map(entry).collect())
}

/// AP = sum_k (R_k - R_{k-1}) P_k over the distinct scores, as [`crate::Ranking::average_precision`].
fn weighted(order: &[Entry], weights: &[u32]) -> Option<f64> {
    let (mut positives, mut called, mut positives_before, mut sum) = (0_u64, 0_u64, 0_u64, 0.0);
    for entry in order {
        let weight = u64::from(weights[entry.example as usize]);
        called += weight;
        positives += weight * u64::from(entry.positive);
        if entry.last_of_ties && positives > positives_before {
            sum += (positives - positives_before) as f64 * (positives as f64 / called as f64);
            positives_before = positives;
        }
    }
    (positives > 0).then(|| sum / positives as f64)
}
