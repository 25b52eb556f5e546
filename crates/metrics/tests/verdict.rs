//! Verdicts: what is decided, and the words for it.

use losslab_metrics::statistics::bootstrap::Resamples;
use losslab_metrics::statistics::sentence::p_words;
use losslab_metrics::statistics::verdict::{Design, LossRuns, Question, Verdict, Verdicts, judge};

const RESPLITS: Design<'static> = Design::Resplits { test_to_train: 0.25 };

fn loss(name: &str, values: &[Option<f64>]) -> LossRuns {
    LossRuns { loss: name.into(), values: values.to_vec() }
}

/// `center` and a spread that differs from loss to loss.
fn runs(name: &str, center: f64, turn: usize, n: usize) -> LossRuns {
    let offsets = [0.004, -0.003, 0.001, -0.006, 0.005, 0.002, -0.004, 0.003, -0.001, -0.002];
    let values: Vec<Option<f64>> = (0..n).map(|i| Some(center + offsets[(i * turn + turn) % 10])).collect();
    loss(name, &values)
}

fn question() -> Question {
    Question { metric: "AP".into(), data: "wine".into(), worst: 0.0, alpha: 0.05, reference: 0 }
}

fn judged(losses: &[LossRuns]) -> Verdicts {
    judge(losses, &question(), RESPLITS)
}

#[test]
fn better_worse_and_no_difference_in_words() {
    let losses = [
        runs("ce", 0.6, 1, 10),
        runs("focal", 0.64, 3, 10),
        runs("gce", 0.57, 7, 10),
        runs("tie", 0.601, 9, 10),
    ];
    let found = judged(&losses);
    let verdicts: Vec<Verdict> = found.losses.iter().map(|v| v.verdict).collect();
    assert_eq!(verdicts, [Verdict::Better, Verdict::Worse, Verdict::NoDetectableDifference]);
    let sentences: Vec<&str> = found.losses.iter().map(|v| v.sentence.as_str()).collect();
    insta::assert_snapshot!(format!("{}\n\n{}", found.sentence, sentences.join("\n")));
    // Differences have standard error sqrt(1/10 + 1/4) sd, and p is corrected for three comparisons.
    let tie = &found.losses[2];
    let differences: Vec<f64> =
        losses[3].values.iter().zip(&losses[0].values).map(|(a, b)| a.unwrap() - b.unwrap()).collect();
    let mean = differences.iter().sum::<f64>() / 10.0;
    let sd = (differences.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / 9.0).sqrt();
    // 2.262157 is the 97.5 % quantile of t with 9 degrees of freedom.
    let half = 2.262_157 * sd * 0.35_f64.sqrt();
    let (low, high) = tie.interval.unwrap();
    assert!((low - (mean - half)).abs() < 1e-7 && (high - (mean + half)).abs() < 1e-7, "{low} {high}");
    assert_eq!(tie.p, tie.p_holm, "the largest p is not raised");
    assert!(found.losses[0].p_holm.unwrap() > found.losses[0].p.unwrap());
    assert!(tie.detectable.unwrap() > half && tie.wilcoxon.is_some() && tie.effect.is_some());
}

#[test]
fn identical_diverged_and_untested_losses_in_words() {
    let mut broken = runs("broken", 0.6, 3, 5);
    broken.values[1] = None;
    broken.values[4] = None;
    let shifted: Vec<Option<f64>> = (0..5).map(|i| Some([0.5, 0.25, 0.75, 0.5, 0.25][i] + 0.125)).collect();
    let ce = [0.5, 0.25, 0.75, 0.5, 0.25].map(Some);
    let losses = [loss("ce", &ce), loss("same", &ce), broken, loss("shifted", &shifted)];
    let found = judged(&losses);
    let verdicts: Vec<Verdict> = found.losses.iter().map(|v| v.verdict).collect();
    assert_eq!(verdicts, [Verdict::Identical, Verdict::Diverged, Verdict::NotTested]);
    assert_eq!((found.losses[1].diverged, found.losses[1].runs), (2, 5));
    assert!(found.losses[0].p.is_none() && found.losses[2].p_holm.is_none());
    // The untested still count: p of the one test is tripled.
    let (p, corrected) = (found.losses[1].p.unwrap(), found.losses[1].p_holm.unwrap());
    assert!((corrected - (3.0 * p).min(1.0)).abs() < 1e-15);
    let sentences: Vec<&str> = found.losses.iter().map(|v| v.sentence.as_str()).collect();
    insta::assert_snapshot!(format!("{}\n\n{}", found.sentence, sentences.join("\n")));
}

