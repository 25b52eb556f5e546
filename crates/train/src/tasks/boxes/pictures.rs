//! Pictures of what detectors found: for each arm a sheet of test images with true and found boxes.

use losslab_data::images::{ImageSet, LabelledImage, Object, Panel, contact_sheet, encode_png};
use losslab_metrics::boxes::{BoundingBox, Detection};

/// Images on a sheet, and in a row of it.
const IMAGES: usize = 12;
const COLUMNS: usize = 4;

/// A sheet for each arm with detections, with the index of the arm: test images, worst misses first, those in
/// which the arms together missed the most objects, so that all sheets show the same images.
///
/// Shown are the detections from the score on at which as many are found as there are objects in the test
/// set: a cut by rank, since losses report different scores for the same certainty.
pub(super) fn sheets(set: &ImageSet, found: Vec<Option<Vec<Detection>>>) -> Vec<(usize, Vec<u8>)> {
    let found = found.into_iter().enumerate();
    let found: Vec<(usize, Vec<Detection>)> =
        found.filter_map(|(arm, detections)| Some((arm, shown(set, detections?)))).collect();
    let chosen = worst_misses(set, &found);
    found.iter().map(|(arm, found)| (*arm, sheet(set, &chosen, found))).collect()
}

/// A sheet of these images, as PNG.
fn sheet(set: &ImageSet, chosen: &[&LabelledImage], detections: &[Detection]) -> Vec<u8> {
    let label = |category: usize| set.categories[category].name.clone();
    let boxes: Vec<_> = chosen
        .iter()
        .map(|image| {
            let truth: Vec<(BoundingBox, String)> = image
                .objects
                .iter()
                .filter(|object| !object.ignore)
                .map(|object| (object.bbox, label(object.category)))
                .collect();
            let shown = detections.iter().filter(|found| found.image_id == image.id);
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

/// The images in which the losses together missed the most objects; of equals the first.
fn worst_misses<'a>(set: &'a ImageSet, found: &[(usize, Vec<Detection>)]) -> Vec<&'a LabelledImage> {
    let missed = |image: &LabelledImage| {
        found.iter().map(|(_, detections)| misses(set, image, detections)).sum::<usize>()
    };
    let mut images: Vec<(usize, &LabelledImage)> =
        set.images.iter().map(|image| (missed(image), image)).collect();
    images.sort_by_key(|(missed, _)| std::cmp::Reverse(*missed));
    images.into_iter().take(IMAGES).map(|(_, image)| image).collect()
}

/// Objects of an image that no detection of their category overlaps with an IoU of at least .5.
fn misses(set: &ImageSet, image: &LabelledImage, detections: &[Detection]) -> usize {
    let objects = image.objects.iter().filter(|object| !object.ignore);
    let is_missed = |object: &&Object| {
        let category = set.categories[object.category].id;
        let hits = |found: &Detection| {
            found.image_id == image.id
                && found.category_id == category
                && iou(&image.fit.to_fitted(&found.bbox), &object.bbox) >= 0.5
        };
        !detections.iter().any(hits)
    };
    objects.filter(is_missed).count()
}

/// Area of the intersection over area of the union.
fn iou(a: &BoundingBox, b: &BoundingBox) -> f64 {
    let overlap = |a0: f64, a: f64, b0: f64, b: f64| ((a0 + a).min(b0 + b) - a0.max(b0)).max(0.0);
    let both = overlap(a.x, a.width, b.x, b.width) * overlap(a.y, a.height, b.y, b.height);
    let either = a.width * a.height + b.width * b.height - both;
    if either > 0.0 { both / either } else { 0.0 }
}

/// The detections with the highest scores, as many as there are objects.
fn shown(set: &ImageSet, detections: Vec<Detection>) -> Vec<Detection> {
    let cut = cut(set, &detections);
    detections.into_iter().filter(|found| found.score >= cut).collect()
}

/// The score from which on there are as many detections as true objects.
fn cut(set: &ImageSet, detections: &[Detection]) -> f64 {
    let objects = set.truth.annotations().iter().filter(|object| !object.iscrowd).count();
    let mut scores: Vec<f64> = detections.iter().map(|found| found.score).collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    scores.get(objects.saturating_sub(1)).copied().unwrap_or(f64::NEG_INFINITY)
}
