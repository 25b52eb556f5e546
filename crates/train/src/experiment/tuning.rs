//! Tuning: every loss gets the same number of trainings per seed, over learning rates and the parameters that its spec
//! leaves open, and the one that does best on the validation part is judged.
//!
//! Trial k has the same learning rate for every loss and seed. A loss without open parameters, like cross-entropy, spends
//! all its trials on learning rates: none wins because it alone was tuned.

use super::TrainConfig;
use losslab_losses::{OpenSpec, Spec};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Factors on the learning rate, in the order of trials: two decades in steps of an eighth, coarse before fine.
const FACTORS: [f64; 17] =
    [1.0, 0.32, 3.2, 0.1, 10.0, 0.56, 1.8, 0.18, 5.6, 0.75, 1.3, 0.42, 2.4, 0.24, 4.2, 0.13, 7.5];

/// Most trials per loss and seed.
pub const MOST_TRIALS: usize = FACTORS.len();

/// What one training tries.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The learning rate.
    pub learning_rate: f64,
    /// The loss, with every parameter chosen.
    pub spec: Spec,
}

impl Trial {
    /// Trial `index` of a loss; the first, 0, has the given learning rate and the defaults of open parameters.
    ///
    /// # Panics
    /// If there is none of this index: see [`MOST_TRIALS`].
    #[track_caller]
    pub fn new(loss: &OpenSpec, learning_rate: f64, index: usize) -> Self {
        assert!(index < MOST_TRIALS, "trial {index} of {MOST_TRIALS}");
        Self { learning_rate: learning_rate * FACTORS[index], spec: loss.trial(index) }
    }

    /// These settings with the learning rate of this trial.
    pub fn config(&self, config: &TrainConfig) -> TrainConfig {
        TrainConfig { learning_rate: self.learning_rate, ..config.clone() }
    }
}

/// A trial and what came of it, as it is kept with the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialRecord {
    /// The canonical spec, with every parameter chosen.
    pub loss: String,
    /// The learning rate.
    pub learning_rate: f64,
    /// Average precision of the kept epoch on the validation part; none where undefined or diverged.
    pub validation_ap: Option<f64>,
    /// Epochs until training stopped; none if it diverged.
    pub epochs_run: Option<usize>,
    /// The epoch whose weights were kept.
    pub best_epoch: Option<usize>,
    /// How it diverged, if it did.
    pub diverged: Option<String>,
}

/// How a training went on the validation part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Epochs until training stopped.
    pub epochs_run: usize,
    /// The epoch whose weights were kept.
    pub best_epoch: usize,
    /// Average precision of that epoch; none where undefined.
    pub validation_ap: Option<f64>,
}

/// A trained model that tuning may choose.
pub trait Candidate {
    /// How it does on the validation part.
    fn fit(&self) -> Fit;
}

/// The trial that was chosen, and all that were made.
pub struct Tuned<F, E, X> {
    /// What came of the chosen trial: an error only if every trial diverged.
    pub result: Result<F, E>,
    /// Its epochs.
    pub epochs: Vec<X>,
    /// All trials, in order.
    pub trials: Vec<TrialRecord>,
    /// Which of them was chosen.
    pub chosen: usize,
}

/// Makes the trials of one loss and seed, and chooses the one with the best average precision on the validation part, of
/// equals the first. `train` makes one and collects its epochs; it ends all with `None`.
pub fn tune<F: Candidate, E: fmt::Display, X>(
    loss: &OpenSpec,
    learning_rate: f64,
    trials: usize,
    mut train: impl FnMut(usize, &Trial, &mut Vec<X>) -> Option<Result<F, E>>,
) -> Option<Tuned<F, E, X>> {
    let mut best: Option<Tuned<F, E, X>> = None;
    let mut records = Vec::with_capacity(trials);
    for index in 0..trials {
        let trial = Trial::new(loss, learning_rate, index);
        let mut epochs = Vec::new();
        let result = train(index, &trial, &mut epochs)?;
        records.push(record(&trial, &result));
        if best.as_ref().is_none_or(|best| score(&result) > score(&best.result)) {
            best = Some(Tuned { result, epochs, trials: Vec::new(), chosen: index });
        }
    }
    best.map(|best| Tuned { trials: records, ..best })
}

