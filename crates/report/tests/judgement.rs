//! Verdicts from records made by hand: what is judged, on which design, and the words that are printed.

use crate::common::{environment, grid, logits, plan, run, run_of};
use losslab_metrics::statistics::training_check::TrainingState;
use losslab_metrics::statistics::verdict::Verdict;
use losslab_report::{
    Design, Found, Judgement, Look, Plan, Results, RunRecord, Store, Unit, judge, task_lines, verdict_lines,
};
use losslab_train::Lab;
use losslab_train::tasks::table::TableFound;
use std::path::Path;

fn judged(plan: &Plan, records: &[RunRecord]) -> Result<Option<Judgement>, String> {
    judge(&Lab::standard(), plan, records, &Store::new(Path::new("absent")))
}

/// What is printed below the verdicts.
fn lines(plan: &Plan, records: &[RunRecord]) -> String {
    let results = Results::of(plan.clone(), records, None, environment(1));
    task_lines(&Lab::standard(), &results, records)
}

#[test]
fn resplits_in_words() {
    let losses = ["ce", "focal:gamma=2", "gce:q=0.7", "focal:gamma=2,alpha=0.25"];
    let plan = plan(&losses, 5, false);
    let jitter = [0.01, -0.02, 0.0, 0.015, -0.005];
    let mut records = Vec::new();
    for seed in 0..5 {
        let base = 0.6 + jitter[seed as usize];
        let small = jitter[(seed as usize * 2 + 1) % 5];
        let values = [Some(base), Some(base + 0.2 + 0.2 * small), None, Some(base + small)];
        for (loss, ap) in losses.iter().zip(values) {
            let ap = if *loss == "gce:q=0.7" && seed != 3 { Some(base - 0.1 + small) } else { ap };
            records.push(run(&plan, loss, seed, ap, &logits(0.1, seed)));
        }
    }
    let judgement = judged(&plan, &records).unwrap().unwrap();
    assert_eq!(judgement.seeds, [0, 1, 2, 3, 4]);
    // 20 test rows to 60 training rows.
    assert_eq!(judgement.design, Design::Resplits { test_to_train: 20.0 / 60.0 });
    let note = lines(&plan, &records);
    insta::assert_snapshot!(format!("{}{note}", verdict_lines(&judgement, 1, true)));
}

#[test]
fn a_fixed_test_set_is_resampled_and_seeds_without_all_losses_are_left_out() {
    let losses = ["ce", "poly1-focal:gamma=2,epsilon=1"];
    let plan = plan(&losses, 4, true);
    let mut records = Vec::new();
    for seed in 0..3 {
        for (loss, noise) in losses.iter().zip([0.3, 0.9]) {
            records.push(run(&plan, loss, seed, Some(0.5), &logits(noise, seed)));
        }
    }
    records.push(run(&plan, "ce", 3, Some(0.5), &logits(0.3, 3)));
    let judgement = judged(&plan, &records).unwrap().unwrap();
    assert_eq!(judgement.seeds, [0, 1, 2]);
    assert_eq!(judgement.design, Design::FixedTest { unit: Unit::Row, units: 20, resamples: 2000 });
    assert_eq!(judgement.verdicts.comparisons[0].runs, 3);
    let note = lines(&plan, &records);
    assert!(
        note.contains("it is not known what a reported 0.5 stands for with poly1-focal:gamma=2,epsilon=1;")
            && !note.contains("with ce"),
        "{note}"
    );
    assert!(verdict_lines(&judgement, 1, true).contains("3 seeds and one test set of 20 rows"));
}

