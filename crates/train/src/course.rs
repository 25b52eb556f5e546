//! Whether a training was long enough to be judged.

use crate::History;
use losslab_metrics::statistics::training_check::TrainingState;

/// Fewest validations that a trend is read from.
const LEAST_VALIDATIONS: usize = 10;
/// Standard errors by which the validation metric must have risen at the end to count as still rising.
const RISE: f64 = 2.0;
/// Standard deviations above the mean of random predictions that are better than chance.
const ABOVE_CHANCE: f64 = 2.0;
/// Those that are far better than chance.
const FAR_ABOVE_CHANCE: f64 = 5.0;
/// A rise of less than this share of what the metric is above chance is not worth more epochs.
const LEAST_RISE: f64 = 0.02;

/// What tells whether a training was long enough, beside its [`History`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course {
    /// Optimiser steps of an epoch.
    pub steps_per_epoch: usize,
    /// Optimiser steps that the kept weights must have seen: weights of the first few are those it began
    /// with.
    pub least_kept: usize,
    /// Optimiser steps that the whole training must have taken, so that better weights would have been found.
    pub least_steps: usize,
    /// What predictions that know nothing reach on the validation part; none if unknown.
    pub chance: Option<Chance>,
    /// Whether the learning rate falls to nearly 0 by the last epoch, so that a metric that rises to the end
    /// is no sign of an early end.
    pub anneals: bool,
    /// Whether more of the deciding metric is better.
    pub higher_is_better: bool,
    /// The best value that the deciding metric can take, if there is one: weights that reach it need no more
    /// steps.
    pub perfect: Option<f64>,
}

/// What predictions that know nothing reach under a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chance {
    /// One that is the same for all examples.
    pub constant: f64,
    /// The mean of random ones.
    pub mean: f64,
    /// Their standard deviation: what the metric varies by on so few examples.
    pub deviation: f64,
}

impl Course {
    /// Whether a value of the deciding metric is better than chance: than a constant prediction, and than the
    /// mean of random ones by two standard deviations. True as well where one of the two is unknown.
    pub fn beats_chance(&self, value: Option<f64>) -> bool {
        self.is_beyond(value, ABOVE_CHANCE).unwrap_or(true)
    }

    /// Whether a value is better than constant predictions, and than the mean of random ones by so many
    /// standard deviations; none where one of the two is unknown.
    fn is_beyond(&self, value: Option<f64>, deviations: f64) -> Option<bool> {
        let (value, Chance { constant, mean, deviation }) = value.zip(self.chance)?;
        Some(match self.higher_is_better {
            true => value > constant.max(mean + deviations * deviation),
            false => value < constant.min(mean - deviations * deviation),
        })
    }

    /// The best that predictions which know nothing reach on the validation part; none if unknown.
    pub fn best_of_chance(&self) -> Option<f64> {
        let Chance { constant, mean, .. } = self.chance?;
        Some(if self.higher_is_better { constant.max(mean) } else { constant.min(mean) })
    }

    /// Optimiser steps that the kept weights have seen.
    pub fn kept_steps(&self, history: &History) -> usize {
        history.best_epoch * self.steps_per_epoch
    }

    /// What became of the training with this history.
    ///
    /// It is not trained out if it took fewer than [`least_steps`](Self::least_steps), if the kept weights
    /// have seen fewer than [`least_kept`](Self::least_kept), or if the validation metric was still rising by
    /// more than its noise when it ended and the learning rate had not annealed. One that took enough steps
    /// and never beat chance is at chance.
    pub fn state(&self, history: &History) -> TrainingState {
        let too_short = history.epochs.len() * self.steps_per_epoch < self.least_steps;
        if !too_short && !self.beats_chance(history.best) {
            return TrainingState::AtChance;
        }
        let is_far = self.is_beyond(history.best, FAR_ABOVE_CHANCE) == Some(true);
        let is_perfect = history.best.is_some() && history.best == self.perfect;
        if !too_short && is_perfect && is_far {
            return TrainingState::ClearlyLearnt;
        }
        let too_early = self.kept_steps(history) < self.least_kept;
        if too_short || too_early || (!self.anneals && self.is_rising(history)) {
            return TrainingState::NotTrainedOut;
        }
        if is_far { TrainingState::ClearlyLearnt } else { TrainingState::Complete }
    }

    /// Whether the best validation is among the last fifth, and that fifth is better than the one before by
    /// more than the noise: that of both, read from the differences of successive validations, and half of
    /// what the metric varies by on so few examples.
    fn is_rising(&self, history: &History) -> bool {
        let values: Vec<f64> = history.epochs.iter().filter_map(|epoch| epoch.validation).collect();
        let fifth = values.len() / 5;
        let best_is_late = history.best_epoch > history.epochs.len() - history.epochs.len() / 5;
        if values.len() < LEAST_VALIDATIONS || !best_is_late {
            return false;
        }
        let (before, last) = values[values.len() - 2 * fifth..].split_at(fifth);
        let mean = |values: &[f64]| values.iter().sum::<f64>() / fifth as f64;
        let rise = mean(last) - mean(before);
        let rise = if self.higher_is_better { rise } else { -rise };
        let (above_chance, deviation) = match history.best.zip(self.chance) {
            Some((best, chance)) => ((best - chance.mean).abs(), chance.deviation),
            None => (0.0, 0.0),
        };
        rise > RISE * noise(before, last) && rise > LEAST_RISE * above_chance && rise > 0.5 * deviation
    }
}

