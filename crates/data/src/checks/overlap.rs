//! How many rows of a part stand in an earlier part, too.

use super::identical::Row;

const TRAIN: u8 = 1;
const VALIDATION: u8 = 2;
const TEST: u8 = 3;

/// Smaller shares of a part are no reason for a severe warning: they move a metric by less than its runs
/// differ.
pub(super) const SEVERE_SHARE: f64 = 0.01;

/// The part that each row of a run is in.
pub(super) struct PartOf(Vec<u8>);

impl PartOf {
    /// So many rows in no part.
    pub fn nowhere(rows: usize) -> PartOf {
        PartOf(vec![0; rows])
    }

    /// Puts rows into the training part.
    pub fn train(&mut self, rows: impl Iterator<Item = u32>) {
        rows.for_each(|row| self.0[row as usize] = TRAIN);
    }

    /// Puts rows into the validation part.
    pub fn validation(&mut self, rows: impl Iterator<Item = u32>) {
        rows.for_each(|row| self.0[row as usize] = VALIDATION);
    }

    /// Puts rows into the test part.
    pub fn test(&mut self, rows: impl Iterator<Item = u32>) {
        rows.for_each(|row| self.0[row as usize] = TEST);
    }
}

/// So many rows of a part stand in an earlier one, too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Overlap {
    /// Rows that do.
    pub copied: usize,
    /// Rows of the part.
    pub of: usize,
    /// Whether the part is the test part, else the validation part.
    is_test: bool,
    /// Runs that have been looked at.
    runs: usize,
}

impl Overlap {
    /// The largest share over all runs: of the test rows that stand in the training or validation part, or,
    /// if no run has any, of the validation rows that stand in the training part. Rows are the same if they
    /// are in one of the groups; only rows that are `counted` count.
    pub fn worst<'g>(
        runs: impl Iterator<Item = PartOf>,
        groups: impl Iterator<Item = &'g [Row]> + Clone,
        counted: impl Fn(usize) -> bool,
    ) -> Overlap {
        let mut worst = [Overlap { copied: 0, of: 0, is_test: true, runs: 0 }; 2];
        worst[1].is_test = false;
        let mut seen = 0;
        for part_of in runs {
            seen += 1;
            let part_of = &part_of.0;
            for (worst, part) in worst.iter_mut().zip([TEST, VALIDATION]) {
                let here = |row: &usize| part_of[*row] == part && counted(*row);
                let is_earlier = |row: &Row| (1..part).contains(&part_of[row.at as usize]);
                let shared = groups.clone().filter(|group| group.iter().any(is_earlier));
                let copied = shared.flatten().filter(|row| here(&(row.at as usize))).count();
                let of = (0..part_of.len()).filter(here).count();
                if worst.of == 0 || copied * worst.of > worst.copied * of {
                    (worst.copied, worst.of) = (copied, of);
                }
            }
        }
        let [test, validation] = worst.map(|overlap| Overlap { runs: seen, ..overlap });
        if test.copied > 0 { test } else { validation }
    }

    /// Whether the share is large enough for a severe warning.
    pub fn is_severe(&self) -> bool {
        self.copied > 0 && self.copied as f64 >= SEVERE_SHARE * self.of as f64
    }

    /// `3 of 52 test rows .. stand in the training or validation part, too (in the worst of 5 splits)`; the
    /// rows are called `what`, such as `rows of class "1"`.
    pub fn describe(&self, what: &str) -> String {
        let Overlap { copied, of, is_test, runs } = *self;
        let (part, earlier) =
            if is_test { ("test part", "training or validation") } else { ("validation part", "training") };
        let worst = if runs > 1 { format!(", in the worst of {runs} splits") } else { String::new() };
        format!("{copied} of {of} {what} of the {part} stand in the {earlier} part, too{worst}")
    }
}
