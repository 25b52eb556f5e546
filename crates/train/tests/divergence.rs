//! A training that diverges says which operation of which layer first gave a number that is not finite.

use crate::common::{images, model, retinanet, rows, scenes, spec, synthetic, trained};
use losslab_data::{Dataset, Features, Matrix};
use losslab_train::OptimizerKind;
use losslab_train::tasks::boxes::{DetectorSettings, NormKind};
use losslab_train::tasks::table::{TableSettings, TableTask};
use std::sync::Arc;

fn small_rows() -> TableTask {
    rows(synthetic("rows=505,ratio=20"), 3)
}

fn failure(task: &TableTask, learning_rate: f64, batch: usize) -> String {
    let settings = TableSettings {
        epochs: Some(2),
        optimizer: OptimizerKind::Sgd,
        learning_rate,
        batch,
        ..TableSettings::default()
    };
    trained(task, &model("mlp:hidden=64x64"), &spec("ce"), &settings, [3, 1]).unwrap_err().to_string()
}

#[test]
fn a_nan_in_the_data_is_found_in_the_input() {
    // Pixels reach the model as they are: they are not standardised.
    let parts = small_rows();
    let data = parts.parts(0);
    let matrix = &data.train.matrix;
    let all: Vec<u32> = (0..matrix.rows() as u32).collect();
    let mut values = vec![0.0; all.len() * matrix.columns()];
    matrix.gather(&all, &mut values);
    values[data.train.rows[0] as usize * 2 + 1] = f32::NAN;
    let features = Features::Pixels(Arc::new(Matrix::floats(2, values)));
    let task = rows(Dataset { features, ..parts.dataset().clone() }, 3);
    let error = failure(&task, 0.01, 1000);
    assert!(
        error.starts_with("diverged: the loss was NaN in epoch 1, step 1: the input of shape [303, 2]"),
        "{error}"
    );
    assert!(error.ends_with(", 1]") && error.contains("is NaN at ["), "{error}");
}

#[test]
fn a_huge_learning_rate_is_found_where_it_first_overflows() {
    // Weights of 1e28 are finite, products of two of them and an input are not.
    let error = failure(&small_rows(), 1e30, 64);
    assert!(error.contains("in epoch 1, step 2: linear_relu of layer1 (node "), "{error}");
    assert!(error.contains(") gave "), "{error}");
    // One batch an epoch: the epoch ends before a next step could notice.
    let error = failure(&small_rows(), 1e40, 1000);
    assert!(
        error.starts_with("diverged: the weights were not finite after epoch 1, step 1: parameter layer"),
        "{error}"
    );
}

#[test]
fn a_detector_names_the_layer_too() {
    let parts = scenes("images=9,size=32,ratio=60,classes=2");
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
        let task = images(parts.clone(), &settings);
        let error = trained(&task, &retinanet(), &spec("ce"), &settings, [0, 1]).unwrap_err().to_string();
        assert!(
            error.starts_with("diverged: ") && (error.contains(" of ") || error.contains(" after ")),
            "{error}"
        );
        assert!(error.contains("(node "), "{error}");
    }
}
