//! Rows of a table with a class each, or images that are rows of a table.
//!
//! | file | what |
//! |---|---|
//! | [`TableTask`] | the parts of each seed, and what decides |
//! | `training` | one training |
//! | `examples` | rows as models read them |
//! | `sampling`, `augmented` | which rows an epoch visits, and what is changed in images |
//! | `settings`, `stopping` | how models are trained, and when that ends |
//! | [`Classification`], [`bind`] | two classes or more: head, probabilities, the loss bound to the problem |
//! | `found`, `plane` | what a training leaves in its record |
//! | `description` | the table as results describe it |
//! | `saved` | a trained model as a file, at work on new rows |

mod augmented;
mod classification;
mod description;
mod examples;
mod found;
mod plane;
mod repair;
mod sampling;
mod saved;
mod settings;
mod stopping;
mod training;

pub use classification::{Classification, bind};
pub use description::{ClassRows, TableData};
pub use found::{Outputs, TableFound};
pub use plane::Plane;
pub use settings::TableSettings;
pub use stopping::{
    DEFAULT_EPOCHS, DEFAULT_PATIENCE, LEAST_JUDGED_STEPS, LEAST_KEPT_STEPS, LEAST_PATIENCE, LEAST_STEPS,
};

use crate::predict::Predictor;
use crate::task::{Judged, Start, Task, Training};
use crate::{Chance, Lab, Memory, TrainError};
use augmented::Augmenter;
use losslab_base::counted;
use losslab_data::checks::{Checks, RowParts, Warning};
use losslab_data::{DataError, Dataset, Gaps, Part, Prepared, Source};
use losslab_losses::{Spec, SpecError};
use losslab_metrics::{MetricError, MetricInfo, Metrics, RowMetric, Rows};
use losslab_models::{ModelSpec, Shape, State};
use rayon::prelude::*;
use repair::Fitted;
use serde_json::Value;
use std::sync::{Arc, OnceLock};
use training::TableTraining;

/// A comparison's rows: the encoded parts of each seed, and the metrics they are judged by.
pub struct TableTask {
    parts: Vec<Prepared>,
    source: Source,
    notes: Vec<String>,
    metric: Arc<dyn RowMetric>,
    metrics: Metrics,
    /// What chance reaches on the validation part of each run, once a training has asked.
    chance: Vec<OnceLock<Option<Chance>>>,
    checks: Checks,
}

impl TableTask {
    /// Splits and encodes the rows for each of these seeds, on the current pool of threads: run i of the
    /// comparison uses seed i, and given split i. `metric` is the name of the deciding metric, by default the
    /// first of the lab.
    ///
    /// # Errors
    /// If the data cannot be split with one of the seeds, or there is no such metric.
    pub fn new(
        lab: &Lab,
        source: Source,
        notes: Vec<String>,
        seeds: &[u64],
        metric: Option<&str>,
    ) -> Result<Self, DataError> {
        let runs: Vec<(usize, u64)> = seeds.iter().copied().enumerate().collect();
        Self::of_runs(lab, source, notes, &runs, metric)
    }

    /// The same for these runs, each the number of its given split and its seed.
    ///
    /// # Errors
    /// As [`new`](TableTask::new).
    pub fn of_runs(
        lab: &Lab,
        source: Source,
        notes: Vec<String>,
        runs: &[(usize, u64)],
        metric: Option<&str>,
    ) -> Result<Self, DataError> {
        let metric = deciding(lab, source.dataset.class_names.len(), metric)?;
        let parts: Result<_, DataError> =
            runs.par_iter().map(|&(run, seed)| source.prepare(run, seed)).collect();
        let parts: Vec<Prepared> = parts?;
        let chance = runs.iter().map(|_| OnceLock::new()).collect();
        Ok(Self {
            parts,
            source,
            notes,
            metric,
            metrics: lab.metrics.clone(),
            chance,
            checks: lab.checks.clone(),
        })
    }

    /// The data set.
    pub fn dataset(&self) -> &Dataset {
        &self.source.dataset
    }

    /// The encoded parts of the run of this number.
    pub fn parts(&self, run: usize) -> &Prepared {
        &self.parts[run]
    }

    /// The form of the rows.
    fn shape(&self) -> Shape {
        let columns = self.parts.first().map_or(1, Prepared::columns);
        let image = self.parts.first().and_then(|parts| parts.train.matrix.image());
        Shape { columns, image, outputs: Classification::of(self.classes()).outputs() }
    }

    /// What predictions that know nothing reach on the validation part of a run.
    fn chance(&self, run: usize) -> Result<Option<Chance>, MetricError> {
        if let Some(&known) = self.chance[run].get() {
            return Ok(known);
        }
        let chance = stopping::chance(&*self.metric, &self.parts[run].validation)?;
        Ok(*self.chance[run].get_or_init(|| chance))
    }

