//! New rows and images for a saved model.

use super::{given, load_new, text};
use losslab_data::formats::{ImageModel, ModelInput, NewData, NewImages, NewRows, RowModel};
use losslab_data::images::{ImageOptions, ImageParts, encode_png};
use losslab_data::{CsvOptions, Dataset, Encoder, load_csv, load_idx_images};
use losslab_metrics::boxes::Category;
use losslab_testing::Files;
use std::path::Path;

const MIXED: &str = "tests/fixtures/data/mixed.csv";

fn fitted() -> (Dataset, Encoder) {
    let options = CsvOptions { categorical: vec!["zone".into()], ..CsvOptions::label("kind") };
    let (dataset, _) = load_csv(Path::new(MIXED), &options).unwrap();
    let encoder = Encoder::fit(&dataset, &(0..80).collect::<Vec<u32>>());
    (dataset, encoder)
}

#[track_caller]
fn rows(new: Result<NewData, losslab_data::DataError>) -> NewRows {
    match new {
        Ok(NewData::Rows(rows)) => rows,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn images(new: Result<NewData, losslab_data::DataError>) -> NewImages {
    match new {
        Ok(NewData::Images(images)) => images,
        other => panic!("{other:?}"),
    }
}

#[test]
fn rows_of_a_csv_file_become_the_input_that_training_had() {
    let (dataset, encoder) = fitted();
    let model = RowModel {
        name: "m.safetensors",
        encoder: &encoder,
        image: None,
        label_values: &dataset.label_values,
    };
    let model = ModelInput::Rows(model);
    let new = rows(load_new(&given(&[("csv", MIXED), ("label", "kind")]), &model));
    assert_eq!((&new.matrix, new.labels), (&encoder.transform(&dataset), Some(dataset.labels.clone())));
    let unlabelled = rows(load_new(&given(&[("csv", MIXED)]), &model));
    assert_eq!((&unlabelled.matrix, unlabelled.labels), (&new.matrix, None));
    insta::assert_snapshot!(new.notes.join("\n"));
}

#[test]
fn idx_images_fit_a_model_of_such_images() {
    let files = Files::new();
    let bytes = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1][..], &[7, 8, 9, 10]].concat();
    let path = files.write("images", bytes);
    let labels = files.write("labels", [0, 0, 8, 1, 0, 0, 0, 2, 3, 4]);
    let (dataset, _) = losslab_data::load_idx(&path, &labels, None).unwrap();
    let encoder = Encoder::fit(&dataset, &[0, 1]);
    let (image, label_values) = (Some([2, 1, 1]), &dataset.label_values[..]);
    let model = RowModel { name: "m", encoder: &encoder, image, label_values };
    let new = rows(load_new(&given(&[("idx-images", text(&path))]), &ModelInput::Rows(model)));
    assert_eq!((*new.matrix).clone(), load_idx_images(&path).unwrap());
    assert!(new.labels.is_none() && new.notes.is_empty());

    let wide = [&[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 3][..], &[1, 2, 3]].concat();
    let wide = files.write("wide", wide);
    let message = files.message(load_new(&given(&[("idx-images", text(&wide))]), &ModelInput::Rows(model)));
    assert_eq!(message, "wide: found 3 pixels per image, expected 2 as in m");
}

#[test]
fn images_of_a_folder_and_those_that_annotations_name() {
    let files = Files::new();
    let scenes = ImageParts::draw(&"images=2,size=32,ratio=60".parse().unwrap());
    for (i, image) in scenes.train.images.iter().enumerate() {
        files.write(&format!("{i}.png"), encode_png(&image.image));
    }
    let json = r#"{"images": [{"id": 4, "file_name": "1.png"}], "annotations": [], "categories":
        [{"id": 1, "name": "disc"}]}"#;
    let json = files.write("a.json", json);
    let categories = [Category { id: 1, name: "disc".into() }];
    let options = ImageOptions { size: Some((16, 16)), channels: Some(1), most_bytes: None };
    let model = ModelInput::Images(ImageModel { name: "m", options, categories: &categories });
    let folder = text(files.0.path());
    let new = images(load_new(&given(&[("images", folder)]), &model));
    assert_eq!((new.set.images.len(), new.set.width, new.set.channels, new.has_truth), (2, 16, 1, false));
    let named = images(load_new(&given(&[("images", folder), ("coco", text(&json))]), &model));
    assert_eq!((named.set.images[0].id, named.set.images.len(), named.has_truth), (4, 1, true));

    let others = [Category { id: 1, name: "ring".into() }];
    let model = ModelInput::Images(ImageModel { name: "m", options, categories: &others });
    let message = files.message(load_new(&given(&[("images", folder), ("coco", text(&json))]), &model));
    assert!(message.contains("ring") && message.contains("disc"), "{message}");
}

#[test]
fn data_of_another_kind_than_the_models_is_refused() {
    let (dataset, encoder) = fitted();
    let label_values = &dataset.label_values[..];
    let table = RowModel { name: "m", encoder: &encoder, image: None, label_values };
    let detector = ImageModel { name: "d", options: ImageOptions::default(), categories: &[] };
    let message = |flag: &str, model: ModelInput<'_>| match load_new(&given(&[(flag, "a")]), &model) {
        Ok(_) => panic!("accepted --{flag}"),
        Err(error) => error.to_string(),
    };
    let lines = [
        message("csv", ModelInput::Images(detector)),
        message("idx-images", ModelInput::Images(detector)),
        message("idx-images", ModelInput::Rows(table)),
        message("images", ModelInput::Rows(table)),
        message("coco", ModelInput::Images(detector)),
    ];
    insta::assert_snapshot!(lines.join("\n"));
}
