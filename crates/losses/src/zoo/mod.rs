//! The losses, one file each. A new one: its file, and its line in [`crate::Registry::standard`].

mod ce;
mod focal;

pub use ce::{AlphaCe, Ce};
pub use focal::Focal;
