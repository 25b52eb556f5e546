//! Models go to PyTorch and come back: the same logits on both sides, from the same table or image files.
//!
//! What PyTorch says of the files in `fixtures/interop` is recorded there, by `make.py`; that needs no
//! Python. With a Python that has PyTorch (`LOSSLAB_PYTHON`, by default `python3`) the files are made anew,
//! and the scripts under docs run as a user runs them.

use crate::common::model_file;
use losslab::Lab;
use losslab::train::load_model;
use losslab_testing::Files;
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Both sides compute in f32, in other orders: they differ by no more than this share of the largest number.
const TOLERANCE: f64 = 1e-5;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn fixtures() -> PathBuf {
    root().join("tests/fixtures/interop")
}

#[track_caller]
fn succeed(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What `losslab predict --logits` says of the table or the images.
#[track_caller]
fn predict(model: &Path, flag: &str, input: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_losslab"));
    succeed(
        command
            .args(["predict", "--logits", "--quiet", "--model"])
            .arg(model)
            .arg(flag)
            .arg(input)
            .output()
            .unwrap(),
    )
}

#[track_caller]
fn assert_close(what: &str, ours: &[f64], torch: &[f64]) {
    assert!(ours.len() == torch.len() && !ours.is_empty(), "{what}: {} and {}", ours.len(), torch.len());
    let scale = torch.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    for (i, (ours, torch)) in ours.iter().zip(torch).enumerate() {
        let difference = (ours - torch).abs();
        assert!(difference <= TOLERANCE * scale, "{what}, number {i}: {ours}, PyTorch says {torch}");
    }
}

/// Header and numbers of a CSV text.
fn table(text: &str) -> (&str, Vec<f64>) {
    let (header, rows) = text.split_once('\n').unwrap();
    (header, rows.lines().flat_map(|row| row.split(',')).map(|cell| cell.parse().unwrap()).collect())
}

#[track_caller]
fn assert_same_rows(what: &str, ours: &str, torch: &str) {
    let ((header, ours), (torch_header, torch)) = (table(ours), table(torch));
    assert_eq!(header, torch_header, "{what}");
    // Column by column: row numbers must not widen the tolerance of logits.
    let columns = header.split(',').count();
    for column in 0..columns {
        let numbers = |all: &[f64]| all.iter().skip(column).step_by(columns).copied().collect::<Vec<_>>();
        assert_close(what, &numbers(&ours), &numbers(&torch));
    }
}

#[track_caller]
fn assert_same_images(what: &str, ours: &str, torch: &str) {
    let [ours, torch]: [Vec<Value>; 2] = [ours, torch].map(|text| serde_json::from_str(text).unwrap());
    assert_eq!(ours.len(), torch.len(), "{what}");
    for (ours, torch) in ours.iter().zip(&torch) {
        let name = &torch["file_name"];
        assert_eq!(&ours["file_name"], name, "{what}");
        for (key, at_least) in [("class_logits", 1), ("box_codes", 4)] {
            let rows =
                |image: &Value| -> Vec<Vec<f64>> { serde_json::from_value(image[key].clone()).unwrap() };
            let (ours, torch) = (rows(ours), rows(torch));
            assert!(ours[0].len() == torch[0].len() && ours[0].len() >= at_least, "{what}, {name}: {key}");
            assert_close(&format!("{what}, {name}, {key}"), &ours.concat(), &torch.concat());
        }
    }
}

/// Every model of a folder that `make.py` filled, in losslab and as PyTorch has it.
#[track_caller]
fn assert_models_agree(folder: &Path) {
    let mut models = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let model = entry.unwrap().path();
        if model.extension().is_none_or(|ending| ending != "safetensors") {
            continue;
        }
        models += 1;
        let name = model.file_stem().unwrap().to_str().unwrap();
        let recorded = |ending| std::fs::read_to_string(model.with_extension(ending)).unwrap();
        if name.starts_with("mlp") {
            assert_same_rows(name, &predict(&model, "--csv", &folder.join("table.csv")), &recorded("csv"));
        } else {
            assert_same_images(name, &predict(&model, "--images", &folder.join("images")), &recorded("json"));
        }
    }
    assert_eq!(models, 6);
}

#[test]
fn models_agree_with_what_pytorch_said_of_them() {
    assert_models_agree(&fixtures());
}

/// A Python that has what the scripts need, or `None` where there is none, which is said on standard error.
fn python() -> Option<PathBuf> {
    let asked = std::env::var_os("LOSSLAB_PYTHON").map(PathBuf::from);
    let python = asked.clone().unwrap_or("python3".into());
    let imports = Command::new(&python).args(["-c", "import torch, numpy, PIL"]).output();
    if imports.as_ref().is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    assert!(asked.is_none(), "LOSSLAB_PYTHON={}: no torch, numpy and Pillow: {imports:?}", python.display());
    // Not `eprintln!`, which the test runner would swallow.
    let message = "no python3 with torch, numpy and Pillow; set LOSSLAB_PYTHON to one";
    let _ = writeln!(std::io::stderr(), "SKIPPED: {message}");
    None
}

