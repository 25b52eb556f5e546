//! What a comparison says beside its verdict: whether probabilities suffer, and how the arms differ in every
//! other metric.
//!
//! A loss can rank as well as another and report worse probabilities. So a second question is asked of every
//! comparison: the first proper scoring rule among its metrics (log loss) is judged like the deciding metric,
//! with a correction of its own. All other metrics are described by an interval each.

use super::judgement::{ALPHA, Case};
use super::plan::{MetricDescription, Plan};
use super::record::RunRecord;
use crate::{Judgement, Store};
use losslab_metrics::statistics::verdict::{ArmVerdict, Question, Verdicts};
use losslab_train::Lab;
use serde::{Deserialize, Serialize};

/// Resamples of a fixed test set under a metric that does not decide. A standard error from so many is right
/// within 7 % (2 standard deviations).
const RESAMPLES: usize = 400;

/// The arms under the metrics that do not decide.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Others {
    /// The verdicts on probabilities; none where no metric judges them, or the deciding one does.
    pub probabilities: Option<OfProbabilities>,
    /// The differences under each metric that has them, in the order of the plan.
    pub metrics: Vec<OfMetric>,
}

/// The verdicts under the metric that judges probabilities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfProbabilities {
    /// The name of the metric.
    pub metric: String,
    /// Seeds that are left out because the metric is undefined in one of their runs, in words.
    pub left_out: Option<String>,
    /// The verdicts, corrected over the comparisons under this metric.
    #[serde(flatten)]
    pub verdicts: Verdicts,
}

/// The differences under one metric: a description, not corrected for anything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfMetric {
    /// The name of the metric.
    pub metric: String,
    /// The comparisons of the plan.
    pub comparisons: Vec<Difference>,
}

/// The difference of an arm to its reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The candidate.
    pub label: String,
    /// What it was compared with.
    pub reference: String,
    /// Mean of candidate minus reference, in units of the metric.
    pub difference: Option<f64>,
    /// The 95 % interval of this comparison alone; none without a test.
    pub interval: Option<(f64, f64)>,
}

impl Judgement {
    /// The same with what the other metrics say.
    ///
    /// Runs on the current rayon pool.
    #[must_use]
    pub fn with_other_metrics(self, lab: &Lab, plan: &Plan, records: &[RunRecord], store: &Store) -> Self {
        let case = Case { lab, plan, records, store };
        let probabilities = plan.of_probabilities().and_then(|metric| of_probabilities(case, metric));
        let of = |metric: &MetricDescription| match &probabilities {
            _ if metric.name == plan.metric => Some(self.verdicts.clone()),
            Some(known) if known.metric == metric.name => Some(known.verdicts.clone()),
            _ => verdicts(case, metric),
        };
        let described = |metric| OfMetric::of(metric, &of(metric)?);
        let metrics = plan.metrics.iter().filter_map(described).collect();
        Self { others: Others { probabilities, metrics }, ..self }
    }
}

impl OfMetric {
    /// None without comparisons.
    fn of(metric: &MetricDescription, verdicts: &Verdicts) -> Option<Self> {
        let difference = |verdict: &ArmVerdict| Difference {
            label: verdict.label.clone(),
            reference: verdict.reference.clone(),
            difference: verdict.difference,
            interval: verdict.interval_alone(ALPHA),
        };
        let comparisons: Vec<Difference> = verdicts.comparisons.iter().map(difference).collect();
        (!comparisons.is_empty()).then(|| Self { metric: metric.name.clone(), comparisons })
    }
}

/// None where nothing can be judged: the deciding metric has said why.
fn of_probabilities(case: Case<'_>, metric: &MetricDescription) -> Option<OfProbabilities> {
    let runs = case.under(metric).ok()??;
    let question =
        Question { earlier: runs.earlier(), comparisons: case.plan.comparisons(), ..runs.question().ok()? };
    let (_, verdicts) = runs.judge(&question, Some(RESAMPLES)).ok()?;
    Some(OfProbabilities { metric: metric.name.clone(), left_out: runs.left_out().map(Into::into), verdicts })
}

/// The verdicts under a metric as if there were no earlier ones; none where it is undefined.
fn verdicts(case: Case<'_>, metric: &MetricDescription) -> Option<Verdicts> {
    let runs = case.under(metric).ok()??;
    let question = Question { comparisons: case.plan.comparisons(), ..runs.question().ok()? };
    Some(runs.judge(&question, Some(RESAMPLES)).ok()?.1)
}
