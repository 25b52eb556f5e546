//! Verdicts that hold: what is judged as which design, what a folder remembers, and what is not judged at
//! all.

use crate::common::{complaint, determined, losslab, printed};
use losslab_testing::Files;
use serde_json::{Value, json};
use std::path::Path;

/// Runs a comparison of `--loss` arguments into a folder.
fn compare(out: &Path, arguments: &[&str], losses: &[&str]) -> (String, Value) {
    let losses = losses.iter().flat_map(|loss| ["--loss", loss]);
    let place = ["--out", out.to_str().unwrap()];
    let all: Vec<&str> =
        ["compare"].into_iter().chain(arguments.iter().copied()).chain(losses).chain(place).collect();
    (printed(&all), determined(out))
}

/// 41 positives of 824 rows: 8 in each test part.
const SMALL: [&str; 4] = ["--synthetic", "rows=824,ratio=19,overlap=0.9,seed=3", "--epochs", "60"];

fn p(results: &Value, comparison: usize) -> f64 {
    results["verdicts"]["comparisons"][comparison]["p_holm"].as_f64().unwrap()
}

#[test]
fn leaving_losses_out_and_adding_seeds_do_not_make_p_smaller() {
    let files = Files::new();
    let out = files.path("out");
    let seeds = |n: &'static str| [&SMALL[..], &["--seeds", n, "--resume"]].concat();
    let losses = ["ce", "alpha-ce:alpha=0.75", "focal:gamma=1", "focal:gamma=2", "gce:q=0.7"];
    let (_, first) = compare(&out, &seeds("4"), &losses);
    let last = first["verdicts"]["comparisons"][3]["p"].as_f64().unwrap();
    let (text, fewer) = compare(&out, &seeds("4"), &["ce", "gce:q=0.7"]);
    assert!(text.contains("resumed: 8 of 8 trainings are kept"), "{text}");
    assert_eq!(fewer["verdicts"]["comparisons"][0]["p"], last);
    assert_eq!(p(&fewer, 0), (4.0 * last).min(1.0), "the correction still covers four comparisons");
    assert!(text.contains("note: 3 more comparisons were judged in this folder before"), "{text}");

    let (text, more) = compare(&out, &seeds("6"), &["ce", "gce:q=0.7"]);
    let last = more["verdicts"]["comparisons"][0]["p"].as_f64().unwrap();
    assert_eq!(p(&more, 0), (8.0 * last).min(1.0), "a second look doubles p");
    assert!(text.contains("p is multiplied by 2"), "{text}");

    // With --fresh the runs are trained again, and what was seen is not forgotten.
    let plain = [&SMALL[..], &["--seeds", "6", "--fresh"]].concat();
    let (text, other) =
        compare(&out, &[&plain[..], &["--reference", "gce:q=0.7"]].concat(), &["ce", "gce:q=0.7"]);
    assert!(text.contains("note: the reference was ce before"), "{text}");
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(!page.contains("both were set before the runs") && page.contains("the reference was ce"));
    assert_eq!(p(&other, 0), p(&more, 0));

    // Other data are another matter.
    let data = ["--synthetic", "rows=824,ratio=19,overlap=0.9,seed=4", "--epochs", "60", "--seeds", "4"];
    let (text, _) = compare(&out, &[&data[..], &["--fresh"]].concat(), &["ce", "gce:q=0.7"]);
    assert!(
        text.contains("note: other data, or other splits of these, were judged in this folder"),
        "{text}"
    );
    assert!(!text.contains("the correction covers") && !text.contains("p is multiplied"), "{text}");

    // And no way to have the folder forget.
    let (_, again) = compare(&out, &plain, &["ce", "gce:q=0.7"]);
    assert_eq!(p(&again, 0), p(&more, 0));
    std::fs::write(out.join("comparison.json"), "{").unwrap();
    let arguments = [&["compare", "--quiet"][..], &seeds("6"), &["--out", out.to_str().unwrap()]].concat();
    let error = complaint(&arguments, files.path("").as_path());
    assert!(
        error.contains("--resume: ") && error.contains("comparison.json: not what losslab wrote"),
        "{error}"
    );
}

/// A report repeats its verdict, however often.
#[test]
fn a_report_is_no_second_look() {
    let files = Files::new();
    let out = files.path("out");
    let (_, first) = compare(&out, &[&SMALL[..], &["--seeds", "3"]].concat(), &["ce", "focal"]);
    for _ in 0..2 {
        printed(&["report", out.to_str().unwrap()]);
        assert_eq!(determined(&out), first);
    }
}