#[test]
fn runs_that_cannot_be_paired_are_refused_or_left_out() {
    let plan = plan(&["ce", "gce:q=0.7"], 2, false);
    let ce = run(&plan, "ce", 0, Some(0.5), &logits(0.3, 0));
    let mut gce = run(&plan, "gce:q=0.7", 0, Some(0.6), &logits(0.3, 0));
    assert_eq!(
        judged(&plan, &[ce.clone(), run(&plan, "gce:q=0.7", 1, Some(0.5), &logits(0.3, 0))]),
        Ok(None)
    );
    let one = judged(&plan, &[ce.clone(), gce.clone()]).unwrap().unwrap();
    assert!(
        verdict_lines(&one, 1, true).contains("with one run no test is possible"),
        "{}",
        verdict_lines(&one, 1, true)
    );
    let second = |loss| run(&plan, loss, 1, Some(0.5), &logits(0.3, 0));
    let mut undefined = second("gce:q=0.7");
    undefined.metrics.insert("average_precision".into(), None);
    let left_out = judged(&plan, &[ce.clone(), gce.clone(), second("ce"), undefined]);
    insta::assert_snapshot!(left_out.unwrap().unwrap().left_out.unwrap(), @"AP is undefined in runs of seed \
                                                                            1 (gce:q=0.7): the verdicts \
                                                                            leave these seeds out");
    gce.split = "another".into();
    let fault = judged(&plan, &[ce, gce]).unwrap_err();
    assert_eq!(fault, "seed 0: ce and gce:q=0.7 were run on different parts of the data");
}

#[test]
fn a_grid_is_judged_within_each_model_and_between_models_at_the_reference_loss() {
    let plan = grid(&["mlp", "linear"], &["ce", "gce:q=0.7", "focal:gamma=2"], 5, false);
    assert_eq!(plan.arms.len(), 6);
    let jitter = [0.01, -0.02, 0.0, 0.015, -0.005];
    let mut records = Vec::new();
    for (seed, jitter) in (0..).zip(jitter) {
        for arm in &plan.arms {
            let worse = if arm.model == "linear" { 0.2 + 0.1 * jitter } else { 0.0 };
            let better = if arm.loss == "ce" { 0.0 } else { 0.05 };
            let ap = 0.6 + jitter - worse + better;
            records.push(run_of(&plan, arm.clone(), seed, Some(ap), &logits(0.3, seed)));
        }
    }
    let judgement = judged(&plan, &records).unwrap().unwrap();
    let pairs: Vec<(&str, &str)> =
        judgement.verdicts.comparisons.iter().map(|one| (&*one.label, &*one.reference)).collect();
    assert_eq!(
        pairs,
        [
            ("mlp / gce:q=0.7", "mlp / ce"),
            ("mlp / focal:gamma=2", "mlp / ce"),
            ("linear / ce", "mlp / ce"),
            ("linear / gce:q=0.7", "linear / ce"),
            ("linear / focal:gamma=2", "linear / ce"),
        ]
    );
    assert!(
        judgement.correction.starts_with("Holm, over the 5 comparisons listed: "),
        "{}",
        judgement.correction
    );
    let differences: Vec<f64> =
        judgement.verdicts.comparisons.iter().map(|one| one.difference.unwrap()).collect();
    for (found, expected) in differences.iter().zip([0.05, 0.05, -0.2, 0.05, 0.05]) {
        assert!((found - expected).abs() < 1e-12, "{differences:?}");
    }
}

/// Runs of two losses whose difference in average precision is what is given, on test parts that begin with
/// these rows.
fn given_splits(differences: &[f64], first_rows: &[u64]) -> (Plan, Vec<RunRecord>) {
    let mut plan = plan(&["ce", "gce:q=0.7"], differences.len() as u64, false);
    plan.data["splits"] = "given".into();
    let mut records = Vec::new();
    for (seed, (difference, &first)) in (0..).zip(differences.iter().zip(first_rows)) {
        for (loss, ap) in [("ce", 0.5), ("gce:q=0.7", 0.5 + difference)] {
            // The rows of a test part follow from the seed of the record.
            let of_split = run(&plan, loss, first, Some(ap), &logits(0.3 + ap as f32, seed));
            records.push(RunRecord { seed, ..of_split });
        }
    }
    (plan, records)
}

