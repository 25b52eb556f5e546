//! Images in a folder per class: parts, scaling, new images, and what is refused.

use super::{given, load, load_new, table, text};
use losslab_data::formats::{Formats, ModelInput, NewData, NewRows, RowModel};
use losslab_data::images::{Image, encode_png};
use losslab_data::{Dataset, Encoder, Features, Matrix, Source};
use losslab_testing::Files;
use std::sync::Arc;

/// Writes a grey image of 3 x 2 pixels from this value on.
fn grey(files: &Files, name: &str, value: u8) {
    let pixels = (0..6).map(|i| value + i).collect();
    write(files, name, &Image { width: 3, height: 2, channels: 1, pixels });
}

fn write(files: &Files, name: &str, image: &Image) {
    let path = files.path(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a temporary folder");
    std::fs::write(path, encode_png(image)).expect("a temporary file");
}

fn loaded(files: &Files, folder: &str) -> (Source, Vec<String>) {
    table(&Formats::standard(), &given(&[("image-folder", text(&files.path(folder)))]))
}

fn refused(files: &Files, folder: &str) -> String {
    let given = given(&[("image-folder", text(&files.path(folder)))]);
    files.message(load(&Formats::standard(), &given))
}

fn pixels(dataset: &Dataset) -> &Arc<Matrix> {
    let Features::Images(pixels) = &dataset.features else { panic!("no images") };
    pixels
}

fn rows(matrix: &Matrix) -> Vec<f32> {
    let all: Vec<u32> = (0..matrix.rows() as u32).collect();
    let mut out = vec![f32::NAN; matrix.rows() * matrix.columns()];
    matrix.gather(&all, &mut out);
    out
}

#[test]
fn classes_are_folders_and_channels_are_standardised_by_the_training_images() {
    let files = Files::new();
    for i in 0..10 {
        grey(&files, &format!("d/10/{i}.png"), 10 * i);
        grey(&files, &format!("d/9/{i}.PNG"), 200 - i);
        grey(&files, &format!("d/a/{i}.png"), 3 * i);
    }
    files.write("d/a/notes.txt", "no image");
    let (source, notes) = loaded(&files, "d");
    let data = &source.dataset;
    assert_eq!(
        (data.name.as_str(), data.class_names.clone()),
        ("d", ["9", "10", "a"].map(String::from).to_vec())
    );
    assert_eq!((data.rows(), data.class_counts(), notes.len()), (30, vec![10, 10, 10], 0));
    assert_eq!(pixels(data).image(), Some([2, 3, 1]));
    // Folders in the order of their names: 10, then 9.
    assert_eq!((data.labels[0], data.labels[10], data.labels[20]), (1, 0, 2));

    let prepared = source.prepare(0, 5).unwrap();
    assert_eq!((prepared.train.rows(), prepared.validation.rows(), prepared.test.rows()), (18, 6, 6));
    let mut train = vec![f32::NAN; 18 * 6];
    prepared.train.matrix.gather(&prepared.train.rows, &mut train);
    let mean = train.iter().map(|&x| f64::from(x)).sum::<f64>() / 108.0;
    let variance = train.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / 108.0;
    assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-6, "{mean} {variance}");
    // An encoding of pixels like any: what it says of a column is what happens to it.
    let columns = &prepared.encoder.columns;
    assert!(columns.len() == 6 && columns.iter().all(|column| column.encoding == columns[0].encoding));
}

#[test]
fn folders_of_parts_are_the_parts() {
    let files = Files::new();
    for (part, images) in [("train", 4), ("val", 2), ("test", 3)] {
        for set in ["all", "without_val", "without_test"].into_iter().filter(|set| !set.ends_with(part)) {
            for i in 0..images {
                grey(&files, &format!("{set}/{part}/cat/{i}.png"), 10 * i);
                grey(&files, &format!("{set}/{part}/dog/{i}.png"), 100 + 10 * i);
            }
        }
    }
    let (source, notes) = loaded(&files, "all");
    assert!(source.splits.is_some() && notes.iter().all(|note| !note.contains("no folder")), "{notes:?}");
    let parts = source.prepare(0, 1).unwrap();
    assert_eq!([&parts.train, &parts.validation, &parts.test].map(|part| part.rows()), [8, 4, 6]);
    assert_eq!(parts.validation.labels, [0, 0, 1, 1]);
    assert_eq!(parts.encoder, source.prepare(1, 2).unwrap().encoder, "the same split for every seed");
    let scaled = parts.encoder.transform(source.test.as_ref().expect("a test set"));
    assert_eq!(rows(&scaled), rows(&parts.test.matrix));

    let (source, _) = loaded(&files, "without_val");
    let parts = source.prepare(0, 1).unwrap();
    assert_eq!([&parts.train, &parts.validation, &parts.test].map(|part| part.rows()), [6, 2, 6]);

    let (source, notes) = loaded(&files, "without_test");
    let parts = source.prepare(0, 1).unwrap();
    assert_eq!([&parts.train, &parts.validation, &parts.test].map(|part| part.rows()), [6, 2, 4]);
    let said = "no folder test: val is reported on, and a part of train, drawn per seed, chooses the epoch";
    assert!(notes.contains(&said.into()), "{notes:?}");
}

