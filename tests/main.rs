//! The tests of the command line and of the library behind it, as one program: each test program compiles the kernels that
//! it uses anew. Thirty-nine programs took a processor 200 s, this one takes 100.
//!
//! `allocations.rs` stays apart, for it counts what a whole program allocates, and `bits.rs`, for it forces instruction
//! sets, which is for a whole program, too.

mod browser;
mod checkpoint;
mod cli;
mod cli_coco;
mod cli_detector;
mod cli_model;
mod cli_runs;
mod cli_tune;
mod common;
mod detector;
mod divergence;
mod eval;
mod eval_errors;
mod fuzz_corpus;
mod interop;
mod invariants;
mod judgement;
mod losses_cli;
mod model;
mod readme;
mod report_page;
mod training_threads;
