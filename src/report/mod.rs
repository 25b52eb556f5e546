//! What an experiment leaves behind: `results.json` for programs, a table and `report.html` for people.

mod atomic;
mod calibration;
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
mod record;
mod results;
mod store;
mod table;
mod tuning;
mod verdicts;

pub use atomic::write_atomically;
pub use calibration::CalibrationSummary;
pub use data::{AnchorCounts, CategoryObjects, ClassRows, Data, ImageData, ImagePart, TableData};
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
