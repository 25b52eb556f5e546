//! What reports say of each kind of task beside what is common to all: one file for each, found by the tag in
//! the plan.

pub(crate) mod boxes;
pub(crate) mod table;

use crate::html::{Figures, Story};
use crate::{Found, Plan, Results, RunRecord, Store, Unit};
use losslab_metrics::statistics::bootstrap::Resamples;
use losslab_train::Lab;
use maud::Markup;
use serde_json::{Map, Value};

/// All of them.
const VIEWS: [&dyn View; 2] = [&table::TableView, &boxes::BoxView];

/// The view of this kind of task.
pub(crate) fn of(task: &str) -> Result<&'static dyn View, String> {
    let found = VIEWS.iter().find(|view| view.task() == task);
    found
        .copied()
        .ok_or_else(|| losslab_base::unknown("kind of task", task, VIEWS.iter().map(|view| view.task())))
}

/// The folders of files that stand beside the records.
pub(crate) fn attachment_folders() -> impl Iterator<Item = &'static str> {
    VIEWS.iter().filter_map(|view| view.attachments())
}

/// The files that all runs of a comparison share.
pub(crate) fn shared_files() -> impl Iterator<Item = &'static str> {
    VIEWS.iter().filter_map(|view| view.shared_file())
}

/// How the runs of a comparison came about.
pub(crate) enum Trials {
    /// There are several splits of one data set.
    Splits {
        /// Rows tested over rows trained on, mean over the seeds.
        test_to_train: f64,
        /// The split of each seed, numbered from 0 in order of appearance.
        split_of_run: Vec<usize>,
        /// Whether they were given; else each seed has drawn its own.
        given: bool,
    },
    /// All runs are judged on the same test set.
    FixedTest {
        /// What is independent in it.
        unit: Unit,
        /// How many there are.
        units: usize,
    },
}

/// What is to be resampled.
pub(crate) struct Resampling<'a> {
    /// The name of the metric.
    pub metric: &'a str,
    /// The runs.
    pub runs: &'a [&'a RunRecord],
    /// What they left beside their records.
    pub store: &'a Store,
    /// How often; none for as often as a verdict needs.
    pub times: Option<usize>,
}

/// A fact for the page's footer.
pub(crate) type Fact = (String, String);

/// What reports say of one kind of task. Everything is read from plans and records, never from the data.
pub(crate) trait View: Sync {
    /// The tag of such tasks in files.
    fn task(&self) -> &'static str;

    /// The folder of the files that stand beside its records, if there are any.
    fn attachments(&self) -> Option<&'static str> {
        None
    }

    /// The file that all runs share, if there is one.
    fn shared_file(&self) -> Option<&'static str> {
        None
    }

    /// What in a plan from a file cannot be, if anything.
    fn check_plan(&self, plan: &Plan) -> Result<(), String>;

    /// What in a record from a file cannot be a run of this plan, if anything.
    fn check(&self, plan: &Plan, found: &Found) -> Result<(), String>;

    /// How the runs came about, which stand in the order arms x seeds.
    fn trials(&self, plan: &Plan, runs: &[&RunRecord], seeds: usize) -> Trials;

    /// What limits how precisely the deciding metric is known, as rows of the rare class: how many, of what.
    fn scarce(&self, plan: &Plan) -> Option<(usize, String)>;

    /// Resamples the units of the test set that these runs share, under one of the plan's metrics.
    fn resample(&self, lab: &Lab, plan: &Plan, of: &Resampling<'_>) -> Result<Resamples, String>;

    /// What `results.json` says of a run beside what is common to all tasks.
    fn run(&self, record: &RunRecord) -> Map<String, Value>;

    /// The same of the runs of an arm.
    fn summary(&self, runs: &[&RunRecord]) -> Map<String, Value>;

    /// What is printed below the verdicts.
    fn lines(&self, lab: &Lab, results: &Results, records: &[RunRecord]) -> String;

    /// What was compared on what, in plain words, for the page.
    fn subject(&self, plan: &Plan) -> String;

    /// What the deciding metric says, for readers who do not know it.
    fn about_metric(&self, plan: &Plan) -> Markup;

    /// Fingerprints of the data.
    fn fingerprints(&self, plan: &Plan) -> Vec<Fact>;

    /// Parts of the page that stand before the training curves.
    fn before_training(&self, story: Story, figures: &mut Figures) -> Vec<Markup>;

    /// Parts of the page that stand behind them.
    fn after_training(&self, story: Story, figures: &mut Figures) -> Vec<Markup>;
}
