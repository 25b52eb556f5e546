//! What an experiment leaves behind: `results.json` for programs, a table for people.

mod atomic;
mod data;
mod detections;
mod gaps;
mod pictures;
mod results;
mod table;

pub use atomic::write_atomically;
pub use data::{AnchorCounts, CategoryObjects, ClassRows, Data, ImageData, ImagePart, TableData};
pub use detections::{category_table, file_name, share_table, voc_lines, write_detections};
pub use gaps::{SeedGaps, unseen_notes};
pub use pictures::write_pictures;
pub use results::{Environment, Named, Results, Run, Summaries};
pub use table::{diverged_notes, metrics_table, table};
