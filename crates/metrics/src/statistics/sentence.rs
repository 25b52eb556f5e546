//! Verdicts in words.

use super::equivalence::Equivalence;
use super::judge::diverged;
use super::training_check::Unfit;
use super::verdict::{ArmRuns, ArmVerdict, Question, Verdict};

/// A candidate against its reference, of which so many runs diverged, without a full stop.
pub(super) fn of_arm(v: &ArmVerdict, reference_diverged: usize, question: &Question) -> String {
    let (label, reference, metric) = (&v.label, &v.reference, &question.metric);
    let digits = digits(v);
    let by = |value: Option<f64>| value.map_or("nothing".into(), |d| format!("{:.digits$}", d.abs()));
    let direction = if question.higher_is_better { "" } else { ", where less is better" };
    let signed = v.difference.map_or("no runs".into(), |d| format!("{d:+.digits$} {metric}{direction}"));
    let sure = sureness(v, digits);
    let small = match v.equivalence.filter(|test| test.holds(question.alpha)) {
        Some(test) => format!(", less than the margin of {}", margin_words(test.margin)),
        None => String::new(),
    };
    match v.verdict {
        Verdict::Better => {
            format!("{label} is better than {reference} by {} {metric}{small} ({sure})", by(v.difference))
        }
        Verdict::Worse => {
            format!("{label} is worse than {reference} by {} {metric}{small} ({sure})", by(v.difference))
        }
        Verdict::Equivalent => {
            let within = v.equivalence.map_or_else(String::new, |test| within(&test, digits));
            format!("{label} is equivalent to {reference}: {signed} ({within})")
        }
        Verdict::Undecided => format!(
            "whether {label} differs from {reference} is undecided: {signed} ({sure}); these runs would have \
             seen {}{}",
            seen(v, question, digits),
            chances(v),
        ),
        Verdict::NotTrainedOut | Verdict::TrainingFailed => {
            let which: Vec<String> = v.unfit.iter().map(Unfit::words).collect();
            format!(
                "{label} is not judged against {reference} in {metric}: {}; give all losses more epochs \
                 (--epochs) or another learning rate (--lr)",
                which.join(", ")
            )
        }
        Verdict::Identical => {
            format!("{label} is identical to {reference}: the same {metric} in {}", runs(v.runs))
        }
        Verdict::Diverged => match (question.diverged, v.difference) {
            (Some(worst), Some(_)) => {
                let sure = if sure.is_empty() { sure } else { format!(" ({sure})") };
                format!(
                    "{label} diverged in {} of {}; with {worst} {metric} for those it differs from \
                     {reference} by {signed}{sure}",
                    v.diverged,
                    runs(v.runs),
                )
            }
            _ => without_value(v, reference_diverged, metric),
        },
        Verdict::NotTested => not_tested(v, &signed),
    }
}

/// `within 0.010, 90 % interval -0.004 to 0.006, corrected p = .012`.
fn within(test: &Equivalence, digits: usize) -> String {
    let ((low, high), margin, percent) =
        (test.interval, margin_words(test.margin), percent_words(2.0 * test.level));
    let p = p_words(test.p_holm);
    format!("within {margin}, {percent} interval {low:.digits$} to {high:.digits$}, corrected {p}")
}

/// How likely it is that the candidate is worse, within the margin, or better.
fn chances(v: &ArmVerdict) -> String {
    let Some(test) = &v.equivalence else { return String::new() };
    let [worse, within, better] =
        [test.worse, test.within, test.better].map(|share| format!("{:.0} %", 100.0 * share));
    let margin = margin_words(test.margin);
    format!(
        "; it is better by more than {margin} with probability {better}, worse by more {worse}, in between \
         {within}"
    )
}

/// A margin with two digits that count.
pub fn margin_words(margin: f64) -> String {
    let (mut digits, mut shifted) = (2, 10.0 * margin);
    while shifted < 1.0 && digits < 12 {
        (digits, shifted) = (digits + 1, 10.0 * shifted);
    }
    format!("{margin:.digits$}")
}

