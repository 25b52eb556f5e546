//! A program with a laboratory of its own, `examples/my_lab.rs`: its loss, modifier, model, metric
//! and format stand in tables, verdicts, the report and saved models like those that losslab brings.

use losslab_testing::Files;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The example, which cargo builds beside the program.
fn my_lab() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_losslab")).with_file_name("examples").join("my_lab")
}

/// What a program prints and its errors, in a folder.
fn run(program: &Path, folder: &Files, arguments: &str) -> (bool, String, String) {
    let mut command = Command::new(program);
    let output = command.current_dir(folder.0.path()).args(arguments.split(' ')).output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    (output.status.success(), out, err)
}

#[track_caller]
fn succeed(folder: &Files, arguments: &str) -> (String, String) {
    let (success, out, err) = run(&my_lab(), folder, arguments);
    assert!(success, "{arguments}: {err}");
    (out, err)
}

#[track_caller]
fn contains_all(text: &str, expected: &[&str]) {
    for expected in expected {
        assert!(text.contains(expected), "'{expected}' is missing in\n{text}");
    }
}

/// One row in eight is positive, which its first number says all but exactly; the third column is never
/// written.
fn libsvm(rows: usize) -> String {
    let mut text = String::new();
    for i in 0..rows {
        let positive = i % 8 == 0;
        let x = (i * 37 % 101) as f32 / 101.0 + if positive { 0.7 } else { 0.0 };
        let y = (i * 53 % 89) as f32 / 89.0;
        writeln!(text, "{} 1:{x} 2:{y} 4:-1", if positive { "+1" } else { "-1" }).unwrap();
    }
    text
}

/// The text of a page, without its tags.
fn text_of(page: &str) -> String {
    let parts = page.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    parts.collect::<Vec<_>>().join("").replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
}

#[test]
fn loss_model_and_metric_of_ones_own_are_compared_on_the_embedded_table() {
    let folder = Files::new();
    let compare = "compare --loss ce --loss mine --model mine --metric mine";
    let (out, _) = succeed(&folder, &format!("{compare} --seeds 3 --epochs 3 --out out"));
    contains_all(&out, &["verdicts rest on Recall at 1 %, against ce", "Recall at 1 % ↑", "mine:mix=0.5"]);
    let verdict = out.lines().find(|line| line.starts_with("verdict: ") && line.contains("mine:mix=0.5"));
    assert!(verdict.is_some_and(|verdict| verdict.contains("recall at 1 %")), "{out}");

    // A model and a metric of rows have nothing to do with the embedded scenes.
    assert!(!folder.path("out/scenes").exists());
    let page = std::fs::read_to_string(folder.path("out/tabular/report.html")).unwrap();
    contains_all(
        &text_of(&page),
        &[
            "Cross-entropy and squared error: L = -(1 - mix) log(p_t) + mix (1 - p_t)^2",
            "the squared error: Brier 1950",
            "wide and deep network: a linear model plus a hidden layer of GELUs. Cheng et al. 2016",
            "share of the positives that are among the hundredth of all rows that is scored highest",
            "my_lab compare --loss ce --loss mine --model mine --metric mine",
        ],
    );
}

#[test]
fn a_modifier_and_a_format_of_ones_own_are_compared() {
    let folder = Files::new();
    folder.write("rows.txt", libsvm(400));
    let compare =
        "compare --mine rows.txt --loss ce --loss ce+mine-modifier --loss mine:mix=0.8+mine-modifier";
    let (out, _) = succeed(&folder, &format!("{compare} --seeds 3 --epochs 3 --out out"));
    contains_all(&out, &["400 rows", "note: 4 columns", "ce+mine-modifier", "mine:mix=0.8+mine-modifier"]);
    let page = std::fs::read_to_string(folder.path("out/report.html")).unwrap();
    contains_all(&text_of(&page), &["square root of the inverse class frequency: w_c = sqrt(N / (C n_c))"]);

    folder.write("wrong.txt", "+1 1:0.5\n-1 1:nan\n");
    let (success, _, err) = run(&my_lab(), &folder, "compare --mine wrong.txt --out other");
    let expected = "expected a row such as +1 1:0.5 3:2, with finite numbers in columns 1 to 10000";
    assert!(!success);
    assert_eq!(err, format!("error: wrong.txt, line 2: found \"-1 1:nan\", {expected}\n"));
}

