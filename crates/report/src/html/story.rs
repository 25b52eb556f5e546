//! What a report is told from, and the questions that its parts ask of it.

use crate::{Data, Results, RunRecord};
use losslab_metrics::Summary;
use losslab_metrics::statistics::verdict::Verdicts;

/// Everything that a report is made of.
#[derive(Clone, Copy, Debug)]
pub struct Story<'a> {
    /// What was compared, and its summary.
    pub results: &'a Results,
    /// Every run.
    pub records: &'a [RunRecord],
    /// The command that the comparison was run with.
    pub command: &'a str,
    /// Pictures of what detectors found: the loss, and a PNG.
    pub pictures: &'a [(String, Vec<u8>)],
}

/// Losses that share a chart: the reference and as many others as colours and eyes can tell apart.
const LOSSES_PER_CHART: usize = 5;

impl<'a> Story<'a> {
    /// Every loss against the reference; `None` where nothing can be judged.
    pub(super) fn verdicts(self) -> Option<&'a Verdicts> {
        self.results.verdicts.as_ref().map(|judgement| &judgement.verdicts)
    }

    /// The loss that the others are compared with.
    pub(super) fn reference(self) -> &'a str {
        &self.results.reference
    }

    /// The losses, in the order of the results.
    pub fn losses(self) -> Vec<&'a str> {
        self.results.summary.iter().map(|summary| &*summary.loss).collect()
    }

    /// The losses in groups that share a chart, by index; the reference is the first of each.
    pub(super) fn groups(self) -> Vec<Vec<usize>> {
        let losses = self.losses();
        let reference = losses.iter().position(|loss| *loss == self.reference()).unwrap_or(0);
        let others: Vec<usize> = (0..losses.len()).filter(|&i| i != reference).collect();
        if others.is_empty() {
            return vec![vec![reference]];
        }
        let size = others.len().div_ceil(others.len().div_ceil(LOSSES_PER_CHART - 1));
        let group = |others: &[usize]| std::iter::once(reference).chain(others.iter().copied()).collect();
        others.chunks(size).map(group).collect()
    }

    /// The number by which a loss looks the same in every chart: 0 is the reference.
    pub(super) fn look(self, loss: usize) -> usize {
        let reference = self.losses().iter().position(|l| *l == self.reference()).unwrap_or(0);
        match loss.cmp(&reference) {
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Less => loss + 1,
            std::cmp::Ordering::Greater => loss,
        }
    }

    /// The runs of a loss, those that diverged among them.
    pub(super) fn runs(self, loss: &'a str) -> impl Iterator<Item = &'a RunRecord> {
        self.records.iter().filter(move |run| run.loss == loss)
    }

    /// The seeds, ascending.
    pub(super) fn seeds(self) -> Vec<u64> {
        let mut seeds: Vec<u64> = self.records.iter().map(|run| run.seed).collect();
        seeds.sort_unstable();
        seeds.dedup();
        seeds
    }

    /// Whether it is about detectors.
    pub(super) fn is_detection(self) -> bool {
        matches!(self.results.data, Data::Images(_))
    }

    /// Number of classes of a table.
    pub(super) fn classes(self) -> Option<usize> {
        match &self.results.data {
            Data::Table(table) => Some(table.classes.len()),
            Data::Images(_) => None,
        }
    }

    /// What sentences call the metric that verdicts rest on.
    pub(super) fn metric(self) -> &'static str {
        if self.classes().is_some_and(|classes| classes > 2) { "macro AP" } else { "AP" }
    }
}

/// A number over seeds: its mean, and mean -+ standard deviation cut at `limits`. `None` without values.
pub(super) fn over_seeds(
    values: impl IntoIterator<Item = Option<f64>>,
    limits: (f64, f64),
) -> Option<(f64, (f64, f64))> {
    let summary = Summary::of(values);
    let (mean, sd) = (summary.mean?, summary.std.unwrap_or(0.0));
    Some((mean, ((mean - sd).max(limits.0), (mean + sd).min(limits.1))))
}

/// `0.721`, with a true minus sign, or a dash.
pub(super) fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "\u{2013}".into(), |value| format!("{value:.digits$}").replace('-', "\u{2212}"))
}

/// `12.3 %`.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1}\u{a0}%", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_cut_at_the_limits() {
        let (mean, (low, high)) = over_seeds([Some(0.9), None, Some(1.0)], (0.0, 1.0)).unwrap();
        assert!((mean - 0.95).abs() < 1e-12 && high == 1.0 && low < 0.9, "{mean} {low} {high}");
        assert_eq!(over_seeds([Some(0.5)], (0.0, 1.0)), Some((0.5, (0.5, 0.5))));
        assert_eq!(over_seeds([None], (0.0, 1.0)), None);
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!(number(Some(-0.25), 1), "\u{2212}0.2");
        assert_eq!(number(None, 3), "\u{2013}");
        assert_eq!(percent(0.123_4), "12.3\u{a0}%");
    }
}
