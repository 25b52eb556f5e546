//! What a comparison says of the metrics that do not decide.

use crate::common::{logits, plan, run};
use losslab_metrics::statistics::verdict::Verdict;
use losslab_report::{Judgement, Plan, RunRecord, Store, judge, verdict_lines};
use losslab_train::Lab;
use std::path::Path;

/// Judges on all metrics.
fn judged(plan: &Plan, records: &[RunRecord]) -> Judgement {
    let (lab, store) = (Lab::standard(), Store::new(Path::new("absent")));
    let judgement = judge(&lab, plan, records, &store).unwrap().unwrap();
    judgement.with_other_metrics(&lab, plan, records, &store)
}

/// Runs with the same ranking, of which the second loss has a log loss that is higher by about 0.1.
fn worse_probabilities(test_set: bool) -> (Plan, Vec<RunRecord>) {
    let plan = plan(&["ce", "focal:gamma=2"], 5, test_set);
    let jitter = [0.01, -0.02, 0.0, 0.015, -0.005];
    let mut records = Vec::new();
    for seed in 0..5 {
        let i = seed as usize;
        for (loss, log_loss) in [("ce", 0.3 + jitter[i]), ("focal:gamma=2", 0.4 + jitter[(i + 2) % 5])] {
            // Logits of a test set of its own are evaluated anew: made smaller, they rank alike.
            let scale: f64 = if loss == "ce" { 1.0 } else { 0.2 };
            let logits: Vec<f32> = logits(0.1, seed).iter().map(|z| scale as f32 * (z - 2.0)).collect();
            let ap = Some(0.6 + jitter[(3 * i + usize::from(loss != "ce")) % 5]);
            let mut record = run(&plan, loss, seed, ap, &logits);
            record.metrics.insert("log_loss".into(), Some(log_loss));
            record.metrics.insert("f1".into(), (seed > 0).then_some(0.5 + jitter[i] * scale));
            records.push(record);
        }
    }
    (plan, records)
}

#[test]
fn probabilities_are_judged_as_if_log_loss_decided() {
    let (plan, records) = worse_probabilities(false);
    let judgement = judged(&plan, &records);
    assert_eq!(judgement.verdicts.comparisons[0].verdict, Verdict::Undecided);
    let probabilities = judgement.others.probabilities.clone().unwrap();
    assert_eq!(probabilities.metric, "log_loss");
    assert_eq!(probabilities.verdicts.comparisons[0].verdict, Verdict::Worse);
    let deciding = judged(&Plan { metric: "log_loss".into(), ..plan.clone() }, &records);
    let p = |verdicts: &losslab_metrics::statistics::verdict::Verdicts| verdicts.comparisons[0].p_holm;
    assert_eq!(p(&probabilities.verdicts), p(&deciding.verdicts));
    assert!(deciding.others.probabilities.is_none(), "a proper metric decides already");
    let lines = verdict_lines(&judgement, 1, true);
    assert!(
        lines.contains("\nprobabilities: focal:gamma=2 is worse than ce in log loss on wine.\n"),
        "{lines}"
    );
}

#[test]
fn the_probabilities_of_a_fixed_test_set_are_resampled() {
    let (plan, records) = worse_probabilities(true);
    let verdicts = judged(&plan, &records).others.probabilities.unwrap().verdicts;
    // Logits near 0 against sure and right ones: 0.55 against 0.14 nats.
    assert_eq!(verdicts.comparisons[0].verdict, Verdict::Worse, "{}", verdicts.comparisons[0].sentence);
    // The seeds and the rows.
    assert_eq!(verdicts.comparisons[0].variances.len(), 2);
}

/// The difference of f1 is -0.8 times the jitter of the four seeds that have a value: -0.01, -0.02, 0, 0.015,
/// -0.005 without the first. Mean and interval by hand, with the variance of Nadeau and Bengio:
/// d = [.016, 0, -.012, .004]; se = sqrt((1/4 + 1/3) var(d, ddof=1)); t = 3.182446.
#[test]
fn every_metric_has_an_interval_of_its_own() {
    let (plan, records) = worse_probabilities(false);
    let judgement = judged(&plan, &records);
    let names: Vec<&str> = judgement.others.metrics.iter().map(|metric| &*metric.metric).collect();
    // The others have no values in these records.
    assert_eq!(names, ["average_precision", "log_loss", "f1"]);
    let f1 = &judgement.others.metrics[2].comparisons[0];
    assert!((f1.difference.unwrap() - 0.002).abs() < 1e-12);
    let (low, high) = f1.interval.unwrap();
    let expected = (-0.026_066_538_281_995, 0.030_066_538_281_995);
    assert!((low - expected.0).abs() < 1e-9 && (high - expected.1).abs() < 1e-9, "{low} to {high}");
    // With one comparison nothing is corrected: the interval is that of the verdict.
    assert_eq!(
        judgement.others.metrics[0].comparisons[0].interval,
        judgement.verdicts.comparisons[0].interval
    );
}
