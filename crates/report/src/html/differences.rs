//! The section on differences: how large they are, how sure, and whether they matter.

use super::figures::{Figures, Numbers, table};
use super::story::{Story, number, percent};
use crate::Design;
use crate::plot::{Forest, ForestRow, Mark};
use losslab_metrics::statistics::equivalence::Equivalence;
use losslab_metrics::statistics::pairs::Pair;
use losslab_metrics::statistics::sentence::{margin_words, p_words, percent_words};
use losslab_metrics::statistics::verdict::{ArmVerdict, Verdicts};
use losslab_metrics::statistics::wilcoxon::smallest_p;
use maud::{Markup, html};

/// The differences to the reference, with their intervals.
pub(super) fn differences(story: Story, figures: &mut Figures) -> Markup {
    let Some(verdicts) = story.verdicts().filter(|verdicts| !verdicts.comparisons.is_empty()) else {
        return html! {};
    };
    let metric = story.metric();
    let rows = verdicts.comparisons.iter().map(|loss| ForestRow {
        name: loss.label.clone(),
        value: loss.difference,
        interval: loss.interval,
        note: note(loss),
        mark: Mark::Line,
    });
    let forest = Forest {
        margin: story.margin(),
        title: format!("Difference in {metric} to {}", verdicts.reference),
        description: describe(verdicts, metric),
        label: format!("difference in {metric}, mean and interval at the level of its test"),
        sides: sides(story, verdicts),
        rows: rows.collect(),
    };
    let caption = "Each loss was compared with the reference seed by seed. Each interval is at the level at \
                   which that loss was tested: the 5 % that all comparisons share, divided among them by \
                   Holm's method. So a bar that crosses the line at 0 does not tell better from worse, and \
                   one that does not cross it does.";
    let caption = match story.margin() {
        None => caption.to_owned(),
        Some(margin) => format!(
            "{caption} Differences within the shaded band, of less than {}, do not matter: a loss is \
             equivalent where its difference is shown to lie within the band.",
            margin_words(margin)
        ),
    };
    html! {
        section aria-labelledby="differences" {
            h2 #differences { "How large, and how sure" }
            div.narrow { (figures.figure("differences", forest.draw(), &caption, &numbers(verdicts))) }
            (chances(story, verdicts))
            (all_pairs(story))
        }
    }
}

/// How likely each loss is to be better or worse by more than the margin.
fn chances(story: Story, verdicts: &Verdicts) -> Markup {
    let Some(margin) = story.margin() else { return html! {} };
    let percent = |share: Option<f64>| share.map_or_else(|| "\u{2013}".into(), percent);
    let row = |loss: &ArmVerdict| {
        let of = |share: fn(&Equivalence) -> f64| percent(loss.equivalence.as_ref().map(share));
        let p = loss.equivalence.map_or_else(|| "\u{2013}".into(), |test| p_words(test.p_holm));
        let label = loss.label.clone();
        vec![label, of(|e| e.worse), of(|e| e.within), of(|e| e.better), p, percent(loss.outperforms)]
    };
    let head = [
        "loss",
        "worse by more than the margin",
        "within the margin",
        "better by more",
        "equivalence, Holm",
        "better in one run",
    ];
    let numbers = Numbers {
        head: head.map(String::from).to_vec(),
        rows: verdicts.comparisons.iter().map(row).collect(),
    };
    html! {
        h3 { "Does it matter?" }
        p.small {
            "How probable it is that a loss is better or worse than its reference by more than "
            (margin_words(margin)) " " (story.metric())
            ", by this comparison alone; p of the test that it is within, and the share of single runs in \
             which it was better. "
            @match story.results.verdicts.as_ref().map(|judgement| judgement.design) {
                Some(Design::FixedTest { .. }) => "The probabilities are read from the intervals of the \
                                                   difference at all levels.",
                _ => "The probabilities are those of the correlated Bayesian t test (Corani and Benavoli \
                      2015).",
            }
        }
        (table("Does it matter?", &numbers))
    }
}

