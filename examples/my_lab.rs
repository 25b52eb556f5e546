//! A laboratory of one's own: losslab with a loss, a modifier, a model, a metric and a format of data more.
//!
//! ```sh
//! cargo run --release --example my_lab -- models
//! cargo run --release --example my_lab -- compare --loss ce --loss mine --model mine --metric mine
//! cargo run --release --example my_lab -- compare --loss ce+mine-modifier --loss mine:mix=0.8 --mine FILE
//! cargo run --release --example my_lab -- train --loss mine --model mine:width=64 --mine FILE \
//!     --save m.safetensors
//! cargo run --release --example my_lab -- predict --model m.safetensors --mine NEW
//! ```
//!
//! Each part is what it declares of itself and the few functions that make it work. The command line, the
//! tables, the report and saved models know nothing but what is declared; specs such as
//! `mine:mix=0.8+mine-modifier` follow from it.

use losslab::autograd::{Param, Tape, Var};
use losslab::base::{DataError, Place, Real, quoted, rng::Rng};
use losslab::data::formats::{DataKind, Flag, Format, FormatInfo, Given, Loaded, ModelInput, NewData};
use losslab::data::{Column, Dataset, Features, Kind};
use losslab::losses::{
    ClassCounts, Domain, Effect, Info, Loss, ModifierInfo, ParamInfo, Probabilities, ProbabilityEffect, Pt,
    Range, Side, Stage,
};
use losslab::metrics::{MetricError, MetricInfo, RowMetric, Rows};
use losslab::models::{Linear, ModelInfo, ModelParam, Network, Params, Phase, Shape};
use losslab::tensor::{Float, init::Init};
use losslab::{Lab, run_with};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let lab = Lab::standard()
        .with_loss(MyLoss)
        .with_modifier(MY_MODIFIER)
        .with_network::<MyModel>()
        .with_metric(MyMetric)
        .with_format(MyFormat);
    run_with(lab, std::env::args_os())
}

/// A loss: one equation in p_t, the probability of the true class.
struct MyLoss;

impl Loss<1> for MyLoss {
    const INFO: Info<1> = Info {
        name: "mine",
        title: "Cross-entropy and squared error",
        equation: "L = -(1 - mix) log(p_t) + mix (1 - p_t)^2",
        source: "the squared error: Brier 1950",
        params: [ParamInfo {
            name: "mix",
            default: 0.5,
            range: Range::from_to(0.0, 1.0),
            // Where a spec leaves the parameter open, `mine:mix=?`, tuning tries values from 0.1 to 0.9.
            tuned: Some(Domain::Linear(0.1, 0.9)),
            meaning: "share of the squared error",
        }],
        // Both are proper scoring rules of two classes, and so is their mixture: what a network reports can
        // be trusted.
        probabilities: |_| Probabilities::TrueOfTwo,
        ..Info::EMPTY
    };

    /// `t` holds p = p_t, q = 1 - p_t and their logarithms. `Real` is a number or a dual number, so that the
    /// equation is also its own exact derivative.
    #[inline(always)]
    fn eval<R: Real>([mix]: [R; 1], t: Pt<R>, _: Side) -> R {
        mix * t.q * t.q - (R::lift(1.0) - mix) * t.log_p
    }
}

/// A modifier, which may follow any loss: `ce+mine-modifier`. This one weighs the classes.
const MY_MODIFIER: ModifierInfo = ModifierInfo {
    name: "mine-modifier",
    title: "square root of the inverse class frequency",
    equation: "w_c = sqrt(N / (C n_c))",
    source: "this example",
    params: &[],
    stage: Stage::ClassWeights,
    // So that predictions can divide the weights out again.
    probabilities: ProbabilityEffect::ClassWeights,
    effect: |_, counts| root_frequency(counts),
};

/// The weights of classes of so many training examples.
fn root_frequency(counts: &ClassCounts) -> Result<Effect, String> {
    let share = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
    Ok(Effect::ClassWeights(counts.iter().map(|&count| (share / count as f64).sqrt()).collect()))
}

/// A model: a linear one and a hidden layer, added. It holds no numbers, only where they stand on the tape.
struct MyModel {
    wide: Linear,
    hidden: Linear,
    deep: Linear,
}

/// The width of the hidden layer, from the spec of the model.
fn width(params: &Params) -> Result<usize, String> {
    match params.number("width")? {
        0 => Err("width=0: expected at least 1".into()),
        width => Ok(width),
    }
}

impl Network for MyModel {
    const INFO: ModelInfo = ModelInfo {
        name: "mine",
        title: "wide and deep network",
        description: "a linear model plus a hidden layer of GELUs",
        source: "Cheng et al. 2016",
        params: &[ModelParam { name: "width", default: "32", meaning: "width of the hidden layer" }],
    };

    /// A model file with fewer weights than this is refused before memory is taken for the model.
    fn size(params: &Params, shape: &Shape) -> Result<usize, String> {
        Ok(width(params)?.saturating_mul(shape.columns.saturating_add(shape.outputs)))
    }

    fn new<T: Float>(
        tape: &mut Tape<T>,
        params: &Params,
        &Shape { columns, outputs, .. }: &Shape,
        rng: &mut Rng,
    ) -> Result<Self, String> {
        let width = width(params)?;
        Ok(Self {
            wide: Linear::new(tape, "wide", columns, outputs, Init::XavierNormal, rng),
            hidden: Linear::new(tape, "hidden", columns, width, Init::HeNormal, rng),
            deep: Linear::new(tape, "deep", width, outputs, Init::XavierNormal, rng),
        })
    }

