//! The margin of equivalence: where it comes from.

use crate::common::{logits, plan, run};
use losslab_report::{Margin, Plan, Rule, RunRecord};
use losslab_train::EpochRecord;

/// A run of the reference whose kept epoch, the second, reached so much on validation data.
fn reference(plan: &Plan, validation: f64, chance: Option<f64>) -> RunRecord {
    let epoch = |epoch, validation| EpochRecord { epoch, train_loss: 1.0, validation, detail: None };
    let epochs = vec![epoch(1, Some(0.1)), epoch(2, Some(validation)), epoch(3, Some(0.3))];
    RunRecord { epochs, chance, ..run(plan, "ce", 0, Some(0.5), &logits(0.3, 0)) }
}

fn margin(plan: &Plan, runs: &[RunRecord]) -> Option<Margin> {
    Margin::of(plan, &runs.iter().collect::<Vec<_>>())
}

#[test]
fn it_is_a_share_of_the_headroom_or_of_the_gain_over_chance() {
    let plan = plan(&["ce", "focal:gamma=2"], 2, false);
    // Means of .9 on validation data and .1 by chance: .1 / 20 of headroom, .8 / 10 of gain.
    let high = [reference(&plan, 0.88, Some(0.08)), reference(&plan, 0.92, Some(0.12))];
    let found = margin(&plan, &high).unwrap();
    assert!((found.value - 0.005).abs() < 1e-12 && found.rule == Rule::Headroom, "{found:?}");
    insta::assert_snapshot!(found.words(&plan), @"the equivalence margin is 0.0050 AP, a twentieth of what \
                                                  AP leaves above ce on validation data: smaller differences \
                                                  count as too small to matter");
    // Means of .2 and .1: .8 / 20 and .1 / 10.
    let low = [reference(&plan, 0.2, Some(0.1))];
    let found = margin(&plan, &low).unwrap();
    assert!((found.value - 0.01).abs() < 1e-12 && found.rule == Rule::Gain, "{found:?}");
    insta::assert_snapshot!(found.words(&plan), @"the equivalence margin is 0.010 AP, a tenth of what ce is \
                                                  above chance on validation data: smaller differences count \
                                                  as too small to matter");
}

#[test]
fn there_is_none_at_chance_or_without_validation() {
    let plan = plan(&["ce", "focal:gamma=2"], 1, false);
    assert_eq!(margin(&plan, &[reference(&plan, 0.1, Some(0.15))]), None);
    assert_eq!(margin(&plan, &[run(&plan, "ce", 0, Some(0.5), &logits(0.3, 0))]), None);
    assert_eq!(margin(&plan, &[]), None);
    // Where chance is unknown, the headroom alone is left.
    assert_eq!(margin(&plan, &[reference(&plan, 0.5, None)]).unwrap().rule, Rule::Headroom);
}

#[test]
fn one_that_was_given_is_taken() {
    let given = Plan { margin: Some(0.03), ..plan(&["ce", "focal:gamma=2"], 1, false) };
    let found = margin(&given, &[]).unwrap();
    assert_eq!((found.value, found.rule), (0.03, Rule::Given));
    for margin in [0.0, -0.1, f64::NAN, 1.0, 1e300] {
        let fault = Plan { margin: Some(margin), ..given.clone() }.check().unwrap_err();
        assert!(fault.contains("an equivalence margin of"), "{fault}");
    }
}