/// What trials are ranked by: one that diverged is worse than one without a validation average precision.
fn score<F: Candidate, E>(result: &Result<F, E>) -> f64 {
    match result {
        Ok(candidate) => candidate.fit().validation_ap.unwrap_or(-1.0),
        Err(_) => -2.0,
    }
}

fn record<F: Candidate, E: fmt::Display>(trial: &Trial, result: &Result<F, E>) -> TrialRecord {
    let fit = result.as_ref().ok().map(Candidate::fit);
    TrialRecord {
        loss: trial.spec.to_string(),
        learning_rate: trial.learning_rate,
        validation_ap: fit.and_then(|fit| fit.validation_ap),
        epochs_run: fit.map(|fit| fit.epochs_run),
        best_epoch: fit.map(|fit| fit.best_epoch),
        diverged: result.as_ref().err().map(ToString::to_string),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use losslab_losses::Registry;

    struct Scored(Option<f64>);
    impl Candidate for Scored {
        fn fit(&self) -> Fit {
            Fit { epochs_run: 9, best_epoch: 7, validation_ap: self.0 }
        }
    }

    fn choose(scores: &[Result<Option<f64>, &'static str>]) -> Tuned<Scored, &'static str, usize> {
        let loss = OpenSpec::parse("focal:gamma=?", &Registry::standard()).unwrap();
        let tuned = tune(&loss, 1e-3, scores.len(), |index, _, epochs| {
            epochs.push(index);
            Some(scores[index].map(Scored))
        });
        tuned.unwrap()
    }

    #[test]
    fn the_best_on_validation_is_chosen_and_of_equals_the_first() {
        let tuned = choose(&[Ok(Some(0.5)), Ok(Some(0.7)), Err("diverged"), Ok(Some(0.7)), Ok(None)]);
        assert_eq!((tuned.chosen, tuned.epochs), (1, vec![1]));
        let rates: Vec<f64> = tuned.trials.iter().map(|trial| trial.learning_rate).collect();
        assert_eq!(rates, [1e-3, 3.2e-4, 3.2e-3, 1e-4, 1e-2]);
        assert_eq!(tuned.trials[0].loss, "focal:gamma=2");
        assert_eq!(tuned.trials[2].diverged.as_deref(), Some("diverged"));
        assert_eq!(tuned.trials[2].epochs_run, None);
        assert_eq!(tuned.trials[1].best_epoch, Some(7));
    }

    #[test]
    fn a_model_beats_a_divergence_and_only_then_an_error_stands() {
        assert_eq!(choose(&[Err("a"), Ok(None), Ok(Some(0.0))]).chosen, 2);
        assert_eq!(choose(&[Err("a"), Ok(None)]).chosen, 1);
        assert!(choose(&[Err("a"), Err("b")]).result.is_err_and(|error| error == "a"));
    }

    #[test]
    fn a_loss_without_open_parameters_has_as_many_trials_as_others() {
        let registry = Registry::standard();
        let [ce, focal] =
            ["ce", "focal:gamma=?,alpha=?"].map(|text| OpenSpec::parse(text, &registry).unwrap());
        let of = |loss: &OpenSpec| (0..MOST_TRIALS).map(|k| Trial::new(loss, 1.0, k)).collect::<Vec<_>>();
        for (a, b) in of(&ce).iter().zip(of(&focal)) {
            assert_eq!(a.learning_rate, b.learning_rate);
            assert_eq!(a.spec.to_string(), "ce");
        }
        let mut rates: Vec<f64> = of(&ce).iter().map(|trial| trial.learning_rate).collect();
        rates.sort_by(f64::total_cmp);
        rates.dedup();
        assert_eq!(rates.len(), MOST_TRIALS, "every trial has another learning rate");
    }
}
