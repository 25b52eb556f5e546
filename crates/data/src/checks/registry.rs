//! The registry of checks: commands, the page and the docs iterate it.

use super::{Check, NamedFile, Predicted, RowParts, Warning};
use super::{constant_columns, few_positives, id_columns, images_twice, leaking_column, leaking_gaps};
use super::{positives_twice, rows_twice, same_file, split_groups, trained_on};
use crate::images::ImageParts;
use std::sync::Arc;

/// A set of checks. It is a value: a program extends it by its own.
#[derive(Clone)]
pub struct Checks {
    checks: Vec<Arc<dyn Check>>,
}

impl Checks {
    /// The checks of this crate, severe ones first.
    pub fn standard() -> Checks {
        Checks { checks: Vec::new() }
            .with(same_file::SameFile)
            .with(leaking_column::LeakingColumn)
            .with(leaking_gaps::LeakingGaps)
            .with(positives_twice::PositivesTwice)
            .with(images_twice::ImagesTwice)
            .with(trained_on::TrainedOn)
            .with(rows_twice::RowsTwice)
            .with(split_groups::SplitGroups)
            .with(constant_columns::ConstantColumns)
            .with(id_columns::IdColumns)
            .with(few_positives::FewPositives)
    }

    /// These checks and one more.
    ///
    /// # Panics
    /// If a check of this name is there already: a mistake of the program, not of its user.
    #[must_use]
    #[track_caller]
    pub fn with(mut self, check: impl Check + 'static) -> Checks {
        let kind = check.info().kind;
        let is_new = self.iter().all(|other| other.info().kind != kind);
        assert!(is_new, "a check named '{kind}' is in the registry already");
        self.checks.push(Arc::new(check));
        self
    }

    /// All checks, in the order of registration.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Check> {
        self.checks.iter().map(|check| &**check)
    }

    /// What is found in the files that are named.
    pub fn files(&self, files: &[NamedFile]) -> Vec<Warning> {
        self.found(|check| check.files(files))
    }

    /// What is found in rows and their parts.
    pub fn rows(&self, rows: &RowParts<'_>) -> Vec<Warning> {
        self.found(|check| check.rows(rows))
    }

    /// What is found in images with boxes and their parts.
    pub fn boxes(&self, parts: &ImageParts) -> Vec<Warning> {
        self.found(|check| check.boxes(parts))
    }

    /// What is found in new rows or images that a saved model is judged on.
    pub fn predicted(&self, new: &Predicted<'_>) -> Vec<Warning> {
        self.found(|check| check.predicted(new))
    }

    fn found(&self, test: impl Fn(&dyn Check) -> Option<String>) -> Vec<Warning> {
        let warning = |check: &dyn Check| {
            let info = check.info();
            let text = test(check)?;
            Some(Warning { kind: info.kind.into(), severity: info.severity, text })
        };
        self.iter().filter_map(warning).collect()
    }
}

impl std::fmt::Debug for Checks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter().map(|check| check.info().kind)).finish()
    }
}
