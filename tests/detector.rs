//! Detectors from end to end on small scenes: training, comparing, saving, finding objects in image files.

use losslab::data::images::{ImageOptions, ImageParts, encode_png, load_coco, load_folder};
use losslab::metrics::boxes::{evaluate, load_detections};
use losslab::report::{Config, Data, Environment, Plan, Results, RunRecord, Training as ReportedTraining};
use losslab::train::detector::{
    DetectionProblem, DetectorComparison, DetectorError, DetectorModel, DetectorSettings, NormKind,
    bind_detector, compare_detectors, train_detector,
};
use losslab::train::experiment::{Event, Observer};
use losslab_losses::{OpenSpec, Registry, Spec};
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::sync::Mutex;

struct Nobody;

impl Observer for Nobody {
    fn on(&self, _: Event<'_>) {}
}

fn scenes(text: &str) -> ImageParts {
    ImageParts::draw(&text.parse().unwrap())
}

fn settings() -> DetectorSettings {
    DetectorSettings { epochs: Some(2), width: 8, batch: 4, ..DetectorSettings::default() }
}

fn spec(text: &str) -> Spec {
    Spec::parse(text, &Registry::standard()).unwrap()
}

const SMALL: &str = "images=10,size=40,ratio=60,classes=2";

#[test]
fn results_do_not_depend_on_threads() {
    let settings = settings();
    let problem = DetectionProblem::new(scenes(SMALL), &settings).unwrap();
    let losses = ["ce", "focal:gamma=2,alpha=0.25"].map(|text| OpenSpec::from(spec(text))).to_vec();
    let comparison = DetectorComparison { losses, seeds: vec![0, 1], settings, trials: 1 };
    let config = Config {
        losses: comparison.losses.iter().map(ToString::to_string).collect(),
        seeds: comparison.seeds.clone(),
        trials: 1,
        train: ReportedTraining::Detector(Box::new(comparison.settings.clone())),
    };
    let plan = Plan::new(Data::Images(Box::new(problem.describe())), config, "ce".into(), None);
    let results = [1, 2, 4].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let records = Mutex::new(Vec::new());
        let tasks = [(0, 0), (0, 1), (1, 0), (1, 1)];
        compare_detectors(&problem, &comparison, &tasks, &pool, &Nobody, &|outcome| {
            let loss = &comparison.losses[outcome.loss];
            let record = RunRecord::of_detector(&plan, loss, &problem, None, &outcome).unwrap();
            records.lock().unwrap().push((outcome.loss, outcome.seed, record));
        });
        let mut records = records.into_inner().unwrap();
        records.sort_by_key(|(loss, seed, _)| (*loss, *seed));
        let records: Vec<RunRecord> = records.into_iter().map(|(.., record)| record).collect();
        let environment = Environment {
            version: "",
            seconds: 0.0,
            threads,
            processors: 1,
            machine: String::new(),
            instruction_set: "",
            paths: Vec::new(),
        };
        let results = Results::of(plan.clone(), &records, None, environment);
        let mut results = serde_json::to_value(results).unwrap();
        results.as_object_mut().unwrap().remove("environment");
        results
    });
    assert_eq!(results[0]["runs"].as_array().unwrap().len(), 4);
    assert_ne!(results[0]["runs"][0]["epochs"], results[0]["runs"][1]["epochs"], "seeds differ");
    assert!(results[0] == results[1] && results[0] == results[2]);
}

#[test]
fn a_training_has_the_same_bits_however_many_threads_share_its_steps() {
    for norm in [NormKind::Batch, NormKind::Group] {
        let settings = DetectorSettings { norm, ..settings() };
        let problem = DetectionProblem::new(scenes(SMALL), &settings).unwrap();
        let [one, others @ ..] = [1, 2, 4, 8].map(|threads| {
            let trained = train_detector(&problem, &spec("focal:gamma=2"), &settings, 0, threads, |_| {
                ControlFlow::Continue(())
            })
            .unwrap();
            (trained.weights, trained.epochs, trained.detections)
        });
        assert!(others.iter().all(|other| *other == one));
    }
}

