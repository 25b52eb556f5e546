//! Saved models: what they predict, how their probabilities are corrected, and what damaged files earn.

use losslab::data::{Dataset, Source, SyntheticSpec};
use losslab::train::experiment::{OptimizerKind, Task, TrainConfig, train};
use losslab::train::model::Model;
use losslab::train::model::inverse::Inverse;
use losslab_losses::{Registry, Spec};
use losslab_testing::Files;
use proptest::prelude::*;
use serde::Deserialize;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::sync::LazyLock;

fn spec(text: &str) -> Spec {
    Spec::parse(text, &Registry::standard()).unwrap()
}

#[derive(Deserialize)]
struct Case {
    spec: String,
    class_counts: Vec<u64>,
    logits: Vec<f64>,
    eta: Vec<f64>,
}

/// Expected values found by minimising the expected loss in 50 digits, see `fixtures/model/make_inverse.py`.
#[test]
fn the_inverse_finds_the_share_behind_the_best_report() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("fixtures/model/inverse.json")).unwrap();
    assert_eq!(cases.len(), 56);
    for case in cases {
        let inverse = Inverse::of(&spec(&case.spec), &case.class_counts).unwrap();
        let logits: Vec<f32> = case.logits.iter().map(|&z| z as f32).collect();
        let found = inverse.apply(&logits);
        assert_eq!(found.len(), case.eta.len());
        // The logit is rounded to f32: 6e-8 of its size, at most 14, and log h rises up to 1 + gamma = 6 times as fast.
        for (found, eta) in found.iter().zip(&case.eta) {
            assert!((found - eta).abs() <= 5e-6 * eta, "{}: {found} instead of {eta}", case.spec);
        }
    }
}

/// Lin et al. 2017's setting: a true probability of .01 is reported as .108 (gamma 2, alpha .25), one of .001 as .05.
#[test]
fn a_known_report_of_the_focal_loss_is_corrected() {
    let inverse = Inverse::of(&spec("focal:gamma=2,alpha=0.25"), &[99, 1]).unwrap();
    for (reported, truth, slack) in [(0.108_f64, 0.01, 2e-4), (0.05, 0.001, 5e-5)] {
        let logit = (reported / (1.0 - reported)).ln() as f32;
        let found = inverse.apply(&[logit])[0];
        assert!((found - truth).abs() < slack, "{reported}: {found}");
    }
}

#[test]
fn the_inverse_keeps_the_order() {
    let inverse = Inverse::of(&spec("focal:gamma=3,alpha=0.1"), &[9, 1]).unwrap();
    // Farther out the truth is 1 to the last bit of f64: its log-odds are 4 times the logit.
    let logits: Vec<f32> = (-1400..1400).map(|i| i as f32 / 200.0).collect();
    assert!(inverse.apply(&logits).windows(2).all(|pair| pair[0] < pair[1]));
}

fn config() -> TrainConfig {
    TrainConfig { epochs: 4, hidden: vec![8, 5], optimizer: OptimizerKind::Adam, ..TrainConfig::default() }
}

/// A small model and the data that it was trained on.
static TRAINED: LazyLock<(Model, Source)> = LazyLock::new(|| {
    let dataset: Dataset = "rows=3030,ratio=100".parse::<SyntheticSpec>().unwrap().generate();
    let source = Source::from(dataset);
    let prepared = source.prepare(0, 3).unwrap();
    let loss = spec("focal:gamma=2,alpha=0.25");
    let trained = train(&prepared, &loss, &config(), 3, 2, |_| ControlFlow::Continue(())).unwrap();
    (Model::new(&source.dataset, &prepared, &loss, &config(), 3, &trained), source)
});

#[test]
fn a_saved_model_is_the_model() {
    let files = Files::new();
    let (model, _) = &*TRAINED;
    let (first, second) = (files.path("a.safetensors"), files.path("b.safetensors"));
    model.save(&first).unwrap();
    let loaded = Model::load(&first).unwrap();
    assert_eq!(&loaded, model);
    loaded.save(&second).unwrap();
    assert_eq!(std::fs::read(first).unwrap(), std::fs::read(second).unwrap());
}

