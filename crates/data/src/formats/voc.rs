//! Images with boxes in a folder of Pascal VOC's form.

use super::coco::{IMAGE_SIZE, image_options};
use super::{DataKind, Flag, Format, FormatInfo, Given, Loaded};
use crate::images::ImageParts;
use losslab_base::DataError;
use losslab_metrics::boxes::VocRule;

const FLAGS: &[Flag] = &[
    Flag::one("voc", "DIR", "Folder in Pascal VOC's form, with splits train, val and, if present, test")
        .path(),
    Flag::switch(
        "voc07",
        "With --voc: average precision at 11 recalls, as until 2009, instead of the area under the curve",
    ),
    IMAGE_SIZE,
];

/// Images with boxes in Pascal VOC's form.
pub(super) struct Voc;

impl Format for Voc {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: "voc", help: "images with boxes in Pascal VOC's form", kind: DataKind::Boxes }
    }

    fn flags(&self) -> &[Flag] {
        FLAGS
    }

    fn load(&self, given: &Given) -> Result<Loaded, DataError> {
        let rule = if given.switch("voc07") { VocRule::ElevenPoint } else { VocRule::AllPoint };
        let parts = ImageParts::load_voc(given.path("voc")?, &image_options(given)?)?;
        Ok(Loaded::Boxes { parts, voc_rule: Some(rule) })
    }
}
