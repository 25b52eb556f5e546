//! `losslab train` and `losslab predict` as a user meets them.

use crate::common::{losslab, model_file};
use losslab::data::{CsvOptions, GivenSplits, load_csv};
use losslab::metrics::{Metrics, Rows};
use losslab_testing::{Files, real_data};
use std::fmt::Write as _;
use std::path::Path;

#[track_caller]
fn succeed(arguments: &[&str]) -> (String, String) {
    let output = losslab(arguments);
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success(), "{err}");
    (out, err)
}

/// The cells of a CSV text without quotes, below its header.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines().skip(1).map(|line| line.split(',').collect()).collect()
}

const MIXED: &str = "crates/data/tests/fixtures/data/mixed.csv";

#[test]
fn a_table_with_gaps_categories_and_three_classes_is_learnt_and_scored() {
    let files = Files::new();
    let model = files.path("m.safetensors");
    let model = model.to_str().unwrap();
    let data = ["--csv", MIXED, "--label", "kind", "--categorical", "zone"];
    let train = ["train", "--loss", "focal+class-balanced", "--epochs", "30", "--save", model];
    let (out, _) = succeed(&[&train[..], &data].concat());
    assert!(out.contains("3 classes of") && out.contains("Macro average precision"), "{out}");

    let (out, err) = succeed(&["predict", "--model", model, "--csv", MIXED]);
    assert!(err.contains("column \"age\": 23 values missing, 0 unknown to the model"), "{err}");
    assert!(
        err.contains("which has the lowest log loss on the validation rows (--raw leaves that out)"),
        "{err}"
    );
    assert!(out.starts_with("row,probability_eggs,probability_ham,probability_spam,prediction\n1,"), "{out}");
    let (raw, _) = succeed(&["predict", "--model", model, "--csv", MIXED, "--raw"]);
    assert_ne!(out, raw);
    assert_eq!(rows(&out).len(), 120);
    for (i, (row, raw)) in rows(&out).into_iter().zip(rows(&raw)).enumerate() {
        assert_eq!(row[0], (i + 1).to_string());
        for row in [&row, &raw] {
            let sum: f64 = row[1..4].iter().map(|p| p.parse::<f64>().unwrap()).sum();
            assert!((sum - 1.0).abs() < 1e-12, "{row:?}");
        }
        assert_eq!(row[4], raw[4], "decisions do not depend on --raw");
    }

    // Columns in another order, one more, no label: the same scores. --out writes what standard output would
    // show.
    let text = std::fs::read_to_string(MIXED).unwrap();
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let mut turned = csv::Writer::from_writer(Vec::new());
    let headers = reader.headers().unwrap().clone();
    for (i, record) in std::iter::once(headers).chain(reader.records().map(Result::unwrap)).enumerate() {
        let extra = if i == 0 { "extra".to_string() } else { format!("x{i}") };
        turned
            .write_record(record.iter().take(5).chain([extra.as_str()]).collect::<Vec<_>>().into_iter().rev())
            .unwrap();
    }
    let turned = files.write("turned.csv", turned.into_inner().unwrap());
    let table = files.path("out.csv");
    let arguments = ["predict", "--quiet", "--model", model, "--csv", turned.to_str().unwrap()];
    let (nothing, quiet) = succeed(&[&arguments[..], &["--out", table.to_str().unwrap()]].concat());
    assert_eq!((nothing.as_str(), quiet.as_str()), ("", ""));
    assert_eq!(std::fs::read_to_string(table).unwrap(), out);

    let (_, err) = succeed(&["predict", "--quiet", "--model", model, "--csv", MIXED, "--label", "kind"]);
    assert!(err.contains("all rows") && err.contains("Macro F1"), "{err}");
}

