//! Saved models of rows: what they predict, and what damaged files earn.

use crate::common::{model, rows, spec, synthetic, trained};
use losslab_data::formats::{ModelInput, NewData, NewRows};
use losslab_data::{Cells, Column, Kind};
use losslab_losses::Inverse;
use losslab_metrics::calibration::{fit_platt, fit_temperature};
use losslab_metrics::{Metrics, Rows, log_loss_from_logits, sigmoid};
use losslab_testing::Files;
use losslab_train::tasks::table::{TableFound, TableSettings, TableTask};
use losslab_train::{Form, Lab, Predictor, Start, Task, Trained, load_model, parse_model, save_model};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

const LOSS: &str = "focal:gamma=2,alpha=0.25";
const MODEL: &str = "mlp:hidden=8x5";

/// A small model with its task and its description.
struct Small {
    task: TableTask,
    trained: Trained<TableFound>,
    description: Value,
}

static SMALL: LazyLock<Small> = LazyLock::new(|| {
    let task = rows(synthetic("rows=3030,ratio=100"), 3);
    let (model, loss) = (model(MODEL), spec(LOSS));
    let settings = TableSettings { epochs: Some(4), ..TableSettings::default() };
    let trained = trained(&task, &model, &loss, &settings, [3, 2]).unwrap();
    let start = Start { run: 0, learner: &model, loss: &loss, settings: &settings, seed: 3, threads: 2 };
    let description = task.model(&start, &trained.judged);
    Small { task, trained, description }
});

/// Writes the small model with this description.
fn save(path: &Path, description: &Value) {
    save_model(path, TableTask::KIND, description, &SMALL.trained.weights).unwrap();
}

fn loaded(files: &Files) -> Box<dyn Predictor> {
    let path = files.path("good.safetensors");
    save(&path, &SMALL.description);
    load_model(&Lab::standard(), &path).unwrap()
}

/// All rows of the data set as new ones.
fn all_rows(model: &dyn Predictor) -> NewData {
    let ModelInput::Rows(input) = model.input("the model") else { panic!("a detector") };
    let matrix = input.encoder.transform(SMALL.task.dataset());
    NewData::Rows(NewRows { matrix, hashes: Vec::new(), labels: None, notes: Vec::new() })
}

/// The score of each row, and whether it is called positive.
fn predicted(model: &mut dyn Predictor, form: Form) -> (Vec<f64>, Vec<bool>) {
    let text = model.predict(&all_rows(model), form).unwrap().text;
    let positive = SMALL.task.dataset().class_names[1].clone();
    let cells = |line: &str| {
        let mut cells = line.split(',').skip(1);
        (cells.next().unwrap().parse::<f64>().unwrap(), cells.next() == Some(&positive))
    };
    text.lines().skip(1).map(cells).unzip()
}

#[test]
fn a_saved_model_is_the_model() {
    let files = Files::new();
    let mut model = loaded(&files);
    save(&files.path("again.safetensors"), &SMALL.description);
    let bytes =
        ["good.safetensors", "again.safetensors"].map(|name| std::fs::read(files.path(name)).unwrap());
    assert!(bytes[0] == bytes[1], "the bytes of a model do not vary");
    let (logits, _) = predicted(&mut *model, Form::Logits);
    for outputs in [&SMALL.trained.judged.found.validation, &SMALL.trained.judged.found.test] {
        assert!(!outputs.rows.is_empty());
        for (&row, &logit) in outputs.rows.iter().zip(&outputs.logits) {
            assert_eq!((logits[row as usize] as f32).to_bits(), logit.to_bits(), "row {row}");
        }
    }
}

