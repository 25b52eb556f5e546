//! What several tests of the command line share.

pub mod eval;
pub mod page;
