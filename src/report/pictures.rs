//! Pictures of what detectors found: for each loss a sheet of test images with true and found boxes.

use super::detections::file_name;
use super::record::RunRecord;
use super::store::Store;
use super::write_atomically;
use crate::detection::{BoundingBox, Detection};
use crate::images::{ImageSet, LabelledImage, Panel, contact_sheet, encode_png};
use std::io;

/// Images on a sheet, and in a row of it.
const IMAGES: usize = 12;
const COLUMNS: usize = 4;

/// Writes `pictures/LOSS.png` for each loss: what the first seed that did not diverge found in test images, those at equal
/// distances among the images with objects, the same for all losses.
///
/// Shown are the detections from the score on at which as many are found as there are objects in the test set: a cut by
/// rank, since losses report different scores for the same certainty.
///
/// # Errors
/// If the folder cannot be written, or detections cannot be read back.
pub fn write_pictures(
    store: &Store,
    set: &ImageSet,
    losses: &[String],
    records: &[RunRecord],
) -> io::Result<()> {
    let folder = store.folder().join("pictures");
    std::fs::create_dir_all(&folder)?;
    for loss in losses {
        let of_loss = records.iter().filter(|run| run.loss == *loss);
        if let Some(detector) = of_loss.filter_map(|run| run.detector.as_ref()).next() {
            let found = store.detections(&detector.detections).map_err(io::Error::other)?;
            write_atomically(&folder.join(format!("{}.png", file_name(loss))), &sheet(set, &found))?;
        }
    }
    Ok(())
}

/// A sheet of some images of the set, as PNG.
fn sheet(set: &ImageSet, detections: &[Detection]) -> Vec<u8> {
    let cut = cut(set, detections);
    let label = |category: usize| set.categories[category].name.clone();
    let chosen = chosen(set);
    let boxes: Vec<_> = chosen
        .iter()
        .map(|image| {
            let truth: Vec<(BoundingBox, String)> = image
                .objects
                .iter()
                .filter(|object| !object.ignore)
                .map(|object| (object.bbox, label(object.category)))
                .collect();
            let shown = detections.iter().filter(|found| found.image_id == image.id && found.score >= cut);
            let found: Vec<(BoundingBox, String, f64)> = shown
                .map(|found| {
                    let category = set.categories.iter().position(|c| c.id == found.category_id);
                    (image.fit.to_fitted(&found.bbox), category.map_or_else(String::new, label), found.score)
                })
                .collect();
            (truth, found)
        })
        .collect();
    let panels: Vec<Panel> = chosen
        .iter()
        .zip(&boxes)
        .map(|(image, (truth, found))| Panel { image: &image.image, caption: &image.name, truth, found })
        .collect();
    encode_png(&contact_sheet(&panels, COLUMNS))
}

/// Images at equal distances among those with objects, or among all where none has one.
fn chosen(set: &ImageSet) -> Vec<&LabelledImage> {
    let with_objects: Vec<&LabelledImage> =
        set.images.iter().filter(|image| image.objects.iter().any(|object| !object.ignore)).collect();
    let from = if with_objects.is_empty() { set.images.iter().collect() } else { with_objects };
    let count = from.len().min(IMAGES);
    (0..count).map(|i| from[i * from.len() / count]).collect()
}

/// The score from which on there are as many detections as true objects.
fn cut(set: &ImageSet, detections: &[Detection]) -> f64 {
    let objects = set.truth.annotations().iter().filter(|object| !object.iscrowd).count();
    let mut scores: Vec<f64> = detections.iter().map(|found| found.score).collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    scores.get(objects.saturating_sub(1)).copied().unwrap_or(f64::NEG_INFINITY)
}