/// What would have been seen, beside what the metric can be.
fn seen(v: &ArmVerdict, question: &Question, digits: usize) -> String {
    let (metric, reference) = (&question.metric, &v.reference);
    let (headroom, side) = if question.higher_is_better { (v.room.1, "above") } else { (v.room.0, "below") };
    match (v.detectable, headroom) {
        (None, _) => {
            format!("none of the differences to {reference} that {metric} can have, at a power of 80 %")
        }
        (Some(d), Some(room)) if d > room => format!(
            "a difference of {d:.digits$} with 80 % power, more than the {room:.digits$} that {metric} \
             leaves {side} {reference}"
        ),
        (Some(d), _) => format!("a difference of {d:.digits$} with 80 % power"),
    }
}

/// A run diverged, and the metric has no value for that.
fn without_value(v: &ArmVerdict, reference_diverged: usize, metric: &str) -> String {
    let (label, reference) = (&v.label, &v.reference);
    let which = match (v.diverged, reference_diverged) {
        (0, lost) => format!("{reference} diverged in {lost} of {}", runs(v.runs)),
        (lost, 0) => format!("{label} diverged in {lost} of {}", runs(v.runs)),
        (a, b) => format!("{label} diverged in {a} and {reference} in {b} of {}", runs(v.runs)),
    };
    format!("{label} was not compared with {reference}: {which}, where {metric} has no value")
}

/// Why there is no test.
fn not_tested(v: &ArmVerdict, signed: &str) -> String {
    let (label, reference) = (&v.label, &v.reference);
    match v.runs {
        0 => format!("{label} was not compared with {reference}: there are no runs"),
        1 => format!(
            "{label} against {reference}: {signed} in one run, which says nothing about another; run more \
             seeds"
        ),
        n => format!(
            "{label} against {reference}: {signed} in each of {n} runs; differences without any spread allow \
             no test"
        ),
    }
}

/// What all comparisons say: for each reference, who is better and who worse; then who diverged.
pub(super) fn of_all(comparisons: &[ArmVerdict], arms: &[ArmRuns], question: &Question) -> String {
    let mut references: Vec<usize> = Vec::new();
    for &(_, reference) in &question.comparisons {
        if !references.contains(&reference) {
            references.push(reference);
        }
    }
    let mut parts = Vec::new();
    for &reference in &references {
        let indexed = question.comparisons.iter().zip(comparisons);
        let of: Vec<&ArmVerdict> = indexed.filter(|(pair, _)| pair.1 == reference).map(|(_, v)| v).collect();
        of_reference(&of, &arms[reference], references.len() > 1, question, &mut parts);
    }
    if comparisons.is_empty() {
        let alone = &arms[question.reference].label;
        parts.push(format!("{alone} stands alone: there is nothing to compare it with"));
        references.push(question.reference);
    }
    let mut lost: Vec<&str> = Vec::new();
    for label in named(comparisons.iter().filter(|v| v.diverged > 0)) {
        if !lost.contains(&label) {
            lost.push(label);
        }
    }
    if !lost.is_empty() {
        parts.push(format!("{} diverged", lost.join(", ")));
    }
    for arm in references.iter().map(|&reference| &arms[reference]) {
        if diverged(arm) > 0 && !lost.contains(&arm.label.as_str()) {
            let (label, all) = (&arm.label, runs(arm.values.len()));
            parts.push(format!("{label} itself diverged in {} of {all}", diverged(arm)));
        }
    }
    parts.into_iter().map(|part| part + ".").collect::<Vec<_>>().join(" ")
}

