//! Every arm against every other, as a description: no verdict rests on it.

use super::judge::differences;
use super::rounding::tolerance;
use super::verdict::{ArmRuns, Question};
use super::wilcoxon::{Wilcoxon, wilcoxon};
use crate::Summary;
use serde::{Deserialize, Serialize};

/// Two arms, seed by seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// An arm.
    pub first: String,
    /// Another.
    pub second: String,
    /// Mean of first minus second, in units of the metric; a run that diverged counts as the worst score.
    /// `None` if the metric has no value for such a run.
    pub difference: Option<f64>,
    /// Runs in which the first was better, by more than rounding; any run is better than one that diverged.
    pub first_better: usize,
    /// Runs in which the second was better.
    pub second_better: usize,
    /// The signed-rank test over the runs, not corrected for the number of pairs; none if all differences are
    /// 0.
    pub wilcoxon: Option<Wilcoxon>,
}

/// All pairs, in the order of the arms, whose values are those of the same runs. The question says which
/// direction of the metric is better, and what a run that diverged counts as.
pub fn pairs(arms: &[ArmRuns], question: &Question) -> Vec<Pair> {
    let all = (0..arms.len()).flat_map(|a| (a + 1..arms.len()).map(move |b| (a, b)));
    all.map(|(a, b)| pair(&arms[a], &arms[b], question)).collect()
}

fn pair(first: &ArmRuns, second: &ArmRuns, question: &Question) -> Pair {
    let differences = differences(first, second, question.diverged);
    // By how much a run is good: without a value for one that diverged, that is worse than any.
    let worst = if question.higher_is_better { f64::NEG_INFINITY } else { f64::INFINITY };
    let worst = question.diverged.unwrap_or(worst);
    let rounding = tolerance(first.values.iter().chain(&second.values).flatten());
    let better = |a: &ArmRuns, b: &ArmRuns| {
        let both = a.values.iter().zip(&b.values).map(|(a, b)| (a.unwrap_or(worst), b.unwrap_or(worst)));
        // The difference of two runs that diverged may be that of two infinities, which is above nothing.
        both.filter(|(a, b)| if question.higher_is_better { a - b > rounding } else { b - a > rounding })
            .count()
    };
    Pair {
        first: first.label.clone(),
        second: second.label.clone(),
        difference: differences.as_ref().and_then(|d| Summary::of(d.iter().copied().map(Some)).mean),
        first_better: better(first, second),
        second_better: better(second, first),
        wilcoxon: differences.as_deref().and_then(wilcoxon),
    }
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Earlier;
    use super::*;

    fn runs(label: &str, values: [Option<f64>; 3]) -> ArmRuns {
        ArmRuns::new(label, values.to_vec())
    }

    fn question(higher_is_better: bool, diverged: Option<f64>) -> Question {
        Question {
            metric: "AP".into(),
            higher_is_better,
            range: (0.0, 1.0),
            diverged,
            data: "wine".into(),
            arm: "loss".into(),
            alpha: 0.05,
            earlier: Earlier::default(),
            margin: None,
            reference: 0,
            comparisons: Vec::new(),
        }
    }

    #[test]
    fn three_losses_make_three_pairs() {
        let losses = [
            runs("a", [Some(0.5), Some(0.75), Some(0.5)]),
            runs("b", [Some(0.25), Some(0.75), Some(0.75)]),
            runs("c", [None, Some(0.5), Some(0.25)]),
        ];
        let all = pairs(&losses, &question(true, Some(0.0)));
        let names: Vec<(&str, &str)> = all.iter().map(|p| (&*p.first, &*p.second)).collect();
        assert_eq!(names, [("a", "b"), ("a", "c"), ("b", "c")]);
        assert_eq!((all[0].difference, all[0].first_better, all[0].second_better), (Some(0.0), 1, 1));
        assert_eq!((all[1].difference, all[1].first_better), (Some(1.0 / 3.0), 3));
        // Three differences of one sign: 2 (1/2)^3.
        assert_eq!(all[1].wilcoxon.map(|w| (w.p, w.smallest_p)), Some((0.25, 0.25)));
    }

    #[test]
    fn where_less_is_better_and_a_run_that_diverged_has_no_value() {
        let losses =
            [runs("a", [Some(0.5), Some(0.75), None]), runs("b", [Some(0.25), Some(0.8), Some(0.9)])];
        let all = pairs(&losses, &question(false, None));
        assert_eq!((all[0].first_better, all[0].second_better), (1, 2));
        assert!(all[0].difference.is_none() && all[0].wilcoxon.is_none());
    }
}