#[test]
fn sizes_and_colours_follow_the_training_images() {
    let files = Files::new();
    for i in 0..3 {
        grey(&files, &format!("d/train/cat/{i}.png"), i);
        write(&files, &format!("d/train/dog/{i}.png"), &Image::filled(3, 2, &[i, 20, 30]));
        grey(&files, &format!("d/test/cat/{i}.png"), i);
        write(&files, &format!("d/test/dog/{i}.png"), &Image::filled(6, 4, &[7]));
    }
    let (source, notes) = loaded(&files, "d");
    assert_eq!(pixels(&source.dataset).image(), Some([2, 3, 3]));
    assert_eq!(pixels(source.test.as_ref().expect("a test set")).image(), Some([2, 3, 3]));
    assert!(
        notes.iter().any(|note| note.starts_with("3 images of another size were letter-boxed")),
        "{notes:?}"
    );
    let size = given(&[("image-folder", text(&files.path("d"))), ("image-size", "5x4")]);
    let (source, _) = table(&Formats::standard(), &size);
    assert_eq!(pixels(&source.dataset).image(), Some([4, 5, 3]));
    let first = source.prepare(0, 0).unwrap().encoder;
    assert_eq!(first.columns[0].encoding, first.columns[3].encoding);
    assert_ne!(first.columns[0].encoding, first.columns[1].encoding);
}

#[test]
fn new_images_with_and_without_labels() {
    let files = Files::new();
    for i in 0..4 {
        grey(&files, &format!("d/cat/{i}.png"), 10 * i);
        grey(&files, &format!("d/dog/{i}.png"), 100 + 10 * i);
        grey(&files, &format!("new/{}.png", 9 - i), 10 * i);
        grey(&files, &format!("other/bird/{i}.png"), 10 * i);
    }
    let (source, _) = loaded(&files, "d");
    let data = &source.dataset;
    let encoder = Encoder::fit(data, &[0, 1, 4]);
    let image = pixels(data).image();
    let model = RowModel { name: "m", encoder: &encoder, image, label_values: &data.label_values };
    let new = |folder: &str| -> NewRows {
        let given = given(&[("image-folder", text(&files.path(folder)))]);
        match load_new(&given, &ModelInput::Rows(model)) {
            Ok(NewData::Rows(rows)) => rows,
            other => panic!("{other:?}"),
        }
    };
    let same = new("d");
    assert_eq!(same.labels.as_ref(), Some(&data.labels));
    assert_eq!(rows(&same.matrix), rows(&encoder.transform(data)));
    let notes = same.notes.iter().map(|note| files.without_folder(note)).collect::<Vec<_>>();
    assert_eq!(notes, ["8 images in the order of their names: row 1 is d/cat/0.png"]);

    let plain = new("new");
    assert!(plain.labels.is_none());
    // 6.png has the value 30.
    assert_eq!(rows(&plain.matrix)[..6], rows(&encoder.transform(data))[18..24]);
    let unknown = new("other");
    assert!(unknown.labels.is_none());
    assert!(unknown.notes[0].starts_with("folder \"bird\" is no class of the model"), "{:?}", unknown.notes);

    let table = RowModel { image: None, ..model };
    let given = given(&[("image-folder", text(&files.path("d")))]);
    let message = files.message(load_new(&given, &ModelInput::Rows(table)));
    assert_eq!(message, "m: found a model of tables, expected one of images for --image-folder");
}

#[test]
fn what_is_no_set_of_classes_is_refused() {
    let files = Files::new();
    let folder = |name: &str| std::fs::create_dir_all(files.path(name)).expect("a temporary folder");
    folder("empty");
    folder("hollow/cat");
    grey(&files, "one/cat/1.png", 0);
    grey(&files, "damaged/cat/1.png", 0);
    grey(&files, "damaged/dog/1.png", 0);
    files.write("damaged/dog/2.png", "no picture");
    for part in ["train", "test"] {
        for set in ["lacking", "more", "mixed"] {
            grey(&files, &format!("{set}/{part}/cat/1.png"), 0);
        }
        grey(&files, &format!("more/{part}/dog/1.png"), 0);
        grey(&files, &format!("mixed/{part}/dog/1.png"), 0);
    }
    grey(&files, "lacking/train/dog/1.png", 0);
    grey(&files, "more/test/bird/1.png", 0);
    grey(&files, "mixed/zebra/1.png", 0);
    for (set, expected) in [
        ("empty", "empty: found no folders, expected a folder of images per class"),
        ("hollow", "hollow/cat: found no PNG or JPEG file, expected a folder of the images of a class"),
        ("one", "one: found folders of classes: \"cat\" in all 1 row, expected two classes or more"),
        ("damaged", "damaged/dog/2.png: found 10 bytes of something else, expected a PNG or JPEG image"),
        ("lacking", "lacking/test: found no image of class \"dog\", expected images of every class of train"),
        ("more", "more/test: found a folder \"bird\", expected one of train: \"cat\", \"dog\""),
        (
            "mixed",
            "mixed: found the folders \"test\", \"train\", \"zebra\", expected only train, val and test, or only classes",
        ),
    ] {
        assert_eq!(refused(&files, set), expected);
    }
    let absent = refused(&files, "absent");
    assert!(absent.starts_with("absent: cannot be read: "), "{absent}");
}
