//! Several data sets in words: sentences, and what is printed.

use super::overall::{Conclusion, Overall};
use super::read::{Outcome, SetReport};
use super::{Across, Ranking};
use crate::plan::MetricDescription;
use comfy_table::{Cell, CellAlignment, Table, presets::UTF8_BORDERS_ONLY};
use losslab_base::counted;
use losslab_metrics::statistics::across::LEAST_SETS;
use losslab_metrics::statistics::sentence::{p_words, percent_words};

/// An arm against its reference over all data sets, without a full stop.
pub(super) fn of_arm(overall: &Overall, metric: &MetricDescription) -> String {
    let Overall { label, reference, sets, level, .. } = overall;
    let (words, digits) = (&metric.words, overall.digits());
    let on_sets = format!("over {}", counted(*sets, "data set"));
    let Some((pooled, (low, high))) = overall.pooled.zip(overall.interval) else {
        return format!("{label} against {reference}: no conclusion {}", missing(*sets));
    };
    let signed = format!("{:+.digits$}", pooled.difference);
    if overall.conclusion == Conclusion::TooFewSets {
        let lacking = missing(*sets);
        return format!(
            "{label} against {reference}: no conclusion {lacking}; the mean difference {on_sets} is {signed} \
             {words}"
        );
    }
    let sure = format!(
        "{} interval {low:.digits$} to {high:.digits$}, corrected {}",
        percent_words(*level),
        p_words(overall.p_holm.unwrap_or(1.0))
    );
    let another = overall.prediction.map_or_else(String::new, |(low, high)| {
        format!(
            "; on another data set of this kind the difference would lie from {low:.digits$} to \
                 {high:.digits$}"
        )
    });
    let found = match overall.conclusion {
        Conclusion::Better => format!("{label} is better than {reference} on average {on_sets}"),
        Conclusion::Worse => format!("{label} is worse than {reference} on average {on_sets}"),
        _ => format!("whether {label} differs from {reference} on average {on_sets} is undecided"),
    };
    format!("{found}: {signed} {words} ({sure}){another}")
}

/// How many data sets a conclusion lacks.
fn missing(sets: usize) -> String {
    let more = LEAST_SETS.saturating_sub(sets);
    format!(
        "from {}, {more} more {} needed",
        counted(sets, "informative data set"),
        if more == 1 { "is" } else { "are" }
    )
}

/// What all of it says.
pub(super) fn of_all(overall: &[Overall], sets: &[SetReport]) -> String {
    let informative = sets.iter().filter(|set| set.is_informative()).count();
    let named = |conclusion: Conclusion| -> Vec<&Overall> {
        overall.iter().filter(|one| one.conclusion == conclusion).collect()
    };
    let list = |of: &[&Overall]| of.iter().map(|one| &*one.label).collect::<Vec<_>>().join(", ");
    if overall.is_empty() {
        return "Nothing is compared: every folder holds one arm alone".into();
    }
    if informative < LEAST_SETS {
        return format!("No conclusion {}", missing(informative));
    }
    let mut parts = Vec::new();
    for (conclusion, word) in [(Conclusion::Better, "better"), (Conclusion::Worse, "worse")] {
        let of = named(conclusion);
        if let Some(first) = of.first() {
            let verb = if of.len() == 1 { "is" } else { "are" };
            parts.push(format!("{} {verb} {word} than {} on average", list(&of), first.reference));
        }
    }
    let undecided = named(Conclusion::Undecided);
    if !undecided.is_empty() {
        let verb = if undecided.len() == 1 { "differs" } else { "differ" };
        parts.push(format!("whether {} {verb} on average is undecided", list(&undecided)));
    }
    let few = named(Conclusion::TooFewSets);
    if !few.is_empty() {
        let verb = if few.len() == 1 { "was" } else { "were" };
        parts.push(format!("{} {verb} judged on too few data sets", list(&few)));
    }
    format!("Over {informative} informative data sets: {}", parts.join("; "))
}

impl Across {
    /// What is printed: a row for each data set, a row for each arm, and all of it in words.
    pub fn lines(&self) -> String {
        let mut lines = format!("{}\n\n{}\n\n", self.sets_table(), self.overall_table());
        lines += &format!("verdict: {}\n", self.sentence);
        for overall in &self.overall {
            lines += &format!("  {}\n", overall.sentence);
        }
        for line in self.ranking.iter().flat_map(Ranking::sentences) {
            lines += &format!("  {line}\n");
        }
        let (all, informative) = (self.sets.len(), self.informative());
        lines += &format!(
            "  ({informative} of {} informative; random-effects mean by REML, intervals by Hartung and \
             Knapp, Holm over {})\n",
            counted(all, "data set"),
            counted(self.overall.len(), "comparison")
        );
        for note in &self.notes {
            lines += &format!("note: {note}\n");
        }
        lines
    }

