//! Metrics of the decisions at one threshold, and the threshold that is best for F1.
//!
//! A fixed threshold of 0.5 is NOT neutral between losses: a loss that distorts probabilities moves the best
//! threshold. So each of these metrics is reported twice, at 0.5 and at a threshold tuned on validation data.

use super::check::{self, MetricError};
use super::ranking::Ranking;

/// The four counts of decisions against labels, with the metrics made of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confusion {
    /// TP: positives called positive.
    pub true_positives: u64,
    /// FP: negatives called positive.
    pub false_positives: u64,
    /// FN: positives called negative.
    pub false_negatives: u64,
    /// TN: negatives called negative.
    pub true_negatives: u64,
}

impl Confusion {
    /// Counts the decisions "positive if and only if score >= `threshold`". An infinite threshold is allowed.
    ///
    /// # Errors
    /// A NaN or infinite score, or a NaN threshold.
    ///
    /// # Panics
    /// If the lengths differ.
    #[track_caller]
    pub fn at_threshold(scores: &[f64], labels: &[bool], threshold: f64) -> Result<Self, MetricError> {
        check::same_length(scores, labels);
        check::finite(scores)?;
        check::threshold(threshold)?;
        let mut counts =
            Self { true_positives: 0, false_positives: 0, false_negatives: 0, true_negatives: 0 };
        for (&score, &label) in scores.iter().zip(labels) {
            match (score >= threshold, label) {
                (true, true) => counts.true_positives += 1,
                (true, false) => counts.false_positives += 1,
                (false, true) => counts.false_negatives += 1,
                (false, false) => counts.true_negatives += 1,
            }
        }
        Ok(counts)
    }

    /// TP / (TP + FP): how many of those called positive are. Range [0, 1], higher is better.
    ///
    /// Undefined (`None`) if none is called positive; scikit-learn warns and returns 0.
    pub fn precision(&self) -> Option<f64> {
        ratio(self.true_positives, self.true_positives + self.false_positives)
    }

    /// TP / (TP + FN) = TP / P: how many of the positives are found. Range [0, 1], higher is better.
    ///
    /// Undefined (`None`) without positives; scikit-learn warns and returns 0.
    pub fn recall(&self) -> Option<f64> {
        ratio(self.true_positives, self.true_positives + self.false_negatives)
    }

    /// TN / (TN + FP) = TN / N: how many of the negatives are left alone, also called specificity. Range [0,
    /// 1].
    ///
    /// Undefined (`None`) without negatives.
    pub fn true_negative_rate(&self) -> Option<f64> {
        ratio(self.true_negatives, self.true_negatives + self.false_positives)
    }

    /// F1 = 2 TP / (2 TP + FP + FN), the harmonic mean of precision and recall (van Rijsbergen 1979, ch. 7)
    ///
    /// Range [0, 1], higher is better. Undefined (`None`) only if there are no positives and none is called
    /// positive; scikit-learn warns and returns 0. Positives of which none is found give 0, even where
    /// precision is undefined.
    pub fn f1(&self) -> Option<f64> {
        let twice = 2 * self.true_positives;
        ratio(twice, twice + self.false_positives + self.false_negatives)
    }

    /// Balanced accuracy = (TP/P + TN/N) / 2 (Brodersen et al. 2010)
    ///
    /// Range [0, 1], higher is better; any constant decision gives 0.5. Undefined (`None`) unless both
    /// classes are present; scikit-learn warns and returns the rate of the class that is.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        Some((self.recall()? + self.true_negative_rate()?) / 2.0)
    }

    /// MCC = (TP TN - FP FN) / sqrt( (TP + FP) (TP + FN) (TN + FP) (TN + FN) ) (Matthews 1975)
    ///
    /// the correlation of decisions and labels. Range [-1, 1], higher is better; unrelated decisions give
    /// about 0, and so do decisions that are all equal, as in scikit-learn: they tell nothing of the labels.
    /// Undefined (`None`) unless both classes are present; scikit-learn returns 0.
    pub fn mcc(&self) -> Option<f64> {
        let [tp, fp, fn_, tn] =
            [self.true_positives, self.false_positives, self.false_negatives, self.true_negatives]
                .map(|c| c as f64);
        let product = (tp + fp) * (tp + fn_) * (tn + fp) * (tn + fn_);
        let both_classes = tp + fn_ > 0.0 && tn + fp > 0.0;
        both_classes.then(|| if product > 0.0 { (tp * tn - fp * fn_) / product.sqrt() } else { 0.0 })
    }
}

/// The score t for which "positive if score >= t" has the highest F1; of several, the highest t
///
/// that is, the one that calls the fewest positive. Only scores that occur are tried: between two of them the
/// decisions do not change. It must be chosen on validation data and then applied to test data; chosen on the
/// data it is judged on, it flatters the model. Any finite scores will do.
///
/// Undefined (`None`) without positives, where F1 is 0 at every score.
///
/// # Errors
/// A NaN or infinite score.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn best_f1_threshold(scores: &[f64], labels: &[bool]) -> Result<Option<f64>, MetricError> {
    let ranking = Ranking::new(scores, labels)?;
    if ranking.positives() == 0 {
        return Ok(None);
    }
    let (mut best_f1, mut best) = (0.0, None);
    for step in ranking.steps() {
        // 2 TP + FP + FN = (TP + FP) + P
        let denominator = step.true_positives + step.false_positives + ranking.positives();
        let f1 = (2 * step.true_positives) as f64 / denominator as f64;
        // Equal fractions round to equal quotients, so `>` keeps the earlier, higher threshold.
        if f1 > best_f1 {
            (best_f1, best) = (f1, Some(step.threshold));
        }
    }
    Ok(best)
}

/// numerator / denominator, or `None` for a zero denominator.
fn ratio(numerator: u64, denominator: u64) -> Option<f64> {
    (denominator > 0).then(|| numerator as f64 / denominator as f64)
}
