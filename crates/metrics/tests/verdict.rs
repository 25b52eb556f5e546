//! Verdicts: what is decided, and the words for it.

use losslab_metrics::statistics::bootstrap::Resamples;
use losslab_metrics::statistics::fixed_test::fixed_test;
use losslab_metrics::statistics::sentence::p_words;
use losslab_metrics::statistics::verdict::{
    ArmRuns, Design, Earlier, Question, Verdict, Verdicts, against, judge,
};

/// Each run has a split of its own.
const SPLITS: [usize; 10] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

pub fn resplits(losses: &[ArmRuns]) -> Design<'static> {
    Design::Splits { test_to_train: 0.25, split_of_run: &SPLITS[..losses[0].values.len()] }
}

pub fn loss(name: &str, values: &[Option<f64>]) -> ArmRuns {
    ArmRuns::new(name, values.to_vec())
}

/// `center` and a spread that differs from loss to loss.
pub fn runs(name: &str, center: f64, turn: usize, n: usize) -> ArmRuns {
    let offsets = [0.004, -0.003, 0.001, -0.006, 0.005, 0.002, -0.004, 0.003, -0.001, -0.002];
    let values: Vec<Option<f64>> = (0..n).map(|i| Some(center + offsets[(i * turn + turn) % 10])).collect();
    loss(name, &values)
}

/// So many losses, the first of which is the reference.
pub fn question(losses: usize) -> Question {
    Question {
        metric: "AP".into(),
        higher_is_better: true,
        range: (0.0, 1.0),
        diverged: Some(0.0),
        data: "wine".into(),
        arm: "loss".into(),
        alpha: 0.05,
        earlier: Earlier::default(),
        margin: None,
        reference: 0,
        comparisons: against(0, losses),
    }
}

pub fn judged(losses: &[ArmRuns]) -> Verdicts {
    judge(losses, &question(losses.len()), resplits(losses))
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
    let verdicts: Vec<Verdict> = found.comparisons.iter().map(|v| v.verdict).collect();
    assert_eq!(verdicts, [Verdict::Better, Verdict::Worse, Verdict::Undecided]);
    let sentences: Vec<&str> = found.comparisons.iter().map(|v| v.sentence.as_str()).collect();
    insta::assert_snapshot!(format!("{}\n\n{}", found.sentence, sentences.join("\n")));
    // Differences have standard error sqrt(1/10 + 1/4) sd, and p is corrected for three comparisons.
    let tie = &found.comparisons[2];
    let differences: Vec<f64> =
        losses[3].values.iter().zip(&losses[0].values).map(|(a, b)| a.unwrap() - b.unwrap()).collect();
    let mean = differences.iter().sum::<f64>() / 10.0;
    let sd = (differences.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / 9.0).sqrt();
    // 2.262157 is the 97.5 % quantile of t with 9 degrees of freedom.
    let half = 2.262_157 * sd * 0.35_f64.sqrt();
    let (low, high) = tie.interval.unwrap();
    assert!((low - (mean - half)).abs() < 1e-7 && (high - (mean + half)).abs() < 1e-7, "{low} {high}");
    assert_eq!(tie.p, tie.p_holm, "the largest p is not raised");
    assert!(found.comparisons[0].p_holm.unwrap() > found.comparisons[0].p.unwrap());
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
    let verdicts: Vec<Verdict> = found.comparisons.iter().map(|v| v.verdict).collect();
    assert_eq!(verdicts, [Verdict::Identical, Verdict::Diverged, Verdict::NotTested]);
    assert_eq!((found.comparisons[1].diverged, found.comparisons[1].runs), (2, 5));
    assert!(found.comparisons[0].p.is_none() && found.comparisons[2].p_holm.is_none());
    // The untested still count: p of the one test is tripled.
    let (p, corrected) = (found.comparisons[1].p.unwrap(), found.comparisons[1].p_holm.unwrap());
    assert!((corrected - (3.0 * p).min(1.0)).abs() < 1e-15);
    let sentences: Vec<&str> = found.comparisons.iter().map(|v| v.sentence.as_str()).collect();
    insta::assert_snapshot!(format!("{}\n\n{}", found.sentence, sentences.join("\n")));
}

