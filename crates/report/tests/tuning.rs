//! What tuning chose and what its trials brought.

use crate::common::{arm, logits, plan, run};
use losslab_report::{Plan, RunRecord, TunedSetting, budget_curve, choices, tuning_lines};
use losslab_train::TrialRecord;

/// A run whose trials had these values on the validation part, of which one was chosen.
fn tuned(plan: &Plan, loss: &str, seed: u64, chosen: usize, values: &[Option<f64>]) -> RunRecord {
    let trial = |(i, &validation): (usize, &Option<f64>)| TrialRecord {
        loss: loss.replace('?', &i.to_string()),
        learning_rate: 1e-3,
        settings: [("lr".into(), 1e-3), ("batch".into(), 32.0 * (i + 1) as f64)].into(),
        validation,
        epochs_run: validation.map(|_| 3),
        best_epoch: validation.map(|_| 2),
        diverged: validation.is_none().then(|| "diverged".into()),
    };
    let trials = values.iter().enumerate().map(trial).collect();
    RunRecord { trials, chosen: Some(chosen), ..run(plan, loss, seed, Some(0.5), &logits(0.3, seed)) }
}

#[test]
fn the_budget_curve_is_the_best_so_far_and_never_gets_worse() {
    let plan = plan(&["ce"], 3, false);
    let of = |seed, values: &[Option<f64>]| tuned(&plan, "ce", seed, 0, values);
    let runs = [of(0, &[None, Some(0.5), Some(0.25)]), of(1, &[Some(0.25), Some(0.0), Some(0.75)])];
    // After the first trial one run has no value yet.
    assert_eq!(budget_curve(&runs, true), [(2, 0.375), (3, 0.625)]);
    assert_eq!(budget_curve(&runs, false), [(2, 0.25), (3, 0.125)]);
    // A run all of whose trials diverged says nothing.
    let none = of(2, &[None, None, None]);
    assert_eq!(budget_curve(runs.iter().chain([&none]), true), budget_curve(&runs, true));
    assert_eq!(budget_curve([&none], true), []);
}

#[test]
fn the_chosen_values_are_told_by_setting() {
    let setting = |name: &str, title: &str| TunedSetting { name: name.into(), title: title.into() };
    let tune_over = vec![setting("lr", "learning rate"), setting("batch", "batch size")];
    let plan = Plan { trials: 2, tune_over, ..plan(&["ce", "focal:gamma=?"], 2, false) };
    let runs = [
        tuned(&plan, "ce", 0, 0, &[Some(0.5), Some(0.25)]),
        tuned(&plan, "ce", 1, 1, &[Some(0.5), Some(0.75)]),
        tuned(&plan, "focal:gamma=?", 0, 1, &[Some(0.5), Some(0.75)]),
        tuned(&plan, "focal:gamma=?", 1, 1, &[Some(0.5), Some(0.625)]),
    ];
    assert_eq!(
        tuning_lines(&plan, &runs),
        "chosen by tuning, over the seeds:\n  \
         ce: learning rate 0.001 (2 times); batch size 32, 64; +0.125 AP on validation\n  \
         focal:gamma=?: learning rate 0.001 (2 times); batch size 64 (2 times); focal:gamma=1 (2 times); \
         +0.188 AP on validation\n"
    );
    assert_eq!(choices(&plan, &runs)[0].diverged, 0);
    let untuned = run(&plan, "ce", 0, Some(0.5), &logits(0.3, 0));
    assert_eq!(untuned.arm, arm("mlp", "ce"));
    assert_eq!(tuning_lines(&plan, &[untuned]), "");
}
