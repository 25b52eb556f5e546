//! The tests of the command line, its files and its page, as one program: each test program compiles the
//! kernels that it uses anew.
//!
//! | folder | what |
//! |---|---|
//! | `cli/` | the commands as a user meets them |
//! | `page/` | `report.html`, as a file and in a browser |
//! | `files/` | model files beside PyTorch, and inputs that once broke a reader |
//! | `project/` | what holds of the sources, the examples and the README |
//!
//! `allocations.rs` stays apart, for it counts what a whole program allocates, and `bits.rs`, for it forces
//! instruction sets, which is for a whole program, too. What one crate does alone is tested in that crate.

mod cli;
mod common;
mod files;
mod page;
mod project;
