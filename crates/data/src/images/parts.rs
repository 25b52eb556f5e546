//! The three sets of images that a detector learns from, chooses its epoch by and is reported on.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

use super::{
    ImageOptions, ImageSet, ScenePart, SceneSpec, check_same_categories, load_coco, load_voc, voc_categories,
    voc_split_path,
};
use crate::name::data_name;
use losslab_base::DataError;
use losslab_base::rng::Rng;
use std::path::Path;

/// One of so many training images is kept to choose the epoch by, where there is no set for that.
const HELD_OUT: usize = 6;

/// Images to learn from, to choose the epoch by, and to report on; all of one size and with the same
/// categories.
#[derive(Clone, Debug)]
pub struct ImageParts {
    /// What the data are called.
    pub name: String,
    /// To learn from.
    pub train: ImageSet,
    /// To choose the epoch by.
    pub validation: ImageSet,
    /// To report on.
    pub test: ImageSet,
}

impl ImageParts {
    /// Reads the parts from COCO's files, whose images lie in one folder. Without `test`, `validation` is
    /// reported on and a sixth of the training images chooses the epoch.
    ///
    /// # Errors
    /// As [`load_coco`], and if the categories of the files differ.
    pub fn load_coco(
        train: &Path,
        validation: &Path,
        test: Option<&Path>,
        images: &Path,
        options: &ImageOptions,
    ) -> Result<ImageParts, DataError> {
        let name = data_name(train);
        let train = load_coco(train, images, options)?;
        let like = ImageOptions { most_bytes: options.most_bytes, ..ImageOptions::like(&train) };
        let validation = load_coco(validation, images, &like)?;
        let test = test.map(|test| load_coco(test, images, &like)).transpose()?;
        ImageParts::of(name, train, validation, test)
    }

    /// Reads the splits `train`, `val` and, if present, `test` from a folder in Pascal VOC's form. Without
    /// `test`, `val` is reported on and a sixth of the training images chooses the epoch.
    ///
    /// # Errors
    /// As [`load_voc`].
    pub fn load_voc(folder: &Path, options: &ImageOptions) -> Result<ImageParts, DataError> {
        let has_test = voc_split_path(folder, "test").is_file();
        let splits = if has_test { &["train", "val", "test"][..] } else { &["train", "val"] };
        let categories = voc_categories(folder, splits)?;
        let load = |split: &str, options: &ImageOptions| load_voc(folder, split, Some(&categories), options);
        let train = load("train", options)?;
        let like = ImageOptions { most_bytes: options.most_bytes, ..ImageOptions::like(&train) };
        let validation = load("val", &like)?;
        let test = if has_test { Some(load("test", &like)?) } else { None };
        ImageParts::of(data_name(folder), train, validation, test)
    }

    /// Draws the parts of these scenes.
    ///
    /// # Panics
    /// As [`SceneSpec::generate`].
    pub fn draw(spec: &SceneSpec) -> ImageParts {
        let [train, validation, test] = ScenePart::ALL.map(|part| spec.generate(part));
        let name = train.name.trim_end_matches("/train").to_owned();
        ImageParts { name, train, validation, test }
    }

    /// These sets as the parts, with a part held out if there is no test set.
    fn of(
        name: String,
        train: ImageSet,
        validation: ImageSet,
        test: Option<ImageSet>,
    ) -> Result<ImageParts, DataError> {
        let parts = match test {
            Some(test) => ImageParts { name, train, validation, test },
            None => hold_out(name, train, validation),
        };
        check_same_categories(&[&parts.train, &parts.validation, &parts.test])?;
        Ok(parts)
    }
}

/// Without a test set, the validation set is reported on, and a part of the training images, always the same,
/// chooses the epoch: nothing is reported on what the epoch was chosen by.
fn hold_out(name: String, train: ImageSet, test: ImageSet) -> ImageParts {
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
    ImageParts { name, train: rest, validation, test }
}