#[test]
fn given_splits_are_counted_once_however_many_seeds_each_has() {
    let differences = [0.01, 0.03, 0.03, 0.05, 0.05, 0.05];
    let (plan, records) = given_splits(&differences, &[0, 0, 20, 20, 40, 40]);
    let judgement = judged(&plan, &records).unwrap().unwrap();
    assert_eq!(judgement.design, Design::GivenSplits { splits: 3, test_to_train: 20.0 / 60.0 });
    assert!(verdict_lines(&judgement, 1, true).contains("(3 given splits with 6 seeds, "));
    let found = &judgement.verdicts.comparisons[0];
    // t of the means .02, .04 and .05 with 2 degrees of freedom: variance (1/3 + 1/3) s^2.
    let (mean, variance): (f64, f64) = (0.11 / 3.0, 7.0 / 3.0 * 1e-4);
    let t = mean / (2.0 / 3.0 * variance).sqrt();
    let p = 1.0 - t / (2.0 + t * t).sqrt();
    assert!((found.p.unwrap() - p).abs() < 1e-9, "{found:?}: expected p = {p}");
}

#[test]
fn splits_that_share_their_test_part_are_a_fixed_test_set() {
    let (plan, records) = given_splits(&[0.01, 0.03, 0.02], &[7, 7, 7]);
    let judgement = judged(&plan, &records).unwrap().unwrap();
    assert_eq!(judgement.design, Design::FixedTest { unit: Unit::Row, units: 20, resamples: 2000 });
}

/// A test set of 20 rows, every fifth of the rare class, in groups of this size.
fn in_groups(size: u32) -> Result<Option<Judgement>, String> {
    let plan = plan(&["ce", "gce:q=0.7"], 4, true);
    let mut records = Vec::new();
    for seed in 0..4 {
        for (loss, noise) in [("ce", 0.3), ("gce:q=0.7", 0.9)] {
            let mut record = run(&plan, loss, seed, Some(0.5), &logits(noise, seed));
            let mut found: TableFound = record.found.unwrap().get::<TableFound>().unwrap().clone();
            found.test.groups = (0..20).map(|row| row / size).collect();
            record.found = Some(Found::new(&found).unwrap());
            records.push(record);
        }
    }
    judged(&plan, &records)
}

#[test]
fn groups_of_a_fixed_test_set_are_resampled_whole() {
    let single = in_groups(1).unwrap().unwrap();
    let five = in_groups(5).unwrap().unwrap();
    assert_eq!(single.design, Design::FixedTest { unit: Unit::Group, units: 20, resamples: 2000 });
    assert_eq!(five.design, Design::FixedTest { unit: Unit::Group, units: 4, resamples: 2000 });
    let fault = in_groups(20).unwrap_err();
    assert!(fault.starts_with("the rarest class is in a single group of the test set"), "{fault}");
}

/// Four losses and six seeds, the last loss a little better than the reference.
fn four_losses() -> (Plan, Vec<RunRecord>) {
    let losses = ["ce", "gce:q=0.7", "focal:gamma=2", "focal:gamma=5"];
    let plan = plan(&losses, 6, false);
    let jitter = [0.004, -0.006, 0.002, 0.007, -0.003, 0.001];
    let mut records = Vec::new();
    for seed in 0..6 {
        for (turn, loss) in losses.iter().enumerate() {
            let better = if turn == 3 { 0.013 } else { 0.0 };
            let ap = 0.5 + better + jitter[(seed as usize * (2 * turn + 1) + turn) % 6];
            records.push(run(&plan, loss, seed, Some(ap), &logits(0.3, seed)));
        }
    }
    (plan, records)
}

/// The plan with only the first and the last loss, after the verdict on this many seeds of all four.
fn second_look(seeds: u64) -> (Plan, Judgement) {
    let (all, records) = four_losses();
    let mut few = plan(&["ce", "focal:gamma=5"], 6, false);
    few.looks = vec![Look::of(&all, &(0..seeds).collect::<Vec<_>>())];
    let judgement = judged(&few, &records).unwrap().unwrap();
    (few, judgement)
}

