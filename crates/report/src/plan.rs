//! What a comparison is about, written to `DIR/comparison.json` before the first training: with the records of the runs it
//! is all that `results.json` is made of.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

use super::data::Data;
use losslab_base::Fnv1a;
use losslab_train::detector::DetectorSettings;
use losslab_train::experiment::TrainConfig;
use serde::{Deserialize, Serialize};

/// The version of the plan's schema.
pub const PLAN_SCHEMA: u32 = 1;

/// What is compared on what data, and what was declared before the runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`PLAN_SCHEMA`].
    pub schema: u32,
    /// Stands for the data, how models are trained, and the version of losslab: part of the key of every run.
    pub problem: String,
    /// The metric that verdicts rest on.
    pub primary_metric: String,
    /// The loss that the others are judged against.
    pub reference: String,
    /// What was learnt from.
    pub data: Data,
    /// What was compared, and how.
    pub config: Config,
    /// The command that it was begun with, as it was typed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub command: String,
    /// The rule of Pascal VOC's own average precision, for data in its form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voc_rule: Option<String>,
}

/// What was compared, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// The canonical specs.
    pub losses: Vec<String>,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// Trials per loss and seed, of which the best on validation data was judged; 1 if nothing was tuned.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub trials: usize,
    /// How models were trained.
    #[serde(flatten)]
    pub train: Training,
}

/// How models were trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Training {
    /// Classifiers of rows.
    Table(TrainConfig),
    /// Detectors.
    Detector(Box<DetectorSettings>),
}

fn one() -> usize {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
fn is_one(trials: &usize) -> bool {
    *trials == 1
}

impl Plan {
    /// A plan for these losses and seeds; the primary metric is the first of the data's metrics.
    pub fn new(data: Data, config: Config, reference: String, voc_rule: Option<String>) -> Self {
        let mut hash = Fnv1a::new();
        hash.text(env!("CARGO_PKG_VERSION"));
        for part in [serde_json::to_string(&data), serde_json::to_string(&config.train)] {
            // Plain data always have a form as JSON; if they had none, runs of any data would seem alike.
            hash.text(&part.unwrap_or_else(|error| unreachable!("{error}")));
        }
        hash.number(config.trials as u64);
        hash.text(voc_rule.as_deref().unwrap_or_default());
        let problem = format!("{:016x}", hash.finish());
        #[expect(clippy::indexing_slicing, reason = "every problem has metrics")]
        let primary_metric = data.metrics()[0].name.into();
        Self {
            schema: PLAN_SCHEMA,
            problem,
            primary_metric,
            reference,
            data,
            config,
            command: String::new(),
            voc_rule,
        }
    }

    /// What in a plan from a file cannot be, if anything.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self) -> Result<(), String> {
        if let Data::Table(table) = &self.data
            && table.classes.len() < 2
        {
            return Err(format!("{} classes, expected at least 2", table.classes.len()));
        }
        Ok(())
    }

    /// Every loss with every seed, in the order of results.
    pub fn runs(&self) -> impl Iterator<Item = (&str, u64)> {
        let seeds = &self.config.seeds;
        self.config.losses.iter().flat_map(move |loss| seeds.iter().map(move |&seed| (&**loss, seed)))
    }

    /// The key of a run whose parts have the fingerprint `split`.
    pub fn key(&self, split: &str, loss: &str, seed: u64) -> String {
        let mut hash = Fnv1a::new();
        [&self.problem, split, loss].into_iter().for_each(|text| hash.text(text));
        hash.number(seed);
        format!("{:016x}", hash.finish())
    }
}
