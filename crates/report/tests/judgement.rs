//! Verdicts from records made by hand: what is judged, on which design, and the words that are printed.

use crate::common::{environment, grid, logits, plan, run, run_of};
use losslab_report::{Design, Judgement, Plan, Results, RunRecord, Store, judge, task_lines, verdict_lines};
use losslab_train::Lab;
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
    insta::assert_snapshot!(format!("{}{note}", verdict_lines(&judgement, 1)));
}

#[test]
fn a_fixed_test_set_is_resampled_and_seeds_without_all_losses_are_left_out() {
    let losses = ["ce", "gce:q=0.7"];
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
    assert_eq!(judgement.design, Design::FixedTest { units: 20, resamples: 2000 });
    assert_eq!(judgement.verdicts.comparisons[0].runs, 3);
    let note = lines(&plan, &records);
    assert!(note.contains("gce losses report no probabilities") && !note.contains("focal"), "{note}");
    assert!(verdict_lines(&judgement, 1).contains("3 seeds and one test set of 20"));
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
        verdict_lines(&one, 1).contains("with one run no test is possible"),
        "{}",
        verdict_lines(&one, 1)
    );
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
