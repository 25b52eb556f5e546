//! `losslab losses`: what the registry declares, as a table or as JSON.

use super::emit;
use clap::Args;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{ColumnConstraint, ContentArrangement, LineStyle, Table, Width};
use losslab_losses::{
    ALPHA_RANGE, ALPHA_TUNED, Alpha, Equation, Head, Heads, ModifierInfo, ParamInfo, Registry, TargetKind,
};
use serde::Serialize;
use std::sync::Arc;

/// The arguments of `losslab losses`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Print everything that is declared, as JSON
    #[arg(long)]
    json: bool,
}

/// The width of the tables: what a terminal, a page of documentation and a review show without a break.
const WIDTH: u16 = 100;

/// Runs the command.
pub fn run(registry: &Registry, arguments: Arguments) -> anyhow::Result<()> {
    if arguments.json {
        return emit(&format!("{}\n", serde_json::to_string_pretty(&Listing::of(registry))?));
    }
    emit(&format!("{}\n\n{}\n", losses(registry), modifiers(registry)))
}

fn losses(registry: &Registry) -> Table {
    let mut table = table(["loss", "equation and source", "parameters", "takes"]);
    for loss in registry.losses() {
        let d = loss.declaration();
        let alpha = match d.alpha {
            Alpha::None => None,
            Alpha::Optional => Some(format!("alpha: none, {ALPHA_RANGE}")),
            Alpha::Default(value) => Some(format!("alpha = {value}, {ALPHA_RANGE}")),
        };
        let params = d.params.iter().map(parameter).chain(alpha).collect::<Vec<_>>();
        let mut takes = vec![heads(d.heads).join(", ")];
        takes.push(match d.targets {
            TargetKind::Hard => "targets 0 or 1".into(),
            TargetKind::Soft => "targets 0 to 1".into(),
        });
        if d.needs_counts {
            takes.push("class counts".into());
        }
        table.add_row([
            d.name.to_string(),
            format!("{}\n{}", d.equation, d.source),
            params.join("\n"),
            takes.join("\n"),
        ]);
    }
    table
}

fn modifiers(registry: &Registry) -> Table {
    let mut table = table(["modifier", "equation and source", "parameters", "acts on"]);
    for modifier in registry.modifiers() {
        table.add_row([
            format!("+{}", modifier.name),
            format!("{}\n{}", modifier.equation, modifier.source),
            modifier.params.iter().map(parameter).collect::<Vec<_>>().join("\n"),
            modifier.stage.to_string(),
        ]);
    }
    table
}

/// An empty table of four columns: names and parameters do not break, the others share the room that these
/// leave.
fn table(header: [&str; 4]) -> Table {
    let mut table = Table::new();
    // A blank line between rows: most rows have several lines.
    table.load_style(UTF8_BORDERS_ONLY.row_separator(LineStyle::new('│', ' ', ' ', '│')));
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH).set_header(header);
    let last = ColumnConstraint::UpperBoundary(Width::Fixed(18));
    let content = ColumnConstraint::ContentWidth;
    table.set_constraints([content, ColumnConstraint::LowerBoundary(Width::Fixed(20)), content, last]);
    table
}

/// `gamma = 2, [0, inf)`.
fn parameter(param: &ParamInfo) -> String {
    format!("{} = {}, {}", param.name, param.default, param.range)
}

fn heads(heads: Heads) -> Vec<String> {
    let all = [Head::Sigmoid, Head::Softmax];
    all.into_iter().filter(|&head| heads.contains(head)).map(|head| head.to_string()).collect()
}

/// The registry as JSON.
#[derive(Serialize)]
struct Listing {
    losses: Vec<Loss>,
    modifiers: Vec<Modifier>,
}

#[derive(Serialize)]
struct Loss {
    name: &'static str,
    title: &'static str,
    equation: &'static str,
    source: &'static str,
    params: Vec<Param>,
    /// `null` where the loss takes no alpha.
    alpha: Option<AlphaParam>,
    heads: Vec<String>,
    targets: &'static str,
    needs_counts: bool,
    has_curve: bool,
    /// What reported probabilities are worth, with the defaults.
    probabilities: String,
    moves_threshold: bool,
    may_be_smoothed: bool,
    fades_when_wrong: bool,
    limits: &'static str,
    /// `null` where nothing is declared.
    curvature: Option<Curvature>,
    accuracy: Option<String>,
}

/// Of the loss in its margin, with the default parameters but for the words.
#[derive(Serialize)]
struct Curvature {
    words: &'static str,
    /// Margins of negatives and of positives below which the second derivative is negative.
    negative_below: [Option<f64>; 2],
    /// Margins at which the slope jumps.
    kinks: &'static [f64],
}

#[derive(Serialize)]
struct Modifier {
    name: &'static str,
    title: &'static str,
    equation: &'static str,
    source: &'static str,
    params: Vec<Param>,
    acts_on: String,
    /// What becomes of reported probabilities.
    probabilities: String,
}

#[derive(Serialize)]
struct Param {
    name: &'static str,
    default: f64,
    range: String,
    /// What tuning tries; `null` where it cannot be tuned.
    tuned: Option<String>,
    meaning: &'static str,
}

#[derive(Serialize)]
struct AlphaParam {
    /// `null`: no weighting unless a spec gives it.
    default: Option<f64>,
    range: String,
    /// What tuning tries.
    tuned: String,
}

impl Listing {
    fn of(registry: &Registry) -> Self {
        let loss = |loss: &Arc<dyn Equation>| {
            let d = loss.declaration();
            let defaults: Vec<f64> = d.params.iter().map(|param| param.default).collect();
            let (range, tuned) = (ALPHA_RANGE.to_string(), ALPHA_TUNED.to_string());
            let alpha = |default| Some(AlphaParam { default, range: range.clone(), tuned: tuned.clone() });
            Loss {
                name: d.name,
                title: d.title,
                equation: d.equation,
                source: d.source,
                params: d.params.iter().map(Param::of).collect(),
                alpha: match d.alpha {
                    Alpha::None => None,
                    Alpha::Optional => alpha(None),
                    Alpha::Default(value) => alpha(Some(value)),
                },
                heads: heads(d.heads),
                targets: match d.targets {
                    TargetKind::Hard => "hard",
                    TargetKind::Soft => "soft",
                },
                needs_counts: d.needs_counts,
                has_curve: d.has_curve,
                probabilities: loss.probabilities(&defaults).to_string(),
                moves_threshold: d.moves_threshold,
                may_be_smoothed: d.may_be_smoothed,
                fades_when_wrong: d.fades_when_wrong,
                limits: d.limits,
                curvature: d.curvature.map(|losslab_losses::Curvature { words, negative_below, kinks }| {
                    let negative_below = [negative_below.negative, negative_below.positive];
                    Curvature { words, negative_below, kinks }
                }),
                accuracy: d.accuracy.map(|accuracy| accuracy.to_string()),
            }
        };
        let modifier = |m: &ModifierInfo| Modifier {
            name: m.name,
            title: m.title,
            equation: m.equation,
            source: m.source,
            params: m.params.iter().map(Param::of).collect(),
            acts_on: m.stage.to_string(),
            probabilities: m.probabilities.to_string(),
        };
        Self {
            losses: registry.losses().map(loss).collect(),
            modifiers: registry.modifiers().iter().map(modifier).collect(),
        }
    }
}

impl Param {
    fn of(param: &ParamInfo) -> Self {
        let ParamInfo { name, default, range, tuned, meaning } = *param;
        Self { name, default, range: range.to_string(), tuned: tuned.map(|tuned| tuned.to_string()), meaning }
    }
}