#[test]
fn predictions_on_all_rows_hold_the_metrics_of_the_run_bit_for_bit() {
    let files = Files::new();
    let mut model = loaded(&files);
    let (test, metrics) = (&SMALL.task.parts(0).test, Metrics::standard());
    let of = |(scores, called): &(Vec<f64>, Vec<bool>), threshold: Option<f64>| {
        let scores: Vec<f64> = test.rows.iter().map(|&row| scores[row as usize]).collect();
        let rows = Rows::of_probabilities(2, &scores, &test.labels).with_thresholds(0.5, threshold);
        (metrics.evaluate(&rows).unwrap(), called.clone())
    };
    let judged = &SMALL.trained.judged;
    let (raw, decisions) = of(&predicted(&mut *model, Form::Raw), judged.threshold);
    assert_eq!(raw.len(), judged.metrics.len());
    for ((name, value), (kept, expected)) in raw.iter().zip(&judged.metrics) {
        assert_eq!((*name, value), (&**kept, expected));
        assert_eq!(SMALL.description["test_metrics"][name].as_f64(), *value, "{name}");
    }
    // Corrected probabilities decide and rank alike; only what reads them as probabilities changes.
    let corrected = predicted(&mut *model, Form::Predictions);
    // The least probability that is called positive separates the decisions, whatever the inverse rounds.
    let least = corrected.0.iter().zip(&corrected.1).filter(|(_, called)| **called).map(|(&p, _)| p);
    let (corrected, same_decisions) = of(&corrected, Some(least.fold(f64::INFINITY, f64::min)));
    assert_eq!(decisions, same_decisions);
    for ((name, raw), (_, corrected)) in raw.into_iter().zip(corrected) {
        if name.ends_with("_tuned") || name == "average_precision" || name == "roc_auc" {
            assert_eq!(raw, corrected, "{name}");
        }
    }
}

/// What `predict` writes if the description says this of probabilities, with the logits.
fn corrected(files: &Files, probabilities: Option<Value>) -> (Vec<f64>, Vec<f32>, String) {
    let mut description = SMALL.description.clone();
    let about = description.as_object_mut().unwrap();
    about.remove("probabilities");
    about.extend(probabilities.map(|value| ("probabilities".to_string(), value)));
    let path = files.path("corrected.safetensors");
    save(&path, &description);
    let mut model = load_model(&Lab::standard(), &path).unwrap();
    let notes = model.predict(&all_rows(&*model), Form::Predictions).unwrap().notes.join("\n");
    let (logits, _) = predicted(&mut *model, Form::Logits);
    let (written, _) = predicted(&mut *model, Form::Predictions);
    (written, logits.into_iter().map(|z| z as f32).collect(), notes)
}

