//! Folders that may come from a stranger: whatever links, pipes and names they hold, nothing outside of them
//! is changed, and nothing outside of them is read.

#![cfg(unix)]

use crate::common::{complaint, losslab, printed};
use losslab_testing::Files;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

const ROWS: [&str; 9] =
    ["compare", "--synthetic", "rows=300,ratio=5", "--loss", "ce", "--seeds", "1", "--epochs", "1"];
const SCENES: [&str; 13] = [
    "compare",
    "--scenes",
    "images=16,size=40,ratio=60",
    "--loss",
    "ce",
    "--seeds",
    "1",
    "--epochs",
    "1",
    "--width",
    "8",
    "--batch",
    "4",
];

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A comparison of rows in `DIR/out`, and a file `DIR/victim`.
fn compared(what: &[&str]) -> Files {
    let files = Files::new();
    files.write("victim", "precious");
    printed(&[what, &["--quiet", "--out", text(&files.path("out"))]].concat());
    files
}

#[track_caller]
fn assert_unharmed(files: &Files) {
    assert_eq!(fs::read(files.path("victim")).unwrap(), b"precious");
}

/// What `report` says of the folder.
#[track_caller]
fn refused(files: &Files) -> String {
    complaint(&["report", text(&files.path("out")), "--quiet"], files.0.path())
}

#[test]
fn links_in_the_place_of_results_are_refused() {
    let files = compared(&ROWS);
    for name in ["results.json", "report.html", "plots/precision-recall.svg", "comparison.json"] {
        let path = files.path("out").join(name);
        let kept = fs::read(&path).unwrap_or_default();
        let _ = fs::remove_file(&path);
        symlink(files.path("victim"), &path).unwrap();
        let message = refused(&files);
        let expected = match name {
            "comparison.json" => "cannot be read: found a link that leads out of the folder".to_owned(),
            _ => format!(
                "cannot be written: {name}: found a symbolic link, expected a regular file or nothing"
            ),
        };
        assert!(message.contains(&expected), "{message}");
        assert_unharmed(&files);
        fs::remove_file(&path).unwrap();
        fs::write(&path, kept).unwrap();
    }
    fs::remove_dir_all(files.path("out/plots")).unwrap();
    fs::create_dir(files.path("elsewhere")).unwrap();
    symlink(files.path("elsewhere"), files.path("out/plots")).unwrap();
    let message = refused(&files);
    assert!(
        message.contains("cannot be written: plots: found a symbolic link, expected a folder"),
        "{message}"
    );
    assert_eq!(fs::read_dir(files.path("elsewhere")).unwrap().count(), 0);
}

#[test]
fn a_linked_folder_of_runs_is_not_emptied() {
    let files = compared(&ROWS);
    fs::rename(files.path("out/runs"), files.path("elsewhere")).unwrap();
    symlink(files.path("elsewhere"), files.path("out/runs")).unwrap();
    let message = complaint(
        &[&ROWS[..], &["--quiet", "--fresh", "--out", text(&files.path("out"))]].concat(),
        files.0.path(),
    );
    assert!(message.contains("runs: found a symbolic link, expected a folder"), "{message}");
    assert_eq!(fs::read_dir(files.path("elsewhere")).unwrap().count(), 1, "the run of another folder");
}

