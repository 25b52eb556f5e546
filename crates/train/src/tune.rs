//! Tuning: every loss gets the same number of trainings per seed, over learning rates and the parameters that
//! its spec leaves open, and the one that does best on the validation part is judged.
//!
//! Trial k has the same learning rate for every loss and seed. A loss without open parameters, like
//! cross-entropy, spends all its trials on learning rates: none wins because it alone was tuned.

use crate::EpochRecord;
use crate::History;
use crate::fit::Fitted;
use losslab_losses::{OpenSpec, Spec};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Factors on the learning rate, in the order of trials: two decades in steps of an eighth, coarse before
/// fine.
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
    /// Trial `index` of a loss; the first, 0, has the given learning rate and the defaults of open
    /// parameters.
    ///
    /// # Panics
    /// If there is none of this index: see [`MOST_TRIALS`].
    #[track_caller]
    pub fn new(loss: &OpenSpec, learning_rate: f64, index: usize) -> Self {
        assert!(index < MOST_TRIALS, "trial {index} of {MOST_TRIALS}");
        Self { learning_rate: learning_rate * FACTORS[index], spec: loss.trial(index) }
    }
}

/// A trial and what came of it, as it is kept with the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialRecord {
    /// The canonical spec, with every parameter chosen.
    pub loss: String,
    /// The learning rate.
    pub learning_rate: f64,
    /// The deciding metric of the kept epoch on the validation part; none where undefined or diverged.
    pub validation: Option<f64>,
    /// Epochs until training stopped; none if it diverged.
    pub epochs_run: Option<usize>,
    /// The epoch whose weights were kept.
    pub best_epoch: Option<usize>,
    /// How it diverged, if it did.
    pub diverged: Option<String>,
}

/// A trained model that tuning may choose.
pub(crate) trait Candidate {
    /// How its training went.
    fn history(&self) -> &History;
}

impl<Found> Candidate for Fitted<'_, Found> {
    fn history(&self) -> &History {
        &self.history
    }
}

/// The trial that was chosen, and all that were made.
pub(crate) struct Tuned<C, E> {
    /// What came of the chosen trial: an error only if every trial diverged.
    pub result: Result<C, E>,
    /// Its epochs.
    pub epochs: Vec<EpochRecord>,
    /// All trials, in order.
    pub trials: Vec<TrialRecord>,
    /// Which of them was chosen.
    pub chosen: usize,
}

/// Makes the trials of one arm and seed, and chooses the one with the best deciding metric on the validation
/// part, of equals the first. `train` makes one and collects its epochs; it ends all with `None`.
pub(crate) fn tune<C: Candidate, E: fmt::Display>(
    loss: &OpenSpec,
    learning_rate: f64,
    trials: usize,
    higher_is_better: bool,
    mut train: impl FnMut(usize, &Trial, &mut Vec<EpochRecord>) -> Option<Result<C, E>>,
) -> Option<Tuned<C, E>> {
    let mut best: Option<Tuned<C, E>> = None;
    let mut records = Vec::with_capacity(trials);
    for index in 0..trials {
        let trial = Trial::new(loss, learning_rate, index);
        let mut epochs = Vec::new();
        let result = train(index, &trial, &mut epochs)?;
        records.push(record(&trial, &result));
        let rank = |result: &Result<C, E>| rank(result, higher_is_better);
        if best.as_ref().is_none_or(|best| rank(&result) > rank(&best.result)) {
            best = Some(Tuned { result, epochs, trials: Vec::new(), chosen: index });
        }
    }
    best.map(|best| Tuned { trials: records, ..best })
}

/// What trials are ranked by, higher is better: one that diverged is behind one without a validation value.
fn rank<C: Candidate, E>(result: &Result<C, E>, higher_is_better: bool) -> (u8, f64) {
    match result.as_ref().map(|candidate| candidate.history().best) {
        Ok(Some(value)) => (2, if higher_is_better { value } else { -value }),
        Ok(None) => (1, 0.0),
        Err(_) => (0, 0.0),
    }
}

fn record<C: Candidate, E: fmt::Display>(trial: &Trial, result: &Result<C, E>) -> TrialRecord {
    let history = result.as_ref().ok().map(Candidate::history);
    TrialRecord {
        loss: trial.spec.to_string(),
        learning_rate: trial.learning_rate,
        validation: history.and_then(|history| history.best),
        epochs_run: history.map(|history| history.epochs.len()),
        best_epoch: history.map(|history| history.best_epoch),
        diverged: result.as_ref().err().map(ToString::to_string),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use losslab_losses::Registry;

    struct Scored(History);
    impl Candidate for Scored {
        fn history(&self) -> &History {
            &self.0
        }
    }

    fn epoch(epoch: usize) -> EpochRecord {
        EpochRecord { epoch, train_loss: 0.5, validation: None, detail: None }
    }

    fn choose(scores: &[Result<Option<f64>, &'static str>]) -> Tuned<Scored, &'static str> {
        let loss = OpenSpec::parse("focal:gamma=?", &Registry::standard()).unwrap();
        let tuned = tune(&loss, 1e-3, scores.len(), true, |index, _, epochs| {
            epochs.push(epoch(index));
            let history = |best| History { epochs: (1..=9).map(epoch).collect(), best_epoch: 7, best };
            Some(scores[index].map(|best| Scored(history(best))))
        });
        tuned.unwrap()
    }

    #[test]
    fn the_best_on_validation_is_chosen_and_of_equals_the_first() {
        let tuned = choose(&[Ok(Some(0.5)), Ok(Some(0.7)), Err("diverged"), Ok(Some(0.7)), Ok(None)]);
        assert_eq!((tuned.chosen, tuned.epochs), (1, vec![epoch(1)]));
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
