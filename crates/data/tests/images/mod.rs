//! Images with boxes.

mod augment;
mod coco;
mod decode;
mod real;
mod voc;