#[test]
fn leaving_losses_out_later_does_not_loosen_the_correction() {
    let (all, records) = four_losses();
    let first = judged(&all, &records).unwrap().unwrap();
    assert!(first.history.is_empty());
    let (_, second) = second_look(6);
    let (first, again) = (&first.verdicts.comparisons[2], &second.verdicts.comparisons[0]);
    assert_eq!(first.p, again.p);
    assert!((again.p_holm.unwrap() - 3.0 * again.p.unwrap()).abs() < 1e-12);
    assert_eq!(first.verdict, again.verdict);
    insta::assert_snapshot!(second.history.join("\n"), @"2 more comparisons were judged in this folder \
                                                         before: the correction covers them, too");
}

#[test]
fn a_look_at_fewer_seeds_halves_the_level() {
    let (_, second) = second_look(4);
    let found = &second.verdicts.comparisons[0];
    assert!((found.p_holm.unwrap() - (6.0 * found.p.unwrap()).min(1.0)).abs() < 1e-12);
    assert!(
        second.history[1].contains("results with other seeds were seen once before: p is multiplied by 2"),
        "{:?}",
        second.history
    );
}

#[test]
fn the_same_verdict_can_be_given_again() {
    let (mut all, records) = four_losses();
    let first = judged(&all, &records).unwrap().unwrap();
    all.looks = vec![Look::of(&all, &first.seeds)];
    assert_eq!(judged(&all, &records).unwrap().unwrap(), first);
}

#[test]
fn what_was_changed_after_results_were_seen_is_told() {
    let (all, records) = four_losses();
    let mut other = plan(&["ce", "focal:gamma=2", "hinge-p"], 6, false);
    other.reference = other.arms[1].clone();
    other.settings["batch"] = 7.into();
    other.looks = vec![Look { metric: "roc_auc".into(), ..Look::of(&all, &[0, 1, 2, 3, 4, 5]) }];
    let hinge =
        (0..6).map(|seed| run(&other, "hinge-p", seed, Some(0.4 + 0.01 * seed as f64), &logits(0.2, seed)));
    let records: Vec<RunRecord> = records.into_iter().chain(hinge).collect();
    let judgement = judged(&other, &records).unwrap().unwrap();
    insta::assert_snapshot!(judgement.history.join("\n"), @r"
    2 more comparisons were judged in this folder before: the correction covers them, too
    the reference was ce before, and was changed to focal:gamma=2 after results were seen
    the deciding metric was roc_auc before, and was changed to average_precision after results were seen
    how models are trained was changed after results were seen
    added after results were seen: hinge-p
    ");
}

#[test]
fn trainings_that_are_not_done_withhold_the_verdict() {
    let (plan, mut records) = four_losses();
    for record in records.iter_mut().filter(|run| run.arm.loss == "focal:gamma=5" && run.seed < 2) {
        record.training = Some(TrainingState::NotTrainedOut);
    }
    let judgement = judged(&plan, &records).unwrap().unwrap();
    assert_eq!(judgement.verdicts.comparisons[2].verdict, Verdict::NotTrainedOut);
    let lines = verdict_lines(&judgement, 1, false);
    assert!(lines.starts_with("verdict (preliminary, not all trainings are done): "), "{lines}");
}

/// Alpha moves the meaning of 0.5, focusing alone does not.
#[test]
fn notes_on_thresholds_follow_from_the_inverse_of_the_loss() {
    let losses = ["ce", "alpha-ce:alpha=0.75", "focal:gamma=2"];
    let plan = plan(&losses, 1, false);
    let records: Vec<RunRecord> =
        losses.iter().map(|loss| run(&plan, loss, 0, Some(0.5), &logits(0.3, 0))).collect();
    insta::assert_snapshot!(lines(&plan, &records));
}
