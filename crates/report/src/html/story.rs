//! What a report is told from, and the questions that its parts ask of it.

use crate::{MetricDescription, Plan, Results, RunRecord};
use losslab_metrics::Summary;
use losslab_metrics::statistics::verdict::Verdicts;
use losslab_train::Lab;

/// Everything that a report is made of.
#[derive(Clone, Copy)]
pub struct Story<'a> {
    /// What was compared, and its summary.
    pub results: &'a Results,
    /// Every run.
    pub records: &'a [RunRecord],
    /// The registries that specs are read with.
    pub lab: &'a Lab,
    /// Pictures of what was found: the label of the arm, and a PNG.
    pub pictures: &'a [(String, Vec<u8>)],
}

/// Losses that share a chart: the reference and as many others as colours and eyes can tell apart.
const LOSSES_PER_CHART: usize = 5;

impl<'a> Story<'a> {
    /// What was compared, and what was declared before the runs.
    pub(crate) fn plan(self) -> &'a Plan {
        self.results.plan()
    }

    /// The arms against their references; `None` where nothing can be judged.
    pub(crate) fn verdicts(self) -> Option<&'a Verdicts> {
        self.results.verdicts.as_ref().map(|judgement| &judgement.verdicts)
    }

    /// The difference that does not matter.
    pub(crate) fn margin(self) -> Option<f64> {
        self.results.verdicts.as_ref()?.margin.map(|margin| margin.value)
    }

    /// The label of the arm that was declared as the reference.
    pub(crate) fn reference(self) -> &'a str {
        let plan = self.plan();
        let reference = plan.arms.iter().position(|arm| *arm == plan.reference);
        reference.and_then(|arm| self.losses().get(arm).copied()).unwrap_or_default()
    }

    /// The labels of the arms, in the order of the results: their losses, where there is one model.
    pub fn losses(self) -> Vec<&'a str> {
        self.results.summary.iter().map(|summary| &*summary.label).collect()
    }

    /// The arms in groups that share a chart, by index; the reference is the first of each.
    pub(crate) fn groups(self) -> Vec<Vec<usize>> {
        let losses = self.losses();
        let reference = losses.iter().position(|loss| *loss == self.reference()).unwrap_or(0);
        in_groups(reference, losses.len())
    }

    /// The number by which an arm looks the same in every chart: 0 is the reference.
    pub(crate) fn look(self, loss: usize) -> usize {
        look(loss, self.losses().iter().position(|l| *l == self.reference()).unwrap_or(0))
    }

    /// The runs of an arm, those that diverged among them.
    pub(crate) fn runs(self, label: &str) -> impl Iterator<Item = &'a RunRecord> {
        let summary = self.results.summary.iter().find(|summary| summary.label == label);
        self.records.iter().filter(move |run| summary.is_some_and(|summary| summary.arm == run.arm))
    }

    /// The seeds, ascending.
    pub(crate) fn seeds(self) -> Vec<u64> {
        let mut seeds: Vec<u64> = self.records.iter().map(|run| run.seed).collect();
        seeds.sort_unstable();
        seeds.dedup();
        seeds
    }

    /// The metric that verdicts rest on.
    pub(crate) fn deciding(self) -> Option<&'a MetricDescription> {
        self.plan().deciding()
    }

    /// What sentences call the metric that verdicts rest on.
    pub(crate) fn metric(self) -> &'a str {
        self.deciding().map_or("", |metric| &metric.words)
    }
}

/// So many arms in groups that share a chart; the reference is the first of each.
pub(crate) fn in_groups(reference: usize, arms: usize) -> Vec<Vec<usize>> {
    let others: Vec<usize> = (0..arms).filter(|&i| i != reference).collect();
    if others.is_empty() {
        return vec![vec![reference]];
    }
    let size = others.len().div_ceil(others.len().div_ceil(LOSSES_PER_CHART - 1));
    let group = |others: &[usize]| std::iter::once(reference).chain(others.iter().copied()).collect();
    others.chunks(size).map(group).collect()
}

/// The number by which an arm looks the same in every chart: 0 is the reference.
pub(crate) fn look(arm: usize, reference: usize) -> usize {
    match arm.cmp(&reference) {
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Less => arm + 1,
        std::cmp::Ordering::Greater => arm,
    }
}

/// A number over seeds: its mean, and mean -+ standard deviation cut at `limits`. `None` without values.
pub(crate) fn over_seeds(
    values: impl IntoIterator<Item = Option<f64>>,
    limits: (f64, f64),
) -> Option<(f64, (f64, f64))> {
    let summary = Summary::of(values);
    let (mean, sd) = (summary.mean?, summary.std.unwrap_or(0.0));
    Some((mean, ((mean - sd).max(limits.0), (mean + sd).min(limits.1))))
}

/// `0.721`, with a true minus sign, or a dash.
pub(crate) fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "\u{2013}".into(), |value| format!("{value:.digits$}").replace('-', "\u{2212}"))
}

/// `12.3 %`.
pub(crate) fn percent(share: f64) -> String {
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