/// Groups, categories, gaps and three classes: the same results for any number of threads, and again on the
/// second run.
#[test]
fn results_on_a_mixed_table_do_not_depend_on_threads() {
    let files = Files::new();
    let mut table = "patient,x,colour,label\n".to_string();
    for i in 0..240 {
        let x = if i % 11 == 0 { "NA".to_string() } else { (i * i % 97).to_string() };
        let colour = ["red", "green", "", "blue"][i % 4];
        writeln!(table, "p{},{x},{colour},{}", i / 4, ["a", "b", "a", "a", "c"][i * 7 % 5]).unwrap();
    }
    let table = files.write("t.csv", table);
    let results = |folder: &str, threads: &str| {
        let out = files.path(folder);
        let data = ["--csv", table.to_str().unwrap(), "--label", "label", "--group", "patient"];
        let run = [
            "--seeds",
            "2",
            "--epochs",
            "3",
            "--threads",
            threads,
            "--quiet",
            "--out",
            out.to_str().unwrap(),
        ];
        succeed(&[&["compare"], &data[..], &run].concat());
        let text = std::fs::read_to_string(out.join("results.json")).unwrap();
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(value.as_object_mut().unwrap().remove("environment").is_some());
        value
    };
    let first = results("one", "1");
    assert_eq!(first["data"]["groups"], serde_json::json!(["patient", 60]));
    assert_eq!(first["losses"].as_array().unwrap().len(), 3);
    assert_eq!(first["gaps"][0]["columns"][0]["column"], "x");
    for (folder, threads) in [("two", "2"), ("four", "4"), ("again", "1")] {
        assert_eq!(results(folder, threads), first, "{threads} threads");
    }
}

#[test]
fn predictions_on_real_data_hold_the_metrics_of_the_run_bit_for_bit() {
    let Some(folder) = real_data("tabular/mammography") else { return };
    let files = Files::new();
    let [data, splits] = ["data.csv", "splits.csv"].map(|name| folder.join(name));
    let (table, parts) = (data.to_str().unwrap(), splits.to_str().unwrap());
    let model = files.path("m.safetensors");
    let saved = model.to_str().unwrap();
    let source = ["--csv", table, "--label", "label", "--splits", parts];
    let loss = "focal:gamma=2,alpha=0.25";
    let train = ["train", "--quiet", "--loss", loss, "--seed", "1", "--save", saved];
    succeed(&[&train[..], &source].concat());
    let (out, _) = succeed(&["predict", "--quiet", "--raw", "--model", saved, "--csv", table]);

    let (dataset, _) = load_csv(&data, &CsvOptions::label("label")).unwrap();
    let split = GivenSplits::load(&splits, &dataset).unwrap().for_run(1).clone();
    let cells = rows(&out);
    let scores: Vec<f64> = split.test.iter().map(|&row| cells[row as usize][1].parse().unwrap()).collect();
    let labels: Vec<u32> = split.test.iter().map(|&row| dataset.labels[row as usize]).collect();
    let about = model_file::about(&model);
    let kept = about["test_metrics"].as_object().unwrap();
    let tested =
        Rows::of_probabilities(2, &scores, &labels).with_thresholds(0.5, about["threshold"].as_f64());
    for (name, value) in Metrics::standard().evaluate(&tested).unwrap() {
        assert_eq!(value, kept[name].as_f64(), "{name}");
    }
    // And they are those that compare reports for the same loss, split and seed.
    let results = files.path("results");
    let out = ["--seeds", "2", "--quiet", "--loss", loss, "--out", results.to_str().unwrap()];
    succeed(&[&["compare"], &source[..], &out].concat());
    let text = std::fs::read_to_string(results.join("results.json")).unwrap();
    let results: serde_json::Value = serde_json::from_str(&text).unwrap();
    for (name, value) in kept {
        assert_eq!(results["runs"][1]["metrics"][name].as_f64(), value.as_f64(), "{name}");
    }
    // Without --raw probabilities are corrected.
    let (_, corrected) =
        succeed(&["predict", "--quiet", "--model", saved, "--csv", table, "--label", "label"]);
    assert!(corrected.contains("Log loss"), "{corrected}");
}

#[test]
fn a_model_of_images_scores_images_and_tables_of_pixels() {
    let files = Files::new();
    // 60 images of 2 x 3 pixels; the brighter half is class 1.
    let bytes: Vec<u8> = (0..60).flat_map(|i| [(i % 2 * 200 + i) as u8; 6]).collect();
    let header = [0, 0, 8, 3, 0, 0, 0, 60, 0, 0, 0, 2, 0, 0, 0, 3];
    let images = files.write("images", [&header[..], &bytes].concat());
    let labels: Vec<u8> = (0..60).map(|i| i % 2).collect();
    let labels = files.write("labels", [&[0, 0, 8, 1, 0, 0, 0, 60][..], &labels].concat());
    let (images, labels) = (images.to_str().unwrap(), labels.to_str().unwrap());
    let model = files.path("m.safetensors");
    let model = model.to_str().unwrap();
    let train = [
        "train",
        "--quiet",
        "--epochs",
        "2",
        "--idx-images",
        images,
        "--idx-labels",
        labels,
        "--save",
        model,
    ];
    succeed(&train);
    let (from_images, _) = succeed(&["predict", "--model", model, "--idx-images", images]);
    assert_eq!(rows(&from_images).len(), 60);
    let mut table = (0..6).map(|i| format!("pixel{i}")).collect::<Vec<_>>().join(",") + "\n";
    for image in bytes.chunks(6) {
        table += &(image.iter().map(u8::to_string).collect::<Vec<_>>().join(",") + "\n");
    }
    let table = files.write("pixels.csv", table);
    let (from_table, _) = succeed(&["predict", "--model", model, "--csv", table.to_str().unwrap()]);
    assert_eq!(from_images, from_table);
}

