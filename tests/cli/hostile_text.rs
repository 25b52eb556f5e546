//! Names in files that hold escape sequences, marks of direction or formulas: shown, not obeyed.

use crate::common::printed;
use losslab_testing::Files;

/// Labels that would clear a terminal, run backwards on a page, and be computed by a spreadsheet.
const LABELS: [&str; 3] = ["=1+1\u{1b}[2J", "b\u{202e}gpj", "-3"];

/// What no output may hold: controls but line ends and tabs, and marks of direction.
fn obeyed(text: &str) -> Vec<char> {
    let is_mark =
        |c: &char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|c| c.is_control() && !"\n\t".contains(*c) || is_mark(c)).collect()
}

/// A table with a hostile name, column and labels.
fn table(files: &Files) -> String {
    let rows = (0..60).map(|i| format!("{},{}\n", i % 7, LABELS[i % 3]));
    let text = std::iter::once("x\u{9b}31m,label\n".to_owned()).chain(rows).collect::<String>();
    files.write("ta\u{1b}[1m\u{202e}ble.csv", text).to_str().unwrap().to_owned()
}

#[test]
fn names_from_a_table_are_escaped_on_terminal_page_and_plots() {
    let files = Files::new();
    let (csv, out) = (table(&files), files.path("out"));
    let out = out.to_str().unwrap();
    let text = printed(&[
        "compare", "--csv", &csv, "--label", "label", "--loss", "ce", "--loss", "focal", "--seeds", "2",
        "--epochs", "1", "--out", out,
    ]);
    assert_eq!(obeyed(&text), []);
    let page = std::fs::read_to_string(files.path("out/report.html")).unwrap();
    assert_eq!(obeyed(&page), []);
    assert!(page.contains("Which loss for ta\\u{1b}[1m\\u{202e}ble?"), "the name is on the page, escaped");
    for plot in std::fs::read_dir(files.path("out/plots")).unwrap() {
        assert_eq!(obeyed(&std::fs::read_to_string(plot.unwrap().path()).unwrap()), []);
    }
}

#[test]
fn predictions_are_safe_in_a_spreadsheet() {
    let files = Files::new();
    let (csv, model, out) = (table(&files), files.path("m.safetensors"), files.path("out.csv"));
    let (model, out) = (model.to_str().unwrap(), out.to_str().unwrap());
    printed(&["train", "--csv", &csv, "--label", "label", "--epochs", "20", "--lr", "0.05", "--save", model]);
    printed(&["predict", "--model", model, "--csv", &csv, "--out", out]);
    let text = std::fs::read_to_string(out).unwrap();
    assert_eq!(obeyed(&text), []);
    let header = text.lines().next().unwrap();
    assert!(header.contains("probability_=1+1\\u{1b}[2J") && header.contains("probability_b\\u{202e}gpj"));
    let cells: Vec<&str> = text.lines().skip(1).filter_map(|line| line.rsplit(',').next()).collect();
    assert_eq!(cells.len(), 60);
    for cell in cells {
        assert!(["'=1+1\\u{1b}[2J", "b\\u{202e}gpj", "-3"].contains(&cell), "{cell}");
    }
}
