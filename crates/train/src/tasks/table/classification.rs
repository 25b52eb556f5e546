//! Two classes and one logit, or more classes and a logit each.

use losslab_base::math::ln_f64;
use losslab_losses::{Criterion, Head, Normalizer, Reduction, Spec, SpecError, Training as TrainingEffect};
use losslab_metrics::{MetricError, best_f1_threshold, probabilities};

/// The kind of a classification problem; it decides the head, the probabilities and the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Classification {
    /// Two classes, class 1 the positive one: one logit, a sigmoid.
    Binary,
    /// More than two: a logit per class, a softmax.
    Classes(usize),
}

impl Classification {
    /// The problem of so many classes.
    pub fn of(classes: usize) -> Self {
        if classes == 2 { Self::Binary } else { Self::Classes(classes) }
    }

    /// The number of classes.
    pub fn classes(self) -> usize {
        match self {
            Self::Binary => 2,
            Self::Classes(classes) => classes,
        }
    }

    /// The head of the losses.
    pub fn head(self) -> Head {
        match self {
            Self::Binary => Head::Sigmoid,
            Self::Classes(_) => Head::Softmax,
        }
    }

    /// Logits per row, and numbers per row of [`scores`](Self::scores).
    pub fn outputs(self) -> usize {
        match self {
            Self::Binary => 1,
            Self::Classes(classes) => classes,
        }
    }

    /// The probabilities of these logits: of the positive class, or one per class.
    pub fn scores(self, logits: &[f32]) -> Vec<f64> {
        let mut scores = Vec::with_capacity(logits.len());
        probabilities(logits, self.classes(), &mut scores);
        scores
    }

    /// The threshold of the best F1, where there is one positive class.
    ///
    /// # Errors
    /// If a logit is not finite.
    pub fn best_threshold(self, logits: &[f32], labels: &[u32]) -> Result<Option<f64>, MetricError> {
        let positives: Vec<bool> = labels.iter().map(|&label| label == 1).collect();
        match self {
            Self::Binary => best_f1_threshold(&self.scores(logits), &positives),
            Self::Classes(_) => Ok(None),
        }
    }

    /// The logits of the rates of the classes: the last layer starts there.
    ///
    /// -log((1 - pi) / pi) for the rate pi of positives, or log pi_k.
    pub fn prior_logits(self, class_counts: &[u64]) -> Vec<f64> {
        let total: u64 = class_counts.iter().sum();
        match self {
            Self::Binary => vec![losslab_models::prior_bias(class_counts[1] as f64 / total as f64)],
            Self::Classes(_) => class_counts.iter().map(|&n| ln_f64(n as f64 / total as f64)).collect(),
        }
    }
}

/// The loss as it is trained with, for a problem with these class counts.
///
/// # Errors
/// If the loss does not suit the problem: alpha or a prior for more than two classes, a loss without a
/// softmax form, a modifier that cannot work with the counts.
pub fn bind(spec: &Spec, class_counts: &[u64]) -> Result<Criterion, SpecError> {
    let task = Classification::of(class_counts.len());
    let loss = Criterion::new(spec, task.head(), class_counts, Reduction::Mean(Normalizer::Elements))?;
    let states_prior = |change: &TrainingEffect| matches!(change, TrainingEffect::PriorBias(_));
    let one_positive = if loss.training().iter().any(states_prior) {
        Some("prior-bias states the rate of one positive class")
    } else {
        loss.decision().map(|_| "threshold decides on one positive class")
    };
    match one_positive.filter(|_| task != Classification::Binary) {
        Some(why) => {
            let problem = format!("{why}, here are {} classes", class_counts.len());
            Err(SpecError { spec: spec.to_string(), problem })
        }
        None => Ok(loss),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_biases_predict_the_rates() {
        let counts = [10, 30, 60];
        let classes = Classification::of(3);
        let logits: Vec<f32> = classes.prior_logits(&counts).iter().map(|&b| b as f32).collect();
        for (p, expected) in classes.scores(&logits).into_iter().zip([0.1, 0.3, 0.6]) {
            assert!((p - expected).abs() < 1e-7, "{p}");
        }
        let logit = Classification::Binary.prior_logits(&[90, 10])[0];
        assert!((Classification::Binary.scores(&[logit as f32])[0] - 0.1).abs() < 1e-7);
    }
}
