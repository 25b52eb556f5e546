//! Finished comparisons on several data sets as one statement: the data set is the unit.
//!
//! | file | what |
//! |---|---|
//! | `read` | the folders, what each of them found, and whether they can stand beside each other |
//! | `overall` | each arm against its reference over all sets |
//! | `ranking` | ranks and performance profile of the arms that were judged everywhere |
//! | `words` | sentences, and what is printed |
//!
//! The statistics are those of [`losslab_metrics::statistics::across`].

mod overall;
mod ranking;
mod read;
mod words;

pub use overall::{Conclusion, Overall};
pub use ranking::Ranking;
pub use read::{Outcome, SetFinding, SetReport};

use crate::plan::MetricDescription;
use losslab_train::Lab;
use serde::Serialize;
use std::path::PathBuf;

/// The version of the schema of `across.json`.
pub const ACROSS_SCHEMA: u32 = 1;

/// The probability of any false conclusion.
pub(crate) const ALPHA: f64 = 0.05;

/// What comparisons on several data sets say together.
#[derive(Clone, Debug, Serialize)]
pub struct Across {
    schema: u32,
    /// The metric that decides in all of them.
    pub metric: MetricDescription,
    /// The label of the arm that was declared as the reference of all of them.
    pub reference: String,
    /// What sentences call an arm: `loss`, `model` or `arm`.
    pub arm: &'static str,
    /// What all of it says, in a sentence.
    pub sentence: String,
    /// The data sets, in the order of the folders.
    pub sets: Vec<SetReport>,
    /// Each arm against its reference over all data sets.
    pub overall: Vec<Overall>,
    /// Ranks and profile; none without two arms that were judged on the same two sets.
    pub ranking: Option<Ranking>,
    /// What was left out or differs between the folders.
    pub notes: Vec<String>,
}

impl Across {
    /// Reads the comparisons in these folders and sums them up.
    ///
    /// Runs on the current rayon pool.
    ///
    /// # Errors
    /// If there are fewer than two folders, one holds no comparison, two hold the same data, or they differ
    /// in their task, deciding metric, models or reference; the message names the folders and what differs.
    pub fn of(lab: &Lab, folders: &[PathBuf]) -> Result<Self, String> {
        let read = read::read(lab, folders)?;
        let metric = read.plan.deciding().cloned().ok_or("no deciding metric")?;
        let overall = overall::overall(&read, &metric);
        let ranking = ranking::ranking(&read, &metric);
        Ok(Self {
            schema: ACROSS_SCHEMA,
            reference: read.plan.label(&read.plan.reference),
            arm: match (read.plan.models.len(), read.plan.losses.len()) {
                (0 | 1, _) => "loss",
                (_, 1) => "model",
                _ => "arm",
            },
            sentence: words::of_all(&overall, &read.sets),
            metric,
            sets: read.sets,
            overall,
            ranking,
            notes: read.notes,
        })
    }

    /// The data sets on which at least one comparison was judged.
    pub fn informative(&self) -> usize {
        self.sets.iter().filter(|set| set.is_informative()).count()
    }
}
