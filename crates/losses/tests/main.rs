//! The tests of this crate, as one program: each test program compiles the kernels that it uses anew.
//!
//! `accuracy.rs` and `proof.rs` stay apart, for they force instruction sets, which is for a whole program.

mod batches;
mod capabilities;
mod common;
mod extremes;
mod gradients;
mod inverse;
mod jacobian;
mod large_batches;
mod paper;
mod pipeline;
mod reference;
mod registry;
mod second;
mod specs;
