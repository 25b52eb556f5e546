//! Images with boxes.

mod augment;
mod coco;
mod decode;
mod placed;
mod real;
mod voc;
