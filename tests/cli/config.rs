//! `--config`: what was asked for, from a file.

use crate::common::{complaint, determined, printed, results};
use losslab_testing::Files;
use serde_json::Value;

const TOML: &str = r#"# A small comparison.
synthetic = "rows=1010,ratio=100"
seeds = 2
epochs = 3
loss = ["ce", "focal:gamma=2"]
model = "mlp:hidden=8"
lr = 0.01
quiet = true
"#;

const FLAGS: [&str; 15] = [
    "compare",
    "--synthetic",
    "rows=1010,ratio=100",
    "--seeds",
    "2",
    "--epochs",
    "3",
    "--loss",
    "ce",
    "--loss",
    "focal:gamma=2",
    "--model",
    "mlp:hidden=8",
    "--lr",
    "0.01",
];

/// Compares with these arguments; returns what is determined of the results, and what was printed.
fn compare(files: &Files, name: &str, arguments: &[&str]) -> (Value, String) {
    let out = files.path(name);
    let text = printed(&[arguments, &["--out", out.to_str().unwrap()]].concat());
    (determined(&out), text)
}

/// The bytes of the results before the environment, which stands last.
fn written(files: &Files, name: &str) -> String {
    let text = std::fs::read_to_string(files.path(name).join("results.json")).unwrap();
    text[..text.find("\"environment\"").unwrap()].to_owned()
}

#[test]
fn a_file_asks_for_the_same_as_flags() {
    let files = Files::new();
    let config = files.write("small.toml", TOML);
    let config = config.to_str().unwrap();
    let (flags, _) = compare(&files, "flags", &FLAGS);
    let (file, text) = compare(&files, "file", &["compare", "--config", config]);
    assert_eq!(file, flags);
    assert_eq!(written(&files, "file"), written(&files, "flags"));
    assert!(!text.contains("verdicts rest on"), "quiet is asked for: {text}");
    assert_eq!(compare(&files, "plain", &["--config", config]).0, flags, "without the name of the command");

    // Flags win, and the rest stays.
    let (other, _) =
        compare(&files, "other", &["compare", "--config", config, "--lr", "0.02", "--loss", "gce"]);
    assert_eq!(other["settings"]["learning_rate"], 0.02);
    assert_eq!(other["losses"].as_array().unwrap().len(), 1);
    assert_eq!(other["losses"][0]["spec"], "gce:q=0.7");
    for key in ["seeds", "models", "data"] {
        assert_eq!(other[key], flags[key], "{key}");
    }
}

#[test]
fn results_ask_for_themselves_again() {
    let files = Files::new();
    let (flags, _) = compare(&files, "flags", &FLAGS);
    let kept = files.path("flags/results.json");
    let (again, _) = compare(&files, "again", &["compare", "--config", kept.to_str().unwrap()]);
    assert_eq!(again, flags);
    assert_eq!(written(&files, "again"), written(&files, "flags"));
    // A folder is no part of what was asked for.
    assert_eq!(results(&files.path("again"))["environment"]["out"], files.path("again").to_str().unwrap());
    assert!(flags["request"].get("out").is_none() && flags["request"].get("threads").is_none());
}

#[test]
fn data_come_from_where_they_were_or_from_flags() {
    let files = Files::new();
    let row = |i: usize| format!("{},{},{}\n", i % 7, (i * i) % 11, usize::from(i.is_multiple_of(9)));
    let table = |rows: usize| format!("x,y,kind\n{}", (0..rows).map(row).collect::<String>());
    let (first, second) = (files.write("first.csv", table(200)), files.write("second.csv", table(180)));
    let data = ["--csv", first.to_str().unwrap(), "--label", "kind", "--drop", "y"];
    let how = ["--seeds", "2", "--epochs", "2", "--loss-set", "quick"];
    let (flags, _) = compare(&files, "flags", &[&["compare"][..], &data, &how].concat());
    assert!(flags["request"].get("csv").is_none(), "{}", flags["request"]);
    assert_eq!(flags["request"]["label"], "kind");
    let kept = files.path("flags/results.json");
    let config = ["compare", "--config", kept.to_str().unwrap()];
    assert_eq!(compare(&files, "again", &config).0, flags);
    let (other, _) = compare(&files, "other", &[&config[..], &["--csv", second.to_str().unwrap()]].concat());
    assert_eq!((&other["data"]["name"], &other["data"]["rows"]), (&"second".into(), &180.into()));
    assert_eq!(other["data"]["columns"], 1, "the label and the column that is left out stay");
    // A flag takes the place of a key that cannot stand beside it.
    let (single, _) = compare(&files, "single", &[&config[..], &["--loss", "focal"]].concat());
    assert_eq!(single["losses"].as_array().unwrap().len(), 1, "{}", single["losses"]);
    // Another kind of data takes the place of the table and of its flags.
    let (drawn, _) = compare(&files, "drawn", &[&config[..], &["--synthetic", "rows=1010"]].concat());
    assert_eq!(drawn["data"]["rows"], 1010);
}

#[test]
fn what_is_wrong_with_a_file_is_one_line() {
    let files = Files::new();
    let mut lines = String::new();
    for (name, text) in [
        ("unknown.toml", "epoch = 3\n"),
        ("config.toml", "config = \"other.toml\"\n"),
        ("list.toml", "epochs = [1, 2]\n"),
        ("table.toml", "[epochs]\nmost = 3\n"),
        ("text.toml", "epochs = \"many\"\n"),
        ("large.toml", "epochs = 1000001\n"),
        ("none.toml", "model = []\n"),
        ("number.toml", "quiet = 1\n"),
        ("again.toml", "epochs = 1\n\nepochs = 2\n"),
        ("loss.toml", "loss = [\"ce\", \"focl\"]\n"),
        ("broken.toml", "epochs = \n"),
        ("broken.json", "{"),
        ("plan.json", "{\"schema\": 2}"),
        ("no_request.json", "{\"schema\": 2, \"request\": []}"),
        ("later.json", "{\"schema\": 99, \"request\": {}}"),
        ("bytes.toml", "\u{0}"),
    ] {
        let path = files.write(name, text);
        let out = files.path("out");
        lines += &complaint(
            &["compare", "--config", path.to_str().unwrap(), "--out", out.to_str().unwrap()],
            files.0.path(),
        );
    }
    let absent = files.path("absent.toml");
    lines += &complaint(&["compare", "--config", absent.to_str().unwrap()], files.0.path());
    insta::assert_snapshot!(lines);
    assert!(
        lines.starts_with("error: --config DIR/unknown.toml: there is no key 'epoch'; there are "),
        "{lines}"
    );
    assert!(lines.lines().next().unwrap().ends_with("(did you mean 'epochs'?)"), "{lines}");
    assert!(!files.path("out").exists());
}
