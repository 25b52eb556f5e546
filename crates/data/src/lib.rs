//! Data sets, tables and images: loading, splitting, encoding, and a synthetic problem to try things on.
//!
//! The way of the data through the laboratory:
//!
//! ```text
//! CSV file --load_csv--> Dataset --Split--> row indices of train, validation, test --Encoder--> Matrix of
//! f32
//! ```
//!
//! A [`Dataset`] keeps columns as the file has them: what fills a gap, which categories there are and how
//! numbers are scaled is measured on the training rows of a split, never before.
//!
//! [`formats`] is the registry of what data can be given in, and of the flags by which it is named: a new
//! format is one file there. What a format loads is a [`Source`] of rows, whose splits are [`Prepared`] for
//! each run, or [`ImageParts`](images::ImageParts).
//!
//! Everything here answers bad input with one [`DataError`] that says where, what was found and what was
//! expected.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod atomic;
mod builder;
mod cells;
#[allow(clippy::indexing_slicing, reason = "rows, codes and classes of its own arrays")]
pub mod checks;
#[allow(clippy::indexing_slicing, reason = "rows, codes and classes of its own arrays")]
mod column;
mod csv;
#[allow(clippy::indexing_slicing, reason = "rows, codes and classes of its own arrays")]
mod dataset;
mod decimal;
#[allow(clippy::indexing_slicing, reason = "rows, codes and classes of its own arrays")]
mod dictionary;
#[allow(clippy::indexing_slicing, clippy::panic, reason = "its own arrays; misuse panics")]
mod encode;
mod file_text;
mod following;
pub mod formats;
mod given_splits;
#[allow(clippy::indexing_slicing, reason = "rows, codes and classes of its own arrays")]
mod group_split;
mod idx;
#[allow(clippy::indexing_slicing, reason = "pixels and boxes of its own arrays")]
pub mod images;
#[allow(clippy::indexing_slicing, reason = "rows, codes and classes of its own arrays")]
mod imbalance;
#[allow(clippy::indexing_slicing, reason = "rows, codes and classes of its own arrays")]
mod labels;
#[allow(clippy::indexing_slicing, clippy::panic, reason = "its own arrays; misuse panics")]
mod matrix;
mod name;
pub mod owner;
#[allow(clippy::indexing_slicing, reason = "rows, codes and classes of its own arrays")]
mod prepare;
#[allow(clippy::indexing_slicing, reason = "rows, codes and classes of its own arrays")]
mod scale;
mod settings;
#[allow(clippy::indexing_slicing, reason = "rows, codes and classes of its own arrays")]
mod split;
#[allow(clippy::indexing_slicing, clippy::panic, reason = "its own arrays; misuse panics")]
mod synthetic;
mod table;

pub use self::atomic::write_atomically;
pub use self::column::{Cells, Column, Kind};
pub use self::csv::from_table;
pub use self::csv::{CsvOptions, load_csv};
pub use self::dataset::{Dataset, Features, Groups};
pub use self::encode::{ColumnEncoder, Encoder, Encoding};
pub use self::file_text::FileText;
pub use self::following::following;
pub use self::following::{Following, Schema, load_csv_like, load_following};
pub use self::given_splits::GivenSplits;
pub use self::idx::read_from as read_idx;
pub use self::idx::{load_idx, load_idx_images, load_idx_like};
pub use self::imbalance::Imbalance;
pub use self::matrix::Matrix;
pub use self::prepare::{Gaps, Part, Prepared, Source};
pub use self::scale::Scaling;
pub use self::split::{DEFAULT_FRACTIONS, Split};
pub use self::synthetic::SyntheticSpec;
pub use self::table::Table;
pub use losslab_base::{DataError, Place};

/// The examples of README.md are tests, too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
