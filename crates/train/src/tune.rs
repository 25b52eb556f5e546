//! Tuning: every loss gets the same number of trainings per seed, over settings and the parameters that its
//! spec leaves open, and the one that does best on the validation part is judged.
//!
//! For one seed, trial k has the same settings for every loss. A loss without open parameters, like
//! cross-entropy, spends all its trials on settings: none wins because it alone was tuned.

use crate::EpochRecord;
use crate::History;
use crate::design::Design;
use crate::fit::Fitted;
use crate::task::{Settings, Tunable};
use losslab_losses::{OpenSpec, Spec};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What is tuned for each arm and seed, beside the parameters that its loss leaves open.
pub struct Tuning<S: 'static> {
    /// Trials per arm and seed: 1 tunes nothing.
    pub trials: usize,
    /// The settings that are varied. One whose value is 0 stays as it is.
    pub over: Vec<&'static Tunable<S>>,
}

impl<S: Settings> Tuning<S> {
    /// Tunes nothing: a single training with the settings as they are.
    pub fn none() -> Self {
        Self { trials: 1, over: Vec::new() }
    }

    /// So many trials over the first setting that can be tuned, the learning rate.
    pub fn trials(trials: usize) -> Self {
        Self { trials, over: S::TUNABLE.iter().take(1).collect() }
    }
}

/// What one training tries.
#[derive(Clone, Debug)]
pub struct Trial<S> {
    /// How it is trained.
    pub settings: S,
    /// The loss, with every parameter chosen.
    pub spec: Spec,
}

impl<S: Settings> Trial<S> {
    /// All trials of a loss with one seed. The first has the settings as they are and the defaults of open
    /// parameters; the others fill the ranges of all that is tuned, in another way for each seed.
    pub fn all(loss: &OpenSpec, settings: &S, tuning: &Tuning<S>, seed: u64) -> Vec<Self> {
        let Tuning { trials, over } = tuning;
        let points = trials.saturating_sub(1);
        // Settings come first, so that they do not depend on what a loss leaves open.
        let design = Design::new(seed, points, over.len() + loss.open().len());
        let first = Self { settings: settings.clone(), spec: loss.start().clone() };
        let others = (0..points).map(|index| {
            let point = design.point(index);
            let (of_settings, of_loss) = point.split_at(over.len());
            Self { settings: settings_at(settings, over, of_settings), spec: loss.at(of_loss) }
        });
        std::iter::once(first).chain(others).collect()
    }
}

/// The settings at a point of the unit cube.
fn settings_at<S: Settings>(given: &S, over: &[&Tunable<S>], point: &[f64]) -> S {
    let mut settings = given.clone();
    for (tunable, &share) in over.iter().zip(point) {
        if let Some(domain) = tunable.domain(given) {
            (tunable.set)(&mut settings, domain.at(share));
        }
    }
    settings
}

