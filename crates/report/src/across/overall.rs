//! Each arm against its reference over all data sets: the pooled difference and what may be concluded.

use super::read::Read;
use super::{ALPHA, words};
use crate::plan::MetricDescription;
use losslab_metrics::statistics::across::LEAST_SETS;
use losslab_metrics::statistics::across::pooled::{Finding, Pooled};
use losslab_metrics::statistics::holm::{holm, levels};
use losslab_metrics::statistics::sentence::digits_of;
use serde::Serialize;

/// An arm against its reference over all data sets.
#[derive(Clone, Debug, Serialize)]
pub struct Overall {
    /// The candidate.
    pub label: String,
    /// What it was compared with.
    pub reference: String,
    /// In a word.
    pub conclusion: Conclusion,
    /// In words: a sentence without a full stop.
    pub sentence: String,
    /// The data sets on which it was judged.
    pub sets: usize,
    /// The pooled difference; none for fewer than two sets.
    pub pooled: Option<Pooled>,
    /// The level of the interval and the prediction: 0.05 shared among the arms by Holm's method.
    pub level: f64,
    /// The interval of the mean difference at 1 - level.
    pub interval: Option<(f64, f64)>,
    /// Where the true difference on another data set lies, at 1 - level; none for fewer than three sets.
    pub prediction: Option<(f64, f64)>,
    /// p of this arm after Holm's correction over all arms; none where no conclusion is drawn.
    pub p_holm: Option<f64>,
}

impl Overall {
    /// Digits behind the point of its numbers.
    pub(crate) fn digits(&self) -> usize {
        digits_of(self.interval.map_or(0.1, |(low, high)| 0.5 * (high - low)))
    }
}

/// What is concluded of an arm over all data sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// Better on average, with a corrected p of at most 0.05.
    Better,
    /// Worse on average, with a corrected p of at most 0.05.
    Worse,
    /// The corrected p is above 0.05.
    Undecided,
    /// It was judged on fewer than [`LEAST_SETS`] data sets.
    TooFewSets,
}

/// All comparisons of the whole. Those on too few sets have no p, but count in the correction.
pub(super) fn overall(read: &Read, metric: &MetricDescription) -> Vec<Overall> {
    let findings = |comparison: usize| -> Vec<Finding> {
        read.sets.iter().filter_map(|set| set.findings.get(comparison)?.finding).collect()
    };
    let comparisons = read.plan.comparisons();
    let found: Vec<Vec<Finding>> = (0..comparisons.len()).map(findings).collect();
    let pooled: Vec<Option<Pooled>> = found.iter().map(|findings| Pooled::of(findings)).collect();
    let p: Vec<Option<f64>> = pooled
        .iter()
        .map(|pooled| pooled.filter(|pooled| pooled.sets >= LEAST_SETS).map(|p| p.p()))
        .collect();
    let (corrected, levels) = (holm(&p), levels(&p, ALPHA));
    let one = |(i, &(candidate, reference)): (usize, &(usize, usize))| {
        let mut overall = Overall {
            label: read.plan.label(&read.plan.arms[candidate]),
            reference: read.plan.label(&read.plan.arms[reference]),
            conclusion: conclude(corrected[i], pooled[i], metric.higher_is_better),
            sentence: String::new(),
            sets: found[i].len(),
            pooled: pooled[i],
            level: levels[i],
            interval: pooled[i].map(|pooled| pooled.interval(levels[i])),
            prediction: pooled[i].and_then(|pooled| pooled.prediction(levels[i])),
            p_holm: corrected[i],
        };
        overall.sentence = words::of_arm(&overall, metric);
        overall
    };
    comparisons.iter().enumerate().map(one).collect()
}

fn conclude(p: Option<f64>, pooled: Option<Pooled>, higher_is_better: bool) -> Conclusion {
    match (p, pooled) {
        (Some(p), Some(pooled)) if p <= ALPHA => {
            let is_better = (pooled.difference > 0.0) == higher_is_better;
            if is_better { Conclusion::Better } else { Conclusion::Worse }
        }
        (Some(_), _) => Conclusion::Undecided,
        (None, _) => Conclusion::TooFewSets,
    }
}
