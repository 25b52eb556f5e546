//! Groups that stand in two parts.

use super::{Check, CheckInfo, RowParts, Severity};
use crate::Groups;
use losslab_base::quoted;
use std::collections::HashSet;

/// Groups of rows that are parted by a given split or a test set of its own.
pub(super) struct SplitGroups;

impl Check for SplitGroups {
    fn info(&self) -> CheckInfo {
        CheckInfo {
            kind: "groups-in-two-parts",
            severity: Severity::Note,
            finds: "groups (--group) with rows in the test part and in an earlier one: a split that is \
                    drawn keeps them whole, a test file or a given split may not",
        }
    }

    fn rows(&self, rows: &RowParts<'_>) -> Option<String> {
        let groups = rows.source().dataset.groups.as_ref()?;
        let tested_in = match &rows.source().test {
            Some(test) => test.groups.as_ref()?,
            None => groups,
        };
        let of_rows = |groups: &'_ Groups, rows: &[u32]| -> HashSet<String> {
            rows.iter().map(|&row| groups.names[groups.codes[row as usize] as usize].clone()).collect()
        };
        let shared = rows.parts().iter().map(|parts| {
            let earlier = [&parts.train.rows[..], &parts.validation.rows].concat();
            let (earlier, test) = (of_rows(groups, &earlier), of_rows(tested_in, &parts.test.rows));
            (test.intersection(&earlier).count(), test.len())
        });
        let (shared, all) = shared.max_by_key(|&(shared, _)| shared)?;
        (shared > 0).then(|| {
            format!(
                "{shared} of {all} groups of column {} in the test part have rows in the training or \
                 validation part, too: rows of a group resemble each other",
                quoted(&groups.column)
            )
        })
    }
}
