//! The synthetic problem in two dimensions.

use super::{DataKind, Flag, Format, FormatInfo, Given, Loaded};
use crate::SyntheticSpec;
use losslab_base::DataError;

const FLAGS: &[Flag] = &[Flag::one(
    "synthetic",
    "K=V,..",
    "Synthetic problem, e.g. rows=20200,ratio=100,overlap=0.7,noise=0,seed=0",
)];

/// The synthetic problem.
pub(super) struct Synthetic;

impl Format for Synthetic {
    fn info(&self) -> FormatInfo {
        FormatInfo {
            name: "synthetic",
            help: "an imbalanced problem in two dimensions, drawn anew",
            kind: DataKind::Table,
        }
    }

    fn flags(&self) -> &[Flag] {
        FLAGS
    }

    fn load(&self, given: &Given) -> Result<Loaded, DataError> {
        let spec: SyntheticSpec = given.text("synthetic")?.parse()?;
        Ok(Loaded::Table { source: spec.generate().into(), notes: Vec::new() })
    }
}