/// What lies on either side of no difference.
fn sides(story: Story, verdicts: &Verdicts) -> (String, String) {
    let one = verdicts.comparisons.iter().all(|comparison| comparison.reference == verdicts.reference);
    let reference = if one { &*verdicts.reference } else { "the reference" };
    let sides = (format!("{reference} is better"), format!("the {} is better", arm_word(story)));
    match story.deciding().is_some_and(|metric| metric.higher_is_better) {
        true => sides,
        false => (sides.1, sides.0),
    }
}

/// What a compared thing is.
fn arm_word(story: Story) -> &'static str {
    match (story.plan().models.len(), story.plan().losses.len()) {
        (0 | 1, _) => "loss",
        (_, 1) => "model",
        _ => "other",
    }
}

/// Every arm against every other, folded away: a description.
fn all_pairs(story: Story) -> Markup {
    let Some(judgement) = &story.results.verdicts else { return html! {} };
    let runs = judgement.seeds.len();
    let p = |pair: &Pair| pair.wilcoxon.map_or_else(|| "\u{2013}".into(), |test| p_words(test.p));
    let row = |pair: &Pair| {
        vec![
            format!("{} \u{2212} {}", pair.first, pair.second),
            number(pair.difference, 4),
            pair.first_better.to_string(),
            pair.second_better.to_string(),
            p(pair),
        ]
    };
    let head = ["difference of", "mean", "first better", "second better", "signed ranks"];
    let table_of =
        Numbers { head: head.map(String::from).to_vec(), rows: judgement.pairs.iter().map(row).collect() };
    html! {
        details {
            summary { "All pairs, as a description" }
            p.small {
                "Every loss against every other over the " (runs)
                " runs, with Wilcoxon's signed-rank test. No verdict rests on these: the test takes runs as \
                 independent, which splits of one data set are not, nothing is corrected for the number of \
                 pairs, and " (runs) " runs cannot give a \
                 p smaller than " (number(Some(smallest_p(runs)), 4)) " whatever the data."
            }
            (table("All pairs", &table_of))
        }
    }
}

fn note(loss: &ArmVerdict) -> String {
    match (loss.difference, loss.p_holm) {
        (Some(d), Some(p)) => format!("{}, {}", signed(d), p_words(p)),
        (Some(d), None) => signed(d),
        (None, _) => "no runs".into(),
    }
}

fn signed(value: f64) -> String {
    format!("{value:+.3}").replace('-', "\u{2212}")
}

fn describe(verdicts: &Verdicts, metric: &str) -> String {
    let all: Vec<String> =
        verdicts.comparisons.iter().map(|loss| format!("{}: {}", loss.label, note(loss))).collect();
    format!(
        "Mean difference in {metric} of each loss to {}, with the interval of its test. {}.",
        verdicts.reference,
        all.join("; ")
    )
}

fn numbers(verdicts: &Verdicts) -> Numbers {
    let head = [
        "loss",
        "difference",
        "interval",
        "low",
        "high",
        "p",
        "p, Holm",
        "Hedges' g",
        "detectable",
        "runs",
        "diverged",
    ];
    let row = |loss: &ArmVerdict| {
        let (low, high) = loss.interval.unzip();
        let p = |p: Option<f64>| p.map_or_else(|| "\u{2013}".into(), p_words);
        vec![
            loss.label.clone(),
            number(loss.difference, 4),
            loss.level.map_or_else(|| "\u{2013}".into(), percent_words),
            number(low, 4),
            number(high, 4),
            p(loss.p),
            p(loss.p_holm),
            number(loss.effect, 2),
            number(loss.detectable, 4),
            loss.runs.to_string(),
            loss.diverged.to_string(),
        ]
    };
    Numbers { head: head.map(String::from).to_vec(), rows: verdicts.comparisons.iter().map(row).collect() }
}