/// The standard error of the difference of two means, from the differences of successive values: those do
/// not contain the trend.
fn noise(before: &[f64], last: &[f64]) -> f64 {
    let values = [before, last].concat();
    let steps: Vec<f64> = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let trend = steps.iter().sum::<f64>() / steps.len() as f64;
    let squares: f64 = steps.iter().map(|step| (step - trend) * (step - trend)).sum();
    let variance = squares / (2.0 * (steps.len() - 1).max(1) as f64);
    (2.0 * variance / before.len() as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EpochRecord;

    const COURSE: Course = Course {
        steps_per_epoch: 10,
        least_kept: 30,
        least_steps: 50,
        chance: Some(Chance { constant: 0.2, mean: 0.18, deviation: 0.01 }),
        anneals: false,
        higher_is_better: true,
        perfect: Some(1.0),
    };

    fn history(values: &[f64]) -> History {
        let mut history = History::default();
        for (i, &value) in values.iter().enumerate() {
            let validation = Some(value);
            history.epochs.push(EpochRecord { epoch: i + 1, train_loss: 1.0, validation, detail: None });
            history.validated(validation, true);
        }
        history
    }

    fn curve(epochs: usize, value: impl Fn(f64) -> f64) -> History {
        let noise = [0.003, -0.002, 0.004, -0.004, 0.001, -0.003];
        let values: Vec<f64> = (0..epochs).map(|i| value(i as f64) + noise[i % 6]).collect();
        history(&values)
    }

    #[test]
    fn weights_of_the_first_epochs_are_not_trained_out() {
        let early = history(&[0.3, 0.5, 0.4, 0.4, 0.4, 0.4, 0.4]);
        assert_eq!((COURSE.kept_steps(&early), COURSE.state(&early)), (20, TrainingState::NotTrainedOut));
        let short = history(&[0.3, 0.3, 0.4, 0.5]);
        assert_eq!(COURSE.state(&short), TrainingState::NotTrainedOut);
        let later = history(&[0.3, 0.3, 0.4, 0.4, 0.5, 0.4, 0.4]);
        assert_eq!(COURSE.state(&later), TrainingState::ClearlyLearnt);
        let barely = history(&[0.2, 0.2, 0.2, 0.22, 0.22, 0.22]);
        assert_eq!(COURSE.state(&barely), TrainingState::Complete);
    }

    #[test]
    fn a_metric_that_still_rises_is_not_trained_out_unless_the_rate_has_annealed() {
        let rising = curve(40, |epoch| 0.3 + 0.01 * epoch);
        assert_eq!(COURSE.state(&rising), TrainingState::NotTrainedOut);
        assert_eq!(Course { anneals: true, ..COURSE }.state(&rising), TrainingState::ClearlyLearnt);
        let recovering = curve(40, |epoch| if epoch < 6.0 { 0.8 } else { 0.3 + 0.01 * epoch });
        assert_eq!(COURSE.state(&recovering), TrainingState::ClearlyLearnt);
        let flat = curve(40, |epoch| 0.3 + 0.02 * epoch.min(20.0));
        assert_eq!(COURSE.state(&flat), TrainingState::ClearlyLearnt);
        // 0.0002 an epoch is above the noise of 100 epochs, and not worth more of them.
        let creeping = curve(100, |epoch| 0.8 + 0.0002 * epoch);
        assert_eq!(COURSE.state(&creeping), TrainingState::ClearlyLearnt);
    }

    #[test]
    fn weights_that_are_perfect_need_no_more_steps() {
        // 60 epochs of 5 steps, of which the first was the best.
        let first = |best| History { best_epoch: 1, best: Some(best), ..history(&[0.5; 60]) };
        assert_eq!(
            Course { least_kept: 10, steps_per_epoch: 5, ..COURSE }.state(&first(0.99)),
            TrainingState::NotTrainedOut
        );
        assert_eq!(
            Course { least_kept: 10, steps_per_epoch: 5, ..COURSE }.state(&first(1.0)),
            TrainingState::ClearlyLearnt
        );
        // Where chance is nearly as good, it is luck.
        let lucky = Chance { constant: 0.5, mean: 0.5, deviation: 0.2 };
        let course = Course { least_kept: 10, steps_per_epoch: 5, chance: Some(lucky), ..COURSE };
        assert_eq!(course.state(&first(1.0)), TrainingState::NotTrainedOut);
    }

    #[test]
    fn what_never_beats_chance_is_at_chance_once_it_has_run_long_enough() {
        assert_eq!(COURSE.state(&history(&[0.2; 8])), TrainingState::AtChance);
        assert_eq!(COURSE.state(&history(&[0.2; 3])), TrainingState::NotTrainedOut);
        let unknown = Course { chance: None, ..COURSE };
        assert_eq!(unknown.state(&history(&[0.2; 8])), TrainingState::NotTrainedOut);
        let less = Course { higher_is_better: false, ..COURSE };
        assert!(less.beats_chance(Some(0.1)) && !less.beats_chance(Some(0.17)));
    }
}
