//! Ranks and performance profile: of the arms that were judged on all of the sets that are ranked.

use super::ALPHA;
use super::read::{Outcome, Read};
use crate::plan::MetricDescription;
use losslab_metrics::statistics::across::profile::{Profile, cost};
use losslab_metrics::statistics::across::ranks::{Ranks, sets_needed};
use serde::Serialize;

/// A complete table of arms and data sets, ranked.
#[derive(Clone, Debug, Serialize)]
pub struct Ranking {
    /// The arms, by their labels.
    pub arms: Vec<String>,
    /// The data sets, by their names.
    pub sets: Vec<String>,
    /// The mean of the metric, a row for each set.
    pub means: Vec<Vec<f64>>,
    /// Arms and informative sets that are left out so that the table is complete.
    pub left_out: Vec<String>,
    /// Their ranks.
    #[serde(flatten)]
    pub ranks: Ranks,
    /// The fewest sets with which any two of so many arms could be told apart.
    pub sets_needed: usize,
    /// The arms, from the best average rank on, in runs of neighbours of which no two are told apart.
    pub alike: Vec<Vec<usize>>,
    /// For each arm where its performance profile rises, and to which share; none if the metric has no best
    /// value.
    pub profile: Option<Vec<Vec<(f64, f64)>>>,
}

/// Ranks what was judged. None without two arms on the same two sets.
pub(super) fn ranking(read: &Read, metric: &MetricDescription) -> Option<Ranking> {
    let labels = read.plan.labels();
    let is_informative: Vec<bool> = read.sets.iter().map(|set| set.is_informative()).collect();
    let cell = |set: usize, arm: usize| counts(read, set, arm).then(|| read.sets[set].means[arm]).flatten();
    let rows: Vec<usize> = (0..read.sets.len()).filter(|&set| is_informative[set]).collect();
    let (sets, arms) =
        complete(rows.clone(), (0..labels.len()).collect(), |set, arm| cell(set, arm).is_some());
    if sets.len() < 2 || arms.len() < 2 {
        return None;
    }
    let row = |&set: &usize| arms.iter().map(|&arm| cell(set, arm)).collect::<Option<Vec<f64>>>();
    let means: Vec<Vec<f64>> = sets.iter().map(row).collect::<Option<_>>()?;
    let ranks = Ranks::of(&means, metric.higher_is_better)?;
    let left_out_arms = (0..labels.len()).filter(|arm| !arms.contains(arm)).map(|arm| labels[arm].clone());
    let left_out_sets = rows.iter().filter(|set| !sets.contains(set)).map(|&set| read.sets[set].name.clone());
    Some(Ranking {
        left_out: left_out_arms.chain(left_out_sets).collect(),
        arms: arms.iter().map(|&arm| labels[arm].clone()).collect(),
        sets: sets.iter().map(|&set| read.sets[set].name.clone()).collect(),
        sets_needed: sets_needed(arms.len(), ALPHA),
        alike: ranks.alike(ALPHA),
        profile: profile(&means, metric),
        means,
        ranks,
    })
}

/// Whether the mean of an arm on this set may be ranked: at least one comparison with it was judged, or found
/// it identical.
fn counts(read: &Read, set: usize, arm: usize) -> bool {
    let pairs = read.plan.comparisons();
    let mut of_arm = pairs.iter().zip(&read.sets[set].findings).filter(|((a, b), _)| *a == arm || *b == arm);
    of_arm.any(|(_, finding)| matches!(finding.outcome, Outcome::Judged | Outcome::Identical))
}

/// The rows and columns that are left when, one after the other, the row or column with the largest share of
/// gaps is left out until there are no gaps; of equals the last column.
fn complete(
    mut rows: Vec<usize>,
    mut columns: Vec<usize>,
    has: impl Fn(usize, usize) -> bool,
) -> (Vec<usize>, Vec<usize>) {
    let share = |gaps: usize, of: usize| gaps as f64 / of as f64;
    loop {
        let row_gaps = |&row: &usize| share(columns.iter().filter(|&&c| !has(row, c)).count(), columns.len());
        let column_gaps =
            |&column: &usize| share(rows.iter().filter(|&&r| !has(r, column)).count(), rows.len());
        let worst_row = rows.iter().map(row_gaps).enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        let worst_column = columns.iter().map(column_gaps).enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        match (worst_row, worst_column) {
            (Some((row, gaps)), Some((column, of_column))) if gaps.max(of_column) > 0.0 => {
                if gaps > of_column {
                    rows.remove(row);
                } else {
                    columns.remove(column);
                }
            }
            _ => return (rows, columns),
        }
    }
}

fn profile(means: &[Vec<f64>], metric: &MetricDescription) -> Option<Vec<Vec<(f64, f64)>>> {
    let range = (metric.least.unwrap_or(f64::NEG_INFINITY), metric.greatest.unwrap_or(f64::INFINITY));
    let costs = means.iter().map(|row| {
        row.iter().map(|&value| cost(value, range, metric.higher_is_better)).collect::<Option<Vec<f64>>>()
    });
    let profile = Profile::of(&costs.collect::<Option<Vec<_>>>()?);
    let arms = means.first().map_or(0, Vec::len);
    Some((0..arms).map(|arm| profile.steps(arm)).collect())
}

#[cfg(test)]
mod tests {
    use super::complete;

    #[test]
    fn what_has_most_gaps_is_left_out_first() {
        let table = |gaps: &[(usize, usize)], rows: usize, columns: usize| {
            complete((0..rows).collect(), (0..columns).collect(), |r, c| !gaps.contains(&(r, c)))
        };
        assert_eq!(table(&[], 2, 2), (vec![0, 1], vec![0, 1]));
        // Column 1 is missing in three rows of four, row 3 lacks two columns of three beside.
        assert_eq!(table(&[(0, 1), (1, 1), (2, 1)], 4, 3), (vec![0, 1, 2, 3], vec![0, 2]));
        assert_eq!(table(&[(3, 0), (3, 1)], 4, 3), (vec![0, 1, 2], vec![0, 1, 2]));
        assert_eq!(table(&[(0, 0)], 2, 2), (vec![0, 1], vec![1]));
        assert_eq!(table(&[(0, 0)], 1, 1), (vec![0], vec![]));
    }
}