#[test]
fn probabilities_are_corrected_as_the_model_file_says() {
    let files = Files::new();
    let inverse = Inverse::of(&spec(LOSS), &SMALL.task.parts(0).train.class_counts()).unwrap();
    let line = |intercept: f64, slope: f64| {
        move |logits: &[f32]| -> Vec<f64> {
            logits.iter().map(|&z| sigmoid(intercept + slope * f64::from(z))).collect()
        }
    };
    let inverted = |logits: &[f32]| inverse.apply(logits);
    type Map<'a> = &'a dyn Fn(&[f32]) -> Vec<f64>;
    let cases: [(Option<Value>, Map<'_>, &str); 5] = [
        // A file of another program says nothing.
        (None, &inverted, "the bias that focal:gamma=2,alpha=0.25 gives probabilities is undone (--raw"),
        (Some(json!("inverted")), &inverted, "corrected by inverting the bias of focal:gamma=2,alpha=0.25,"),
        (Some(json!("raw")), &line(0.0, 1.0), "probabilities are the network's own: no correction has"),
        (Some(json!({"temperature": 4.0})), &line(0.0, 0.25), "by temperature scaling (T = 4.0000), which"),
        (
            Some(json!({"platt": {"intercept": -1.5, "slope": 2.0}})),
            &line(-1.5, 2.0),
            "by Platt scaling (intercept -1.5000, slope 2.0000), which has the lowest log loss",
        ),
    ];
    for (says, map, note) in cases {
        let (written, logits, notes) = corrected(&files, says.clone());
        assert_eq!(written, map(&logits), "{says:?}");
        assert!(notes.contains(note), "{says:?}: {notes}");
    }
}

/// The choice of `train` is made again, from the validation rows alone.
#[test]
fn the_model_file_holds_the_correction_with_the_least_log_loss_on_validation_rows() {
    let validation = &SMALL.trained.judged.found.validation;
    let positives: Vec<bool> = validation.labels.iter().map(|&label| label == 1).collect();
    let own: Vec<f64> = validation.logits.iter().map(|&z| f64::from(z)).collect();
    let inverse = Inverse::of(&spec(LOSS), &SMALL.task.parts(0).train.class_counts()).unwrap();
    let temperature = fit_temperature(&validation.logits, 2, &validation.labels).unwrap().unwrap();
    let platt = fit_platt(&own, &positives).unwrap().unwrap();
    let corrections = [
        (json!("raw"), own.clone()),
        (json!("inverted"), inverse.logits(&validation.logits)),
        (json!({"temperature": temperature}), own.iter().map(|z| z / temperature).collect()),
        (json!({"platt": platt}), own.iter().map(|&z| platt.intercept + platt.slope * z).collect()),
    ];
    let mut losses: Vec<(f64, Value)> = corrections
        .into_iter()
        .map(|(name, logits)| (log_loss_from_logits(&logits, &positives).unwrap().unwrap(), name))
        .collect();
    losses.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert!(losses[0].0 + 1e-6 < losses[1].0, "no clear best: {losses:?}");
    assert_eq!(SMALL.description["probabilities"], losses[0].1);
}

#[test]
fn messages_about_model_files() {
    const BIAS: &str = r#""layer0.bias":"#;
    let files = Files::new();
    let lab = Lab::standard();
    let edited = |edit: &dyn Fn(&mut Value)| {
        let mut description = SMALL.description.clone();
        edit(&mut description);
        let path = files.path("edited.safetensors");
        save(&path, &description);
        std::fs::read(path).unwrap()
    };
    let good = edited(&|_| {});
    let header = 8 + u64::from_le_bytes(*good.first_chunk().unwrap()) as usize;
    let replaced = |from: &str, to: &str| {
        let text = String::from_utf8(good[8..header].to_vec()).unwrap();
        assert!(text.contains(from), "{from} in {text}");
        // The description is a JSON text within a JSON text.
        let text = text.replacen(from, to, 1);
        [&(text.len() as u64).to_le_bytes()[..], text.as_bytes(), &good[header..]].concat()
    };
    let other_program = {
        let text = br#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        [&(text.len() as u64).to_le_bytes()[..], text, &[0; 4]].concat()
    };
    let mut infinite = good.clone();
    infinite[header..header + 4].copy_from_slice(&f32::INFINITY.to_le_bytes());
    let model = |text: &'static str| edited(&move |about: &mut Value| about["model"] = json!(text));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty file", Vec::new()),
        ("table", b"a,label\n1,0\n2,1\n".to_vec()),
        ("cut off in the weights", good[..good.len() - 1].to_vec()),
        ("cut off in the header", good[..100].to_vec()),
        ("too long", [&good[..], &[0]].concat()),
        ("another program's file", other_program),
        ("later version", replaced(r#"\"version\":1"#, r#"\"version\":2"#)),
        ("no version", replaced(r#"\"version\":1,"#, "")),
        ("another kind of task", replaced(r#"\"task\":\"table\""#, r#"\"task\":\"tables\""#)),
        ("no kind of task", replaced(r#"\"task\":\"table\","#, "")),
        ("version twice", replaced(r#"\"version\":1"#, r#"\"version\":1,\"version\":1"#)),
        (
            "tensor twice",
            replaced(BIAS, &format!(r#"{BIAS}{{"dtype":"F32","shape":[8],"data_offsets":[0,32]}},{BIAS}"#)),
        ),
        ("another loss", edited(&|about| about["loss"] = json!("focl:gamma=2"))),
        (
            "column twice",
            edited(&|about| {
                let columns = about["encoder"]["columns"].as_array_mut().unwrap();
                columns[1]["name"] = columns[0]["name"].clone();
            }),
        ),
        ("label twice", edited(&|about| about["label_values"][1][0] = about["label_values"][0][0].clone())),
        ("description damaged", replaced(r#"\"class_counts\":["#, r#"\"class_counts\":{"#)),
        (
            "description without its loss",
            edited(&|about| drop(about.as_object_mut().unwrap().remove("loss"))),
        ),
        ("another model", model("mpl:hidden=8x5")),
        ("another parameter", model("mlp:hiden=8x5")),
        ("other widths", model("mlp:hidden=8x6")),
        ("absurd widths", model("mlp:hidden=900000000000x5")),
        ("no width", model("mlp:hidden=8xmany")),
        ("no layer", model("mlp:hidden=none")),
        ("infinite weight", infinite),
        ("temperature", edited(&|about| about["probabilities"] = json!({"temperature": 0.0}))),
        ("Platt", edited(&|about| about["probabilities"] = json!({"platt": {"intercept": 0, "slope": -1}}))),
        ("another correction", edited(&|about| about["probabilities"] = json!("isotonic"))),
        ("threshold", edited(&|about| about["threshold"] = json!(1.5))),
        ("class counts", edited(&|about| about["class_counts"] = json!([5, 0]))),
        ("labels", edited(&|about| about["label_values"][0][1] = json!(7))),
    ];
    let mut messages = String::new();
    for (name, bytes) in cases {
        let message = files.message(load_model(&lab, &files.write("model.safetensors", bytes)));
        assert!(!message.contains('\n'), "{name}: {message:?}");
        writeln!(messages, "[{name}]\n{message}").unwrap();
    }
    let message = files.message(load_model(&lab, &files.path("absent.safetensors")));
    writeln!(messages, "[no such file]\n{message}").unwrap();
    insta::assert_snapshot!(messages);
}

/// A row of nothing but gaps.
fn empty_row(model: &dyn Predictor) -> NewData {
    let ModelInput::Rows(input) = model.input("the model") else { panic!("a detector") };
    let columns: Vec<Column> = input
        .schema()
        .columns
        .into_iter()
        .map(|(name, kind)| match kind {
            Kind::Number => Column { name, cells: Cells::Numbers { values: vec![0.0], missing: vec![0] } },
            Kind::Category => {
                Column { name, cells: Cells::Categories { codes: vec![None], levels: Vec::new() } }
            }
        })
        .collect();
    NewData::Rows(input.encode(&columns, 1, None))
}

proptest! {
    /// A file cut anywhere is refused; one with a damaged byte is a model or a message, never a panic.
    #[test]
    fn no_damage_makes_the_loader_panic(
        cut in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), bits in 1u8..,
    ) {
        let (files, lab) = (Files::new(), Lab::standard());
        let path = files.path("m");
        save(&path, &SMALL.description);
        let good = std::fs::read(&path).unwrap();
        prop_assert!(parse_model(&lab, &good[..cut.index(good.len())]).is_err());
        let mut damaged = good.clone();
        damaged[at.index(good.len())] ^= bits;
        match load_model(&lab, &files.write("m", damaged)) {
            Ok(mut model) => {
                let row = empty_row(&*model);
                match model.predict(&row, Form::Raw) {
                    Ok(prediction) => prop_assert_eq!(prediction.text.lines().count(), 2),
                    // Weights that are finite may still overflow.
                    Err(problem) => prop_assert_eq!(problem, "row 1 has no finite score"),
                }
            }
            Err(error) => prop_assert!(!error.to_string().contains('\n')),
        }
    }
}
