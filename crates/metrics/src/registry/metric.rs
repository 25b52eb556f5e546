//! A metric of classifiers of rows: the trait, and the form in which the built-in ones stand in their lists.

use super::MetricInfo;
use crate::check::MetricError;
use crate::rows::Rows;
use crate::statistics::weighted_ap::WeightedAveragePrecision;

/// A metric of one test set as a function of how often each of its rows, or images, counts: what a bootstrap
/// evaluates.
pub type Weighted<'a> = Box<dyn Fn(&[u32]) -> Option<f64> + Sync + 'a>;

/// A metric of a classifier of rows.
///
/// ```
/// use losslab_metrics::{MetricError, MetricInfo, Metrics, RowMetric, Rows};
///
/// /// The share of positives among the highest scored tenth of all rows, at least one row.
/// struct TopTenth;
///
/// impl RowMetric for TopTenth {
///     fn info(&self) -> MetricInfo {
///         MetricInfo::new("top_tenth", "Top tenth", "top tenth", "precision of the highest scored tenth")
///     }
///     fn suits(&self, classes: usize) -> bool {
///         classes == 2
///     }
///     fn value(&self, rows: &Rows<'_>) -> Result<Option<f64>, MetricError> {
///         let wanted = rows.labels().len().div_ceil(10) as u64;
///         let steps = rows.ranking()?.steps();
///         let first = steps.iter().find(|s| s.true_positives + s.false_positives >= wanted);
///         Ok(first.map(|s| s.true_positives as f64 / (s.true_positives + s.false_positives) as f64))
///     }
/// }
///
/// let metrics = Metrics::standard().with(TopTenth);
/// let found = metrics.evaluate(&Rows::new(2, &[2.0, -1.0, 0.5], &[1, 0, 0]))?;
/// assert_eq!(found.last(), Some(&("top_tenth", Some(1.0))));
/// # Ok::<(), MetricError>(())
/// ```
pub trait RowMetric: Send + Sync {
    /// Its name, meaning, direction and range.
    fn info(&self) -> MetricInfo;

    /// True if it is for problems of so many classes.
    fn suits(&self, classes: usize) -> bool;

    /// Its value on these rows, which are of a number of classes that it suits; `None` where it is undefined.
    ///
    /// # Errors
    /// Scores that it cannot use: NaN, infinite ones, or probabilities where it needs logits.
    fn value(&self, rows: &Rows<'_>) -> Result<Option<f64>, MetricError>;

    /// The metric as a function of how often each row counts, one weight for each of [`Rows::distinct`];
    /// weights that `rows` have are replaced.
    ///
    /// As provided, it repeats the rows and takes [`value`](Self::value) of them, which sorts them anew each
    /// time; a metric that can do better says so here, as average precision does.
    ///
    /// # Errors
    /// As [`value`](Self::value) of the rows, each once.
    fn weighted<'a>(&'a self, rows: &'a Rows<'_>) -> Result<Weighted<'a>, MetricError> {
        by_repetition(self, rows)
    }
}

/// Takes the value of the rows repeated by their weights.
fn by_repetition<'a, M: RowMetric + ?Sized>(
    metric: &'a M,
    rows: &'a Rows<'_>,
) -> Result<Weighted<'a>, MetricError> {
    // What could be wrong with some of the rows is wrong with all of them, and told here.
    metric.value(&rows.distinct())?;
    Ok(Box::new(move |weights| metric.value(&rows.reweighted(weights)).ok().flatten()))
}

/// A built-in metric.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub info: MetricInfo,
    pub suits: fn(usize) -> bool,
    pub value: Value,
    /// Sorts the rows once for all weights, where that is enough.
    pub sorted: Option<Sort>,
}

pub(super) type Value = fn(&Rows<'_>) -> Result<Option<f64>, MetricError>;
pub(super) type Sort = fn(&Rows<'_>) -> Result<WeightedAveragePrecision, MetricError>;

impl RowMetric for Entry {
    fn info(&self) -> MetricInfo {
        self.info
    }

    fn suits(&self, classes: usize) -> bool {
        (self.suits)(classes)
    }

    fn value(&self, rows: &Rows<'_>) -> Result<Option<f64>, MetricError> {
        (self.value)(rows)
    }

    fn weighted<'a>(&'a self, rows: &'a Rows<'_>) -> Result<Weighted<'a>, MetricError> {
        let Some(sorted) = self.sorted else { return by_repetition(self, rows) };
        let sorted = sorted(&rows.distinct())?;
        Ok(Box::new(move |weights| sorted.with_weights(weights)))
    }
}
