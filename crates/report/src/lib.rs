//! What an experiment leaves behind: `results.json` for programs, a table and `report.html` for people.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod calibration;
pub mod curves;
mod data;
mod detections;
mod gaps;
mod html;
mod judgement;
mod merge;
mod named;
mod outcome;
mod pictures;
mod plan;
mod plane;
pub mod plot;
mod record;
mod results;
mod store;
mod table;
mod tuning;
mod verdicts;

pub use calibration::CalibrationSummary;
pub use data::Data;
pub use detections::{category_table, file_name, share_table, voc_lines};
pub use gaps::{SeedGaps, unseen_notes};
pub use html::{Story, write_html};
pub use judgement::{Design, Judgement, judge};
pub use merge::merge;
pub use named::Named;
pub use pictures::write_pictures;
pub use plan::{Config, PLAN_SCHEMA, Plan, Training};
pub use plane::Plane;
pub use record::{
    DetectorRecord, EpochRecord, Outputs, RECORD_SCHEMA, RunRecord, TableRecord, run_file, trained_alike,
};
pub use results::{Environment, MeanSd, Results, Run, Summaries};
pub use store::Store;
pub use table::{diverged_notes, metrics_table, table};
pub use tuning::{Choices, choices, listed, tuning_lines};
pub use verdicts::{score_note, verdict_lines};

/// A list of a plan and a list of records, judged and reported as `losslab report` does: what the fuzz target runs.
pub fn fuzz(bytes: &[u8]) {
    let Ok((plan, records)) = serde_json::from_slice::<(Plan, Vec<RunRecord>)>(bytes) else { return };
    if plan.check().is_err()
        || records.is_empty()
        || records.iter().any(|record| record.check(&plan).is_err())
    {
        return;
    }
    let absent = || Err("absent".into());
    let judgement = judge(&plan, &records, &|| Err("absent".into()), &|_| absent()).ok().flatten();
    let environment = Environment {
        version: "0",
        seconds: 1.0,
        threads: 1,
        processors: 1,
        machine: String::new(),
        instruction_set: "baseline",
        paths: Vec::new(),
    };
    let results = Results::of(plan, &records, judgement, environment);
    table(&results);
    diverged_notes(&results);
    unseen_notes(&results.gaps);
    score_note(&records);
    share_table(&results);
    category_table(&results);
    voc_lines(&results);
    results.verdicts.as_ref().map(|judgement| verdict_lines(judgement, results.config.trials));
    html::page_text(Story { results: &results, records: &records, command: "", pictures: &[] });
}
