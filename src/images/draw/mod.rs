//! Pictures for people: boxes, labels and contact sheets, as PNG.
//!
//! | file | what it does |
//! |---|---|
//! | `png` | an image as the bytes of a PNG file |

mod png;

pub use png::encode_png;