#[test]
fn one_seed_says_so() {
    let found = judged(&[loss("ce", &[Some(0.5)]), loss("focal", &[Some(0.6)])]);
    assert_eq!(found.losses[0].verdict, Verdict::NotTested);
    insta::assert_snapshot!(format!("{}\n\n{}", found.sentence, found.losses[0].sentence));
}

#[test]
fn a_reference_that_diverged_is_told() {
    let mut ce = runs("ce", 0.6, 1, 5);
    ce.values[0] = None;
    let found = judged(&[ce, runs("focal", 0.6, 3, 5)]);
    assert_eq!(found.reference_diverged, 1);
    assert!(found.sentence.ends_with("ce itself diverged in 1 of 5 runs."), "{}", found.sentence);
}

#[test]
fn alone_or_without_runs() {
    let found = judged(&[loss("ce", &[Some(0.5)])]);
    assert!(found.losses.is_empty() && found.sentence.contains("stands alone"), "{}", found.sentence);
    let found = judged(&[loss("ce", &[]), loss("focal", &[])]);
    assert_eq!(found.losses[0].verdict, Verdict::NotTested);
    assert_eq!(found.losses[0].difference, None);
}

#[test]
fn a_fixed_test_set_takes_its_runs_from_the_resamples() {
    // Losses x seeds; the second loss is better by 0.2 on each of 40 units, but for a little noise.
    let noise = |unit: usize, run: usize| 0.01 * ((unit * 7 + run * 3) % 11) as f64;
    let metric = |run: usize| {
        move |weights: &[u32]| {
            let value = |(unit, &w): (usize, &u32)| f64::from(w) * (0.4 + noise(unit, run));
            let better = if run >= 3 { 0.2 } else { 0.0 };
            Some(better + weights.iter().enumerate().map(value).sum::<f64>() / 40.0)
        }
    };
    let all: Vec<_> = (0..6).map(|run| Some(metric(run))).collect();
    let resamples = Resamples::draw(40, &all, 0.0, 200, 0).unwrap();
    let values =
        |from: usize| resamples.observed()[from..from + 3].iter().copied().map(Some).collect::<Vec<_>>();
    let losses = [loss("ce", &values(0)), loss("focal", &values(3))];
    let found = judge(&losses, &question(), Design::FixedTest(&resamples));
    assert_eq!(found.losses[0].verdict, Verdict::Better);
    assert!(found.losses[0].sentence.starts_with("focal is better than ce by 0."), "{:?}", found.losses[0]);
    let mean = |from: usize| resamples.observed()[from..from + 3].iter().sum::<f64>() / 3.0;
    assert!((found.losses[0].difference.unwrap() - (mean(3) - mean(0))).abs() < 1e-12);
    assert_eq!(found.sentence, "focal is better than ce in AP on wine.");
}

#[test]
fn p_in_words_never_rounds_across_the_level() {
    let words = [0.0, 0.00099, 0.004, 0.05, 0.0501, 0.5, 0.9999, 1.0].map(p_words);
    assert_eq!(
        words,
        ["p < .001", "p < .001", "p = .004", "p = .050", "p = .051", "p = .500", "p = 1", "p = 1"]
    );
}