/// The comparisons with one reference, which is one of `several`.
fn of_reference(
    of: &[&ArmVerdict],
    reference: &ArmRuns,
    several: bool,
    question: &Question,
    parts: &mut Vec<String>,
) {
    let Question { metric, data, arm, .. } = question;
    let label = &reference.label;
    let having = |verdict: Verdict| named(of.iter().copied().filter(move |v| v.verdict == verdict));
    let (better, worse, untested) =
        (having(Verdict::Better), having(Verdict::Worse), having(Verdict::NotTested));
    let (early, failed) = (having(Verdict::NotTrainedOut), having(Verdict::TrainingFailed));
    for (labels, word) in [(&better, "better"), (&worse, "worse")] {
        if !labels.is_empty() {
            parts.push(format!("{} {word} than {label} in {metric} on {data}", are(labels)));
        }
    }
    let undecided = having(Verdict::Undecided);
    if !undecided.is_empty() {
        let whether = match (better.len() + worse.len(), undecided.len()) {
            (0, n) if n == of.len() && n > 1 => format!("any {arm} differs"),
            (_, n) if n > 3 => format!("any other {arm} differs"),
            (_, 1) => format!("{} differs", undecided.join(", ")),
            _ => format!("{} differ", undecided.join(", ")),
        };
        parts.push(format!("Whether {whether} from {label} in {metric} on {data} is undecided"));
    }
    let equivalent = having(Verdict::Equivalent);
    if let Some(margin) = question.margin.filter(|_| !equivalent.is_empty()) {
        let (are, margin) = (are(&equivalent), margin_words(margin));
        parts.push(format!("{are} equivalent to {label} in {metric} on {data}, within {margin}"));
    }
    let identical = having(Verdict::Identical);
    if !identical.is_empty() {
        parts.push(format!("{} identical to {label} in {metric}", are(&identical)));
    }
    for (labels, why) in [(&early, "trainings ended too early"), (&failed, "trainings failed")] {
        if !labels.is_empty() {
            parts.push(format!("{} not judged against {label} in {metric}: {why}", are(labels)));
        }
    }
    if !untested.is_empty() {
        let why = if reference.values.len() == 1 {
            "with one run no test is possible: run more seeds"
        } else {
            "no test is possible"
        };
        let against = if several { format!(" against {label}") } else { String::new() };
        parts.push(format!("{} not tested{against}; {why}", are(&untested)));
    }
    let not_compared =
        named(of.iter().copied().filter(|v| v.verdict == Verdict::Diverged && v.diverged == 0));
    if !not_compared.is_empty() {
        parts.push(format!("{} not compared with {label}, which diverged", are(&not_compared)));
    }
}

/// Their labels, the largest difference first.
fn named<'a>(of: impl Iterator<Item = &'a ArmVerdict>) -> Vec<&'a str> {
    let mut of: Vec<&ArmVerdict> = of.collect();
    let key = |v: &ArmVerdict| v.difference.unwrap_or(0.0).abs();
    of.sort_by(|a, b| key(b).total_cmp(&key(a)));
    of.iter().map(|v| v.label.as_str()).collect()
}

fn are(labels: &[&str]) -> String {
    format!("{} {}", labels.join(", "), if labels.len() == 1 { "is" } else { "are" })
}

fn runs(n: usize) -> String {
    if n == 1 { "1 run".into() } else { format!("{n} runs") }
}

/// `98.3 % interval 0.012 to 0.050, corrected p = .004`, or nothing without a test.
fn sureness(v: &ArmVerdict, digits: usize) -> String {
    match (v.interval.zip(v.level), v.p_holm) {
        (Some(((low, high), level)), Some(p)) => {
            // "Worse by 0.03", or "better by 0.03" where less is better, goes with "0.02 to 0.04".
            let unsigned = matches!(v.verdict, Verdict::Better | Verdict::Worse);
            let turned = unsigned && v.difference.is_some_and(|d| d < 0.0);
            let (low, high) = if turned { (-high, -low) } else { (low, high) };
            let percent = percent_words(level);
            format!("{percent} interval {low:.digits$} to {high:.digits$}, corrected {}", p_words(p))
        }
        _ => String::new(),
    }
}

/// How much an interval at this level covers, as `95 %`, `98.3 %` or `99.94 %`.
pub fn percent_words(level: f64) -> String {
    let decimals = if level >= 0.002 { 1 } else { 2 };
    let text = format!("{:.decimals$}", 100.0 * (1.0 - level));
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} %")
}

/// `p < .001`, `p = .004`, `p = 1`: three digits, no zero before the point, never rounded onto 0.05.
pub fn p_words(p: f64) -> String {
    if p < 0.001 {
        return "p < .001".into();
    }
    // Away from 0.05, so that p = .0503 does not read as significant.
    let thousandths = if p > 0.05 { (1e3 * p).ceil() } else { (1e3 * p).round() };
    if thousandths >= 1000.0 { "p = 1".into() } else { format!("p = .{thousandths:03.0}") }
}

/// Digits behind the point of a difference with this interval.
fn digits(v: &ArmVerdict) -> usize {
    digits_of(v.interval.map_or(0.1, |(low, high)| 0.5 * (high - low)))
}

/// Digits behind the point: three, or as many as give the half width of an interval two.
pub fn digits_of(half_width: f64) -> usize {
    [(3, 0.01), (4, 0.001), (5, 0.0001)]
        .iter()
        .find(|(_, least)| half_width >= *least)
        .map_or(6, |(digits, _)| *digits)
}
