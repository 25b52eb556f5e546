//! Detectors from end to end on small scenes: training, saving, finding objects in image files.

use crate::common::{images, retinanet, scenes, spec, trained};
use losslab_data::Matrix;
use losslab_data::formats::{ImageModel, ModelInput, NewData, NewImages, NewRows};
use losslab_data::images::{ImageOptions, ImageParts, ImageSet, encode_png, load_coco, load_folder};
use losslab_losses::{Registry, Spec};
use losslab_metrics::boxes::{Detection, evaluate, load_detections};
use losslab_testing::Files;
use losslab_train::tasks::boxes::{
    BoxFound, BoxTask, DetectionProblem, DetectorSettings, EpochDetail, NormKind, bind_detector,
};
use losslab_train::{
    Form, Lab, Prediction, Predictor, Start, Task, TrainError, Trained, load_model, save_model,
};
use serde_json::{Value, json};
use std::sync::Arc;

fn settings() -> DetectorSettings {
    DetectorSettings { epochs: Some(2), width: 8, batch: 4, ..DetectorSettings::default() }
}

/// A training with seed 0 on one thread.
fn train(task: &BoxTask, loss: &Spec, settings: &DetectorSettings) -> Result<Trained<BoxFound>, TrainError> {
    trained(task, &retinanet(), loss, settings, [0, 1])
}

fn metric(trained: &Trained<BoxFound>, name: &str) -> Option<f64> {
    trained.judged.metrics.iter().find(|(known, _)| known == name).unwrap().1
}

const SMALL: &str = "images=10,size=40,ratio=60,classes=2";

#[test]
fn a_training_has_the_same_bits_however_many_threads_share_its_steps() {
    for norm in [NormKind::Batch, NormKind::Group] {
        let settings = DetectorSettings { norm, ..settings() };
        let task = images(scenes(SMALL), &settings);
        let [one, others @ ..] = [1, 2, 4, 8].map(|threads| {
            let loss = spec("focal:gamma=2");
            let trained = trained(&task, &retinanet(), &loss, &settings, [0, threads]).unwrap();
            (trained.weights, trained.history.epochs, trained.judged.found.detections)
        });
        assert!(others.iter().all(|other| *other == one));
    }
}

#[test]
fn a_detector_learns_to_find_what_it_is_shown() {
    // Twelve images by heart: without flips, judged on the images that it has seen.
    let parts = scenes("images=12,size=48,ratio=60,classes=1,hard=0");
    let train_part = parts.train.clone();
    let settings = DetectorSettings {
        epochs: Some(60),
        width: 16,
        batch: 4,
        flips: false,
        norm: NormKind::Group,
        ..DetectorSettings::default()
    };
    let parts = ImageParts { validation: train_part.clone(), test: train_part, ..parts };
    let task = images(parts, &settings);
    let untrained = DetectorSettings { epochs: Some(1), learning_rate: 1e-9, ..settings.clone() };
    let ap50 = |settings| metric(&train(&task, &spec("focal:gamma=2"), settings).unwrap(), "ap50").unwrap();
    let (before, after) = (ap50(&untrained), ap50(&settings));
    assert!(before < 0.1 && after > 0.9, "AP50 {before} before, {after} after");
}

#[test]
fn every_loss_with_a_sigmoid_form_trains_a_detector() {
    let settings = DetectorSettings { epochs: Some(1), ..settings() };
    let task = images(scenes("images=4,size=40,ratio=60,classes=2"), &settings);
    let mut trained = 0;
    for entry in Registry::standard().losses() {
        let loss = spec(entry.name());
        if bind_detector(&loss, task.problem(), &settings).is_ok() {
            let result = train(&task, &loss, &settings).unwrap();
            let first = EpochDetail::of(&result.history.epochs[0]).unwrap();
            assert!(first.class_loss.is_finite(), "{}", entry.name());
            trained += 1;
        }
    }
    assert!(trained >= 12, "{trained} losses");
    for refused in ["ce+oversample", "ce+threshold"] {
        let error = bind_detector(&spec(refused), task.problem(), &settings).unwrap_err().to_string();
        assert!(error.contains("rows of a table"), "{error}");
    }
}

#[test]
fn outputs_that_overflow_are_told_with_image_and_epoch() {
    // One step of Adam moves all weights by about the learning rate: they stay finite, their products do not.
    let settings = DetectorSettings {
        learning_rate: 1e30,
        epochs: Some(1),
        batch: 4,
        clip: None,
        norm: NormKind::None,
        ..settings()
    };
    let task = images(scenes("images=4,size=40,ratio=60,classes=2"), &settings);
    let message = train(&task, &spec("ce"), &settings).unwrap_err().to_string();
    assert!(message.starts_with("diverged: outputs for image "), "{message}");
    assert!(message.contains(" after epoch 1 are not finite: conv2d"), "{message}");
}

#[test]
fn a_training_that_diverges_says_where() {
    let settings = DetectorSettings { learning_rate: 1e30, clip: None, norm: NormKind::None, ..settings() };
    let task = images(scenes(SMALL), &settings);
    let error = train(&task, &spec("ce"), &settings).unwrap_err();
    assert!(matches!(error, TrainError::Diverged { .. } | TrainError::Output { .. }), "{error}");
    assert!(error.to_string().starts_with("diverged: "), "{error}");
}