/// 1/3 - 1/4, 5/6 - 3/4 and 7/12 - 1/2 are 1/12 each, and differ as floating-point numbers.
#[test]
fn equal_differences_are_no_spread_however_they_round() {
    let ce = [0.25, 0.75, 0.5].map(Some);
    let other = [1.0 / 3.0, 5.0 / 6.0, 7.0 / 12.0].map(Some);
    for runs in [2, 3] {
        let found = judged(&[loss("ce", &ce[..runs]), loss("focal", &other[..runs])]);
        let only = &found.comparisons[0];
        assert_eq!((only.verdict, only.p, only.interval), (Verdict::NotTested, None, None), "{runs} runs");
        assert!((only.difference.unwrap() - 1.0 / 12.0).abs() < 1e-15);
        assert!(only.sentence.ends_with("differences without any spread allow no test"), "{}", only.sentence);
        // The same numbers but for rounding are the same numbers.
        let nearly = ce.map(|value| value.map(|x| x * (1.0 + f64::EPSILON)));
        let found = judged(&[loss("ce", &ce[..runs]), loss("twin", &nearly[..runs])]);
        assert_eq!(found.comparisons[0].verdict, Verdict::Identical, "{runs} runs");
    }
}

/// On a fixed test set neither seeds nor units make a spread of what only rounds differently.
#[test]
fn equal_differences_on_a_fixed_test_set_are_not_tested() {
    let metric = |run: usize| {
        move |counts: &[u32]| {
            let share = f64::from(counts[0]) / 100.0;
            Some([0.25, 0.75, 1.0 / 3.0, 5.0 / 6.0][run] - share + share)
        }
    };
    let all: Vec<_> = (0..4).map(|run| Some(metric(run))).collect();
    let resamples = Resamples::draw(20, &all, Some(0.0), 200, 0).unwrap();
    let losses = [loss("ce", &[Some(0.25), Some(0.75)]), loss("b", &[Some(1.0 / 3.0), Some(5.0 / 6.0)])];
    let found = judge(&losses, &question(2), Design::FixedTest(&resamples));
    assert_eq!(found.comparisons[0].verdict, Verdict::NotTested, "{:?}", found.comparisons[0]);
}

/// AP lies between 0 and 1: with a reference of 0.75 it can be 0.25 more and 0.75 less.
#[test]
fn intervals_and_detectable_differences_stay_within_what_the_metric_can_be() {
    let ce = loss("ce", &[Some(0.5), Some(1.0)]);
    let found = judged(&[ce.clone(), loss("far", &[Some(0.75), Some(0.5)])]);
    let far = &found.comparisons[0];
    // Two runs: t is 12.7 at 95 %, and the interval would reach from -3.8 to 3.6.
    assert_eq!(far.interval, Some((-0.75, 0.25)));
    assert_eq!((far.room, far.detectable), ((Some(0.75), Some(0.25)), None));
    insta::assert_snapshot!(far.sentence, @"whether far differs from ce is undecided: -0.125 AP (95 % \
                                            interval -0.750 to 0.250, corrected p = .831); these runs would \
                                            have seen none of the differences to ce that AP can have, at a \
                                            power of 80 %");
    // Where less is better and there is no upper bound, only the lower end is cut.
    let less = Question { higher_is_better: false, range: (0.0, f64::INFINITY), ..question(2) };
    let two = [ce.clone(), loss("far", &[Some(0.75), Some(0.5)])];
    let found = judge(&two, &less, resplits(&two));
    let far = &found.comparisons[0];
    let (low, high) = far.interval.unwrap();
    assert_eq!((low, far.room), (-0.75, (Some(0.75), None)));
    assert!(high > 3.0 && far.detectable.unwrap() > 3.0, "{far:?}");
    insta::assert_snapshot!(far.sentence, @"whether far differs from ce is undecided: -0.125 AP, where less \
                                            is better (95 % interval -0.750 to 5.711, corrected p = .831); \
                                            these runs would have seen a difference of 7.502 with 80 % \
                                            power, more than the 0.750 that AP leaves below ce");
    // A difference that only a worse loss could have.
    let found = judged(&[
        loss("ce", &[Some(0.9), Some(0.92), Some(0.91), Some(0.93)]),
        loss("near", &[Some(0.95), Some(0.91), Some(0.89), Some(0.9)]),
    ]);
    insta::assert_snapshot!(found.comparisons[0].sentence, @"whether near differs from ce is undecided: \
                                                             -0.003 AP (95 % interval -0.083 to 0.078, \
                                                             corrected p = .928); these runs would have seen \
                                                             a difference of 0.108 with 80 % power, more \
                                                             than the 0.085 that AP leaves above ce");
}