#[test]
fn records_are_not_read_from_pipes_devices_and_other_folders() {
    let files = compared(&ROWS);
    let record = files.path("out/runs/mlp__ce__0.json");
    fs::rename(&record, files.path("record")).unwrap();
    let said = |found: &str| {
        let output = losslab(&["report", text(&files.path("out")), "--quiet"]);
        assert_eq!(output.status.code(), Some(2));
        let all = [output.stdout, output.stderr].concat();
        let all = String::from_utf8(all).unwrap();
        assert!(all.contains(&format!("mlp__ce__0.json: cannot be read: found {found}, expected")), "{all}");
        fs::remove_file(&record).unwrap();
    };
    symlink(files.path("record"), &record).unwrap();
    said("a link that leads out of the folder");
    symlink("/dev/zero", &record).unwrap();
    said("a link that leads out of the folder");
    assert!(Command::new("mkfifo").arg(&record).status().unwrap().success());
    said("a pipe");
    fs::create_dir(&record).unwrap();
    let output = losslab(&["report", text(&files.path("out"))]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn what_is_no_picture_is_not_published() {
    let files = compared(&SCENES);
    let picture = files.path("out/pictures/retinanet__ce.png");
    let page = || fs::read_to_string(files.path("out/report.html")).unwrap();
    assert!(page().contains("data:image/png;base64,"));
    fs::remove_file(&picture).unwrap();
    symlink(files.path("victim"), &picture).unwrap();
    let message = refused(&files);
    assert!(
        message.contains("retinanet__ce.png: cannot be read: found a link that leads out of"),
        "{message}"
    );
    fs::remove_file(&picture).unwrap();
    symlink("/dev/zero", &picture).unwrap();
    assert!(refused(&files).contains("found a link that leads out of"));
    fs::remove_file(&picture).unwrap();
    fs::write(&picture, "a private key").unwrap();
    let message = refused(&files);
    assert!(message.contains("retinanet__ce.png: found 13 bytes of something else"), "{message}");
    // A folder of pictures elsewhere is not written, either.
    fs::remove_dir_all(files.path("out/pictures")).unwrap();
    fs::create_dir(files.path("elsewhere")).unwrap();
    symlink(files.path("elsewhere"), files.path("out/pictures")).unwrap();
    let output =
        losslab(&[&SCENES[..], &["--resume", "--quiet", "--out", text(&files.path("out"))]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs::read_dir(files.path("elsewhere")).unwrap().count(), 0);
}

#[test]
fn links_under_names_that_can_be_guessed_are_not_written_through() {
    let files = Files::new();
    files.write("victim", "precious");
    let out = files.path("out");
    fs::create_dir(&out).unwrap();
    for name in [".losslab-write-test", "checkpoint-unfinished.tmp"] {
        symlink(files.path("victim"), out.join(name)).unwrap();
    }
    printed(&[&ROWS[..], &["--quiet", "--out", text(&out)]].concat());
    let model = files.path("m.safetensors");
    let train = [
        "train",
        "--synthetic",
        "rows=300,ratio=5",
        "--epochs",
        "1",
        "--quiet",
        "--force",
        "--save",
        text(&model),
    ];
    printed(&[&train[..], &["--checkpoint", text(&out)]].concat());
    assert_unharmed(&files);

    // The names of checkpoints themselves.
    for (name, found) in [
        ("losslab-owner.json", "found something that is no file"),
        ("checkpoint.safetensors", "cannot be read: found a "),
    ] {
        let kept = files.path(&format!("checkpoints of {name}"));
        fs::create_dir(&kept).unwrap();
        symlink(files.path("victim"), kept.join(name)).unwrap();
        let message =
            complaint(&[&train[..], &["--checkpoint", text(&kept), "--resume"]].concat(), files.0.path());
        assert!(message.contains(&format!("{name}: {found}")), "{message}");
        assert_unharmed(&files);
    }
}

#[test]
fn what_is_no_regular_file_is_not_replaced() {
    let files = Files::new();
    files.write("victim", "precious");
    symlink(files.path("victim"), files.path("link.svg")).unwrap();
    assert!(Command::new("mkfifo").arg(files.path("pipe.svg")).status().unwrap().success());
    for (name, found) in [("link.svg", "a symbolic link"), ("pipe.svg", "a pipe"), ("/dev/null", "a device")]
    {
        let path = files.path(name);
        let train = ["train", "--synthetic", "rows=300,ratio=5", "--epochs", "1", "--save", text(&path)];
        let curves = ["curves", "--out", text(&path)];
        for arguments in [&train[..], &curves[..]] {
            if name == "/dev/null" && arguments[0] == "curves" {
                continue;
            }
            let message = complaint(arguments, files.0.path());
            let expected = format!("cannot be written: found {found}, expected a regular file or nothing\n");
            assert!(message.ends_with(&expected), "{message}");
        }
    }
    let model = files.path("m.safetensors");
    printed(&[
        "train",
        "--synthetic",
        "rows=300,ratio=5",
        "--epochs",
        "1",
        "--quiet",
        "--save",
        text(&model),
    ]);
    let csv = files.write("a.csv", "x1,x2\n1,2\n");
    for out in ["/dev/stdout", "/dev/null"] {
        let message = complaint(
            &["predict", "--model", text(&model), "--csv", text(&csv), "--out", out],
            files.0.path(),
        );
        assert!(message.contains(&format!("--out {out}: cannot be written: found a ")), "{message}");
        assert!(message.ends_with("; without --out it goes to standard output\n"), "{message}");
    }
    let message = complaint(&["predict", "--model", "/dev/zero", "--csv", text(&csv)], files.0.path());
    assert!(
        message.contains("/dev/zero: cannot be read: found a device, expected a regular file"),
        "{message}"
    );
    assert_unharmed(&files);
}

/// Tables may come through a pipe: `--csv <(zcat table.csv.gz)`.
#[test]
fn a_table_may_come_through_a_pipe() {
    let files = Files::new();
    let pipe = files.path("table");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let rows: String = (0..60).map(|i| format!("{i},{}\n", u8::from(i % 3 == 0))).collect();
    let table = files.write("table.csv", format!("x,y\n{rows}"));
    let train = |csv: &Path, model: &str| {
        let save = files.path(model);
        let arguments = ["train", "--csv", text(csv), "--label", "y", "--epochs", "1", "--save", text(&save)];
        Command::new(env!("CARGO_BIN_EXE_losslab")).args(arguments).output().unwrap()
    };
    let writer = std::thread::spawn({
        let (pipe, table) = (pipe.clone(), fs::read(&table).unwrap());
        move || fs::write(pipe, table)
    });
    let output = train(&pipe, "piped.safetensors");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    writer.join().unwrap().unwrap();
    assert!(train(&table, "read.safetensors").status.success());
    let [piped, read] =
        ["piped", "read"].map(|name| fs::read(files.path(&format!("{name}.safetensors"))).unwrap());
    assert!(piped == read);
}

#[test]
fn results_do_not_say_where_a_comparison_is_written() {
    let files = compared(&ROWS);
    let path = files.path("out/results.json");
    let results = fs::read_to_string(&path).unwrap();
    let victim = files.path("victim");
    let changed =
        results.replacen("\"request\": {", &format!("\"request\": {{\"out\": {:?},", text(&victim)), 1);
    assert!(changed != results);
    fs::write(&path, changed).unwrap();
    let message = complaint(&["compare", "--config", text(&path)], files.0.path());
    let expected = "found out in the request, expected nothing of where a comparison runs\n";
    assert!(message.ends_with(expected), "{message}");
    assert_unharmed(&files);
}