    fn forward<'t, T: Float>(&self, x: Var<'t, T>, _: &mut Phase<'_, T>) -> Var<'t, T> {
        self.wide.forward(x) + self.deep.forward(self.hidden.forward(x).gelu())
    }

    /// The first predictions are the rates of the classes, whatever the loss.
    fn output_bias(&self) -> Option<Param> {
        Some(self.deep.bias)
    }
}

/// A metric: whoever can look at one row in a hundred, what share of the positives do they see?
struct MyMetric;

impl RowMetric for MyMetric {
    fn info(&self) -> MetricInfo {
        let meaning =
            "share of the positives that are among the hundredth of all rows that is scored highest";
        MetricInfo::new("mine", "Recall at 1 %", "recall at 1 %", meaning).undefined_if(Some("no positives"))
    }

    fn suits(&self, classes: usize) -> bool {
        classes == 2
    }

    /// Rows that tie with the last of the hundredth are seen as well.
    fn value(&self, rows: &Rows<'_>) -> Result<Option<f64>, MetricError> {
        let ranking = rows.ranking()?;
        let positives = ranking.positives();
        let most = (positives + ranking.negatives()).div_ceil(100);
        let seen = ranking.steps().iter().find(|step| step.true_positives + step.false_positives >= most);
        Ok(seen.filter(|_| positives > 0).map(|step| step.true_positives as f64 / positives as f64))
    }
}

/// A format of data: rows as LIBSVM writes them, `+1 1:0.5 3:2`, a class and the columns that are not 0.
struct MyFormat;

/// The first flag selects the format.
const FLAGS: &[Flag] = &[Flag::one("mine", "FILE", "Rows as LIBSVM writes them: +1 1:0.5 3:2").path()];

/// Whether a row is positive, and its numbers by column.
type Row = (bool, Vec<(usize, f64)>);

/// More columns are not those of a table.
const MOST_COLUMNS: usize = 10_000;

impl Format for MyFormat {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: "libsvm", help: "rows as LIBSVM writes them", kind: DataKind::Table }
    }

    fn flags(&self) -> &[Flag] {
        FLAGS
    }

    fn load(&self, given: &Given) -> Result<Loaded, DataError> {
        let path = given.path("mine")?;
        let rows = read(path, MOST_COLUMNS)?;
        let width = rows.iter().flat_map(|(_, cells)| cells.iter().map(|cell| cell.0)).max().unwrap_or(0);
        let dataset = Dataset {
            name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            features: Features::Columns(columns(&rows, width)),
            labels: rows.iter().map(|(positive, _)| u32::from(*positive)).collect(),
            class_names: vec!["-1".into(), "+1".into()],
            label_values: vec![("-1".into(), 0), ("+1".into(), 1)],
            positive: Some(1),
            groups: None,
        };
        Ok(Loaded::Table { source: dataset.into(), notes: vec![format!("{width} columns")] })
    }

    /// A format with flags for new data can be given to saved models, too.
    fn new_flags(&self) -> &[Flag] {
        FLAGS
    }

    fn load_new(&self, given: &Given, model: &ModelInput<'_>) -> Result<NewData, DataError> {
        let model = model.rows("mine")?;
        let schema = model.schema();
        let is_own = |(i, column): (usize, &(String, Kind))| *column == (i.to_string(), Kind::Number);
        if !(1..).zip(&schema.columns).all(is_own) {
            return Err(
                Place::of(model.name).error("a model of other columns", "one that learnt from --mine")
            );
        }
        let rows = read(given.path("mine")?, schema.columns.len())?;
        let labels = rows.iter().map(|(positive, _)| u32::from(*positive)).collect();
        Ok(NewData::Rows(model.encode(&columns(&rows, schema.columns.len()), rows.len(), Some(labels))))
    }
}

/// The rows of a file; its columns are numbered from 1 to `most`.
fn read(path: &Path, most: usize) -> Result<Vec<Row>, DataError> {
    let file = path.display().to_string();
    let text =
        std::fs::read_to_string(path).map_err(|error| DataError::Read { file: file.clone(), error })?;
    let row = |(line, text): (u64, &str)| {
        let expected = format!("a row such as +1 1:0.5 3:2, with finite numbers in columns 1 to {most}");
        row(text, most).ok_or_else(|| Place::of(&file).line(line).error(quoted(text), expected))
    };
    (1..).zip(text.lines()).map(row).collect()
}

fn row(text: &str, most: usize) -> Option<Row> {
    let mut words = text.split_whitespace();
    let positive = match words.next()? {
        "+1" | "1" => true,
        "-1" | "0" => false,
        _ => return None,
    };
    let cell = |word: &str| {
        let (column, value) = word.split_once(':')?;
        let (column, value) = (column.parse().ok()?, value.parse::<f64>().ok()?);
        ((1..=most).contains(&column) && (value as f32).is_finite()).then_some((column, value))
    };
    Some((positive, words.map(cell).collect::<Option<_>>()?))
}

fn columns(rows: &[Row], width: usize) -> Vec<Column> {
    let mut columns = vec![vec![0.0; rows.len()]; width];
    for (i, (_, cells)) in rows.iter().enumerate() {
        cells.iter().for_each(|&(column, value)| columns[column - 1][i] = value);
    }
    (1..).zip(columns).map(|(i, values)| Column::numbers(i.to_string(), values)).collect()
}
