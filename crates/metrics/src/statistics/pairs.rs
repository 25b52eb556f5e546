//! Every loss against every other, as a description: no verdict rests on it.

use super::verdict::LossRuns;
use super::wilcoxon::{Wilcoxon, wilcoxon};
use crate::Summary;
use serde::{Deserialize, Serialize};

/// Two losses, seed by seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// A loss.
    pub first: String,
    /// Another.
    pub second: String,
    /// Mean of first minus second, in units of the metric; a run that diverged counts as the worst score.
    pub difference: Option<f64>,
    /// Runs in which the first was better.
    pub first_better: usize,
    /// Runs in which the second was better.
    pub second_better: usize,
    /// The signed-rank test over the runs, not corrected for the number of pairs; none if all differences are 0.
    pub wilcoxon: Option<Wilcoxon>,
}

/// All pairs, in the order of the losses. Values are those of the same runs; `worst` stands for one that diverged.
pub fn pairs(losses: &[LossRuns], worst: f64) -> Vec<Pair> {
    let all = (0..losses.len()).flat_map(|a| (a + 1..losses.len()).map(move |b| (a, b)));
    all.map(|(a, b)| pair(&losses[a], &losses[b], worst)).collect()
}

fn pair(first: &LossRuns, second: &LossRuns, worst: f64) -> Pair {
    let both = first.values.iter().zip(&second.values);
    let differences: Vec<f64> = both.map(|(a, b)| a.unwrap_or(worst) - b.unwrap_or(worst)).collect();
    Pair {
        first: first.loss.clone(),
        second: second.loss.clone(),
        difference: Summary::of(differences.iter().copied().map(Some)).mean,
        first_better: differences.iter().filter(|d| **d > 0.0).count(),
        second_better: differences.iter().filter(|d| **d < 0.0).count(),
        wilcoxon: wilcoxon(&differences),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_losses_make_three_pairs() {
        let runs =
            |loss: &str, values: [Option<f64>; 3]| LossRuns { loss: loss.into(), values: values.to_vec() };
        let losses = [
            runs("a", [Some(0.5), Some(0.75), Some(0.5)]),
            runs("b", [Some(0.25), Some(0.75), Some(0.75)]),
            runs("c", [None, Some(0.5), Some(0.25)]),
        ];
        let all = pairs(&losses, 0.0);
        let names: Vec<(&str, &str)> = all.iter().map(|p| (&*p.first, &*p.second)).collect();
        assert_eq!(names, [("a", "b"), ("a", "c"), ("b", "c")]);
        assert_eq!((all[0].difference, all[0].first_better, all[0].second_better), (Some(0.0), 1, 1));
        assert_eq!((all[1].difference, all[1].first_better), (Some(1.0 / 3.0), 3));
        // Three differences of one sign: 2 (1/2)^3.
        assert_eq!(all[1].wilcoxon.map(|w| (w.p, w.smallest_p)), Some((0.25, 0.25)));
    }
}
