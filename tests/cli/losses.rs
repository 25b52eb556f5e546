//! `losslab losses` and `losslab curves` as a user meets them.

use losslab_losses::{Registry, Spec};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn losslab(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_losslab")).args(arguments).output().unwrap()
}

fn printed(arguments: &[&str]) -> String {
    let output = losslab(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_table_shows_everything_and_fits() {
    let text = printed(&["losses"]);
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let names: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    let registry = Registry::standard();
    for loss in registry.losses() {
        assert!(names.contains(&loss.name()), "{}", loss.name());
        for param in loss.params() {
            let shown = format!("{} = {}, {}", param.name, param.default, param.range);
            assert!(text.contains(&shown), "{}: {shown}", loss.name());
        }
    }
    for modifier in registry.modifiers() {
        assert!(names.contains(&format!("+{}", modifier.name).as_str()), "{}", modifier.name);
    }
}

/// The page shows the table and several commands with what they print: here they are run.
#[test]
fn the_page_on_losses_shows_what_the_commands_print() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/losses.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let built = Path::new(env!("CARGO_BIN_EXE_losslab")).parent().unwrap().display();
    let path = format!("{built}:{}", std::env::var("PATH").unwrap_or_default());
    let blocks: Vec<&str> =
        page.split("```console\n$ ").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 6);
    for block in blocks {
        let (command, shown) = block.split_once('\n').unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{command} 2>&1")]).current_dir(folder.path()).env("PATH", &path);
        let printed = String::from_utf8(shell.output().unwrap().stdout).unwrap();
        assert_eq!(printed, shown, "docs/losses.md, {command}");
    }
}

#[test]
fn json_says_all_that_is_declared() {
    let json: Value = serde_json::from_str(&printed(&["losses", "--json"])).unwrap();
    let registry = Registry::standard();
    let losses = json["losses"].as_array().unwrap();
    assert_eq!(losses.len(), registry.losses().count());
    for (json, loss) in losses.iter().zip(registry.losses()) {
        assert_eq!(json["name"], loss.name());
        assert_eq!(json["title"], loss.title());
        assert_eq!(json["equation"], loss.equation());
        assert_eq!(json["source"], loss.source());
        assert_eq!(json["limits"], loss.limits());
        let words = loss.declaration().curvature.map(|curvature| curvature.words);
        assert_eq!(json["curvature"]["words"].as_str(), words);
        assert_eq!(json["needs_counts"], loss.needs_counts());
        assert_eq!(json["has_curve"], loss.has_curve());
        assert_eq!(json["moves_threshold"], loss.moves_threshold());
        assert_eq!(json["may_be_smoothed"], loss.may_be_smoothed());
        // A spec put together from what is listed means the defaults.
        let params = json["params"].as_array().unwrap();
        let pair = |p: &Value| format!("{}={}", p["name"].as_str().unwrap(), p["default"]);
        let pairs = params.iter().map(pair).collect::<Vec<_>>().join(",");
        let spec = [loss.name(), &pairs].join(if pairs.is_empty() { "" } else { ":" });
        let canonical = |text: &str| Spec::parse(text, &registry).unwrap().to_string();
        assert_eq!(canonical(&spec), canonical(loss.name()));
        assert!(params.iter().all(|p| !p["meaning"].as_str().unwrap().is_empty() && p["range"].is_string()));
    }
    let find = |name: &str| losses.iter().find(|loss| loss["name"] == name).unwrap();
    assert_eq!(find("ce")["alpha"], Value::Null);
    assert_eq!(
        find("focal")["alpha"],
        serde_json::json!({"default": null, "range": "[0, 1]", "tuned": "0.05 to 0.95"})
    );
    assert_eq!(find("focal")["params"][0]["tuned"], "0 to 5");
    assert_eq!(find("alpha-ce")["alpha"]["default"], 0.75);
    assert_eq!(find("ce")["probabilities"], "true");
    assert_eq!(find("focal")["probabilities"], "biased, with a known inverse");
    assert_eq!(find("hinge-p")["probabilities"], "biased");
    assert_eq!(find("asl")["heads"], serde_json::json!(["sigmoid"]));
    assert_eq!(find("qfl")["targets"], "soft");
    let modifiers = json["modifiers"].as_array().unwrap();
    assert_eq!(modifiers.len(), registry.modifiers().len());
    assert!(modifiers.iter().all(|m| m["equation"].is_string() && m["acts_on"].is_string()));
}

