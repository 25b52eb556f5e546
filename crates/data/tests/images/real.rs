//! The real detection sets load as their README says. Skipped, with a word, where they are absent.

use losslab_data::images::{
    ImageOptions, ImageSet, check_same_categories, load_coco, load_voc, voc_categories,
};
use losslab_metrics::boxes::BoundingBox;
use losslab_testing::real_data;
use std::path::Path;

/// Training, validation and test part; the latter two as the first.
fn coco(folder: &Path) -> [ImageSet; 3] {
    let load = |part: &str, options: &ImageOptions| {
        load_coco(&folder.join(format!("{part}.json")), folder, options).unwrap_or_else(|e| panic!("{e}"))
    };
    let train = load("train", &ImageOptions::default());
    let like = ImageOptions::like(&train);
    let parts = [train, load("val", &like), load("test", &like)];
    check_same_categories(&[&parts[0], &parts[1], &parts[2]]).unwrap();
    parts
}

fn shape(set: &ImageSet) -> (usize, usize, usize, usize) {
    (set.width, set.height, set.channels, set.categories.len())
}

/// Images and objects of each part.
fn counts(parts: &[ImageSet; 3]) -> [(usize, usize); 3] {
    parts.each_ref().map(|set| (set.images.len(), set.images.iter().map(|image| image.objects.len()).sum()))
}

#[test]
fn deeppcb_tiles_load_as_they_are() {
    let Some(folder) = real_data("detection/deeppcb_tiles") else { return };
    let parts = coco(&folder);
    assert_eq!(counts(&parts), [(790, 2064), (209, 508), (497, 1191)]);
    assert_eq!(shape(&parts[0]), (160, 160, 1, 6));
    assert!(parts.iter().all(|set| set.notes.is_empty()));
    assert!(parts[0].images.iter().any(|image| image.objects.is_empty()));
}

/// Both forms of BCCD are the same images: the small one divides the corners by 4 and takes them as edges,
/// while VOC counts both corner pixels as part of the box. It leaves out the two boxes of a single pixel, as
/// we do.
#[test]
fn bccd_is_the_same_as_coco_and_as_voc() {
    let Some(folder) = real_data("detection/bccd") else { return };
    let small = coco(&folder.join("small160"));
    assert_eq!(counts(&small), [(205, 2804), (87, 1137), (72, 945)]);
    assert_eq!(shape(&small[0]), (160, 120, 3, 3));
    let original = folder.join("original");
    let categories = voc_categories(&original, &["train", "val", "test"]).unwrap();
    let names: Vec<&str> = categories.iter().map(|category| category.name.as_str()).collect();
    assert_eq!(names, ["Platelets", "RBC", "WBC"]);
    let options = ImageOptions::like(&small[0]);
    let voc = ["train", "val", "test"].map(|split| {
        load_voc(&original, split, Some(&categories), &options).unwrap_or_else(|e| panic!("{e}"))
    });
    assert_eq!(counts(&voc), counts(&small));
    let left_out = voc.iter().flat_map(|set| &set.notes).filter(|note| note.contains("left out")).count();
    assert!((1..=2).contains(&left_out));
    for (small, voc) in small.iter().zip(&voc) {
        for (a, b) in small.images.iter().zip(&voc.images) {
            assert_eq!((&a.name, b.fit.scale, b.fit.original), (&b.name, 0.25, [640, 480]));
            for (a, b) in a.objects.iter().zip(&b.objects) {
                assert_eq!(small.categories[a.category].name, voc.categories[b.category].name);
                let BoundingBox { x, y, width, height } = a.bbox;
                // One original pixel to the left and above, if there is one.
                let edges = [(x - 0.25).max(0.0), (y - 0.25).max(0.0), x + width, y + height];
                let found = [b.bbox.x, b.bbox.y, b.bbox.x + b.bbox.width, b.bbox.y + b.bbox.height];
                assert!(
                    edges.iter().zip(found).all(|(a, b)| (a - b).abs() < 1e-9),
                    "{:?}, {:?}",
                    a.bbox,
                    b.bbox
                );
            }
            // The small ones were shrunk by another program and compressed once more.
            let pixels = a.image.pixels.iter().zip(&b.image.pixels);
            let apart: u64 = pixels.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
            let mean = apart as f64 / a.image.pixels.len() as f64;
            assert!(mean < 3.0, "{}: {mean} apart on average", a.name);
        }
    }
}
