//! A training that diverges says which operation of which layer first gave a number that is not finite.

use losslab::data::images::ImageParts;
use losslab::data::{Dataset, Matrix, Prepared, Source, SyntheticSpec};
use losslab::train::detector::{DetectionProblem, DetectorSettings, NormKind, train_detector};
use losslab::train::experiment::{OptimizerKind, TrainConfig, train};
use losslab_losses::{Registry, Spec};
use losslab_testing::Files;
use std::ops::ControlFlow::Continue;
use std::process::Command;
use std::sync::Arc;

fn ce() -> Spec {
    Spec::parse("ce", &Registry::standard()).unwrap()
}

fn rows() -> Prepared {
    let dataset: Dataset = "rows=505,ratio=20".parse::<SyntheticSpec>().unwrap().generate();
    Source::from(dataset).prepare(0, 3).unwrap()
}

fn failure(data: &Prepared, learning_rate: f64, batch: usize) -> String {
    let config = TrainConfig {
        epochs: 2,
        hidden: vec![64, 64],
        optimizer: OptimizerKind::Sgd,
        learning_rate,
        batch,
        ..TrainConfig::default()
    };
    train(data, &ce(), &config, 3, 1, |_| Continue(())).unwrap_err().to_string()
}

#[test]
fn a_nan_in_the_data_is_found_in_the_input() {
    let mut data = rows();
    let matrix = &data.train.matrix;
    let all: Vec<u32> = (0..matrix.rows() as u32).collect();
    let mut values = vec![0.0; all.len() * matrix.columns()];
    matrix.gather(&all, &mut values);
    values[data.train.rows[0] as usize * 2 + 1] = f32::NAN;
    data.train.matrix = Arc::new(Matrix::floats(2, values));
    let error = failure(&data, 0.01, 1000);
    assert!(
        error.starts_with("diverged: the loss was NaN in epoch 1, step 1: the input of shape [303, 2]"),
        "{error}"
    );
    assert!(error.ends_with(", 1]") && error.contains("is NaN at ["), "{error}");
}

#[test]
fn a_huge_learning_rate_is_found_where_it_first_overflows() {
    // Weights of 1e28 are finite, products of two of them and an input are not.
    let error = failure(&rows(), 1e30, 64);
    assert!(error.contains("in epoch 1, step 2: linear_relu of layer1 (node "), "{error}");
    assert!(error.contains(") gave "), "{error}");
    // One batch an epoch: the epoch ends before a next step could notice.
    let error = failure(&rows(), 1e40, 1000);
    assert!(
        error.starts_with("diverged: the weights were not finite after epoch 1, step 1: parameter layer"),
        "{error}"
    );
}

#[test]
fn a_detector_names_the_layer_too() {
    let parts = ImageParts::draw(&"images=9,size=32,ratio=60,classes=2".parse().unwrap());
    for (norm, learning_rate) in [(NormKind::None, 1e30), (NormKind::Batch, 1e30)] {
        let settings = DetectorSettings {
            epochs: Some(3),
            width: 8,
            batch: 4,
            learning_rate,
            optimizer: OptimizerKind::Sgd,
            clip: None,
            norm,
            ..DetectorSettings::default()
        };
        let problem = DetectionProblem::new(parts.clone(), &settings).unwrap();
        let error =
            train_detector(&problem, &ce(), &settings, 0, 1, |_| Continue(())).unwrap_err().to_string();
        assert!(
            error.starts_with("diverged: ") && (error.contains(" of ") || error.contains(" after ")),
            "{error}"
        );
        assert!(error.contains("(node "), "{error}");
    }
}

#[test]
fn a_comparison_goes_on_and_its_record_and_table_say_how_a_run_diverged() {
    let files = Files::new();
    let arguments =
        ["compare", "--synthetic", "rows=505,ratio=20", "--loss", "ce", "--seeds", "1", "--lr", "1e30"];
    let output = Command::new(env!("CARGO_BIN_EXE_losslab"))
        .args(arguments)
        .args(["--loss", "focal", "--optimizer", "sgd", "--epochs", "2", "--quiet", "--out"])
        .arg(files.path("out"))
        .output()
        .unwrap();
    let shown = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    let note = "1 of 1 trainings diverged (seeds 0); the table is over the others; with seed 0 the loss was";
    assert!(shown.contains(&format!("ce: {note}")), "{shown}");
    let results = std::fs::read_to_string(files.path("out/results.json")).unwrap();
    let results: serde_json::Value = serde_json::from_str(&results).unwrap();
    for run in results["runs"].as_array().unwrap() {
        let how = run["diverged"].as_str().unwrap();
        assert!(how.starts_with("diverged: the loss was ") && how.contains("linear_relu of layer"), "{how}");
        let page = std::fs::read_to_string(files.path("out/report.html")).unwrap();
        assert!(page.contains("linear_relu of layer"));
    }
}
