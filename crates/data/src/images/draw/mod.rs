//! Pictures for people: boxes, labels and contact sheets, as PNG.
//!
//! | file | what it does |
//! |---|---|
//! | `font` | a bitmap font of 5 x 7 pixels |
//! | `canvas` | enlarging, rectangles, text |
//! | `sheet` | several images with true and found boxes on one picture |
//! | `png` | an image as the bytes of a PNG file |

mod canvas;
mod font;
mod png;
mod sheet;
#[cfg(test)]
mod tests;

pub use canvas::enlarge;
pub use png::encode_png;
pub use sheet::{FOUND_COLOUR, Panel, TRUTH_COLOUR, contact_sheet};
