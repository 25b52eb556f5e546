//! Images with boxes: what a detector learns from.
//!
//! | file | what it does |
//! |---|---|
//! | `image` | an image of 8-bit numbers |
//! | `fit` | how an image of any size was fitted into the detector's |
//! | `set` | images of one size with their objects, and the truth in the original pixels |

mod fit;
mod image;
mod set;

pub use fit::Fit;
pub use image::Image;
pub use set::{ImageSet, LabelledImage, Object};
