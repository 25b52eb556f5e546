//! Tape-based reverse-mode automatic differentiation on an arena that is rewound, not rebuilt.
//!
//! Where to read first: [`Op`] is what an operation says of itself, [`Tape`] records and walks back,
//! [`ops`] lists the operations, [`GradCheck`] proves them.

#![deny(unsafe_code)]
mod check;
mod counter;
mod jacobian;
mod op;
pub mod ops;
pub mod optim;
mod tape;
mod var;

pub use check::{GradCheck, Mismatch};
pub use op::{Args, At, MAX_INPUTS, Op};
pub use ops::binary::{Pointwise2, Zip};
pub use ops::conv::Conv2d;
pub use ops::dropout::Dropout;
pub use ops::pointwise::{Map, Pointwise};
pub use ops::pool::Pool;
pub use ops::running::RunningStatistics;
pub use tape::{NonFinite, Operation, Origin, Param, Tape};
pub use var::{Indices, Var};

/// The examples of README.md are tests, too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