#[test]
fn images_without_any_object_are_refused() {
    let mut parts = scenes(SMALL);
    parts.train.images.iter_mut().for_each(|image| image.objects.clear());
    let error = DetectionProblem::new(parts, &settings()).unwrap_err().to_string();
    assert!(error.contains("no object to learn"), "{error}");
}

/// Scenes as image files with COCO annotations.
fn write_coco(folder: &std::path::Path, parts: &ImageParts) -> std::path::PathBuf {
    let set = &parts.test;
    let mut images = Vec::new();
    for image in &set.images {
        let name = format!("{:04}.png", image.id);
        std::fs::write(folder.join(&name), encode_png(&image.image)).unwrap();
        images.push(json!({ "id": image.id, "file_name": name, "width": set.width, "height": set.height }));
    }
    let annotations: Vec<Value> = set
        .truth
        .annotations()
        .iter()
        .map(|a| {
            json!({ "id": a.id, "image_id": a.image_id, "category_id": a.category_id, "bbox": a.bbox,
                    "area": a.area, "iscrowd": 0 })
        })
        .collect();
    let path = folder.join("test.json");
    let text = json!({ "images": images, "annotations": annotations, "categories": set.categories });
    std::fs::write(&path, text.to_string()).unwrap();
    path
}

fn image_model(model: &dyn Predictor) -> ImageModel<'_> {
    let ModelInput::Images(input) = model.input("the model") else { panic!("a model of rows") };
    input
}

/// What a saved detector says of a set of images, and its detections.
fn predicted(model: &mut dyn Predictor, set: ImageSet, has_truth: bool) -> (Prediction, Vec<Detection>) {
    let data = NewData::Images(NewImages { set, has_truth });
    let prediction = model.predict(&data, Form::Predictions).unwrap();
    let found = serde_json::from_str(&prediction.text).unwrap();
    (prediction, found)
}

#[test]
fn a_saved_detector_finds_in_image_files_what_it_found_in_its_test() {
    let (files, settings) = (Files::new(), settings());
    let (folder, lab) = (files.0.path(), Lab::standard());
    let parts = scenes(SMALL);
    let json = write_coco(folder, &parts);
    let task = images(parts, &settings);
    let (loss, detector) = (spec("focal:gamma=2"), retinanet());
    let trained = trained(&task, &detector, &loss, &settings, [3, 2]).unwrap();
    let file = files.path("detector.safetensors");
    let start = Start { run: 0, learner: &detector, loss: &loss, settings: &settings, seed: 3, threads: 2 };
    let description = task.model(&start, &trained.judged);
    save_model(&file, BoxTask::KIND, &description, &trained.weights).unwrap();

    let mut model = load_model(&lab, &file).unwrap();
    let set = load_coco(&json, folder, &image_model(&*model).options).unwrap();
    let (prediction, found) = predicted(&mut *model, set.clone(), true);
    assert_eq!(found, trained.judged.found.detections);
    let results = evaluate(&set.truth, "found", &found).unwrap();
    assert_eq!(results.per_category, trained.judged.found.per_category);
    let scores = prediction.scores.unwrap();
    assert_eq!(scores.loss, "focal:gamma=2");
    let scores = scores.metrics.iter().map(|(info, value)| (info.name.to_owned(), *value));
    assert_eq!(scores.collect::<Vec<_>>(), trained.judged.metrics);
    for own in lab.metrics.boxes() {
        assert_eq!(own.value(&results), metric(&trained, own.info().name), "{}", own.info().name);
    }
    let bare = load_folder(folder, &ImageOptions::default()).unwrap();
    assert_eq!(predicted(&mut *model, bare, false).1, found);

    // What is written is what the evaluation reads.
    let text = files.write("found.json", serde_json::to_string(&found).unwrap());
    assert_eq!(load_detections(&text).unwrap(), found);
    let text = files.write("found.json", &prediction.text);
    assert_eq!(load_detections(&text).unwrap(), found);

    // One that the lab lacks is named.
    let mut other = description.clone();
    other["detector"] = json!("yolo");
    let path = files.path("other.safetensors");
    save_model(&path, BoxTask::KIND, &other, &trained.weights).unwrap();
    let error = files.message(load_model(&lab, &path));
    let expected = "found a model that this program lacks (there is no detector 'yolo'; there are retinanet)";
    assert!(error.contains(expected), "{error}");

    // A detector is no classifier, and says so.
    let rows = NewRows {
        matrix: Arc::new(Matrix::floats(1, vec![0.0])),
        hashes: Vec::new(),
        labels: None,
        notes: Vec::new(),
    };
    let error = model.predict(&NewData::Rows(rows), Form::Predictions).unwrap_err();
    assert_eq!(error, "rows for a detector");
    let error = model.input("the model").rows("csv").unwrap_err().to_string();
    assert_eq!(error, "the model: found a detector, expected a model of rows for --csv");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let error = files.message(load_model(&lab, &file));
    assert!(error.contains("cut off or damaged"), "{error}");
}
