//! Procedural scenes: images with boxes, drawn anew.

use super::coco::IMAGE_SIZE;
use super::{DataKind, Flag, Format, FormatInfo, Given, Loaded};
use crate::images::{ImageParts, SceneSpec};
use losslab_base::{Bytes, DataError, Place};

const FLAGS: &[Flag] = &[
    Flag::one(
        "scenes",
        "K=V,..",
        "Procedural scenes, e.g. ratio=1000,classes=3,images=400,size=96,seed=0; may be empty",
    )
    .default_missing(""),
    // Taken only to say what does it here.
    IMAGE_SIZE,
];

/// Procedural scenes.
pub(super) struct Scenes;

impl Format for Scenes {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: "scenes", help: "procedural scenes with boxes, drawn anew", kind: DataKind::Boxes }
    }

    fn flags(&self) -> &[Flag] {
        FLAGS
    }

    fn load(&self, given: &Given) -> Result<Loaded, DataError> {
        if given.has(IMAGE_SIZE.name) {
            let message = "--image-size: scenes are drawn in their size, --scenes size=N";
            return Err(DataError::Flags(message.into()));
        }
        let spec: SceneSpec = given.text_if_given("scenes").unwrap_or_default().parse()?;
        let pixels = spec.bytes();
        if pixels > given.memory() {
            let (found, most) = (format!("images of {}", Bytes(pixels)), Bytes(given.memory()));
            return Err(Place::of("--scenes").error(found, format!("at most {most} (--max-memory)")));
        }
        Ok(Loaded::Boxes { parts: ImageParts::draw(&spec), voc_rule: None })
    }
}