#[test]
fn predictions_on_all_rows_hold_the_metrics_of_the_run_bit_for_bit() {
    let (model, source) = &*TRAINED;
    let input = model.info.encoder.transform(&source.dataset);
    let test = source.prepare(0, 3).unwrap().test;
    let metrics = |inverse: Option<&Inverse>| {
        let predictions = model.predict(&input, inverse);
        let scores: Vec<f64> = test.rows.iter().map(|&row| predictions.probabilities[row as usize]).collect();
        (
            Task::Binary.evaluate(&scores, &test.labels, false, predictions.threshold).unwrap(),
            predictions.classes,
        )
    };
    let (raw, decisions) = metrics(None);
    assert_eq!(raw.len(), model.info.test_metrics.len());
    for (name, value) in raw.iter().copied() {
        assert_eq!(value, model.info.test_metrics[name], "{name}");
    }
    // Corrected probabilities decide and rank alike; only what reads them as probabilities changes.
    let inverse = model.inverse().unwrap();
    let (corrected, same_decisions) = metrics(Some(&inverse));
    assert_eq!(decisions, same_decisions);
    for ((name, raw), (_, corrected)) in raw.into_iter().zip(corrected) {
        if name.ends_with("_tuned") || name == "average_precision" || name == "roc_auc" {
            assert_eq!(raw, corrected, "{name}");
        }
    }
}

#[test]
fn messages_about_model_files() {
    let files = Files::new();
    let (model, _) = &*TRAINED;
    let good = files.path("good.safetensors");
    model.save(&good).unwrap();
    let good = std::fs::read(good).unwrap();
    let saved = |edit: &dyn Fn(&mut Model)| {
        let mut other = model.clone();
        edit(&mut other);
        let path = files.path("edited.safetensors");
        other.save(&path).unwrap();
        std::fs::read(path).unwrap()
    };
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
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty file", Vec::new()),
        ("table", b"a,label\n1,0\n2,1\n".to_vec()),
        ("cut off in the weights", good[..good.len() - 1].to_vec()),
        ("cut off in the header", good[..100].to_vec()),
        ("too long", [&good[..], &[0]].concat()),
        ("another program's file", other_program),
        ("later version", replaced(r#"\"version\":1"#, r#"\"version\":2"#)),
        ("no version", replaced(r#"\"version\":1,"#, "")),
        ("description damaged", replaced(r#"\"hidden\":["#, r#"\"hidden\":{"#)),
        ("other widths", replaced(r#"\"hidden\":[8,5]"#, r#"\"hidden\":[8,6]"#)),
        ("absurd widths", replaced(r#"\"hidden\":[8,5]"#, r#"\"hidden\":[900000000000,5]"#)),
        ("no layer", replaced(r#"\"hidden\":[8,5]"#, r#"\"hidden\":[]"#)),
        ("infinite weight", infinite),
        ("threshold", saved(&|model| model.info.threshold = Some(1.5))),
        ("class counts", saved(&|model| model.info.class_counts = vec![5, 0])),
        ("labels", saved(&|model| model.info.label_values[0].1 = 7)),
    ];
    let mut messages = String::new();
    for (name, bytes) in cases {
        let message = files.message(Model::load(&files.write("model.safetensors", bytes)));
        assert!(!message.contains('\n'), "{name}: {message:?}");
        writeln!(messages, "[{name}]\n{message}").unwrap();
    }
    let message = files.message(Model::load(&files.path("absent.safetensors")));
    writeln!(messages, "[no such file]\n{message}").unwrap();
    insta::assert_snapshot!(messages);
}

proptest! {
    /// A file cut anywhere is refused; one with a damaged byte is a model or a message, never a panic.
    #[test]
    fn no_damage_makes_the_loader_panic(cut in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), bits in 1u8..) {
        let files = Files::new();
        let path = files.path("m");
        TRAINED.0.save(&path).unwrap();
        let good = std::fs::read(&path).unwrap();
        prop_assert!(Model::load(&files.write("m", &good[..cut.index(good.len())])).is_err());
        let mut damaged = good.clone();
        damaged[at.index(good.len())] ^= bits;
        match Model::load(&files.write("m", damaged)) {
            Ok(model) => {
                let Some(width) = std::num::NonZero::new(model.info.encoder.width()) else { panic!("no input") };
                let input = losslab::data::Matrix::floats(width.get(), vec![0.5; width.get()]);
                prop_assert_eq!(model.predict(&input, None).classes.len(), 1);
            }
            Err(error) => prop_assert!(!error.to_string().contains('\n')),
        }
    }
}
