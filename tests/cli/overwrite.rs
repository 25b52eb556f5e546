//! What stands somewhere is not replaced unless that is asked for, and never while the command reads it.

use crate::common::{complaint, printed};
use losslab_testing::Files;
use std::fs;
use std::path::Path;
use std::process::Command;

const TABLE: &str = "crates/data/tests/fixtures/data/mixed.csv";
const SMALL: [&str; 7] =
    ["compare", "--synthetic", "rows=1010,ratio=100", "--seeds=2", "--epochs=2", "--loss=ce", "--out"];

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

/// All files below a folder, by their paths in it.
fn listed(folder: &Path) -> Vec<String> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_used_folder_is_replaced_only_by_fresh_and_nothing_of_the_old_comparison_stays() {
    let files = Files::new();
    let [out, plain] = ["out", "plain"].map(|name| files.path(name).to_str().unwrap().to_owned());
    let scenes = ["compare", "--scenes", "images=6,size=40,ratio=60,classes=2", "--epochs=1", "--width=8"];
    printed(&[&scenes[..], &["--batch=3", "--seeds=1", "--quiet", "--out", &out]].concat());
    fs::write(files.path("out/mine.txt"), "mine").unwrap();
    fs::write(files.path("out/plots/mine.svg"), "<svg/>").unwrap();
    fs::write(files.path("out/runs/mine.json"), "{}").unwrap();
    let before = listed(Path::new(&out));
    for kind in ["truth.json", "detections/", "pictures/", "plots/", "report.html"] {
        assert!(before.iter().any(|name| name.starts_with(kind)), "{kind}: {before:?}");
    }
    let line = complaint(&[&SMALL[..], &[&out]].concat(), files.0.path());
    assert!(line.starts_with("error: --out DIR/out: found 3 runs and "), "{line}");
    assert!(line.contains("expected none; --resume goes on with it, --fresh replaces it"), "{line}");
    assert_eq!(listed(Path::new(&out)), before);

    let told = printed(&[&SMALL[..], &[&out, "--fresh"]].concat());
    assert!(told.contains("note: --fresh removes 3 runs and "), "{told}");
    printed(&[&SMALL[..], &[&plain, "--quiet"]].concat());
    let mut expected = listed(Path::new(&plain));
    expected.extend(["mine.txt", "plots/mine.svg", "runs/mine.json"].map(String::from));
    expected.sort();
    assert_eq!(listed(Path::new(&out)), expected);
}

#[test]
fn files_of_others_under_the_names_of_losslab_are_not_replaced() {
    let files = Files::new();
    let out = files.path("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("results.json"), "{\"mine\": 1}").unwrap();
    for extra in [&[][..], &["--fresh"]] {
        let arguments = [&SMALL[..], &[out.to_str().unwrap()], extra].concat();
        let line = complaint(&arguments, files.0.path());
        assert!(line.contains("found results.json, which losslab did not write"), "{line}");
    }
    assert_eq!(listed(&out), ["results.json"]);
}

#[test]
fn a_used_folder_is_not_replaced_by_a_report_either() {
    let files = Files::new();
    let [a, b, out] = ["a", "b", "out"].map(|name| files.path(name).to_str().unwrap().to_owned());
    printed(&[&SMALL[..], &[&a, "--quiet"]].concat());
    printed(&[&SMALL[..], &[&b, "--quiet", "--seed=2"]].concat());
    let merge = ["report", &a, &b, "--out", &out, "--quiet"];
    printed(&merge);
    let whole = fs::read(files.path("out/comparison.json")).unwrap();
    for command in [&merge[..], &["report", "--across", &a, &b, "--out", &out]] {
        let line = complaint(command, files.0.path());
        assert!(line.contains("--out DIR/out: found 4 runs and "), "{line}");
        assert!(line.contains("--fresh replaces it"), "{line}");
    }
    assert_eq!(fs::read(files.path("out/comparison.json")).unwrap(), whole);
    printed(&[&merge[..], &["--fresh"]].concat());
}

#[test]
fn where_no_folder_is_named_each_comparison_has_a_new_one_and_the_latest_is_named() {
    let files = Files::new();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_losslab"));
        let output = command.args(arguments).current_dir(files.0.path()).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code(), text)
    };
    let compare = &SMALL[..6];
    let first = run(compare).1;
    assert!(first.contains("written to losslab-results/001/results.json"), "{first}");
    assert!(run(compare).1.contains("written to losslab-results/002/results.json"));
    let latest = || fs::read_to_string(files.path("losslab-results/latest")).unwrap();
    assert_eq!(latest(), "002\n");
    // A comparison that never begins leaves nothing behind.
    assert_eq!(run(&["compare", "--csv", "absent.csv"]).0, Some(2));
    assert_eq!(latest(), "002\n");
    assert!(!files.path("losslab-results/003").exists());

    let more = run(&[compare, &["--resume", "--loss=focal"]].concat()).1;
    assert!(more.contains("resumed: 2 of 4") && more.contains("losslab-results/002/results.json"), "{more}");
    let report = run(&["report", "losslab-results"]).1;
    assert!(report.contains("4 of 4 runs; written to losslab-results/002/results.json"), "{report}");
    fs::write(files.path("losslab-results/latest"), "../elsewhere\n").unwrap();
    let refused = run(&["report", "losslab-results"]);
    assert_eq!(refused.0, Some(2));
    assert!(refused.1.starts_with("error: losslab-results/comparison.json: not found"), "{}", refused.1);
}
