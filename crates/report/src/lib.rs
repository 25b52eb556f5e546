//! What a comparison leaves behind: records of its runs, `results.json` for programs, tables, verdicts and
//! `report.html` for people.
//!
//! | file | what |
//! |---|---|
//! | [`Plan`] | what is compared and what was declared before the runs, as a file |
//! | [`RunRecord`], [`Found`] | one run as a file, and the task's part of it |
//! | [`Store`], [`Contents`] | the folder of a comparison; what losslab wrote into a folder |
//! | [`judge`] | verdicts from records |
//! | [`Others`] | what the metrics say that do not decide |
//! | [`Look`], [`Past`] | verdicts that were given before, and what they mean for the next |
//! | [`Results`] | `results.json` |
//! | [`table`], [`verdict_lines`], [`tuning_lines`] | what is printed |
//! | [`write_html`] | the page |
//! | `views` | what reports say of each kind of task beside the common parts |
//! | [`merge`] | several comparisons as one |
//! | [`Across`], [`write_across`] | comparisons on several data sets, and their page |
//! | [`plot`], [`curves`] | charts as SVG, and losses as curves |

#![deny(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod across;
mod contents;
pub mod curves;
mod found;
mod gaps;
mod history;
mod html;
mod judgement;
mod margin;
mod merge;
mod other_metrics;
mod plan;
pub mod plot;
mod power;
mod record;
mod results;
mod seal;
mod store;
mod table;
mod tuning;
mod verdicts;
mod views;

pub use across::{ACROSS_SCHEMA, Across, Conclusion, Outcome, Overall, Ranking, SetFinding, SetReport};
pub use contents::Contents;
pub use found::Found;
pub use gaps::{SeedGaps, unseen_notes};
pub use history::{Look, Past};
pub use html::{Story, write_across, write_html};
pub use judgement::{Design, Judgement, Unit, judge};
pub use margin::{Margin, Rule};
pub use merge::{merge, not_resumable};
pub use other_metrics::{Difference, OfMetric, OfProbabilities, Others};
pub use plan::{ArmName, MetricDescription, ModelDescription, PLAN_SCHEMA, Plan, TunedSetting};
pub use power::{PowerQuestion, power_text};
pub use record::{Metrics, RECORD_SCHEMA, RunRecord, arm_file, run_file, trained_alike};
pub use results::{Environment, MeanSd, PlanPart, RESULTS_SCHEMA, Results, Run, Summaries};
pub use store::Store;
pub use table::{diverged_notes, metrics_table, table};
pub use tuning::{Choices, Counts, budget_curve, choices, listed, tuning_lines};
pub use verdicts::verdict_lines;

use losslab_train::Lab;
use std::path::Path;

/// What is printed below the verdicts for this kind of task.
pub fn task_lines(lab: &Lab, results: &Results, records: &[RunRecord]) -> String {
    let view = views::of(&results.plan().task);
    view.map_or_else(|_| String::new(), |view| view.lines(lab, results, records))
}

/// A list of a plan and a list of records, judged and reported as `losslab report` does: what the fuzz target
/// runs. Whether they belong together, and were reported.
#[doc(hidden)]
pub fn fuzz(lab: &Lab, bytes: &[u8]) -> bool {
    let Ok((plan, records)) = serde_json::from_slice::<(Plan, Vec<RunRecord>)>(bytes) else { return false };
    if plan.check().is_err()
        || records.is_empty()
        || records.iter().any(|record| record.check(&plan).is_err())
    {
        return false;
    }
    let store = Store::new(Path::new("absent"));
    let judgement = judge(lab, &plan, &records, &store).ok().flatten();
    let judgement = judgement.map(|judged| judged.with_other_metrics(lab, &plan, &records, &store));
    let environment = Environment {
        version: "0",
        command: String::new(),
        seconds: 1.0,
        threads: 1,
        processors: 1,
        machine: String::new(),
        instruction_set: "baseline",
        data: indexmap::IndexMap::new(),
        out: String::new(),
    };
    let results = Results::of(plan, &records, judgement, environment);
    table(&results);
    diverged_notes(&results);
    unseen_notes(&results.gaps);
    task_lines(lab, &results, &records);
    let trials = results.plan().trials;
    results.verdicts.as_ref().map(|judgement| verdict_lines(judgement, trials, results.complete));
    html::page_text(Story { results: &results, records: &records, lab, pictures: &[] });
    true
}

/// The examples of README.md are tests, too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