#[test]
fn seeds_that_are_merged_are_a_second_look() {
    let files = Files::new();
    for (name, first) in [("a", "0"), ("b", "3")] {
        let seeds = [&SMALL[..], &["--seeds", "3", "--seed", first]].concat();
        compare(&files.path(name), &seeds, &["ce", "focal"]);
    }
    let [a, b, both] = ["a", "b", "both"].map(|name| files.path(name).to_str().unwrap().to_owned());
    let text = printed(&["report", &a, &b, "--out", &both]);
    assert!(text.contains(&format!("note: the reference is ce, as in {a}\n")), "{text}");
    assert!(text.contains("p is multiplied by 2"), "{text}");
}

/// A table of 300 rows with groups of five, and two splits of it that share their test part.
fn table(files: &Files) -> [String; 3] {
    let row = |i: usize| {
        let label = usize::from(i.is_multiple_of(7));
        let x = (i * 37 % 100) as f64 / 25.0 + label as f64;
        format!("{x},{},{},{label}\n", i * 53 % 89, i / 5)
    };
    let text = |rows: std::ops::Range<usize>| format!("x,z,g,y\n{}", rows.map(row).collect::<String>());
    let part = |i: usize, turn: usize| match (i % 5, (i + turn) % 3) {
        (0, _) => 2,
        (_, 0) => 1,
        _ => 0,
    };
    let splits: String = (0..300).map(|i| format!("{},{}\n", part(i, 0), part(i, 1))).collect();
    let write = |name: &str, text: String| files.write(name, text).to_str().unwrap().to_owned();
    [
        write("train.csv", text(0..300)),
        write("test.csv", text(300..450)),
        write("splits.csv", format!("split0,split1\n{splits}")),
    ]
}

#[test]
fn splits_that_share_a_test_part_are_a_fixed_test_set() {
    let files = Files::new();
    let [train, _, splits] = table(&files);
    let data = ["--csv", &train, "--label", "y", "--splits", &splits, "--seeds", "4", "--epochs", "70"];
    let (text, results) = compare(&files.path("out"), &data, &["ce", "focal"]);
    let design = &results["verdicts"]["design"];
    assert_eq!((&design["kind"], &design["units"]), (&json!("fixed_test"), &json!(60)), "{text}");
    assert!(text.contains("(4 seeds and one test set of 60 rows, ") && !text.contains("4 splits"), "{text}");
    assert!(text.contains("answer what to expect of other trainings on these training data"), "{text}");
}

#[test]
fn groups_of_a_test_set_are_resampled_as_groups() {
    let files = Files::new();
    let [train, test, _] = table(&files);
    let data = [
        "--csv",
        &train,
        "--test-csv",
        &test,
        "--label",
        "y",
        "--group",
        "g",
        "--seeds",
        "3",
        "--epochs",
        "70",
    ];
    let (_, results) = compare(&files.path("out"), &data, &["ce", "focal"]);
    let design = &results["verdicts"]["design"];
    assert_eq!((&design["kind"], &design["units"]), (&json!("fixed_test"), &json!(30)));
}

#[test]
fn trainings_of_a_few_steps_are_not_judged() {
    let files = Files::new();
    let few = ["--synthetic", "rows=824,ratio=19", "--seeds", "3", "--epochs", "2"];
    let (text, results) = compare(&files.path("out"), &few, &["ce", "focal"]);
    assert_eq!(results["verdicts"]["comparisons"][0]["verdict"], "not_trained_out");
    assert_eq!(results["runs"][0]["training"], "not_trained_out");
    assert!(text.contains("was not trained out in 3 of 3 runs"), "{text}");
    assert!(
        text.contains("give all losses more epochs (--epochs) or another learning rate (--lr)"),
        "{text}"
    );
}

#[test]
fn few_positives_in_a_test_part_are_told() {
    let files = Files::new();
    let (text, results) = compare(&files.path("out"), &[&SMALL[..], &["--seeds", "2"]].concat(), &["ce"]);
    let note = "the test part has only 8 rows of class \"positive\", fewer than 20";
    assert!(text.contains(note), "{text}");
    assert!(results["warnings"].to_string().contains("only 8 rows"));
    let many = ["train", "--synthetic", "rows=2000,ratio=9", "--epochs", "1", "--save"];
    let model = files.path("model");
    let output = losslab(&[&many[..], &[model.to_str().unwrap()]].concat());
    assert!(!String::from_utf8_lossy(&output.stdout).contains("fewer than 20"));
}