/// Runs a script of this workspace.
#[track_caller]
fn run(python: &Path, script: &str, arguments: &[&Path]) -> String {
    let mut command = Command::new(python);
    succeed(command.arg("-B").arg(root().join(script)).args(arguments).output().unwrap())
}

#[test]
fn models_made_anew_agree() {
    let Some(python) = python() else { return };
    let files = Files::new();
    let losslab = Path::new(env!("CARGO_BIN_EXE_losslab"));
    run(&python, "tests/fixtures/interop/make.py", &[losslab, files.0.path()]);
    assert_models_agree(files.0.path());
}

#[test]
fn the_scripts_run_models_and_take_them_to_pytorch_and_back() {
    let Some(python) = python() else { return };
    let files = Files::new();
    let (state, new, fixtures) = (files.path("state.pt"), files.path("new.safetensors"), fixtures());

    let (script, model) = ("docs/interop_mlp.py", fixtures.join("mlp_losslab.safetensors"));
    let table = fixtures.join("table.csv");
    let rows = run(&python, script, &["run".as_ref(), &model, &table]);
    assert_same_rows("run", &predict(&model, "--csv", &table), &rows);
    run(&python, script, &["to-torch".as_ref(), &model, &state]);
    run(&python, script, &["from-torch".as_ref(), &model, &state, &new]);
    assert!(model_file::read(&new) == model_file::read(&model));
    // Trained on nothing but the table: rare is yes above an age of about 75.
    run(&python, script, &["train".as_ref(), &table, "rare".as_ref(), &new]);
    assert_eq!(model_file::about(&new)["class_names"], serde_json::json!(["no", "yes"]));
    predict(&new, "--csv", &table);

    let (script, model) = ("docs/interop_detector.py", fixtures.join("detector_losslab.safetensors"));
    let images = fixtures.join("images");
    let outputs = run(&python, script, &["run".as_ref(), &model, &images]);
    assert_same_images("run", &predict(&model, "--images", &images), &outputs);
    run(&python, script, &["to-torch".as_ref(), &model, &state]);
    run(&python, script, &["from-torch".as_ref(), &model, &state, &new]);
    assert!(model_file::read(&new) == model_file::read(&model));
}

/// Mistakes of a first try, in the header of a file: names, order of axes and tensors of PyTorch.
#[test]
fn files_in_the_ways_of_pytorch_are_refused_by_tensor() {
    let files = Files::new();
    let edited = |file: &str, from: &str, to: &str| {
        let bytes = std::fs::read(fixtures().join(file)).unwrap();
        let end = 8 + u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
        let header = String::from_utf8(bytes[8..end].to_vec()).unwrap();
        assert!(header.contains(from), "{from} in {header}");
        let header = header.replacen(from, to, 1);
        files
            .write("m", [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &bytes[end..]].concat())
    };
    let mut messages = String::new();
    let mlp = "mlp_torch.safetensors";
    let extra = r#"{"extra": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}, "#;
    for (from, to) in [
        (r#""layer1.weight": "#, r#""layers.1.weight": "#),
        (
            r#"layer1.weight": {"dtype": "F32", "shape": [6, 4]"#,
            r#"layer1.weight": {"dtype": "F32", "shape": [4, 6]"#,
        ),
        (
            r#"layer1.bias": {"dtype": "F32", "shape": [4]"#,
            r#"layer1.bias": {"dtype": "F32", "shape": [4, 1]"#,
        ),
        (r#"layer1.bias": {"dtype": "F32""#, r#"layer1.bias": {"dtype": "I32""#),
        ("{", extra),
    ] {
        messages += &files.message(load_model(&Lab::standard(), &edited(mlp, from, to)));
        messages += "\n";
    }
    let detector = "detector_batch_torch.safetensors";
    for (from, to) in [
        ("class.0.level1.running_variance", "class.0.level1.running_var"),
        (
            r#"class.0.weight": {"dtype": "F32", "shape": [3, 3, 3, 3]"#,
            r#"class.0.weight": {"dtype": "F32", "shape": [3, 9, 3]"#,
        ),
        (
            r#"class.last.weight": {"dtype": "F32", "shape": [3, 3, 3, 4]"#,
            r#"class.last.weight": {"dtype": "F32", "shape": [4, 3, 3, 3]"#,
        ),
    ] {
        messages += &files.message(load_model(&Lab::standard(), &edited(detector, from, to)));
        messages += "\n";
    }
    insta::assert_snapshot!(messages);
}