    /// The difference on every set, with its standard error.
    fn sets_table(&self) -> String {
        let tables: Vec<String> =
            (0..self.overall.len()).collect::<Vec<_>>().chunks(4).map(|arms| self.sets_of(arms)).collect();
        tables.join("\n\n")
    }

    fn sets_of(&self, arms: &[usize]) -> String {
        let mut table = Table::new();
        table.load_style(UTF8_BORDERS_ONLY);
        let header = arms.iter().map(|&arm| crate::table::narrow(&self.overall[arm].label));
        let what = format!("{} ± standard error", self.metric.heading());
        table.set_header(std::iter::once(what).chain(header));
        for set in &self.sets {
            let cells = arms
                .iter()
                .map(|&arm| Cell::new(set.findings[arm].short()).set_alignment(CellAlignment::Right));
            table.add_row(std::iter::once(Cell::new(&set.name)).chain(cells));
        }
        table.to_string()
    }

    fn overall_table(&self) -> String {
        let mut table = Table::new();
        table.load_style(UTF8_BORDERS_ONLY);
        table.set_header([
            "over data sets",
            "sets",
            "mean difference",
            "interval",
            "another data set",
            "between sets",
        ]);
        for one in &self.overall {
            let digits = one.digits();
            let shown = |text: Option<String>| text.unwrap_or_else(|| "–".into());
            let pair = |pair: Option<(f64, f64)>| {
                shown(pair.map(|(low, high)| format!("{low:+.digits$} to {high:+.digits$}")))
            };
            let cells = [
                one.sets.to_string(),
                shown(one.pooled.map(|pooled| format!("{:+.digits$}", pooled.difference))),
                pair(one.interval),
                pair(one.prediction),
                shown(one.pooled.map(|pooled| format!("{:.digits$}", pooled.between))),
            ];
            let right = |cell| Cell::new(cell).set_alignment(CellAlignment::Right);
            table.add_row(std::iter::once(Cell::new(&one.label)).chain(cells.into_iter().map(right)));
        }
        table.to_string()
    }
}

impl super::SetFinding {
    /// `+0.012 ± 0.008`, or why there is none.
    pub(crate) fn short(&self) -> String {
        match (&self.outcome, self.finding) {
            (Outcome::Judged, Some(found)) => {
                format!("{:+.3} ± {:.3}", found.difference, found.standard_error)
            }
            (Outcome::Identical, _) => "identical".into(),
            (Outcome::LeftOut(why), _) => why.clone(),
            (Outcome::Judged, None) => "–".into(),
        }
    }
}

impl Ranking {
    /// What the ranks say, and what they leave out.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let best: Vec<String> = self
            .ranks
            .order()
            .into_iter()
            .map(|arm| format!("{} {:.2}", self.arms[arm], self.ranks.average[arm]))
            .collect();
        let sets = self.sets.len();
        let mut lines = vec![format!("average ranks on {sets} data sets, 1 is best: {}", best.join(", "))];
        if sets >= LEAST_SETS {
            lines.extend(self.ranks.friedman.map(|test| {
                let all = "all arms are equally good (Friedman, Iman and Davenport)";
                format!("{} that ranks differ so much if {all}", p_words(test.p))
            }));
        }
        lines.push(self.told_apart());
        if !self.left_out.is_empty() {
            lines.push(format!("not ranked, because not judged everywhere: {}", self.left_out.join(", ")));
        }
        lines
    }

    /// Which pairs differ.
    fn told_apart(&self) -> String {
        let apart = self.ranks.pairs.iter().filter(|pair| pair.p_holm.is_some_and(|p| p <= super::ALPHA));
        let names: Vec<String> = apart
            .map(|pair| {
                let p = pair.p_holm.map_or_else(String::new, p_words);
                format!("{} and {} ({p})", self.arms[pair.first], self.arms[pair.second])
            })
            .collect();
        let (sets, needed) = (self.sets.len(), self.sets_needed);
        if sets < needed {
            let arms = self.arms.len();
            return format!(
                "no two of {arms} can be told apart by ranks with fewer than {needed} data sets: there are \
                 {sets}"
            );
        }
        match names.is_empty() {
            true => "no two are told apart by their ranks (signed-rank tests, Holm over all pairs)".into(),
            false => format!("told apart by signed-rank tests, Holm over all pairs: {}", names.join(", ")),
        }
    }
}
