//! The tests of this crate, as one program: each test program compiles the kernels that it uses anew.

mod across;
mod common;
mod contents;
mod judgement;
mod margin;
mod other_metrics;
mod records;
mod threads;
mod tuning;
