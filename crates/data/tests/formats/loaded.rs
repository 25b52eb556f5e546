//! Each standard format loads what its reader reads.

use super::{boxes, given, load, table, text};
use losslab_data::formats::Formats;
use losslab_data::images::{ImageOptions, ImageParts, encode_png, load_coco, load_voc};
use losslab_data::{CsvOptions, Dataset, GivenSplits, Imbalance, SyntheticSpec};
use losslab_data::{load_csv, load_csv_like, load_idx, load_idx_like};
use losslab_metrics::boxes::VocRule;
use losslab_testing::Files;
use serde_json::json;
use std::path::Path;

const MIXED: &str = "tests/fixtures/data/mixed.csv";

#[test]
fn a_csv_file_with_all_that_may_stand_beside_it() {
    let formats = Formats::standard();
    let options = CsvOptions {
        label: "kind".into(),
        positive: Some("spam".into()),
        drop: vec!["age".into(), "member".into()],
        categorical: vec!["zone".into()],
        group: None,
    };
    let flags = [("csv", MIXED), ("label", "kind"), ("positive", "spam"), ("categorical", "zone")];
    let dropped = [("drop", "age"), ("drop", "member")];
    let (source, notes) =
        table(&formats, &given(&[&flags[..], &dropped[..], &[("test-csv", MIXED)]].concat()));
    let (dataset, mut expected_notes) = load_csv(Path::new(MIXED), &options).unwrap();
    let (test, more) = load_csv_like(Path::new(MIXED), &dataset, &options).unwrap();
    expected_notes.extend(more);
    assert_eq!((source.dataset, source.test, notes), (dataset, Some(test), expected_notes));
    assert!(source.splits.is_none() && source.imbalance.is_none());

    let (source, _) = table(&formats, &given(&[("csv", MIXED), ("label", "kind"), ("group", "zone")]));
    assert_eq!(source.dataset.groups.unwrap().column, "zone");
}

#[test]
fn a_csv_file_with_given_splits() {
    let files = Files::new();
    let csv = files.write("a.csv", "x,y\n1,a\n2,b\n3,a\n4,b\n5,a\n6,b\n");
    let splits = files.write("s.csv", "split0\n0\n0\n1\n1\n2\n2\n");
    let flags = given(&[("csv", text(&csv)), ("label", "y"), ("splits", text(&splits))]);
    let (source, _) = table(&Formats::standard(), &flags);
    let expected = GivenSplits::load(&splits, &source.dataset).unwrap();
    assert_eq!(source.splits.unwrap().splits, expected.splits);
    let prepared = table(&Formats::standard(), &flags).0.prepare(0, 1).unwrap();
    assert_eq!((prepared.train.rows, prepared.test.rows), (vec![0, 1], vec![4, 5]));
}

/// Ten images of 2 x 1 pixels, of classes 0, 0, .., 1, 1.
fn idx(files: &Files) -> [String; 2] {
    let images = [&[0, 0, 8, 3, 0, 0, 0, 10, 0, 0, 0, 2, 0, 0, 0, 1][..], &[7; 20]].concat();
    let labels = [&[0, 0, 8, 1, 0, 0, 0, 10][..], &[0; 5], &[1; 5]].concat();
    [files.write("images", images), files.write("labels", labels)].map(|path| text(&path).to_string())
}