/// A trial and what came of it, as it is kept with the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialRecord {
    /// The canonical spec, with every parameter chosen.
    pub loss: String,
    /// The learning rate.
    pub learning_rate: f64,
    /// The settings that were tuned, by name.
    pub settings: BTreeMap<String, f64>,
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
pub(crate) fn tune<S: Settings, C: Candidate, E: fmt::Display>(
    trials: &[Trial<S>],
    tuning: &Tuning<S>,
    higher_is_better: bool,
    mut train: impl FnMut(usize, &Trial<S>, &mut Vec<EpochRecord>) -> Option<Result<C, E>>,
) -> Option<Tuned<C, E>> {
    let mut best: Option<Tuned<C, E>> = None;
    let mut records = Vec::with_capacity(trials.len());
    for (index, trial) in trials.iter().enumerate() {
        let mut epochs = Vec::new();
        let result = train(index, trial, &mut epochs)?;
        records.push(record(trial, tuning, &result));
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

fn record<S: Settings, C: Candidate, E: fmt::Display>(
    trial: &Trial<S>,
    tuning: &Tuning<S>,
    result: &Result<C, E>,
) -> TrialRecord {
    let history = result.as_ref().ok().map(Candidate::history);
    let tuned = |tunable: &&Tunable<S>| (tunable.name.to_owned(), (tunable.get)(&trial.settings));
    TrialRecord {
        loss: trial.spec.to_string(),
        learning_rate: trial.settings.learning_rate(),
        settings: tuning.over.iter().map(tuned).collect(),
        validation: history.and_then(|history| history.best),
        epochs_run: history.map(|history| history.epochs.len()),
        best_epoch: history.map(|history| history.best_epoch),
        diverged: result.as_ref().err().map(ToString::to_string),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::boxes::DetectorSettings;
    use crate::tasks::table::TableSettings;
    use losslab_losses::Registry;

    struct Scored(History);
    impl Candidate for Scored {
        fn history(&self) -> &History {
            &self.0
        }
    }

    fn open(text: &str) -> OpenSpec {
        OpenSpec::parse(text, &Registry::standard()).unwrap()
    }

    fn epoch(epoch: usize) -> EpochRecord {
        EpochRecord { epoch, train_loss: 0.5, validation: None, detail: None }
    }

    fn choose(scores: &[Result<Option<f64>, &'static str>]) -> Tuned<Scored, &'static str> {
        let tuning = Tuning::trials(scores.len());
        let trials = Trial::all(&open("focal:gamma=?"), &TableSettings::default(), &tuning, 0);
        let tuned = tune(&trials, &tuning, true, |index, _, epochs| {
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
        assert_eq!((tuned.trials[0].learning_rate, &*tuned.trials[0].loss), (1e-3, "focal:gamma=2"));
        assert!(tuned.trials.iter().all(|trial| trial.settings["lr"] == trial.learning_rate));
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

    /// All that can be tuned but what is 0.
    fn everything<S: Settings>(settings: &S) -> Vec<&'static Tunable<S>> {
        S::TUNABLE.iter().filter(|tunable| tunable.domain(settings).is_some()).collect()
    }

    #[test]
    fn a_trial_has_the_same_settings_for_every_loss_and_others_for_every_seed() {
        let settings = DetectorSettings::default();
        let tuning = Tuning { trials: 9, over: everything(&settings) };
        assert_eq!(tuning.over.len(), 4);
        let of = |loss: &str, seed| Trial::all(&open(loss), &settings, &tuning, seed);
        let ce = of("ce", 3);
        assert_eq!((ce.len(), &ce[0].settings), (9, &settings));
        for (a, b) in ce.iter().zip(of("focal:gamma=?,alpha=?", 3)) {
            assert_eq!((&a.settings, a.spec.to_string()), (&b.settings, "ce".into()));
        }
        for (a, b) in ce.iter().zip(of("ce", 4)).skip(1) {
            assert_ne!(a.settings, b.settings);
        }
        for (i, trial) in ce.iter().enumerate() {
            let others = &ce[..i];
            assert!(others.iter().all(|other| other.settings.learning_rate != trial.settings.learning_rate));
        }
    }

    #[test]
    fn nine_trials_meet_each_third_of_every_range() {
        let settings = TableSettings::default();
        for seed in 0..50 {
            let trials = Trial::all(&open("focal:gamma=?,alpha=?"), &settings, &Tuning::trials(9), seed);
            let thirds = |values: Vec<f64>, low: f64, high: f64| {
                let mut hit = [false; 3];
                for value in values {
                    assert!((low..=high).contains(&value), "{value} is not in [{low}, {high}]");
                    hit[((3.0 * (value - low) / (high - low)) as usize).min(2)] = true;
                }
                assert_eq!(hit, [true; 3], "seed {seed}");
            };
            let rate = |trial: &Trial<TableSettings>| trial.settings.learning_rate.log10();
            thirds(trials.iter().map(rate).collect(), -4.0 - 1e-9, -2.0 + 1e-9);
            thirds(trials.iter().map(|trial| trial.spec.params()[0]).collect(), 0.0, 5.0);
            thirds(trials.iter().filter_map(|trial| trial.spec.alpha()).collect(), 0.05, 0.95);
            assert!(trials.iter().any(|trial| trial.spec.params()[0] > 4.3), "a gamma near 5");
        }
    }

    #[test]
    fn settings_stay_valid_and_what_is_0_stays_0() {
        let settings = TableSettings { batch: 1, ..TableSettings::default() };
        let tuning = Tuning { trials: 30, over: TableSettings::TUNABLE.iter().collect() };
        for trial in Trial::all(&open("ce"), &settings, &tuning, 1) {
            assert!((1..=4).contains(&trial.settings.batch));
            assert_eq!(trial.settings.weight_decay, None, "Adam has none");
        }
    }
}