/// Attributes `name="value"` of every tag that contains `mark`.
fn attribute<'a>(svg: &'a str, mark: &str, name: &str) -> Vec<&'a str> {
    let tags = svg.split('<').filter(|tag| tag.contains(mark));
    tags.filter_map(|tag| tag.split_once(&format!(" {name}=\""))?.1.split('"').next()).collect()
}

#[test]
fn figure_1_by_default() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("curves.svg");
    let path = file.to_str().unwrap();
    let said = printed(&["curves", "--out", path]);
    assert_eq!(said, format!("5 curves written to {path}\n"));
    let svg = std::fs::read_to_string(&file).unwrap();
    for gamma in ["0", "0.5", "1", "2", "5"] {
        assert!(svg.contains(&format!(">focal:gamma={gamma}</text>")), "gamma={gamma}");
    }
    assert!(svg.contains("well-classified examples") && svg.contains("<title") && svg.contains("<desc"));
    assert!(svg.contains("viewBox=\"0 0 ") && !svg.contains("NaN") && !svg.contains("inf"));
    // Four panels of five curves and the legend: five looks, each five times.
    let lines = attribute(&svg, "stroke-width=\"2\"", "stroke");
    assert_eq!(lines.len(), 25);
    let mut looks: Vec<(&str, &str)> = svg
        .split('<')
        .filter(|tag| tag.contains("stroke-width=\"2\""))
        .map(|tag| {
            let of = |name: &str| attribute(tag, "", name).first().copied().unwrap_or("");
            (of("stroke"), of("stroke-dasharray"))
        })
        .collect();
    looks.sort();
    looks.dedup();
    assert_eq!(looks.len(), 5, "{looks:?}");
    // Nothing but the file is left behind.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    // The same picture every time, also over the old one.
    printed(&["curves", "--out", path]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), svg);
}

#[test]
fn the_curve_of_cross_entropy_is_where_it_should_be() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ce.svg");
    printed(&["curves", "--loss", "ce", "--out", file.to_str().unwrap()]);
    let svg = std::fs::read_to_string(&file).unwrap();
    let frame = |name: &str| -> f64 { attribute(&svg, "stroke=\"#666\"", name)[0].parse().unwrap() };
    let (left, top, width, height) = (frame("x"), frame("y"), frame("width"), frame("height"));
    let d = attribute(&svg, "stroke-width=\"2\"", "d")[0];
    let points: Vec<(f64, f64)> = d[1..]
        .split('L')
        .map(|pair| {
            let (x, y) = pair.split_once(' ').unwrap();
            (x.parse::<f64>().unwrap(), y.parse::<f64>().unwrap())
        })
        .map(|(x, y)| ((x - left) / width, 5.0 * (1.0 - (y - top) / height)))
        .collect();
    assert!(points.len() > 20);
    // In the middle, where a tenth of a pixel is neither steep nor flat: L = -ln p.
    let middle: Vec<_> = points.iter().filter(|(p, _)| (0.1..0.9).contains(p)).collect();
    assert!(middle.len() > 5);
    for (p, loss) in middle {
        assert!((loss + p.ln()).abs() < 0.006, "{p} {loss}");
    }
}

#[test]
fn bad_arguments_are_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("file"), "").unwrap();
    std::fs::create_dir(path("folder.svg")).unwrap();
    let (out, below, absent, taken) =
        (path("a.svg"), path("file/a.svg"), path("no/a.svg"), path("folder.svg"));
    let png = path("a.png");
    let cases: &[&[&str]] = &[
        &["losses", "ce"],
        &["curves"],
        &["curves", "--out", &png],
        &["curves", "--out", &below],
        &["curves", "--out", &absent],
        &["curves", "--out", &taken],
        &["curves", "--out", &out, "--loss", "focus"],
        &["curves", "--out", &out, "--loss", "dice"],
        &["curves", "--out", &out, "--loss", "ldam"],
        &["curves", "--out", &out, "--loss", "ce+ohem"],
        &["curves", "--out", &out, "--loss", "ce+inverse-freq"],
        &["curves", "--out", &out, "--loss", "focal", "--loss", "focal:gamma=2"],
    ];
    let mut lines = String::new();
    for case in cases {
        let output = losslab(case);
        assert_eq!(output.status.code(), Some(2), "{case:?}");
        assert!(output.stdout.is_empty(), "{case:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        lines += &text.replace(folder.path().to_str().unwrap(), "DIR");
    }
    insta::assert_snapshot!(lines);
    let mut left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["file", "folder.svg"], "nothing is written for arguments that are refused");
}
