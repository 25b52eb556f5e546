//! The arguments that name images with boxes, shared by the commands that train detectors.

use anyhow::bail;
use clap::Args;
use losslab_data::images::{ImageOptions, ImageParts};
use losslab_metrics::boxes::VocRule;
use std::path::PathBuf;

/// Where images with boxes come from.
#[derive(Args, Debug)]
pub struct ImageArguments {
    /// COCO annotations to learn from: trains detectors instead of classifiers of rows
    #[arg(long, value_name = "JSON", requires = "images", requires = "coco_val", conflicts_with = "csv")]
    coco_train: Option<PathBuf>,
    /// COCO annotations to choose the epoch by; without --coco-test to report on
    #[arg(long, value_name = "JSON", requires = "coco_train")]
    coco_val: Option<PathBuf>,
    /// COCO annotations to report on
    #[arg(long, value_name = "JSON", requires = "coco_train")]
    coco_test: Option<PathBuf>,
    /// Folder of the images that the annotations name
    #[arg(long, value_name = "DIR", requires = "coco_train")]
    images: Option<PathBuf>,
    /// Folder in Pascal VOC's form, with splits train, val and, if present, test
    #[arg(long, value_name = "DIR", conflicts_with_all = ["coco_train", "csv", "idx_images", "synthetic"])]
    voc: Option<PathBuf>,
    /// With --voc: average precision at 11 recalls, as until 2009, instead of the area under the curve
    #[arg(long, requires = "voc")]
    voc07: bool,
    /// Procedural scenes, e.g. ratio=1000,classes=3,images=400,size=96,seed=0; may be empty
    #[arg(
        long, value_name = "K=V,..", num_args = 0..=1, default_missing_value = "",
        conflicts_with_all = ["coco_train", "voc", "csv", "idx_images", "synthetic"]
    )]
    scenes: Option<String>,
    /// Size that images are fitted into, e.g. 160x120 [default: the most frequent size of the training images]
    #[arg(long, value_name = "WxH")]
    image_size: Option<String>,
}

impl ImageArguments {
    /// Whether images are to be learnt from at all.
    pub fn are_given(&self) -> bool {
        self.coco_train.is_some() || self.voc.is_some() || self.scenes.is_some()
    }

    /// The rule of Pascal VOC's own average precision, for data in its form.
    pub fn voc_rule(&self) -> Option<VocRule> {
        let rule = if self.voc07 { VocRule::ElevenPoint } else { VocRule::AllPoint };
        self.voc.as_ref().map(|_| rule)
    }

    /// The three parts.
    pub fn load(&self) -> anyhow::Result<ImageParts> {
        let size = self.image_size.as_deref().map(ImageOptions::parse_size).transpose()?;
        let options = ImageOptions { size, channels: None };
        if let Some(scenes) = &self.scenes {
            anyhow::ensure!(size.is_none(), "--image-size: scenes are drawn in their size, --scenes size=N");
            return Ok(ImageParts::draw(&scenes.parse()?));
        }
        Ok(match (&self.voc, &self.coco_train, &self.coco_val, &self.images) {
            (Some(folder), ..) => ImageParts::load_voc(folder, &options)?,
            (None, Some(train), Some(validation), Some(images)) => {
                ImageParts::load_coco(train, validation, self.coco_test.as_deref(), images, &options)?
            }
            _ => bail!("expected --coco-train, --coco-val and --images, or --voc, or --scenes"),
        })
    }

    /// The files and folders named.
    pub fn paths(&self) -> Vec<String> {
        let paths = [&self.coco_train, &self.coco_val, &self.coco_test, &self.images, &self.voc];
        paths.into_iter().flatten().map(|path| path.display().to_string()).collect()
    }
}
