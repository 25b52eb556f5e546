//! The margin of equivalence: the difference in the deciding metric that would not matter.

use crate::{MetricDescription, Plan, RunRecord};
use losslab_metrics::statistics::sentence::margin_words;
use serde::{Deserialize, Serialize};

/// The share of what the metric leaves above the reference.
const OF_HEADROOM: f64 = 1.0 / 20.0;
/// The share of what the reference is above chance.
const OF_GAIN: f64 = 1.0 / 10.0;

/// Margins of metrics without bounds are smaller.
const MOST: f64 = 1e9;

/// The margin of equivalence, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Margin {
    /// The margin, in units of the deciding metric.
    pub value: f64,
    /// Its rule.
    pub rule: Rule,
}

/// Where a margin comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// It was given (`--equivalence-margin`).
    Given,
    /// A twentieth of what the metric leaves above the reference.
    Headroom,
    /// A tenth of what the reference is above chance.
    Gain,
}

impl Margin {
    /// The margin of the plan, else the smaller of 1/20 of the headroom and 1/10 of (reference - chance).
    ///
    /// Both are taken from the mean of the reference on its validation parts, so that test rows have no say
    /// in it. None where neither is known, or the reference is no better than chance.
    pub fn of(plan: &Plan, references: &[&RunRecord]) -> Option<Self> {
        if let Some(value) = plan.margin {
            return Some(Self { value, rule: Rule::Given });
        }
        let metric = plan.deciding()?;
        let reached = mean(references.iter().map(|run| run.validation()))?;
        let chance = mean(references.iter().map(|run| run.chance));
        let best = if metric.higher_is_better { metric.greatest } else { metric.least };
        let headroom = best.map(|best| (OF_HEADROOM * (best - reached).abs(), Rule::Headroom));
        let sign = if metric.higher_is_better { 1.0 } else { -1.0 };
        let gain = chance.map(|chance| (OF_GAIN * sign * (reached - chance), Rule::Gain));
        let smaller = headroom.into_iter().chain(gain).min_by(|a, b| a.0.total_cmp(&b.0));
        smaller.filter(|(value, _)| *value > 0.0).map(|(value, rule)| Self { value, rule })
    }

    /// Checks a margin that was given for this metric, which must be able to differ by more.
    ///
    /// # Errors
    /// What was expected.
    pub fn check(metric: &MetricDescription, margin: f64) -> Result<(), String> {
        let most = match (metric.least, metric.greatest) {
            (Some(least), Some(greatest)) => greatest - least,
            _ => MOST,
        };
        if margin > 0.0 && margin < most {
            return Ok(());
        }
        Err(format!("expected a difference above 0 and below {most} in {}", metric.words))
    }

    /// The margin, or that there is none, in a sentence without a full stop.
    pub fn line(margin: Option<Self>, plan: &Plan) -> String {
        match margin {
            Some(margin) => margin.words(plan),
            None => format!(
                "there is no equivalence margin: on validation data {} is at the best value or not above \
                 chance, or neither of these is known; --equivalence-margin sets one",
                plan.label(&plan.reference)
            ),
        }
    }

    /// The margin in a sentence without a full stop.
    pub fn words(&self, plan: &Plan) -> String {
        let metric = plan.deciding().map_or("", |metric| &metric.words);
        let reference = plan.label(&plan.reference);
        let better = plan.deciding().is_none_or(|metric| metric.higher_is_better);
        let side = if better { "above" } else { "below" };
        let rule = match self.rule {
            Rule::Given => "as given".to_owned(),
            Rule::Headroom => {
                format!("a twentieth of what {metric} leaves {side} {reference} on validation data")
            }
            Rule::Gain => format!("a tenth of what {reference} is {side} chance on validation data"),
        };
        format!(
            "the equivalence margin is {} {metric}, {rule}: smaller differences count as too small to matter",
            margin_words(self.value)
        )
    }
}

/// The mean of values that are all known.
fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<f64> = values.collect::<Option<_>>()?;
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
