//! Verdicts in words.

use super::verdict::{LossVerdict, Question, Verdict, Verdicts};

/// One loss against the reference, without a full stop.
pub(super) fn of_loss(v: &LossVerdict, reference: &str, question: &Question) -> String {
    let (loss, metric) = (&v.loss, &question.metric);
    let digits = digits(v);
    let by = |value: Option<f64>| value.map_or("nothing".into(), |d| format!("{:.digits$}", d.abs()));
    let signed = v.difference.map_or("no runs".into(), |d| format!("{d:+.digits$} {metric}"));
    let sure = sureness(v, question.alpha, digits);
    match v.verdict {
        Verdict::Better => {
            format!("{loss} is better than {reference} by {} {metric} ({sure})", by(v.difference))
        }
        Verdict::Worse => {
            format!("{loss} is worse than {reference} by {} {metric} ({sure})", by(v.difference))
        }
        Verdict::NoDetectableDifference => format!(
            "no detectable difference between {loss} and {reference}: {signed} ({sure}); this comparison would have seen \
             {} with 80 % power",
            by(v.detectable)
        ),
        Verdict::Identical => {
            format!("{loss} is identical to {reference}: the same {metric} in {}", runs(v.runs))
        }
        Verdict::Diverged => {
            let sure = if sure.is_empty() { sure } else { format!(" ({sure})") };
            format!(
                "{loss} diverged in {} of {}; with {} {metric} for those it differs from {reference} by {signed}{sure}",
                v.diverged,
                runs(v.runs),
                question.worst
            )
        }
        Verdict::NotTested => not_tested(v, reference, &signed),
    }
}

/// Why there is no test.
fn not_tested(v: &LossVerdict, reference: &str, signed: &str) -> String {
    match v.runs {
        0 => format!("{} was not compared with {reference}: there are no runs", v.loss),
        1 => format!(
            "{} against {reference}: {signed} in one run, which says nothing about another; run more seeds",
            v.loss
        ),
        n => format!(
            "{} against {reference}: {signed} in each of {n} runs; differences without any spread allow no test",
            v.loss
        ),
    }
}

/// What the whole comparison says.
pub(super) fn of_all(all: &Verdicts, runs: usize, question: &Question) -> String {
    let Question { metric, data, .. } = question;
    let reference = &all.reference;
    let named = |verdict: Verdict| {
        let mut of: Vec<&LossVerdict> = all.losses.iter().filter(|v| v.verdict == verdict).collect();
        let key = |v: &LossVerdict| v.difference.unwrap_or(0.0).abs();
        of.sort_by(|a, b| key(b).total_cmp(&key(a)));
        of.iter().map(|v| v.loss.as_str()).collect::<Vec<_>>()
    };
    let (better, worse) = (named(Verdict::Better), named(Verdict::Worse));
    let (lost, untested) = (named(Verdict::Diverged), named(Verdict::NotTested));
    let mut parts = Vec::new();
    for (losses, word) in [(&better, "better"), (&worse, "worse")] {
        if !losses.is_empty() {
            parts.push(format!("{} {word} than {reference} in {metric} on {data}", are(losses)));
        }
    }
    let tested = all.losses.len() - lost.len() - untested.len();
    if all.losses.is_empty() {
        parts.push(format!("{reference} stands alone: there is nothing to compare it with"));
    } else if better.is_empty() && worse.is_empty() && tested > 0 {
        parts.push(format!("No loss differs detectably from {reference} in {metric} on {data}"));
    } else if tested > better.len() + worse.len() {
        parts.push(format!("No other loss differs detectably from {reference}"));
    }
    if !untested.is_empty() {
        let why = if runs == 1 {
            "with one run no test is possible: run more seeds"
        } else {
            "no test is possible"
        };
        parts.push(format!("{} not tested; {why}", are(&untested)));
    }
    if !lost.is_empty() {
        parts.push(format!("{} diverged", lost.join(", ")));
    }
    if all.reference_diverged > 0 {
        parts.push(format!(
            "{reference} itself diverged in {} of {}",
            all.reference_diverged,
            self::runs(runs)
        ));
    }
    parts.into_iter().map(|part| part + ".").collect::<Vec<_>>().join(" ")
}

fn are(losses: &[&str]) -> String {
    format!("{} {}", losses.join(", "), if losses.len() == 1 { "is" } else { "are" })
}

fn runs(n: usize) -> String {
    if n == 1 { "1 run".into() } else { format!("{n} runs") }
}

/// `95 % interval 0.012 to 0.050, corrected p = .004`, or nothing without a test.
fn sureness(v: &LossVerdict, alpha: f64, digits: usize) -> String {
    match (v.interval, v.p_holm) {
        (Some((low, high)), Some(p)) => {
            // "Worse by 0.03" goes with "0.02 to 0.04".
            let (low, high) = if v.verdict == Verdict::Worse { (-high, -low) } else { (low, high) };
            let percent = (1e6 * (1.0 - alpha)).round() / 1e4;
            format!("{percent} % interval {low:.digits$} to {high:.digits$}, corrected {}", p_words(p))
        }
        _ => String::new(),
    }
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

/// Digits behind the point: three, or as many as give the half width of the interval two.
fn digits(v: &LossVerdict) -> usize {
    let half = v.interval.map_or(0.1, |(low, high)| 0.5 * (high - low));
    [(3, 0.01), (4, 0.001), (5, 0.0001)]
        .iter()
        .find(|(_, least)| half >= *least)
        .map_or(6, |(digits, _)| *digits)
}