#[test]
fn one_seed_says_so() {
    let found = judged(&[loss("ce", &[Some(0.5)]), loss("focal", &[Some(0.6)])]);
    assert_eq!(found.comparisons[0].verdict, Verdict::NotTested);
    insta::assert_snapshot!(format!("{}\n\n{}", found.sentence, found.comparisons[0].sentence));
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
    assert!(found.comparisons.is_empty() && found.sentence.contains("stands alone"), "{}", found.sentence);
    let found = judged(&[loss("ce", &[]), loss("focal", &[])]);
    assert_eq!(found.comparisons[0].verdict, Verdict::NotTested);
    assert_eq!(found.comparisons[0].difference, None);
}

#[test]
fn a_fixed_test_set_takes_its_runs_from_the_resamples() {
    // Losses x seeds; the second loss is better by 0.2 on each of 40 units, but for a little noise, whose sum
    // over the units is not the same for all seeds.
    let noise = |unit: usize, run: usize| 0.01 * ((unit * unit + run * 3) % 11) as f64;
    let metric = |run: usize| {
        move |weights: &[u32]| {
            let value = |(unit, &w): (usize, &u32)| f64::from(w) * (0.4 + noise(unit, run));
            let better = if run >= 3 { 0.2 } else { 0.0 };
            Some(better + weights.iter().enumerate().map(value).sum::<f64>() / 40.0)
        }
    };
    let all: Vec<_> = (0..6).map(|run| Some(metric(run))).collect();
    let resamples = Resamples::draw(40, &all, Some(0.0), 200, 0).unwrap();
    let values =
        |from: usize| resamples.observed()[from..from + 3].iter().copied().map(Some).collect::<Vec<_>>();
    let losses = [loss("ce", &values(0)), loss("focal", &values(3))];
    let found = judge(&losses, &question(2), Design::FixedTest(&resamples));
    assert_eq!(found.comparisons[0].verdict, Verdict::Better);
    assert!(
        found.comparisons[0].sentence.starts_with("focal is better than ce by 0."),
        "{:?}",
        found.comparisons[0]
    );
    let mean = |from: usize| resamples.observed()[from..from + 3].iter().sum::<f64>() / 3.0;
    assert!((found.comparisons[0].difference.unwrap() - (mean(3) - mean(0))).abs() < 1e-12);
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

#[test]
fn where_less_is_better() {
    let arms = [
        runs("ce", 0.6, 1, 10),
        runs("low", 0.56, 3, 10),
        runs("high", 0.64, 7, 10),
        runs("tie", 0.601, 9, 10),
    ];
    let more = judge(&arms, &question(4), resplits(&arms));
    let less = Question {
        metric: "log loss".into(),
        higher_is_better: false,
        range: (0.0, f64::INFINITY),
        diverged: None,
        ..question(4)
    };
    let found = judge(&arms, &less, resplits(&arms));
    let verdicts: Vec<Verdict> = found.comparisons.iter().map(|v| v.verdict).collect();
    assert_eq!(verdicts, [Verdict::Better, Verdict::Worse, Verdict::Undecided]);
    // The numbers are those of the metric; what they mean has turned.
    for (a, b) in found.comparisons.iter().zip(&more.comparisons) {
        assert_eq!((a.difference, a.interval, a.p_holm), (b.difference, b.interval, b.p_holm));
    }
    let sentences: Vec<&str> = found.comparisons.iter().map(|v| v.sentence.as_str()).collect();
    insta::assert_snapshot!(format!("{}\n\n{}", found.sentence, sentences.join("\n")), @"
    low is better than ce in log loss on wine. high is worse than ce in log loss on wine. Whether tie \
     differs from ce in log loss on wine is undecided.

    low is better than ce by 0.0400 log loss (97.5 % interval 0.0331 to 0.0469, corrected p < .001)
    high is worse than ce by 0.0400 log loss (98.3 % interval 0.0324 to 0.0476, corrected p < .001)
    whether tie differs from ce is undecided: +0.0010 log loss, where less is better (95 % interval -0.0072 \
     to 0.0092, corrected p = .788); these runs would have seen a difference of 0.0114 with 80 % power
    ");
}

#[test]
fn without_a_value_for_a_run_that_diverged_there_is_no_comparison() {
    let mut broken = runs("broken", 0.6, 3, 5);
    broken.values[1] = None;
    let less = |reference: usize| Question {
        metric: "log loss".into(),
        higher_is_better: false,
        range: (0.0, f64::INFINITY),
        diverged: None,
        reference,
        comparisons: against(reference, 3),
        ..question(3)
    };
    let arms = [runs("ce", 0.6, 1, 5), broken, runs("focal", 0.5, 7, 5)];
    let found = judge(&arms, &less(0), resplits(&arms));
    let lost = &found.comparisons[0];
    assert_eq!((lost.verdict, lost.diverged, lost.runs), (Verdict::Diverged, 1, 5));
    assert!(
        lost.difference.is_none() && lost.interval.is_none() && lost.p.is_none() && lost.p_holm.is_none()
    );
    assert!(lost.effect.is_none() && lost.wilcoxon.is_none() && lost.detectable.is_none());
    // It still counts as a comparison.
    let (p, corrected) = (found.comparisons[1].p.unwrap(), found.comparisons[1].p_holm.unwrap());
    assert!((corrected - 2.0 * p).abs() < 1e-15);
    let other = judge(&arms, &less(1), resplits(&arms));
    assert!(other.comparisons.iter().all(|v| v.verdict == Verdict::Diverged && v.diverged == 0));
    let text = [&found.sentence, &lost.sentence, &other.sentence, &other.comparisons[0].sentence];
    insta::assert_snapshot!(text.map(String::as_str).join("\n"), @r"
    focal is better than ce in log loss on wine. broken diverged.
    broken was not compared with ce: broken diverged in 1 of 5 runs, where log loss has no value
    ce, focal are not compared with broken, which diverged. broken itself diverged in 1 of 5 runs.
    ce was not compared with broken: broken diverged in 1 of 5 runs, where log loss has no value
    ");
}

#[test]
fn models_at_the_reference_loss_and_losses_within_a_model() {
    let arms = [
        runs("mlp ce", 0.6, 1, 10),
        runs("mlp focal", 0.64, 3, 10),
        runs("linear ce", 0.55, 7, 10),
        runs("linear focal", 0.551, 9, 10),
    ];
    let grid = Question { arm: "arm".into(), comparisons: vec![(1, 0), (2, 0), (3, 2)], ..question(4) };
    let found = judge(&arms, &grid, resplits(&arms));
    let told: Vec<(&str, &str, Verdict)> =
        found.comparisons.iter().map(|v| (&*v.label, &*v.reference, v.verdict)).collect();
    assert_eq!(
        told,
        [
            ("mlp focal", "mlp ce", Verdict::Better),
            ("linear ce", "mlp ce", Verdict::Worse),
            ("linear focal", "linear ce", Verdict::Undecided),
        ]
    );
    let sentences = [
        "mlp focal is better than mlp ce in AP on wine. ",
        "linear ce is worse than mlp ce in AP on wine. ",
        "Whether linear focal differs from linear ce in AP on wine is undecided.",
    ];
    assert_eq!(found.sentence, sentences.concat());
    // The correction covers all three: the smallest p is tripled.
    let smallest = found.comparisons.iter().map(|v| v.p.unwrap()).fold(1.0, f64::min);
    let corrected = found.comparisons.iter().map(|v| v.p_holm.unwrap()).fold(1.0, f64::min);
    assert!((corrected / smallest - 3.0).abs() < 1e-12);
    assert_eq!((found.reference.as_str(), found.reference_diverged), ("mlp ce", 0));
}

#[test]
fn a_comparison_does_not_depend_on_which_others_are_listed_but_for_the_correction() {
    let arms = [runs("a", 0.6, 1, 6), runs("b", 0.61, 3, 6), runs("c", 0.55, 7, 6)];
    let alone = judge(&arms, &Question { comparisons: vec![(2, 1)], ..question(3) }, resplits(&arms));
    let among = judge(&arms, &Question { comparisons: vec![(1, 0), (2, 1)], ..question(3) }, resplits(&arms));
    let (alone, among) = (&alone.comparisons[0], &among.comparisons[1]);
    assert_eq!((alone.difference, alone.p), (among.difference, among.p));
    assert!(
        alone.p_holm <= among.p_holm && alone.level >= among.level && alone.detectable <= among.detectable
    );
}

#[test]
#[should_panic(expected = "judge: the comparison of arm 1 with arm 0 is listed twice")]
fn a_comparison_listed_twice_panics() {
    let arms = [runs("a", 0.6, 1, 6), runs("b", 0.61, 3, 6)];
    judge(&arms, &Question { comparisons: vec![(1, 0), (1, 0)], ..question(2) }, resplits(&arms));
}

#[test]
#[should_panic(expected = "fixed_test: a run diverged, and the metric has no value for that")]
fn a_run_without_a_value_is_not_tested_on_a_fixed_test_set() {
    let mean = |w: &[u32]| Some(f64::from(w[0]));
    let resamples = Resamples::draw(3, &[Some(mean), Some(mean), None, Some(mean)], None, 20, 0).unwrap();
    fixed_test(&resamples, 2..4, 0..2);
}
