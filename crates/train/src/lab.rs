//! A laboratory as a value: all registries, which a user's program extends by its own entries.

use crate::tasks::boxes::Detectors;
use losslab_data::checks::{Check, Checks};
use losslab_data::formats::{Format, Formats};
use losslab_losses::{Loss, ModifierInfo, Registry};
use losslab_metrics::{BoxMetric, Metrics, RowMetric};
use losslab_models::{Models, Network};

/// What there is to compare with: the command line, reports, saved models and checks iterate these registries
/// and match no names.
///
/// Two entries of one name are a mistake of the program, and every `with` panics on them.
#[derive(Clone)]
pub struct Lab {
    /// Losses and modifiers.
    pub losses: Registry,
    /// Metrics of rows and of boxes.
    pub metrics: Metrics,
    /// Models of rows.
    pub models: Models,
    /// Formats of data.
    pub formats: Formats,
    /// Detectors of objects in images.
    pub detectors: Detectors,
    /// Checks of the data.
    pub checks: Checks,
}

impl Lab {
    /// Everything that losslab brings.
    pub fn standard() -> Self {
        Self {
            losses: Registry::standard(),
            metrics: Metrics::standard(),
            models: Models::standard(),
            formats: Formats::standard(),
            detectors: Detectors::standard(),
            checks: Checks::standard(),
        }
    }

    /// This lab and one loss more.
    #[must_use]
    #[track_caller]
    pub fn with_loss<L: Loss<P>, const P: usize>(self, loss: L) -> Self {
        Self { losses: self.losses.with(loss), ..self }
    }

    /// This lab and one modifier of losses more.
    #[must_use]
    #[track_caller]
    pub fn with_modifier(self, modifier: ModifierInfo) -> Self {
        Self { losses: self.losses.with_modifier(modifier), ..self }
    }

    /// This lab and one metric of rows more.
    #[must_use]
    #[track_caller]
    pub fn with_metric(self, metric: impl RowMetric + 'static) -> Self {
        Self { metrics: self.metrics.with(metric), ..self }
    }

    /// This lab and one metric of boxes more.
    #[must_use]
    #[track_caller]
    pub fn with_box_metric(self, metric: impl BoxMetric + 'static) -> Self {
        Self { metrics: self.metrics.with_boxes(metric), ..self }
    }

    /// This lab and one network more; a model without a tape is added to [`models`](Lab::models).
    #[must_use]
    #[track_caller]
    pub fn with_network<N: Network>(self) -> Self {
        Self { models: self.models.with_network::<N>(), ..self }
    }

    /// This lab and one format of data more.
    #[must_use]
    #[track_caller]
    pub fn with_format(self, format: impl Format + 'static) -> Self {
        Self { formats: self.formats.with(format), ..self }
    }

    /// This lab and one detector more.
    #[must_use]
    #[track_caller]
    pub fn with_detector(self, detector: impl crate::tasks::boxes::DetectorKind + 'static) -> Self {
        Self { detectors: self.detectors.with(detector), ..self }
    }

    /// This lab and one check of the data more.
    #[must_use]
    #[track_caller]
    pub fn with_check(self, check: impl Check + 'static) -> Self {
        Self { checks: self.checks.with(check), ..self }
    }
}
