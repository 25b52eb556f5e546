//! Whether trainings were good enough to be judged: a comparison of losses says nothing about them where one
//! was not trained out.

use super::verdict::ArmRuns;
use serde::{Deserialize, Serialize};

/// What became of a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrainingState {
    /// It ended because it had nothing more to learn.
    Complete,
    /// The same, and its validation metric is far better than chance.
    ClearlyLearnt,
    /// It ended too early: the weights that were kept have seen too few optimiser steps, or the validation
    /// metric was still rising.
    NotTrainedOut,
    /// Its validation metric was never better than chance.
    AtChance,
}

/// Runs of an arm that cannot be judged, where they are more than a fifth of all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfit {
    /// The arm.
    pub label: String,
    /// Runs that were not trained out.
    pub not_trained_out: usize,
    /// Runs that never left chance where the other arm clearly did; all that never did, where the arms are
    /// alike.
    pub failed: usize,
    /// All its runs.
    pub runs: usize,
}

impl Unfit {
    /// The runs of `arm` that cannot be judged beside those of `other`; none if they are at most a fifth.
    fn of(arm: &ArmRuns, other: &ArmRuns) -> Option<Self> {
        let states = || arm.trainings.iter().zip(&other.trainings);
        let not_trained_out = states().filter(|(own, _)| **own == TrainingState::NotTrainedOut).count();
        let failed = |(own, other): &(&TrainingState, &TrainingState)| {
            **own == TrainingState::AtChance && **other == TrainingState::ClearlyLearnt
        };
        let failed = states().filter(failed).count();
        let runs = arm.values.len();
        let unfit = Self { label: arm.label.clone(), not_trained_out, failed, runs };
        (5 * (not_trained_out + failed) > runs).then_some(unfit)
    }

    /// Whether most of these runs failed, rather than ended too early.
    pub fn is_failure(&self) -> bool {
        self.failed > self.not_trained_out
    }

    /// What happened, as `focal failed in 3 of 5 runs`.
    pub(super) fn words(&self) -> String {
        let Self { label, not_trained_out, failed, runs } = self;
        let of = if *runs == 1 { "1 run".to_owned() } else { format!("{runs} runs") };
        match (not_trained_out, failed) {
            (0, failed) => format!("{label} never left chance in {failed} of {of}"),
            (early, 0) => format!("{label} was not trained out in {early} of {of}"),
            (early, failed) => {
                format!("{label} was not trained out in {early} and never left chance in {failed} of {of}")
            }
        }
    }
}

/// The arms of a comparison of which too many runs have learnt nothing or ended too early, whatever the other
/// did: two models at chance are alike without saying anything of their losses.
pub(super) fn learnt_nothing(candidate: &ArmRuns, reference: &ArmRuns) -> Vec<Unfit> {
    let of = |arm: &ArmRuns| {
        let count = |state| arm.trainings.iter().filter(|own| **own == state).count();
        let not_trained_out = count(TrainingState::NotTrainedOut);
        let failed = count(TrainingState::AtChance);
        let runs = arm.values.len();
        let unfit = Unfit { label: arm.label.clone(), not_trained_out, failed, runs };
        (5 * (not_trained_out + failed) > runs).then_some(unfit)
    };
    [candidate, reference].into_iter().filter_map(of).collect()
}

/// The arms of a comparison of which too many runs cannot be judged: the candidate, its reference, or both.
pub(super) fn unfit(candidate: &ArmRuns, reference: &ArmRuns) -> Vec<Unfit> {
    [Unfit::of(candidate, reference), Unfit::of(reference, candidate)].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::TrainingState::{AtChance, ClearlyLearnt, Complete, NotTrainedOut};
    use super::*;

    fn arm(label: &str, states: &[TrainingState]) -> ArmRuns {
        let values = vec![Some(0.5); states.len()];
        ArmRuns::new(label, values).with_trainings(states.to_vec())
    }

    #[test]
    fn up_to_a_fifth_of_the_runs_may_be_unfit() {
        let sound = arm("ce", &[ClearlyLearnt; 5]);
        let one = arm("focal", &[NotTrainedOut, Complete, Complete, Complete, Complete]);
        let two = arm("focal", &[NotTrainedOut, AtChance, Complete, Complete, Complete]);
        assert!(unfit(&one, &sound).is_empty() && unfit(&sound, &one).is_empty());
        let found = unfit(&sound, &two);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].not_trained_out, found[0].failed, found[0].is_failure()), (1, 1, false));
        assert_eq!(found[0].words(), "focal was not trained out in 1 and never left chance in 1 of 5 runs");
    }

    #[test]
    fn arms_that_are_alike_because_neither_has_learnt_are_known() {
        let (a, b) = (arm("ce", &[AtChance; 3]), arm("focal", &[AtChance; 3]));
        let found = learnt_nothing(&a, &b);
        assert!(found.len() == 2 && found.iter().all(Unfit::is_failure));
        let mostly = arm("ce", &[AtChance, Complete, Complete, Complete, Complete]);
        assert!(learnt_nothing(&mostly, &mostly).is_empty());
    }

    #[test]
    fn where_both_are_at_chance_neither_has_failed() {
        let (a, b) = (arm("ce", &[AtChance; 3]), arm("focal", &[AtChance; 3]));
        assert!(unfit(&a, &b).is_empty());
        // With few positives a model that has learnt something is not always told from chance.
        assert!(unfit(&arm("focal", &[AtChance; 3]), &arm("ce", &[Complete; 3])).is_empty());
        let found = unfit(&arm("focal", &[AtChance; 3]), &arm("ce", &[ClearlyLearnt; 3]));
        assert!(found[0].is_failure() && found[0].words() == "focal never left chance in 3 of 3 runs");
    }
}
