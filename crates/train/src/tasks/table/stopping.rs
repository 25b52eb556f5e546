//! When a training on rows ends: after its last epoch, or when the validation metric has stopped improving.
//!
//! Focal loss stays on its first plateau for longer than cross-entropy does. An epoch of a small table is
//! only a few optimiser steps, so patience counted in epochs alone ends the training on that plateau, and a
//! model that has learnt nothing is compared. Patience is therefore counted in optimiser steps as well, and
//! no training stops early before its validation metric is better than chance.

use super::classification::Classification;
use super::settings::TableSettings;
use crate::{Chance, Course, History};
use losslab_base::rng::Rng;
use losslab_data::Part;
use losslab_metrics::{MetricError, MetricInfo, RowMetric, Rows};

/// Epochs at most, unless the settings say otherwise.
pub const DEFAULT_EPOCHS: usize = 60;
/// Optimiser steps that a training may take at least, unless the settings say how many epochs.
pub const LEAST_STEPS: usize = 1500;
/// Epochs without a better validation metric after which training stops, unless the settings say otherwise.
pub const DEFAULT_PATIENCE: usize = 15;
/// Optimiser steps without a better validation metric that are waited for at least, unless the settings say
/// how many epochs.
pub const LEAST_PATIENCE: usize = 500;
/// Optimiser steps that the kept weights must have seen for a run to be judged.
pub const LEAST_KEPT_STEPS: usize = 10;
/// Optimiser steps that a training must have taken for it to be judged.
pub const LEAST_JUDGED_STEPS: usize = 200;

/// Random predictions that show what chance reaches.
const DRAWS: usize = 50;

/// When one training ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopping {
    epochs: usize,
    patience: usize,
    /// Its chance is what the validation metric has to be better than before training may stop early.
    pub course: Course,
}

impl Stopping {
    /// For epochs that visit so many rows.
    pub fn new(
        settings: &TableSettings,
        visited: usize,
        chance: Option<Chance>,
        metric: &MetricInfo,
    ) -> Self {
        let steps_per_epoch = visited.div_ceil(settings.batch).max(1);
        let patience = settings.patience;
        let patience =
            patience.unwrap_or_else(|| DEFAULT_PATIENCE.max(LEAST_PATIENCE.div_ceil(steps_per_epoch)));
        let course = Course {
            steps_per_epoch,
            least_kept: LEAST_KEPT_STEPS,
            least_steps: LEAST_JUDGED_STEPS,
            chance,
            anneals: false,
            higher_is_better: metric.higher_is_better,
            perfect: metric.best(),
        };
        let epochs = settings.epochs.unwrap_or_else(|| default_epochs(settings, visited));
        Self { epochs, patience: patience.max(1), course }
    }

    /// Whether training ends after these epochs.
    pub fn is_over(&self, history: &History) -> bool {
        let epochs = history.epochs.len();
        let waited = epochs > 0 && epochs - history.best_epoch >= self.patience;
        epochs >= self.epochs || (waited && self.course.beats_chance(history.best))
    }
}

/// Most epochs of a training whose epochs visit so many rows, where the settings do not say.
pub(super) fn default_epochs(settings: &TableSettings, visited: usize) -> usize {
    DEFAULT_EPOCHS.max(LEAST_STEPS.div_ceil(visited.div_ceil(settings.batch).max(1)))
}

/// What predictions that know nothing reach on the labels of this part; none where the metric is undefined.
pub(super) fn chance(metric: &dyn RowMetric, part: &Part) -> Result<Option<Chance>, MetricError> {
    let classification = Classification::of(part.classes);
    let prior = classification.prior_logits(&part.class_counts());
    let info = metric.info();
    let value = |logits: &[f32]| {
        let threshold = match info.needs_threshold {
            true => classification.best_threshold(logits, &part.labels)?,
            false => None,
        };
        metric.value(&Rows::new(part.classes, logits, &part.labels).with_thresholds(0.5, threshold))
    };
    let same: Vec<f32> = (0..part.rows()).flat_map(|_| prior.iter().map(|&logit| logit as f32)).collect();
    if !same.iter().all(|logit| logit.is_finite()) {
        return Ok(None);
    }
    // The same draws for every training, so that all losses are held to the same value.
    let mut rng = Rng::seed(0);
    let mut draws = Vec::with_capacity(DRAWS);
    for _ in 0..DRAWS {
        let random: Vec<f32> = same.iter().map(|&logit| logit + rng.normal() as f32).collect();
        draws.extend(value(&random)?);
    }
    let Some(constant) = value(&same)? else { return Ok(None) };
    if draws.len() < DRAWS {
        return Ok(Some(Chance { constant, mean: constant, deviation: 0.0 }));
    }
    let mean = draws.iter().sum::<f64>() / DRAWS as f64;
    let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / (DRAWS - 1) as f64;
    Ok(Some(Chance { constant, mean, deviation: variance.sqrt() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EpochRecord;

    fn history(epochs: usize, best_epoch: usize, best: f64) -> History {
        let record = |epoch| EpochRecord { epoch, train_loss: 1.0, validation: None, detail: None };
        History { epochs: (1..=epochs).map(record).collect(), best_epoch, best: Some(best) }
    }

    fn stopping(settings: &TableSettings, visited: usize) -> Stopping {
        let chance = Chance { constant: 0.2, mean: 0.1, deviation: 0.05 };
        let metric = losslab_metrics::Metrics::standard().rows(2).next().unwrap().info();
        Stopping::new(settings, visited, Some(chance), &metric)
    }

    #[test]
    fn small_tables_get_as_many_steps_as_large_ones() {
        let settings = TableSettings::default();
        // 3 steps an epoch: 500 epochs, and 167 of patience.
        let small = stopping(&settings, 360);
        assert!(!small.is_over(&history(167, 1, 0.9)) && small.is_over(&history(168, 1, 0.9)));
        assert!(!small.is_over(&history(499, 490, 0.9)) && small.is_over(&history(500, 490, 0.9)));
        // 95 steps an epoch.
        let large = stopping(&settings, 12_120);
        assert!(!large.is_over(&history(15, 1, 0.9)) && large.is_over(&history(16, 1, 0.9)));
        assert!(large.is_over(&history(60, 59, 0.9)));
    }

    #[test]
    fn what_the_settings_say_is_done() {
        let settings = TableSettings { epochs: Some(9), patience: Some(2), ..TableSettings::default() };
        let stopping = stopping(&settings, 360);
        assert!(!stopping.is_over(&history(2, 1, 0.9)) && stopping.is_over(&history(3, 1, 0.9)));
        assert!(stopping.is_over(&history(9, 8, 0.9)));
    }

    #[test]
    fn nothing_stops_at_chance() {
        let large = stopping(&TableSettings::default(), 12_120);
        assert!(!large.is_over(&history(40, 1, 0.2)));
        assert!(large.is_over(&history(60, 1, 0.2)), "but the last epoch is the last");
        let course = Course { higher_is_better: false, ..large.course };
        let lower = Stopping { course, ..large };
        assert!(lower.is_over(&history(40, 1, -0.1)) && !lower.is_over(&history(40, 1, 0.3)));
    }
}
