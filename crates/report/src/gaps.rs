//! What was filled or ignored in the data of each seed, for `results.json` and as notes.

use super::record::RunRecord;
use losslab_base::quoted;
use losslab_data::Gaps;
use serde::Serialize;

/// The gaps in the data of one seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeedGaps {
    /// The seed.
    pub seed: u64,
    /// Columns with gaps, counted in the training, validation and test part.
    pub columns: Vec<Gaps>,
}

/// The gaps of each of these seeds that has some.
pub(super) fn by_seed(seeds: &[u64], records: &[RunRecord]) -> Vec<SeedGaps> {
    let of_seed = |&seed: &u64| {
        let record = records.iter().find(|record| record.seed == seed)?;
        (!record.gaps.is_empty()).then(|| SeedGaps { seed, columns: record.gaps.clone() })
    };
    seeds.iter().filter_map(of_seed).collect()
}

/// A line for each column with categories that the training part does not have, over all seeds.
pub fn unseen_notes(gaps: &[SeedGaps]) -> Vec<String> {
    let mut columns: Vec<(&str, [usize; 3])> = Vec::new();
    for gap in gaps.iter().flat_map(|seed| &seed.columns).filter(|gap| gap.unseen != [0; 3]) {
        match columns.iter_mut().find(|(name, _)| *name == gap.column) {
            Some((_, sum)) => sum.iter_mut().zip(gap.unseen).for_each(|(sum, n)| *sum += n),
            None => columns.push((&gap.column, gap.unseen)),
        }
    }
    let line = |(name, [_, validation, test]): (&str, [usize; 3])| {
        format!(
            "column {}: categories that the training part does not have, over all seeds: {validation} values \
             for validation, {test} for test (0 in every input)",
            quoted(name)
        )
    };
    columns.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unseen_categories_are_summed_over_seeds_and_plain_gaps_left_out() {
        let gaps = |column: &str, unseen| Gaps { column: column.into(), missing: [1, 2, 3], unseen };
        let seeds = [
            SeedGaps { seed: 0, columns: vec![gaps("city", [0, 1, 2]), gaps("age", [0; 3])] },
            SeedGaps { seed: 1, columns: vec![gaps("city", [0, 3, 0])] },
        ];
        let notes = unseen_notes(&seeds);
        assert_eq!(notes.len(), 1);
        assert!(
            notes[0].starts_with("column \"city\": ")
                && notes[0].contains("4 values for validation, 2 for test")
        );
    }
}
