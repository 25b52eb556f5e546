//! The arguments that name images with boxes, shared by the commands that train detectors.

use anyhow::{Context, bail};
use clap::Args;
use losslab_base::rng::Rng;
use losslab_data::images::{
    ImageOptions, ImageSet, ScenePart, SceneSpec, check_same_categories, load_coco, load_voc, voc_categories,
    voc_split_path,
};
use losslab_metrics::boxes::VocRule;
use losslab_train::detector::ImageParts;
use std::path::{Path, PathBuf};

/// One of so many training images is kept to choose the epoch by, where there is no set for that.
const HELD_OUT: usize = 6;

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
        let size = self.image_size.as_deref().map(parse_size).transpose()?;
        let options = ImageOptions { size, channels: None };
        if let Some(scenes) = &self.scenes {
            anyhow::ensure!(size.is_none(), "--image-size: scenes are drawn in their size, --scenes size=N");
            return scene_parts(scenes);
        }
        let parts = match (&self.voc, &self.coco_train, &self.coco_val, &self.images) {
            (Some(folder), ..) => load_voc_parts(folder, &options)?,
            (None, Some(train), Some(validation), Some(images)) => {
                load_coco_parts(train, validation, self.coco_test.as_deref(), images, &options)?
            }
            _ => bail!("expected --coco-train, --coco-val and --images, or --voc, or --scenes"),
        };
        check_same_categories(&[&parts.train, &parts.validation, &parts.test])?;
        Ok(parts)
    }

    /// The files and folders named.
    pub fn paths(&self) -> Vec<String> {
        let paths = [&self.coco_train, &self.coco_val, &self.coco_test, &self.images, &self.voc];
        paths.into_iter().flatten().map(|path| path.display().to_string()).collect()
    }
}

/// The three parts of these scenes; an empty specification is the default one.
pub fn scene_parts(text: &str) -> anyhow::Result<ImageParts> {
    let spec: SceneSpec = text.parse()?;
    let [train, validation, test] = ScenePart::ALL.map(|part| spec.generate(part));
    Ok(ImageParts { train, validation, test })
}

fn load_coco_parts(
    train: &Path,
    validation: &Path,
    test: Option<&Path>,
    images: &Path,
    options: &ImageOptions,
) -> anyhow::Result<ImageParts> {
    let train = load_coco(train, images, options)?;
    let like = ImageOptions::like(&train);
    let validation = load_coco(validation, images, &like)?;
    Ok(match test {
        Some(test) => ImageParts { test: load_coco(test, images, &like)?, train, validation },
        None => hold_out(train, validation),
    })
}

fn load_voc_parts(folder: &Path, options: &ImageOptions) -> anyhow::Result<ImageParts> {
    let has_test = voc_split_path(folder, "test").is_file();
    let splits = if has_test { &["train", "val", "test"][..] } else { &["train", "val"] };
    let categories = voc_categories(folder, splits)?;
    let train = load_voc(folder, "train", Some(&categories), options)?;
    let like = ImageOptions::like(&train);
    let validation = load_voc(folder, "val", Some(&categories), &like)?;
    Ok(match has_test {
        true => ImageParts { test: load_voc(folder, "test", Some(&categories), &like)?, train, validation },
        false => hold_out(train, validation),
    })
}

/// Without a test set, the validation set is reported on, and a part of the training images, always the same, chooses
/// the epoch: nothing is reported on what the epoch was chosen by.
fn hold_out(train: ImageSet, test: ImageSet) -> ImageParts {
    let mut order: Vec<usize> = (0..train.images.len()).collect();
    Rng::seed(0).shuffle(&mut order);
    let (held_out, _) = order.split_at(train.images.len() / HELD_OUT);
    let is_held_out = |i: usize| held_out.contains(&i);
    let mut validation = train.part("held out of the training images", is_held_out);
    validation.notes = vec![format!(
        "no test set: {} is reported on, and {} of the training images choose the epoch",
        test.name,
        validation.images.len()
    )];
    let mut rest = train.part(&train.name, |i| !is_held_out(i));
    rest.notes.clone_from(&train.notes);
    ImageParts { train: rest, validation, test }
}

/// `WxH`.
fn parse_size(text: &str) -> anyhow::Result<(usize, usize)> {
    let parts = text.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    match parts {
        Some((width, height)) if width > 0 && height > 0 => Ok((width, height)),
        _ => Err(anyhow::anyhow!("found '{text}', expected two numbers of pixels such as 160x120"))
            .context("--image-size"),
    }
}
