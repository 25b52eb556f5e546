//! Images with boxes in COCO's form, and folders of images for a saved detector.

use super::{DataKind, Flag, Format, FormatInfo, Given, Loaded, ModelInput, NewData, NewImages};
use crate::images::{ImageOptions, ImageParts, load_coco, load_folder};
use losslab_base::DataError;

/// `--image-size`, which formats of images share.
pub(super) const IMAGE_SIZE: Flag = Flag::one(
    "image-size",
    "WxH",
    "Size that images are fitted into, e.g. 160x120 [default: the most frequent size of the training images]",
);

const FLAGS: &[Flag] = &[
    Flag::one(
        "coco-train",
        "JSON",
        "COCO annotations to learn from: trains detectors instead of classifiers of rows",
    )
    .path()
    .requires(&["images", "coco-val"]),
    Flag::one(
        "coco-val",
        "JSON",
        "COCO annotations to choose the epoch by; without --coco-test to report on",
    )
    .path(),
    Flag::one("coco-test", "JSON", "COCO annotations to report on").path(),
    Flag::one("images", "DIR", "Folder of the images that the annotations name").path(),
    IMAGE_SIZE,
];

const NEW_FLAGS: &[Flag] = &[
    Flag::one(
        "images",
        "DIR",
        "Folder of PNG and JPEG images, for a detector; all of them, or those that --coco names",
    )
    .path(),
    Flag::one(
        "coco",
        "JSON",
        "COCO annotations of the images: detections get their ids, and metrics are printed on standard error",
    )
    .path(),
];

/// Images with boxes in COCO's form.
pub(super) struct Coco;

impl Format for Coco {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: "coco", help: "images with boxes in COCO's form", kind: DataKind::Boxes }
    }

    fn flags(&self) -> &[Flag] {
        FLAGS
    }

    fn load(&self, given: &Given) -> Result<Loaded, DataError> {
        let parts = ImageParts::load_coco(
            given.path("coco-train")?,
            given.path("coco-val")?,
            given.path_if_given("coco-test"),
            given.path("images")?,
            &image_options(given)?,
        )?;
        Ok(Loaded::Boxes { parts, voc_rule: None })
    }

    fn new_flags(&self) -> &[Flag] {
        NEW_FLAGS
    }

    fn load_new(&self, given: &Given, model: &ModelInput<'_>) -> Result<NewData, DataError> {
        let model = model.images("images")?;
        let folder = given.path("images")?;
        let options = ImageOptions { most_bytes: Some(given.memory()), ..model.options };
        let Some(json) = given.path_if_given("coco") else {
            let set = load_folder(folder, &options)?;
            return Ok(NewData::Images(NewImages { set, has_truth: false }));
        };
        let set = load_coco(json, folder, &options)?;
        model.check_categories(&set)?;
        Ok(NewData::Images(NewImages { set, has_truth: true }))
    }
}

/// The options that the shared flags give.
pub(super) fn image_options(given: &Given) -> Result<ImageOptions, DataError> {
    let size = given.text_if_given(IMAGE_SIZE.name).map(ImageOptions::parse_size).transpose()?;
    Ok(ImageOptions { size, channels: None, most_bytes: Some(given.memory()) })
}
