//! What stands somewhere is not replaced unless that is asked for, and never while the command reads it.

use crate::common::{complaint, printed};
use losslab_testing::Files;
use std::fs;

const TABLE: &str = "crates/data/tests/fixtures/data/mixed.csv";

#[test]
fn a_file_that_a_command_reads_is_not_written() {
    let files = Files::new();
    let text = fs::read(TABLE).unwrap();
    let table = files.write("t.csv", &text);
    let [table, model] = [table, files.path("m.safetensors")].map(|path| path.to_str().unwrap().to_owned());
    let train = ["train", "--quiet", "--epochs", "1", "--csv", &table, "--label", "kind", "--save"];
    printed(&[&train[..], &[&model]].concat());
    let whole = fs::read(&model).unwrap();
    let mut names = vec![table.clone()];
    if cfg!(unix) {
        let linked = files.path("linked.csv");
        fs::hard_link(&table, &linked).unwrap();
        names.push(linked.to_str().unwrap().to_owned());
    }
    let mut lines = Vec::new();
    for name in &names {
        lines.push(complaint(&[&train[..], &[name, "--force"]].concat(), files.0.path()));
        let predict = ["predict", "--model", &model, "--csv", &table, "--out", name];
        lines.push(complaint(&predict, files.0.path()));
    }
    assert!(lines.iter().all(|line| line.contains("found the file that is read as --csv")), "{lines:?}");
    assert!(
        lines[0].starts_with("error: --save DIR/t.csv: ") && lines[1].starts_with("error: --out DIR/t.csv")
    );
    let predict = ["predict", "--model", &model, "--csv", &table, "--out", &model];
    assert!(complaint(&predict, files.0.path()).contains("found the file that is read as --model"));
    assert_eq!((fs::read(&table).unwrap(), fs::read(&model).unwrap()), (text, whole));
}

#[test]
fn a_model_is_replaced_only_by_force() {
    let files = Files::new();
    let model = files.path("m.safetensors");
    let train = ["train", "--quiet", "--synthetic", "rows=1010", "--epochs", "1", "--save"];
    let train = [&train[..], &[model.to_str().unwrap()]].concat();
    printed(&train);
    let whole = fs::read(&model).unwrap();
    let other = [&train[..], &["--seed", "1"]].concat();
    assert_eq!(
        complaint(&other, files.0.path()),
        "error: --save DIR/m.safetensors: found a file, expected none; --force replaces it\n"
    );
    assert_eq!(fs::read(&model).unwrap(), whole);
    printed(&[&other[..], &["--force"]].concat());
    assert_ne!(fs::read(&model).unwrap(), whole);
}
