//! What every crate of losslab needs and no crate should carry kernels for: numbers, elementary functions,
//! random numbers, fingerprints, and errors that say where something is wrong.
//!
//! | file | what |
//! |---|---|
//! | [`Real`], [`Fused`], [`Lane`] | the arithmetic that equations are written in |
//! | [`Dual`] | numbers with a derivative |
//! | [`math`] | exponential and logarithm, the same bits on every machine |
//! | [`rng`] | a random generator named by its algorithm |
//! | [`Bounds`] | the whole numbers that a setting may be |
//! | [`Bytes`] | amounts of memory |
//! | [`Domain`] | the values that tuning tries of a number |
//! | [`Fnv1a`] | fingerprints of data |
//! | [`DataError`], [`Place`] | what is wrong with a file, and where |
//! | [`shown`], [`shown_name`], .. | text from files, and numbers, as they may be shown |
//! | [`unknown`] | the message for a name that does not exist |
//!
//! Nothing here touches a file, a clock, the environment or a global random generator.

#![deny(unsafe_code)]

mod bounds;
mod bytes;
mod domain;
mod dual;
mod error;
mod fingerprint;
pub mod math;
mod names;
mod real;
pub mod rng;
mod shown;

pub use bounds::Bounds;
pub use bytes::Bytes;
pub use domain::Domain;
pub use dual::Dual;
pub use error::{DataError, Place, counted, listed, quoted};
pub use fingerprint::Fnv1a;
pub use names::{nearest, unknown};
pub use real::{Fused, Lane, Real};
pub use shown::{shown, shown_cell, shown_json, shown_name, shown_number};

/// The examples of README.md are tests, too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