#[test]
fn a_detector_learns_to_find_what_it_is_shown() {
    // Twelve images by heart: without flips, judged on the images that it has seen.
    let parts = scenes("images=12,size=48,ratio=60,classes=1,hard=0");
    let train = parts.train.clone();
    let settings = DetectorSettings {
        epochs: Some(60),
        width: 16,
        batch: 4,
        flips: false,
        norm: NormKind::Group,
        ..DetectorSettings::default()
    };
    let problem =
        DetectionProblem::new(ImageParts { validation: train.clone(), test: train, ..parts }, &settings)
            .unwrap();
    let untrained = DetectorSettings { epochs: Some(1), learning_rate: 1e-9, ..settings.clone() };
    let ap50 = |settings| {
        train_detector(&problem, &spec("focal:gamma=2"), settings, 0, 1, |_| ControlFlow::Continue(()))
            .unwrap()
            .results
            .ap50
            .unwrap()
    };
    let (before, after) = (ap50(&untrained), ap50(&settings));
    assert!(before < 0.1 && after > 0.9, "AP50 {before} before, {after} after");
}

#[test]
fn every_loss_with_a_sigmoid_form_trains_a_detector() {
    let settings = DetectorSettings { epochs: Some(1), ..settings() };
    let problem = DetectionProblem::new(scenes("images=4,size=40,ratio=60,classes=2"), &settings).unwrap();
    let mut trained = 0;
    for entry in Registry::standard().losses() {
        let loss = spec(entry.name());
        if bind_detector(&loss, &problem, &settings).is_ok() {
            let result =
                train_detector(&problem, &loss, &settings, 0, 1, |_| ControlFlow::Continue(())).unwrap();
            assert!(result.epochs[0].class_loss.is_finite(), "{}", entry.name());
            trained += 1;
        }
    }
    assert!(trained >= 12, "{trained} losses");
    for refused in ["ce+oversample", "ce+threshold"] {
        let error = bind_detector(&spec(refused), &problem, &settings).unwrap_err().to_string();
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
    let problem = DetectionProblem::new(scenes("images=4,size=40,ratio=60,classes=2"), &settings).unwrap();
    let error =
        train_detector(&problem, &spec("ce"), &settings, 0, 1, |_| ControlFlow::Continue(())).unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("diverged: outputs for image "), "{message}");
    assert!(message.contains(" after epoch 1 are not finite: conv2d"), "{message}");
}

#[test]
fn a_training_that_diverges_says_where() {
    let settings = DetectorSettings { learning_rate: 1e30, clip: None, norm: NormKind::None, ..settings() };
    let problem = DetectionProblem::new(scenes(SMALL), &settings).unwrap();
    let error =
        train_detector(&problem, &spec("ce"), &settings, 0, 1, |_| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(error, DetectorError::Diverged { .. } | DetectorError::Output { .. }), "{error}");
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
            json!({ "id": a.id, "image_id": a.image_id, "category_id": a.category_id, "bbox": a.bbox, "area": a.area,
                    "iscrowd": 0 })
        })
        .collect();
    let path = folder.join("test.json");
    let text = json!({ "images": images, "annotations": annotations, "categories": set.categories });
    std::fs::write(&path, text.to_string()).unwrap();
    path
}

#[test]
fn a_saved_detector_finds_in_image_files_what_it_found_in_its_test() {
    let (folder, settings) = (tempfile::tempdir().unwrap(), settings());
    let parts = scenes(SMALL);
    let json = write_coco(folder.path(), &parts);
    let problem = DetectionProblem::new(parts, &settings).unwrap();
    let loss = spec("focal:gamma=2");
    let trained = train_detector(&problem, &loss, &settings, 3, 2, |_| ControlFlow::Continue(())).unwrap();
    let file = folder.path().join("detector.safetensors");
    DetectorModel::new(&problem, &loss, &settings, 3, &trained).save(&file).unwrap();

    let model = DetectorModel::load(&file).unwrap();
    assert_eq!(model.info.loss, "focal:gamma=2");
    let set = load_coco(&json, folder.path(), &model.image_options()).unwrap();
    let found = model.detect(&set.images).unwrap();
    assert_eq!(found, trained.detections);
    assert_eq!(evaluate(&set.truth, "found", &found).unwrap(), trained.results);
    let bare = load_folder(folder.path(), &ImageOptions::default()).unwrap();
    assert_eq!(model.detect(&bare.images).unwrap(), found);

    // What is written is what the evaluation reads.
    let text = folder.path().join("found.json");
    std::fs::write(&text, serde_json::to_string(&found).unwrap()).unwrap();
    assert_eq!(load_detections(&text).unwrap(), found);

    // A classifier is no detector, and says so.
    let error = losslab::train::model::Model::load(&file).unwrap_err().to_string();
    assert!(error.contains("a description of detector instead of model"), "{error}");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let error = DetectorModel::load(&file).unwrap_err().to_string();
    assert!(error.contains("cut off or damaged"), "{error}");
}
