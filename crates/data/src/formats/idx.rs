//! Images that are rows, in the IDX form of MNIST.

use super::csv::POSITIVE;
use super::{DataKind, Flag, Format, FormatInfo, Given, Loaded, ModelInput, NewData, NewRows};
use crate::{Imbalance, Source, load_idx, load_idx_images, load_idx_like};
use losslab_base::{DataError, Place};
use std::sync::Arc;

const FLAGS: &[Flag] = &[
    Flag::one("idx-images", "FILE", "Images to learn from, in the IDX form of MNIST, optionally .gz")
        .path()
        .requires(&["idx-labels"]),
    Flag::one("idx-labels", "FILE", "Their labels").path(),
    POSITIVE,
    Flag::one("test-idx-images", "FILE", "Images to report on, instead of a fifth of --idx-images")
        .path()
        .requires(&["test-idx-labels"]),
    Flag::one("test-idx-labels", "FILE", "Their labels").path().requires(&["test-idx-images"]),
    Flag::one("keep-positives", "N", "Keep only so many positives of --idx-images, others for every seed")
        .requires(&["test-idx-images", "positive"]),
    Flag::one(
        "long-tail",
        "FACTOR",
        "Thin the classes of --idx-images out to an exponential tail; \
         the last becomes so many times rarer than the first",
    )
    .requires(&["test-idx-images"])
    .conflicts(&["positive"]),
];

const NEW_FLAGS: &[Flag] =
    &[Flag::one("idx-images", "FILE", "Images in IDX form, for a model of such images").path()];

/// Images that are rows, in IDX form.
pub(super) struct Idx;

impl Format for Idx {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: "idx", help: "images in the IDX form of MNIST, a row each", kind: DataKind::Table }
    }

    fn flags(&self) -> &[Flag] {
        FLAGS
    }

    fn load(&self, given: &Given) -> Result<Loaded, DataError> {
        let keep = given.count("keep-positives")?.map(Imbalance::KeepPositives);
        let imbalance = keep.or(given.number("long-tail")?.map(Imbalance::LongTail));
        let (images, labels) = (given.path("idx-images")?, given.path("idx-labels")?);
        let (dataset, mut notes) = load_idx(images, labels, given.text_if_given("positive"))?;
        let test = match given.path_if_given("test-idx-images") {
            Some(images) => Some(load_idx_like(images, given.path("test-idx-labels")?, &dataset)?),
            None => None,
        };
        if let Some(imbalance) = imbalance {
            notes.push(imbalance.note(&dataset)?);
        }
        Ok(Loaded::Table { source: Source { dataset, test, splits: None, imbalance }, notes })
    }

    fn new_flags(&self) -> &[Flag] {
        NEW_FLAGS
    }

    fn load_new(&self, given: &Given, model: &ModelInput<'_>) -> Result<NewData, DataError> {
        let model = model.rows("idx-images")?;
        if model.image.is_none() {
            return Err(Place::of(model.name).error("a model of tables", "one of images for --idx-images"));
        }
        let images = given.path("idx-images")?;
        let pixels = Arc::new(load_idx_images(images)?);
        let place = Place::of(images.display().to_string());
        let (found, expected) = (pixels.columns(), model.encoder.width());
        if found != expected {
            return Err(
                place.error(format!("{found} pixels per image"), format!("{expected} as in {}", model.name))
            );
        }
        match model.encoder.transform_pixels(&pixels).filter(|_| pixels.image() == model.image) {
            Some(matrix) => {
                let hashes = matrix.row_hashes();
                Ok(NewData::Rows(NewRows { matrix, hashes, labels: None, notes: Vec::new() }))
            }
            None => {
                Err(place.error("images of another form", format!("the height and width of {}", model.name)))
            }
        }
    }
}
