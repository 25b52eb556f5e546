//! What kind of problem it is: two classes and one logit, or more classes and a logit each.

use losslab_base::math::ln_f64;
use losslab_losses::Head;
use losslab_metrics::{self, MetricError, MetricInfo, Metrics, Rows};

/// The kind of a classification problem; it decides the head, the probabilities and the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Two classes, class 1 the positive one: one logit, a sigmoid.
    Binary,
    /// More than two: a logit per class, a softmax.
    Classes(usize),
}

impl Task {
    /// The task of so many classes.
    pub fn of(classes: usize) -> Task {
        if classes == 2 { Task::Binary } else { Task::Classes(classes) }
    }

    /// The head of the losses.
    pub fn head(self) -> Head {
        match self {
            Task::Binary => Head::Sigmoid,
            Task::Classes(_) => Head::Softmax,
        }
    }

    /// Logits per row, and numbers per row of [`probabilities`](Task::probabilities).
    pub fn outputs(self) -> usize {
        match self {
            Task::Binary => 1,
            Task::Classes(classes) => classes,
        }
    }

    /// Number of classes.
    pub fn classes(self) -> usize {
        match self {
            Task::Binary => 2,
            Task::Classes(classes) => classes,
        }
    }

    /// The metrics of such a problem.
    pub fn metrics(self) -> Vec<MetricInfo> {
        Metrics::standard().rows(self.classes()).map(|metric| metric.info()).collect()
    }

    /// The name of the metric by which epochs are chosen.
    pub fn criterion(self) -> &'static str {
        self.metrics()[0].name
    }

    /// Appends the probabilities of these logits: of the positive class, or one per class.
    ///
    /// In f64, so that confident scores stay apart, by losslab's own exponential: the same bits everywhere.
    pub fn probabilities(self, logits: &[f32], out: &mut Vec<f64>) {
        losslab_metrics::probabilities(logits, self.classes(), out);
    }

    /// The probabilities of these logits by themselves, see [`probabilities`](Task::probabilities).
    pub fn scores(self, logits: &[f32]) -> Vec<f64> {
        let mut scores = Vec::with_capacity(logits.len());
        self.probabilities(logits, &mut scores);
        scores
    }

    /// Average precision, over several classes their mean.
    pub fn average_precision(self, scores: &[f64], labels: &[u32]) -> Result<Option<f64>, MetricError> {
        match self {
            Task::Binary => losslab_metrics::average_precision(scores, &positives(labels)),
            Task::Classes(classes) => losslab_metrics::macro_average_precision(scores, classes, labels),
        }
    }

    /// The threshold of the best F1, where there is one positive class.
    pub fn best_threshold(self, scores: &[f64], labels: &[u32]) -> Result<Option<f64>, MetricError> {
        match self {
            Task::Binary => losslab_metrics::best_f1_threshold(scores, &positives(labels)),
            Task::Classes(_) => Ok(None),
        }
    }

    /// All metrics. `decided` says that decisions are made at the threshold, too, and not at 0.5.
    pub fn evaluate(
        self,
        scores: &[f64],
        labels: &[u32],
        decided: bool,
        threshold: Option<f64>,
    ) -> Result<Vec<(&'static str, Option<f64>)>, MetricError> {
        let decision = threshold.filter(|_| decided).unwrap_or(0.5);
        let rows = Rows::of_probabilities(self.classes(), scores, labels);
        Metrics::standard().evaluate(&rows.with_thresholds(decision, threshold))
    }

    /// The biases that make the last layer start from the rates of the classes.
    ///
    /// b = -log((1 - pi) / pi) for the rate pi of positives, or b_k = log pi_k.
    pub fn prior_biases(self, class_counts: &[u64]) -> Vec<f64> {
        let total: u64 = class_counts.iter().sum();
        match self {
            Task::Binary => vec![losslab_models::prior_bias(class_counts[1] as f64 / total as f64)],
            Task::Classes(_) => class_counts.iter().map(|&n| ln_f64(n as f64 / total as f64)).collect(),
        }
    }
}

/// The truth as binary metrics take it.
fn positives(labels: &[u32]) -> Vec<bool> {
    labels.iter().map(|&label| label == 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probabilities(task: Task, logits: &[f32]) -> Vec<f64> {
        let mut out = Vec::new();
        task.probabilities(logits, &mut out);
        out
    }

    #[test]
    fn the_first_biases_predict_the_rates() {
        let counts = [10, 30, 60];
        let biases: Vec<f32> = Task::Classes(3).prior_biases(&counts).iter().map(|&b| b as f32).collect();
        for (p, expected) in probabilities(Task::Classes(3), &biases).into_iter().zip([0.1, 0.3, 0.6]) {
            assert!((p - expected).abs() < 1e-7, "{p}");
        }
        let bias = Task::Binary.prior_biases(&[90, 10])[0];
        assert!((probabilities(Task::Binary, &[bias as f32])[0] - 0.1).abs() < 1e-7);
    }
}
