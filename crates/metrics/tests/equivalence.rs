//! Equivalence: against values of other programs, its sentences, and how often it is found.

use super::verdict::{loss, question, runs};
use losslab_base::rng::Rng;
use losslab_metrics::statistics::equivalence::{Equivalence, outperforms};
use losslab_metrics::statistics::estimate::{Estimate, Variance};
use losslab_metrics::statistics::paired::{corrected_t, paired_t};
use losslab_metrics::statistics::sentence::margin_words;
use losslab_metrics::statistics::verdict::{ArmVerdict, Design, Question, Verdict, judge};

const DIFFERENCES: [f64; 10] = [0.004, -0.003, 0.011, -0.006, 0.005, 0.012, -0.004, 0.003, -0.001, 0.009];

fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{found:e}, not {expected:e}");
}

/// `baycomp.CorrelatedTTest.probs(x, x + d, rope, runs=1)` of baycomp 1.0.3: ten folds, so that n_test /
/// n_train is 1 / 9.
#[test]
fn the_three_probabilities_of_resplits_are_those_of_the_correlated_bayesian_t_test() {
    let estimate = corrected_t(&DIFFERENCES, 1.0 / 9.0).unwrap();
    for (margin, worse, within, better) in [
        (0.005, 0.011747993282693377, 0.7316640722966914, 0.2565879344206152),
        (0.01, 0.0008299066993970983, 0.9786418254977013, 0.020528267802901623),
        (0.02, 1.3156043094724057e-5, 0.9998548362014016, 0.0001320077555037047),
    ] {
        let found = Equivalence::of(&estimate, margin, 0.05, true);
        close(found.worse, worse);
        close(found.within, within);
        close(found.better, better);
        let less = Equivalence::of(&estimate, margin, 0.05, false);
        assert_eq!((less.better, less.worse), (found.worse, found.better));
    }
}

/// The larger of `scipy.stats.ttest_1samp(d, -margin, alternative="greater").pvalue` and the same with
/// `margin` and "less", SciPy 1.17.1.
#[test]
fn independent_runs_have_the_p_of_two_one_sided_t_tests() {
    let estimate = paired_t(&DIFFERENCES).unwrap();
    close(estimate.p_equivalence(0.01), 0.003570547691398517);
    close(estimate.p_equivalence(0.02), 7.428449733946024e-6);
}

/// For one part of variance and for several, p is the level at which the interval touches the margin.
#[test]
fn p_and_interval_agree() {
    let part = |value, df| Variance { value, df };
    for variances in [vec![part(1e-4, 9.0)], vec![part(4e-5, 4.0), part(6e-5, 30.0)]] {
        let estimate = Estimate { difference: 0.004, variances };
        for margin in [0.01, 0.02, 0.05] {
            let p = estimate.p_equivalence(margin);
            let (low, high) = estimate.interval(2.0 * p);
            assert!((high - margin).abs() < 1e-9 && low > -margin, "{margin}: {low} to {high}");
            let both = estimate.probability_below(margin) + estimate.probability_above(margin);
            assert!((both - 1.0).abs() < 1e-12, "{both}");
        }
        assert!(estimate.p_equivalence(0.003) > 0.5, "the difference itself is beyond the margin");
    }
}

#[test]
fn runs_that_were_won_are_counted_and_ties_are_halves() {
    assert_eq!(outperforms(&[0.1, -0.2, 0.0, 0.3], true), Some(0.625));
    assert_eq!(outperforms(&[0.1, -0.2, 0.0, 0.3], false), Some(0.375));
    assert_eq!(outperforms(&[], true), None);
}

fn with_margin(losses: usize, margin: f64) -> Question {
    Question { margin: Some(margin), ..question(losses) }
}

#[test]
fn equivalent_and_smaller_than_the_margin_in_words() {
    let losses = [
        runs("ce", 0.6, 1, 10),
        runs("focal", 0.612, 3, 10),
        runs("tie", 0.601, 9, 10),
        runs("gce", 0.57, 7, 10),
        loss("wild", &(0..10).map(|i| Some(0.6 + if i % 2 == 0 { 0.05 } else { -0.04 })).collect::<Vec<_>>()),
    ];
    let splits: Vec<usize> = (0..10).collect();
    let found = judge(
        &losses,
        &with_margin(5, 0.025),
        Design::Splits { test_to_train: 1.0 / 3.0, split_of_run: &splits },
    );
    let verdicts: Vec<Verdict> = found.comparisons.iter().map(|v| v.verdict).collect();
    assert_eq!(verdicts, [Verdict::Better, Verdict::Equivalent, Verdict::Worse, Verdict::Undecided]);
    let sentences: Vec<&str> = found.comparisons.iter().map(|v| v.sentence.as_str()).collect();
    insta::assert_snapshot!(format!("{}\n\n{}", found.sentence, sentences.join("\n")));
    let tie = &found.comparisons[1];
    let (low, high) = tie.equivalence.unwrap().interval;
    assert!(low > -0.025 && high < 0.025 && tie.outperforms == Some(0.65), "{tie:?}");
}

#[test]
fn margins_have_two_digits_that_count() {
    let words = [0.5, 0.034, 0.0123, 0.00009, 12.0].map(margin_words);
    assert_eq!(words, ["0.50", "0.034", "0.012", "0.000090", "12.00"]);
}

const SIMULATED: u32 = 400;

/// The verdict on 20 splits whose differences have a standard deviation of 1 and share a quarter of the
/// variance, as Nadeau and Bengio assume of parts of 20 : 60.
fn simulated(rng: &mut Rng, truth: f64) -> ArmVerdict {
    let shared = (1.0_f64 / 3.0).sqrt() * rng.normal();
    let reference: Vec<Option<f64>> = (0..20).map(|_| Some(10.0 * rng.normal())).collect();
    let values: Vec<Option<f64>> =
        reference.iter().map(|value| value.map(|v| v + truth + shared + rng.normal())).collect();
    let question = Question { range: (f64::NEG_INFINITY, f64::INFINITY), ..with_margin(2, 2.0) };
    let splits: Vec<usize> = (0..20).collect();
    let design = Design::Splits { test_to_train: 1.0 / 3.0, split_of_run: &splits };
    judge(&[loss("a", &reference), loss("b", &values)], &question, design).comparisons.remove(0)
}

#[test]
fn equal_losses_are_found_equivalent_and_different_ones_are_not() {
    let rng = &mut Rng::seed(29);
    let share = |rng: &mut Rng, truth: f64| {
        let equivalent =
            (0..SIMULATED).filter(|_| simulated(rng, truth).verdict == Verdict::Equivalent).count();
        equivalent as f64 / f64::from(SIMULATED)
    };
    // No difference beside a margin of 2 standard deviations.
    let found = share(rng, 0.0);
    assert!(found >= 0.8, "{found}");
    // At the margin the test errs in 5 % of all cases; 3.3 % are three standard errors.
    let at_margin = share(rng, 2.0);
    assert!((0.017..=0.083).contains(&at_margin), "{at_margin}");
    let beyond = share(rng, 4.0);
    assert!(beyond <= 0.05, "{beyond}");
}
