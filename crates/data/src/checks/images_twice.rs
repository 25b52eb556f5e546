//! Images that stand in two parts, exactly or nearly.

use super::identical::Row;
use super::near_images::{Sketch, alike};
use super::overlap::{Overlap, PartOf};
use super::{Check, CheckInfo, RowParts, Severity};
use crate::Matrix;
use crate::images::{Image, ImageParts};
use rayon::prelude::*;

/// Images that stand in two parts.
pub(super) struct ImagesTwice;

impl Check for ImagesTwice {
    fn info(&self) -> CheckInfo {
        CheckInfo {
            kind: "images-in-two-parts",
            severity: Severity::Severe,
            finds: "at least 1 % of the images of the test (or validation) part that stand in an earlier \
                    part: with the same pixels, or, from 32 pixels a side on, with difference hashes (64 \
                    bits) that differ in at most 7 bits and thumbnails of 16 x 16 that correlate by at \
                    least 0.995",
        }
    }

    fn rows(&self, rows: &RowParts<'_>) -> Option<String> {
        let sets = rows.images()?;
        let sketches: Vec<Sketch> = sets.into_iter().flat_map(sketches_of_rows).collect();
        found(&sketches, || rows.part_of_rows())
    }

    fn boxes(&self, parts: &ImageParts) -> Option<String> {
        let sets = [&parts.train, &parts.validation, &parts.test];
        let images: Vec<&Image> = sets.iter().flat_map(|set| &set.images).map(|image| &image.image).collect();
        let sketch = |image: &&Image| Sketch::of(&image.pixels, [image.height, image.width, image.channels]);
        let sketches: Vec<Sketch> = images.par_iter().map(sketch).collect();
        let [train, validation, test] = sets.map(|set| set.images.len() as u32);
        found(&sketches, || {
            let mut part_of = PartOf::nowhere(images.len());
            part_of.train(0..train);
            part_of.validation(train..train + validation);
            part_of.test(train + validation..train + validation + test);
            std::iter::once(part_of)
        })
    }
}

/// The sketches of images that are rows.
fn sketches_of_rows(images: &Matrix) -> Vec<Sketch> {
    // Without a shape a row is a line of pixels.
    let shape = images.image().unwrap_or([1, images.columns(), 1]);
    let rows: Vec<&[u8]> = images.rows_of_bytes().collect();
    rows.par_iter().map(|pixels| Sketch::of(pixels, shape)).collect()
}

fn found<R: Iterator<Item = PartOf>>(sketches: &[Sketch], runs: impl Fn() -> R) -> Option<String> {
    let groups = |groups: Vec<Vec<u32>>| -> Vec<Vec<Row>> {
        let rows = |group: Vec<u32>| group.into_iter().map(|at| Row { class: 0, at }).collect();
        groups.into_iter().map(rows).collect()
    };
    let worst = |groups: &[Vec<Row>]| Overlap::worst(runs(), groups.iter().map(Vec::as_slice), |_| true);
    let overlap = worst(&groups(alike(sketches, Sketch::is_near)));
    if !overlap.is_severe() {
        return None;
    }
    let exact = worst(&groups(alike(sketches, Sketch::is_same))).copied;
    Some(format!("{}, exactly or nearly ({exact} with the same pixels)", overlap.describe("images")))
}