#[test]
fn bad_input_is_one_clear_line() {
    let files = Files::new();
    let model = files.path("m.safetensors");
    let model = model.to_str().unwrap();
    succeed(&["train", "--quiet", "--epochs", "1", "--synthetic", "rows=1010", "--save", model]);
    let file = |name: &str, text: &str| files.write(name, text).to_str().unwrap().to_string();
    let good = file("good.csv", "y,x\n1,2\n");
    let missing = file("missing.csv", "x\n1\n");
    let text = file("text.csv", "x,y\n1,2\n1,b\n");
    let labelled = file("labelled.csv", "x,y,label\n1,2,other\n");
    let three = file("three.csv", "x,label\n1,a\n2,b\n3,c\n1,a\n2,b\n3,c\n1,a\n2,b\n3,c\n");
    let grouped = file("grouped.csv", "x,g,label\n1,p,0\n2,p,1\n3,q,0\n4,q,1\n1,p,0\n");
    let nowhere = files.path("none/m.safetensors").to_str().unwrap().to_string();
    let folder = files.0.path().to_str().unwrap();
    let fresh = files.path("new.safetensors").to_str().unwrap().to_string();
    let on_three = ["--csv", three.as_str(), "--label", "label"];
    let cases: Vec<Vec<&str>> = vec![
        vec!["predict", "--model", model],
        vec!["predict", "--model", &good, "--csv", &good],
        vec!["predict", "--model", model, "--csv", &missing],
        vec!["predict", "--model", model, "--csv", &text],
        vec!["predict", "--model", model, "--csv", &good, "--label", "kind"],
        vec!["predict", "--model", model, "--csv", &labelled, "--label", "label"],
        vec!["predict", "--model", model, "--csv", &good, "--out", &nowhere],
        vec!["predict", "--model", model, "--idx-images", &good],
        vec!["train", "--synthetic", "rows=1010"],
        vec!["train", "--synthetic", "rows=1010", "--save", &nowhere],
        vec!["train", "--synthetic", "rows=1010", "--save", folder],
        vec!["train", "--loss", "foo", "--save", &fresh],
        [&["train", "--loss", "focal:alpha=0.25", "--save", &fresh][..], &on_three].concat(),
        [&["train", "--loss", "ce+threshold", "--save", &fresh][..], &on_three].concat(),
        [&["compare", "--loss", "alpha-ce"][..], &on_three].concat(),
        vec!["train", "--synthetic", "rows=1010", "--lr", "1e30", "--optimizer", "sgd", "--save", &fresh],
        vec!["train", "--csv", &grouped, "--label", "label", "--group", "g", "--save", &fresh],
        vec!["train", "--csv", &grouped, "--label", "label", "--drop", "z", "--save", &fresh],
        vec!["train", "--positive", "1", "--save", &fresh],
        vec!["train", "--idx-images", &good, "--save", &fresh],
        vec!["train", "--idx-images", &good, "--idx-labels", &good, "--save", &fresh],
        vec!["train", "--idx-images", &good, "--idx-labels", &good, "--long-tail", "10", "--save", &fresh],
    ];
    let mut lines = String::new();
    for arguments in cases {
        let output = losslab(&arguments);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
        let last = without_loss(message.lines().last().unwrap_or_default());
        let last = &*last;
        writeln!(lines, "{}", files.without_folder(last).replace(folder, "DIR")).unwrap();
    }
    insta::assert_snapshot!(lines);
    assert!(!Path::new(&fresh).exists(), "a refused or diverged training leaves no model");
    assert!(
        std::fs::read_dir(folder).unwrap().all(|entry| !entry
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with('.'))
    );
}

/// The message without the loss that a training reached: no trained number stands in a snapshot.
fn without_loss(message: &str) -> String {
    match message.split_once("a loss of ").and_then(|(before, rest)| Some((before, rest.split_once(' ')?.1)))
    {
        Some((before, after)) => format!("{before}a loss of LOSS {after}"),
        None => message.to_owned(),
    }
}