#[test]
fn idx_images_whole_and_thinned_out() {
    let (formats, files) = (Formats::standard(), Files::new());
    let [images, labels] = idx(&files);
    let flags = [("idx-images", &images[..]), ("idx-labels", &labels)];
    let tested = [("test-idx-images", &images[..]), ("test-idx-labels", &labels)];
    let (whole, notes) = load_idx(Path::new(&images), Path::new(&labels), None).unwrap();
    let (source, found) = table(&formats, &given(&flags));
    assert_eq!((&source.dataset, source.test, found), (&whole, None, notes));
    let (tail, found) = table(&formats, &given(&[&flags[..], &tested, &[("long-tail", "5")]].concat()));
    let test: Dataset = load_idx_like(Path::new(&images), Path::new(&labels), &whole).unwrap();
    assert_eq!((tail.test, tail.imbalance), (Some(test), Some(Imbalance::LongTail(5.0))));
    assert_eq!(*found.last().unwrap(), Imbalance::LongTail(5.0).note(&whole).unwrap());
    let kept = [("positive", "1"), ("keep-positives", "2")];
    let (kept, _) = table(&formats, &given(&[&flags[..], &tested, &kept].concat()));
    assert_eq!(kept.imbalance, Some(Imbalance::KeepPositives(2)));

    let message = |more| files.message(load(&formats, &given(&[&flags[..], &tested, more].concat())));
    let lines = [
        message(&[("long-tail", "x")]),
        message(&[("long-tail", "nan")]),
        message(&[("long-tail", "0.5")]),
        message(&[("positive", "1"), ("keep-positives", "2.5")]),
        message(&[("positive", "1"), ("keep-positives", "6")]),
    ];
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn the_synthetic_problem_and_scenes() {
    let (formats, files) = (Formats::standard(), Files::new());
    let spec: SyntheticSpec = "rows=202,ratio=10".parse().unwrap();
    let (source, _) = table(&formats, &given(&[("synthetic", "rows=202,ratio=10")]));
    assert_eq!(source.dataset, spec.generate());
    let (parts, rule) = boxes(&given(&[("scenes", "images=6,size=32,ratio=60")]));
    let expected = ImageParts::draw(&"images=6,size=32,ratio=60".parse().unwrap());
    assert_eq!((parts.train, parts.test, rule), (expected.train, expected.test, None));
    let message = |flags: &[(&str, &str)]| files.message(load(&formats, &given(flags)));
    assert_eq!(
        message(&[("scenes", ""), ("image-size", "64x64")]),
        "--image-size: scenes are drawn in their size, --scenes size=N"
    );
    assert_eq!(
        message(&[("scenes", "size=1")]),
        "--scenes: found size=1, expected a whole number of pixels from 32 to 512"
    );
}

/// Seven images of 8 x 6 pixels as PNG files and in COCO's form; the last two are the validation part.
fn coco(files: &Files) -> [String; 2] {
    let scenes = ImageParts::draw(&"images=1,size=32,ratio=60".parse().unwrap());
    let png = encode_png(&scenes.train.images[0].image);
    (0..7).for_each(|i| drop(files.write(&format!("{i}.png"), &png)));
    let part = |name: &str, ids: std::ops::Range<i64>| {
        let image = |id: i64| json!({"id": id, "file_name": format!("{id}.png")});
        let object = |id: i64| {
            let bbox = [1, 1, 4, 3];
            json!({"id": id + 1, "image_id": id, "category_id": 1, "bbox": bbox, "area": 12, "iscrowd": 0})
        };
        let file = json!({
            "images": ids.clone().map(image).collect::<Vec<_>>(),
            "annotations": ids.map(object).collect::<Vec<_>>(),
            "categories": [{"id": 1, "name": "dot"}],
        });
        text(&files.write(name, file.to_string())).to_string()
    };
    [part("train.json", 0..5), part("val.json", 5..7)]
}

#[test]
fn coco_with_and_without_a_test_set() {
    let files = Files::new();
    let [train, val] = coco(&files);
    let folder = text(files.0.path());
    let flags = [("coco-train", &train[..]), ("coco-val", &val), ("images", folder), ("image-size", "16x24")];
    let options = ImageOptions { size: Some((16, 24)), channels: None, most_bytes: None };
    let whole = load_coco(Path::new(&train), files.0.path(), &options).unwrap();
    let (parts, rule) = boxes(&given(&[&flags[..], &[("coco-test", &val)]].concat()));
    assert_eq!((&parts.train, parts.validation.name.as_str(), rule), (&whole, "val", None));
    assert_eq!(parts.test, parts.validation);
    // Of five training images a sixth is none.
    let (parts, _) = boxes(&given(&flags));
    assert_eq!(
        (parts.train.images.len(), parts.validation.images.len(), parts.test.name),
        (5, 0, "val".into())
    );
    let message = files
        .message(load(&Formats::standard(), &given(&[flags[0], flags[1], flags[2], ("image-size", "8")])));
    assert_eq!(message, "--image-size: found '8', expected two numbers of pixels such as 160x120");
}

#[test]
fn a_folder_of_pascal_voc_with_either_rule() {
    let files = Files::new();
    for folder in ["ImageSets/Main", "Annotations", "JPEGImages"] {
        std::fs::create_dir_all(files.path(folder)).unwrap();
    }
    for (split, id) in [("train", "a"), ("val", "b"), ("test", "c")] {
        files.write(&format!("JPEGImages/{id}.jpg"), include_bytes!("../fixtures/images/grey.jpg"));
        files.write(&format!("ImageSets/Main/{split}.txt"), id);
        files.write(
            &format!("Annotations/{id}.xml"),
            "<annotation><object><name>cat</name><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>5</xmax>\
             <ymax>6</ymax></bndbox></object></annotation>",
        );
    }
    let folder = text(files.0.path());
    let (parts, rule) = boxes(&given(&[("voc", folder)]));
    let test = load_voc(files.0.path(), "test", None, &ImageOptions::like(&parts.train)).unwrap();
    assert_eq!((parts.test, rule), (test, Some(VocRule::AllPoint)));
    assert_eq!(boxes(&given(&[("voc", folder), ("voc07", "")])).1, Some(VocRule::ElevenPoint));
}