#[test]
fn a_model_of_ones_own_is_saved_and_asked_and_other_programs_say_that_they_lack_it() {
    let folder = Files::new();
    folder.write("rows.txt", libsvm(400));
    folder.write("new.txt", libsvm(40));
    let train =
        "train --mine rows.txt --loss mine+mine-modifier --model mine:width=8 --metric mine --epochs 20";
    let (out, _) = succeed(&folder, &format!("{train} --save m.safetensors"));
    contains_all(&out, &["Recall at 1 %", "mine:mix=0.5+mine-modifier", "model written to m.safetensors"]);

    let (out, err) = succeed(&folder, "predict --model m.safetensors --mine new.txt");
    assert_eq!(out.lines().count(), 41, "{out}");
    contains_all(
        &err,
        &["which has the lowest log loss on the validation rows (--raw leaves that out)", "Recall at 1 %"],
    );
    let (raw, _) = succeed(&folder, "predict --model m.safetensors --mine new.txt --raw");
    let probabilities = |text: &str| -> Vec<f64> {
        text.lines().skip(1).map(|line| line.split(',').nth(1).unwrap().parse().unwrap()).collect()
    };
    // With two classes every correction is a line in the log-odds: three rows determine it, the others
    // follow.
    let log_odds = |p: f64| (p / (1.0 - p)).ln();
    let points: Vec<(f64, f64)> = probabilities(&raw)
        .into_iter()
        .map(log_odds)
        .zip(probabilities(&out).into_iter().map(log_odds))
        .collect();
    let slope = |(x, y): (f64, f64)| (y - points[0].1) / (x - points[0].0);
    let away = points.iter().filter(|point| (point.0 - points[0].0).abs() > 0.1);
    let slopes: Vec<f64> = away.map(|point| slope(*point)).collect();
    assert!(slopes.len() > 20 && slopes[0] > 0.0, "{slopes:?}");
    assert!(slopes.iter().all(|slope| (slope - slopes[0]).abs() < 1e-3 * slopes[0]), "{slopes:?}");
    // Both parts of the loss are proper, so that its inverse divides out the weights of the classes:
    // w_1 / w_0 = sqrt(n_0 / n_1) = sqrt(7), and 0.5 stands for 1 / (1 + sqrt(7)).
    let compare =
        "compare --mine rows.txt --loss mine+mine-modifier --model mine:width=8 --seeds 1 --epochs 5";
    let (out, _) = succeed(&folder, &format!("{compare} --out compared"));
    contains_all(&out, &["with mine:mix=0.5+mine-modifier, it stands for 0.274"]);

    let losslab = Path::new(env!("CARGO_BIN_EXE_losslab"));
    folder.write("new.csv", "1,2,3,4\n0,0,0,0\n");
    let (success, _, err) = run(losslab, &folder, "predict --model m.safetensors --csv new.csv");
    assert!(!success);
    let start =
        "error: m.safetensors: found a model that this program lacks (there is no model 'mine'; there are ";
    assert!(err.starts_with(start), "{err}");
}

#[test]
fn parameters_that_make_no_sense_are_refused_before_any_training() {
    let folder = Files::new();
    let refused = |arguments: &str| {
        let (success, out, err) = run(&my_lab(), &folder, &format!("{arguments} --out out"));
        assert!(!success && !out.contains("training"), "{arguments}: {out}");
        err
    };
    assert_eq!(
        refused("compare --model mine:width=0"),
        "error: model mine:width=0: width=0: expected at least 1\n"
    );
    assert_eq!(
        refused("compare --loss mine:mix=1"),
        "error: --loss: loss spec 'mine:mix=1': mine: mix=1 lies outside [0, 1)\n"
    );
    let err = refused("compare --model minne");
    contains_all(&err, &["--model: there is no model 'minne'; there are ", "(did you mean 'mine'?)"]);
    let err = refused("compare --metric min");
    contains_all(&err, &["--metric: there is no metric 'min'; there are ", "(did you mean 'mine'?)"]);
    let err = refused("compare --min file");
    assert!(err.contains("(see my_lab --help)"), "{err}");
}
