//! Line charts as SVG: small, without dependencies, readable on paper, on a screen and by a screen reader.
//!
//! A [`Figure`] is panels, two side by side, and one legend for all of them. Lines differ in colour and in
//! dash pattern, so that neither a printer nor an eye needs colours to tell them apart.

//!
//! Reports are made of smaller drawings, which carry no colours of their own and so suit light and dark
//! pages: [`Chart`],
//! [`Forest`], [`RankPlot`] and [`Map`] draw a [`Picture`] each.

mod axis;
mod chart;
mod figure;
mod forest;
mod map;
mod picture;
mod ranks;
mod simplify;
mod svg;
mod theme;

pub use axis::Axis;
pub use chart::{Chart, Series};
pub use figure::{Band, Figure, Panel};
pub use forest::{Forest, ForestRow, Mark};
pub use map::Map;
pub use picture::Picture;
pub use ranks::RankPlot;
pub use theme::{properties, rules};
