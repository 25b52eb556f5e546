//! Metrics of the order of the scores: average precision, ROC AUC and the two curves behind them.
//!
//! They need no threshold and do not change under any strictly increasing map of the scores, so they compare
//! losses fairly even when one of them, as the focal loss does, distorts the probabilities. Under heavy
//! imbalance prefer average precision: ROC AUC looks good as soon as the many easy negatives are ranked low
//! (Davis & Goadrich 2006, "The relationship between precision-recall and ROC curves").

use super::check::{self, MetricError};

/// The counts when everything scored at or above `threshold` is called positive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// One of the distinct scores.
    pub threshold: f64,
    /// TP: positives scored `threshold` or higher.
    pub true_positives: u64,
    /// FP: negatives scored `threshold` or higher.
    pub false_positives: u64,
}

/// One point of the precision-recall curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PrPoint {
    /// Everything scored at or above this is called positive.
    pub threshold: f64,
    /// TP / (TP + FP).
    pub precision: f64,
    /// TP / P.
    pub recall: f64,
}

/// One point of the receiver operating characteristic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RocPoint {
    /// Everything scored at or above this is called positive.
    pub threshold: f64,
    /// FP / N.
    pub false_positive_rate: f64,
    /// TP / P.
    pub true_positive_rate: f64,
}

/// Examples sorted by score, equal scores taken together; from it every ranking metric follows without
/// sorting again.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    steps: Vec<Step>,
    positives: u64,
    negatives: u64,
}

impl Ranking {
    /// Sorts the examples: O(n log n). Any finite scores will do, logits as well as probabilities.
    ///
    /// # Errors
    /// A NaN or infinite score.
    ///
    /// # Panics
    /// If the lengths differ.
    #[track_caller]
    pub fn new(scores: &[f64], labels: &[bool]) -> Result<Self, MetricError> {
        check::same_length(scores, labels);
        check::finite(scores)?;
        let mut pairs: Vec<(f64, bool)> = scores.iter().copied().zip(labels.iter().copied()).collect();
        pairs.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));

        let mut steps = Vec::new();
        let (mut tp, mut fp) = (0, 0);
        // Tied examples have no order among themselves: they enter together (-0.0 and 0.0 are one score).
        for group in pairs.chunk_by(|a, b| a.0 == b.0) {
            let positives = group.iter().filter(|(_, label)| *label).count() as u64;
            tp += positives;
            fp += group.len() as u64 - positives;
            steps.push(Step { threshold: group[0].0, true_positives: tp, false_positives: fp });
        }
        Ok(Self { steps, positives: tp, negatives: fp })
    }

    /// The cumulative counts at each distinct score, highest score first. Empty if there are no examples.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// P, the number of positives.
    pub fn positives(&self) -> u64 {
        self.positives
    }

    /// N, the number of negatives.
    pub fn negatives(&self) -> u64 {
        self.negatives
    }

    /// AP = sum_k (R_k - R_{k-1}) P_k over the distinct scores from the highest down, R_0 = 0
    ///
    /// with the precision P_k and the recall R_k at the k-th score: the area under the precision-recall step
    /// function, without interpolation. This is `sklearn.metrics.average_precision_score`. Range (0, 1],
    /// higher is better; random scores give about the prevalence P / n (Bestgen 2015, "Exact expected average
    /// precision of the random baseline for system evaluation").
    ///
    /// Undefined (`None`) without positives, where recall is 0/0; scikit-learn warns and returns 0. Without
    /// negatives it is 1.
    pub fn average_precision(&self) -> Option<f64> {
        let mut sum = 0.0;
        let mut tp_before = 0;
        for step in &self.steps {
            let precision = step.true_positives as f64 / (step.true_positives + step.false_positives) as f64;
            sum += (step.true_positives - tp_before) as f64 * precision;
            tp_before = step.true_positives;
        }
        (self.positives > 0).then(|| sum / self.positives as f64)
    }

    /// AUC = [ #(s_pos > s_neg) + 1/2 #(s_pos = s_neg) ] / (P N), counted over all pairs of a positive and a
    /// negative
    ///
    /// the Mann-Whitney statistic, equal to the trapezoid area under the ROC curve (Hanley & McNeil 1982;
    /// Fawcett 2006, "An introduction to ROC analysis"). The numerator is an exact integer, so the one
    /// rounding is the division. Range [0, 1], higher is better; random scores give 0.5.
    ///
    /// Undefined (`None`) unless both classes are present; scikit-learn warns and returns NaN.
    pub fn roc_auc(&self) -> Option<f64> {
        // Twice the numerator, at most n^2 / 2; u128 leaves no n to worry about.
        let mut twice: u128 = 0;
        let (mut tp_before, mut fp_before) = (0, 0);
        for step in &self.steps {
            let negatives_here = u128::from(step.false_positives - fp_before);
            twice += negatives_here * u128::from(tp_before + step.true_positives);
            (tp_before, fp_before) = (step.true_positives, step.false_positives);
        }
        let pairs = u128::from(self.positives) * u128::from(self.negatives);
        (pairs > 0).then(|| twice as f64 / (2 * pairs) as f64)
    }

    /// The precision-recall curve: one point for each distinct score, from the highest score (low recall)
    /// down.
    ///
    /// As `sklearn.metrics.precision_recall_curve` in reverse order and without the point (recall 0,
    /// precision 1) it adds at the end: with nothing called positive, precision is 0/0. Empty without
    /// positives (recall undefined).
    pub fn precision_recall_curve(&self) -> Vec<PrPoint> {
        if self.positives == 0 {
            return Vec::new();
        }
        let point = |s: &Step| PrPoint {
            threshold: s.threshold,
            precision: s.true_positives as f64 / (s.true_positives + s.false_positives) as f64,
            recall: s.true_positives as f64 / self.positives as f64,
        };
        self.steps.iter().map(point).collect()
    }

    /// The ROC curve: (0, 0) at the threshold +infinity, then one point for each distinct score, from the
    /// highest down to (1, 1). As `sklearn.metrics.roc_curve(drop_intermediate=False)`. Empty unless both
    /// classes are present.
    pub fn roc_curve(&self) -> Vec<RocPoint> {
        if self.positives == 0 || self.negatives == 0 {
            return Vec::new();
        }
        let nothing = Step { threshold: f64::INFINITY, true_positives: 0, false_positives: 0 };
        let point = |s: &Step| RocPoint {
            threshold: s.threshold,
            false_positive_rate: s.false_positives as f64 / self.negatives as f64,
            true_positive_rate: s.true_positives as f64 / self.positives as f64,
        };
        std::iter::once(&nothing).chain(&self.steps).map(point).collect()
    }
}

/// [`Ranking::average_precision`] of scores not sorted yet.
///
/// # Errors
/// A NaN or infinite score.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn average_precision(scores: &[f64], labels: &[bool]) -> Result<Option<f64>, MetricError> {
    Ok(Ranking::new(scores, labels)?.average_precision())
}

/// [`Ranking::roc_auc`] of scores not sorted yet.
///
/// # Errors
/// A NaN or infinite score.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn roc_auc(scores: &[f64], labels: &[bool]) -> Result<Option<f64>, MetricError> {
    Ok(Ranking::new(scores, labels)?.roc_auc())
}