    /// All metrics on these rows, in their order.
    fn evaluate(&self, rows: &Rows<'_>) -> Result<Vec<(String, Option<f64>)>, MetricError> {
        let values = self.metrics.evaluate(rows)?;
        Ok(values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

/// The deciding metric for so many classes: the one named, else the first.
fn deciding(lab: &Lab, classes: usize, name: Option<&str>) -> Result<Arc<dyn RowMetric>, DataError> {
    let found = match name {
        Some(name) => lab.metrics.find(name, classes).map_err(|error| {
            // A metric of two classes where there are more, or the reverse.
            let of_others = [2, 3].into_iter().any(|others| lab.metrics.find(name, others).is_ok());
            let here = || {
                format!(
                    "a metric of {}, here are {classes} classes",
                    if classes > 2 { "two" } else { "more than two" }
                )
            };
            let problem = if of_others { here() } else { error.to_string() };
            DataError::Flags(format!("--metric {name}: {problem}"))
        }),
        None => lab
            .metrics
            .rows(classes)
            .next()
            .ok_or_else(|| DataError::Flags(format!("the lab has no metric for {classes} classes"))),
    };
    found.cloned()
}

impl Task for TableTask {
    const KIND: &'static str = "table";
    const TEST_PART: &'static str = "test part";
    const MOST_THREADS: usize = 4;
    type Learner = ModelSpec;
    type Settings = TableSettings;
    type Description = TableData;
    type Found = TableFound;

    fn describe(&self) -> TableData {
        TableData::of(&self.source, self.notes.clone())
    }

    fn introduction(&self) -> String {
        self.describe().describe()
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn warnings(&self) -> Vec<Warning> {
        self.checks.rows(&RowParts::new(&self.source, &self.parts))
    }

    fn outline(&self, run: usize, _: &TableSettings) -> String {
        let Prepared { train, validation, test, .. } = &self.parts[run];
        let [train, validation, test] = [train, validation, test].map(Part::rows);
        let train = counted(train, "row");
        format!("training on {train}, choosing the epoch on {validation}, reporting on {test}\n")
    }

    fn conclusion(&self, loss: &Spec, judged: &Judged<TableFound>) -> String {
        let threshold = judged.threshold.zip(self.dataset().class_names.get(1));
        let decision = threshold.map(|(threshold, positive)| {
            format!("called {positive:?} from a probability of {threshold:.4} on (the network's own)\n")
        });
        let repair = Fitted::best(&judged.found).map(|fitted| fitted.sentence(&loss.to_string()));
        let repair = repair.map(|sentence| format!("{sentence}\n"));
        [decision, repair].into_iter().flatten().collect()
    }

    fn metrics(&self) -> Vec<MetricInfo> {
        self.metrics.rows(self.classes()).map(|metric| metric.info()).collect()
    }

    fn deciding(&self) -> MetricInfo {
        self.metric.info()
    }

    fn classes(&self) -> usize {
        self.source.dataset.class_names.len()
    }

    fn split(&self, run: usize) -> String {
        self.parts[run].fingerprint()
    }

    fn gaps(&self, run: usize) -> Vec<Gaps> {
        self.parts[run].gaps.clone()
    }

    fn epochs(&self, run: usize, loss: &Spec, settings: &TableSettings) -> usize {
        settings.epochs.unwrap_or_else(|| {
            let counts = self.parts[run].train.class_counts();
            // A loss that cannot be bound is refused before anything is trained.
            let visited =
                bind(loss, &counts).map(|criterion| sampling::visited(&counts, criterion.training()));
            stopping::default_epochs(
                settings,
                visited.unwrap_or_else(|_| counts.iter().sum::<u64>() as usize),
            )
        })
    }

    fn check_learner(&self, learner: &ModelSpec, settings: &TableSettings) -> Result<(), TrainError> {
        let shape = self.shape();
        let model = |problem| TrainError::Model(format!("model {problem}"));
        learner.size(&shape).map(drop).map_err(model)?;
        Augmenter::check(settings, shape.image).map_err(TrainError::Model)
    }

    fn memory(&self, learner: &ModelSpec, settings: &TableSettings) -> Result<Memory, TrainError> {
        /// Rows that models score at a time.
        const SCORED: usize = 1024;
        let model = |problem| TrainError::Model(format!("model {problem}"));
        let size = learner.network_size(&self.shape()).map_err(model)?;
        let data = self.source.encoded_bytes().saturating_mul(self.parts.len() as u64);
        let [batch, scored] = [settings.batch, SCORED].map(|rows| rows.min(self.dataset().rows()));
        Ok(Memory::of_training(data, size, settings.optimizer.moments(), batch, scored))
    }

    fn check(&self, _: &ModelSpec, loss: &Spec, _: &TableSettings) -> Result<(), SpecError> {
        let counts: Vec<u64> = self.source.dataset.class_counts().iter().map(|&n| n as u64).collect();
        bind(loss, &counts).map(drop)
    }

    fn begin<'a>(
        &'a self,
        start: &Start<'_, Self>,
    ) -> Result<Box<dyn Training<TableFound> + 'a>, TrainError> {
        Ok(Box::new(TableTraining::new(self, start)?))
    }

    fn model(&self, start: &Start<'_, Self>, judged: &Judged<TableFound>) -> Value {
        saved::describe(self, start, judged)
    }

    fn load(lab: &Lab, description: Value, weights: &State) -> Result<Box<dyn Predictor>, String> {
        Ok(Box::new(saved::TableModel::load(lab, description, weights)?))
    }
}
