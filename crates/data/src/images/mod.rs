//! Images with boxes: what a detector learns from.
//!
//! | file | what it does |
//! |---|---|
//! | `image` | an image of 8-bit numbers |
//! | `fit` | how an image of any size was fitted into the detector's |
//! | `set` | images of one size with their objects, and the truth in the original pixels |
//! | `options` | size and channels, where they are not to follow from the files |
//! | `coco` | reads COCO's JSON and a folder of images: [`load_coco`] |
//! | `folder` | reads a folder of images without annotations: [`load_folder`] |
//! | `voc`, `voc_xml` | reads a folder of Pascal VOC: [`load_voc`] |
//! | `assemble` | what both share: decoding in parallel, one size, boxes to train on |
//! | `decode` | PNG and JPEG |
//! | `letterbox`, `resize` | one size from many |
//! | `events` | what was changed or left out, as notes |
//! | `augment` | flips and shifts, written as inputs of a network |
//! | `statistics` | mean and deviation of the pixels, and the fingerprint |
//! | `scenes` | draws a set without any file |
//! | `parts` | the three sets of a training: [`ImageParts`] |
//! | `draw` | pictures with boxes, as PNG |

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod assemble;
mod augment;
mod coco;
mod decode;
#[allow(clippy::panic, reason = "misuse panics")]
mod draw;
mod events;
mod fit;
mod folder;
mod image;
mod letterbox;
mod options;
mod parts;
mod resize;
#[allow(clippy::panic, reason = "misuse panics")]
mod scenes;
mod set;
mod statistics;
mod voc;
mod voc_xml;

pub use assemble::MAX_SET_BYTES;
pub use augment::{Augmentation, LEAST_SHARE, Placement};
pub use coco::{check_same_categories, load_coco};
pub use decode::{MAX_PIXELS, read_image};
pub use decode::{decode as decode_image, header as image_header};
pub use draw::{FOUND_COLOUR, Panel, TRUTH_COLOUR, contact_sheet, encode_png, enlarge};
pub use fit::Fit;
pub use folder::load_folder;
pub(crate) use folder::{list_folders, list_images, load_files};
pub use image::Image;
pub use letterbox::letterbox;
pub use options::ImageOptions;
pub use parts::ImageParts;
pub use scenes::{POSITIVES_PER_OBJECT, REFERENCE_ANCHORS, REFERENCE_STRIDE, ScenePart, SceneSpec};
pub use set::{ImageSet, LabelledImage, Object};
pub use statistics::Normalisation;
pub use voc::{load_voc, voc_categories, voc_split_path};
pub use voc_xml::parse_voc;
