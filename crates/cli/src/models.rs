//! `losslab models`: the models, detectors, metrics, formats and checks of data of the lab.

use super::emit;
use clap::Args;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{ContentArrangement, Table};
use losslab_metrics::MetricInfo;
use losslab_models::ModelInfo;
use losslab_train::Lab;

/// The arguments of `losslab models`.
#[derive(Args, Debug)]
pub struct Arguments {}

/// The width of the tables.
const WIDTH: u16 = 100;

/// Runs the command.
pub fn run(lab: &Lab, _: Arguments) -> anyhow::Result<()> {
    let mut models = table(["model of rows", "what it computes", "parameters"]);
    models.add_rows(lab.models.iter().map(|kind| learner(kind.info())));
    let mut detectors = table(["detector", "what it computes", "parameters"]);
    detectors.add_rows(lab.detectors.iter().map(|kind| learner(&kind.info())));
    let mut metrics = table(["metric", "what it tells", "of"]);
    let of_rows = [(2, "two classes"), (3, "more classes")];
    for (classes, of) in of_rows {
        metrics.add_rows(lab.metrics.rows(classes).map(|metric| described(&metric.info(), of)));
    }
    metrics.add_rows(lab.metrics.boxes().map(|metric| described(&metric.info(), "boxes")));
    let mut formats = table(["format", "what it holds", "flags"]);
    for format in lab.formats.iter() {
        let flags: Vec<String> = format.flags().iter().map(|flag| format!("--{}", flag.name)).collect();
        formats.add_row([format.info().name.to_owned(), format.info().help.to_owned(), flags.join("\n")]);
    }
    let mut checks = table(["check of the data", "what it finds", "severity"]);
    for info in lab.checks.iter().map(|check| check.info()) {
        checks.add_row([info.kind, info.finds, info.severity.name()]);
    }
    emit(&format!("{models}\n\n{detectors}\n\n{metrics}\n\n{formats}\n\n{checks}\n"))
}

fn learner(info: &ModelInfo) -> [String; 3] {
    let params = info.params.iter().map(|p| format!("{} = {}: {}", p.name, p.default, p.meaning));
    let what = format!("{}: {}\n{}", info.title, info.description, info.source);
    [info.name.to_owned(), what, params.collect::<Vec<_>>().join("\n")]
}

fn described(info: &MetricInfo, of: &str) -> [String; 3] {
    let better = if info.higher_is_better { "more is better" } else { "less is better" };
    [info.name.to_owned(), format!("{}: {}; {better}", info.title, info.meaning), of.to_owned()]
}

fn table(header: [&str; 3]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH).set_header(header);
    table
}
