//! The registry of metrics: results, reports, verdicts and the command line iterate it and match no names.

mod info;
mod metric;
mod more_classes;
mod two_classes;

pub use info::MetricInfo;
pub use metric::{RowMetric, Weighted};

use crate::box_metrics::{self, BoxMetric};
use crate::boxes::CocoResults;
use crate::check::MetricError;
use crate::rows::Rows;
use std::fmt;
use std::sync::Arc;

/// A name that is no metric's; the message lists what there is, and the nearest name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnknownMetric(String);

/// A set of metrics, of classifiers of rows and of detectors. It is a value: a crate extends it by its own.
///
/// Of each kind of problem (so many classes, or boxes) names are unique, and the first metric is the one by
/// which runs are chosen and compared unless somebody asks for another.
#[derive(Clone, Default)]
pub struct Metrics {
    rows: Vec<Arc<dyn RowMetric>>,
    boxes: Vec<Arc<dyn BoxMetric>>,
}

/// Numbers of classes at which two metrics of one name are checked not to meet.
const PROBED_CLASSES: std::ops::RangeInclusive<usize> = 2..=1000;

impl Metrics {
    /// The metrics of this crate.
    pub fn standard() -> Self {
        let rows = two_classes::ALL.into_iter().chain(more_classes::ALL);
        let all = rows.fold(Self::default(), Self::with);
        box_metrics::ALL.into_iter().fold(all, Self::with_boxes)
    }

    /// This registry and one metric of classifiers more.
    ///
    /// # Panics
    /// If a metric of this name for as many classes is there already, or its description contradicts itself:
    /// a mistake of the program, not of its user.
    #[track_caller]
    pub fn with(mut self, metric: impl RowMetric + 'static) -> Self {
        let info = metric.info();
        info.check();
        let suited: Vec<usize> = PROBED_CLASSES.filter(|&classes| metric.suits(classes)).collect();
        assert!(!suited.is_empty(), "metric '{}' suits no number of classes", info.name);
        for other in self.rows.iter().filter(|other| other.info().name == info.name) {
            if let Some(classes) = suited.iter().find(|&&classes| other.suits(classes)) {
                panic!("a metric named '{}' for {classes} classes is in the registry already", info.name);
            }
        }
        self.rows.push(Arc::new(metric));
        self
    }

    /// This registry and one metric of detectors more.
    ///
    /// # Panics
    /// As [`Metrics::with`].
    #[track_caller]
    pub fn with_boxes(mut self, metric: impl BoxMetric + 'static) -> Self {
        let info = metric.info();
        info.check();
        let taken = self.boxes.iter().any(|other| other.info().name == info.name);
        assert!(!taken, "a metric named '{}' for boxes is in the registry already", info.name);
        self.boxes.push(Arc::new(metric));
        self
    }

    /// The metrics of problems with so many classes, in the order of registration.
    pub fn rows(&self, classes: usize) -> impl Iterator<Item = &Arc<dyn RowMetric>> {
        self.rows.iter().filter(move |metric| metric.suits(classes))
    }

    /// The metrics of detectors, in the order of registration.
    pub fn boxes(&self) -> impl Iterator<Item = &Arc<dyn BoxMetric>> {
        self.boxes.iter()
    }

    /// The metric of this name for so many classes.
    ///
    /// # Errors
    /// If there is none.
    pub fn find(&self, name: &str, classes: usize) -> Result<&Arc<dyn RowMetric>, UnknownMetric> {
        let found = self.rows(classes).find(|metric| metric.info().name == name);
        found.ok_or_else(|| unknown(name, self.rows(classes).map(|metric| metric.info().name)))
    }

    /// The metric of this name for detectors.
    ///
    /// # Errors
    /// If there is none.
    pub fn find_boxes(&self, name: &str) -> Result<&Arc<dyn BoxMetric>, UnknownMetric> {
        let found = self.boxes().find(|metric| metric.info().name == name);
        found.ok_or_else(|| unknown(name, self.boxes().map(|metric| metric.info().name)))
    }

    /// All metrics of these rows, as (name, value) in the order of [`rows`](Self::rows). A value is `None`
    /// where the metric is undefined, see [`MetricInfo::undefined`].
    ///
    /// # Errors
    /// Scores that one of the metrics cannot use, or a metric whose value is NaN or infinite.
    pub fn evaluate(&self, rows: &Rows<'_>) -> Result<Vec<(&'static str, Option<f64>)>, MetricError> {
        self.rows(rows.classes()).map(|metric| finite(metric.info().name, metric.value(rows)?)).collect()
    }

    /// All metrics of what a detector found, as (name, value) in the order of [`boxes`](Self::boxes).
    ///
    /// # Errors
    /// A metric whose value is NaN or infinite.
    pub fn evaluate_boxes(
        &self,
        results: &CocoResults,
    ) -> Result<Vec<(&'static str, Option<f64>)>, MetricError> {
        self.boxes().map(|metric| finite(metric.info().name, metric.value(results))).collect()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<&str> = self.rows.iter().map(|metric| metric.info().name).collect();
        let boxes: Vec<&str> = self.boxes.iter().map(|metric| metric.info().name).collect();
        f.debug_struct("Metrics").field("rows", &rows).field("boxes", &boxes).finish()
    }
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> UnknownMetric {
    UnknownMetric(losslab_base::unknown("metric", name, known))
}

fn finite(metric: &'static str, value: Option<f64>) -> Result<(&'static str, Option<f64>), MetricError> {
    match value {
        Some(value) if !value.is_finite() => Err(MetricError::Value { metric, value }),
        _ => Ok((metric, value)),
    }
}
