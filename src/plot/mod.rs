//! Line charts as SVG: small, without dependencies, readable on paper, on a screen and by a screen reader.
//!
//! A [`Figure`] is panels, two side by side, and one legend for all of them. Lines differ in colour and in dash
//! pattern, so that neither a printer nor an eye needs colours to tell them apart.

mod axis;
mod figure;
mod simplify;
mod svg;

pub use axis::Axis;
pub use figure::{Band, Figure, Panel};
