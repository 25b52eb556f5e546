//! Verdicts that are stricter than one comparison alone would be: several comparisons, earlier ones, seeds
//! that share a split, and trainings that cannot be judged.

use crate::verdict::{judged, loss, question, resplits, runs};
use losslab_metrics::statistics::training_check::TrainingState::{
    AtChance, ClearlyLearnt, Complete, NotTrainedOut,
};
use losslab_metrics::statistics::verdict::{ArmRuns, Design, Earlier, Question, Verdict, judge};

#[test]
fn interval_and_verdict_agree_whatever_was_judged_before() {
    let turns = [1, 3, 7, 9, 2, 4].into_iter().enumerate();
    let arms: Vec<ArmRuns> =
        turns.map(|(k, turn)| runs(&format!("loss {k}"), 0.6 + 0.004 * k as f64, turn, 10)).collect();
    let mut counts = [0; 2];
    for (comparisons, looks) in [(0, 0), (5, 0), (0, 1), (40, 3)] {
        let asked = Question { earlier: Earlier { comparisons, looks }, ..question(6) };
        let found = judge(&arms, &asked, resplits(&arms));
        for v in &found.comparisons {
            let (low, high) = v.interval.unwrap();
            let is_decided = matches!(v.verdict, Verdict::Better | Verdict::Worse);
            assert_eq!(is_decided, low > 0.0 || high < 0.0, "{v:?}");
            counts[usize::from(is_decided)] += 1;
        }
    }
    assert!(counts[0] > 4 && counts[1] > 4, "undecided and decided: {counts:?}");
}

#[test]
fn earlier_comparisons_and_looks_raise_p() {
    let arms = [runs("ce", 0.6, 1, 10), runs("focal", 0.602, 3, 10)];
    let judged = |comparisons, looks| {
        let asked = Question { earlier: Earlier { comparisons, looks }, ..question(2) };
        judge(&arms, &asked, resplits(&arms)).comparisons[0].clone()
    };
    let (plain, later) = (judged(0, 0), judged(2, 1));
    assert_eq!(plain.p, later.p);
    assert_eq!(later.p_holm.unwrap(), (6.0 * plain.p.unwrap()).min(1.0));
    assert_eq!((plain.level, later.level), (Some(0.05), Some(0.05 / 2.0 / 3.0)));
}

/// Two seeds on each of three splits are three units, not six.
#[test]
fn the_runs_of_one_split_are_averaged() {
    let six = |values: [f64; 6]| values.map(Some);
    let ce = loss("ce", &six([0.5, 0.6, 0.5, 0.6, 0.5, 0.6]));
    let focal = loss("focal", &six([0.51, 0.63, 0.53, 0.65, 0.55, 0.65]));
    let design = Design::Splits { test_to_train: 0.25, split_of_run: &[4, 4, 2, 2, 7, 7] };
    let found = judge(&[ce, focal], &question(2), design).comparisons.remove(0);
    let means = [loss("ce", &[Some(0.5); 3]), loss("focal", &[0.52, 0.54, 0.55].map(Some))];
    let same = judged(&means).comparisons.remove(0);
    for (a, b) in [(found.difference, same.difference), (found.p, same.p), (found.effect, same.effect)] {
        assert!((a.unwrap() - b.unwrap()).abs() < 1e-12, "{found:?} {same:?}");
    }
    assert_eq!(found.runs, 6);
}

#[test]
fn trainings_that_are_not_done_are_not_judged() {
    let early = [NotTrainedOut, NotTrainedOut, Complete, Complete, Complete];
    let failed = [AtChance, AtChance, AtChance, Complete, Complete];
    let arms = [
        runs("ce", 0.6, 1, 5).with_trainings(vec![ClearlyLearnt; 5]),
        runs("early", 0.4, 3, 5).with_trainings(early.to_vec()),
        runs("failed", 0.3, 7, 5).with_trainings(failed.to_vec()),
        runs("good", 0.7, 9, 5),
    ];
    let found = judged(&arms);
    let verdicts: Vec<Verdict> = found.comparisons.iter().map(|v| v.verdict).collect();
    assert_eq!(verdicts, [Verdict::NotTrainedOut, Verdict::TrainingFailed, Verdict::Better]);
    let sentences: Vec<&str> = found.comparisons.iter().map(|v| v.sentence.as_str()).collect();
    insta::assert_snapshot!(format!("{}\n\n{}", found.sentence, sentences.join("\n")), @"
    good is better than ce in AP on wine. early is not judged against ce in AP: trainings ended too early. \
     failed is not judged against ce in AP: trainings failed.

    early is not judged against ce in AP: early was not trained out in 2 of 5 runs; give all losses more \
     epochs (--epochs) or another learning rate (--lr)
    failed is not judged against ce in AP: failed never left chance in 3 of 5 runs; give all losses more \
     epochs (--epochs) or another learning rate (--lr)
    good is better than ce by 0.100 AP (95 % interval 0.088 to 0.112, corrected p < .001)
    ");
    // A reference that was not trained out leaves nothing to judge.
    let [ce, early, ..] = arms;
    let found = judged(&[early, ce]);
    assert_eq!(found.comparisons[0].verdict, Verdict::NotTrainedOut);
    assert_eq!(found.comparisons[0].unfit[0].label, "early");
}
