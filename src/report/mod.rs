//! What an experiment leaves behind: `results.json` for programs, a table for people.

mod results;
mod table;

pub use results::{Data, Environment, Named, Results, Run, Summaries};
pub use table::table;
