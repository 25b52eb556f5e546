//! Tables with nothing to find, or one arm worse: four designs, with trainings of a linear model.

use super::{Kind, Outcome, Row};
use anyhow::{Context, anyhow};
use losslab_base::rng::Rng;
use losslab_data::{Column, DEFAULT_FRACTIONS, Dataset, Features, GivenSplits, Groups, Source, Split};
use losslab_losses::OpenSpec;
use losslab_metrics::statistics::training_check::TrainingState;
use losslab_report::{ArmName, ModelDescription, Plan, RunRecord, Store, judge};
use losslab_train::tasks::table::{TableSettings, TableTask};
use losslab_train::{Arm, Comparison, Event, Lab, Observer, Tuning, compare};
use rayon::prelude::*;
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;

/// Columns of a table, of which the first two differ between the classes.
const COLUMNS: usize = 4;
/// By how much they differ, and by how much the worse ones do.
const SHIFTS: [f64; 2] = [0.8, 0.2];
/// Standard deviation of what the rows of a group share.
const OF_GROUP: f64 = 0.5;
/// Rows of a group.
const GROUP: u32 = 5;
/// What the second stream of a run adds to its seed.
const SECOND_STREAM: u64 = 1 << 32;

const KINDS: [Kind; 5] = [Kind::Permuted, Kind::NearNull, Kind::Streams, Kind::OwnColumns, Kind::Worse];

/// How runs come about.
#[derive(Clone, Copy)]
enum Design {
    Resplits,
    FixedTest,
    GivenSplits,
    Groups,
}

impl Design {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Resplits, "10 splits drawn by seeds"),
        (Self::FixedTest, "test set of 150 rows, 5 seeds"),
        (Self::GivenSplits, "5 given splits, 2 seeds each"),
        (Self::Groups, "test set of 30 groups, 5 seeds"),
    ];

    fn runs(self) -> u64 {
        match self {
            Self::Resplits | Self::GivenSplits => 10,
            Self::FixedTest | Self::Groups => 5,
        }
    }

    /// A data set of this design, the columns of whose classes differ by so much.
    fn source(self, rng: &mut Rng, shift: f64, permuted: bool) -> anyhow::Result<Source> {
        let grouped = matches!(self, Self::Groups);
        let mut table = |rows| table(rng, rows, shift, grouped, permuted);
        Ok(match self {
            Self::Resplits => Source::from(table(240)),
            Self::FixedTest | Self::Groups => {
                let (dataset, test) = (table(200), table(150));
                Source { test: Some(test), ..Source::from(dataset) }
            }
            Self::GivenSplits => {
                let dataset = table(240);
                let split = |seed: u64| {
                    Split::stratified(&dataset.labels, &dataset.class_names, DEFAULT_FRACTIONS, 1_000 + seed)
                };
                let splits = (0..5).map(split).collect::<Result<Vec<_>, _>>()?;
                Source { splits: Some(GivenSplits { splits }), ..Source::from(dataset) }
            }
        })
    }
}

/// A table with one positive in six rows.
fn table(rng: &mut Rng, rows: u32, shift: f64, grouped: bool, permuted: bool) -> Dataset {
    let mut labels: Vec<u32> = (0..rows).map(|row| u32::from(row % 6 == 0)).collect();
    let mut columns = vec![Vec::new(); COLUMNS];
    let mut of_group = [0.0; COLUMNS];
    for (row, &label) in labels.iter().enumerate() {
        if grouped && (row as u32).is_multiple_of(GROUP) {
            of_group = std::array::from_fn(|_| OF_GROUP * rng.normal());
        }
        for (j, column) in columns.iter_mut().enumerate() {
            let shift = if j < 2 { shift * f64::from(label) } else { 0.0 };
            column.push(shift + of_group[j] + rng.normal());
        }
    }
    if permuted {
        rng.shuffle(&mut labels);
    }
    let named = columns.into_iter().enumerate().map(|(j, values)| Column::numbers(format!("x{j}"), values));
    let codes: Vec<u32> = (0..rows).map(|row| row / GROUP).collect();
    let names = (0..rows.div_ceil(GROUP)).map(|group| group.to_string()).collect();
    Dataset {
        name: "simulated".into(),
        features: Features::Columns(named.collect()),
        labels,
        class_names: vec!["negative".into(), "positive".into()],
        positive: Some(1),
        label_values: vec![("negative".into(), 0), ("positive".into(), 1)],
        groups: grouped.then(|| Groups { column: "group".into(), codes, names }),
    }
}

/// All designs and kinds on the data sets of these seeds.
pub fn rows(seeds: Range<u64>) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (number, (design, name)) in (0..).zip(Design::ALL) {
        for kind in KINDS {
            let one = |seed: u64| judged(design, kind, &mut Rng::stream(seed, number));
            let outcomes = seeds.clone().into_par_iter().map(one).collect::<anyhow::Result<_>>()?;
            let row = Row { design: name, kind, outcomes };
            eprintln!("{}", row.line());
            rows.push(row);
        }
    }
    Ok(rows)
}

/// One data set: trains both arms, and judges them.
fn judged(design: Design, kind: Kind, rng: &mut Rng) -> anyhow::Result<Outcome> {
    let lab = Lab::standard();
    let seeds: Vec<u64> = (0..design.runs()).collect();
    let mut task = |shift: f64| -> anyhow::Result<TableTask> {
        let source = design.source(rng, shift, kind == Kind::Permuted)?;
        Ok(TableTask::new(&lab, source, Vec::new(), &seeds, None)?)
    };
    let first = task(SHIFTS[0])?;
    let second = match kind {
        Kind::OwnColumns => Some(task(SHIFTS[0])?),
        Kind::Worse => Some(task(SHIFTS[1])?),
        _ => None,
    };
    let model = lab.models.parse("linear").map_err(|error| anyhow!(error))?;
    let other = if kind == Kind::NearNull { "focal:gamma=0.01" } else { "focal:gamma=2" };
    let losses = ["ce", other].map(|text| OpenSpec::parse(text, &lab.losses));
    let losses: Vec<OpenSpec> = losses.into_iter().collect::<Result<_, _>>()?;
    let arms = losses.iter().map(|loss| Arm { learner: model.clone(), loss: loss.clone() });
    let settings =
        TableSettings { epochs: Some(40), batch: 24, learning_rate: 0.02, ..TableSettings::default() };
    let comparison =
        Comparison { arms: arms.collect(), seeds: seeds.clone(), settings, tuning: Tuning::none() };
    let described = ModelDescription::new(model.to_string(), model.kind().info());
    let reference = ArmName { model: model.to_string(), loss: losses[0].to_string() };
    let plan = Plan::new(&first, &comparison, vec![described], &losses, reference);
    let mut records = match kind {
        Kind::Permuted | Kind::NearNull => train(&plan, &first, &comparison, &[0, 1])?,
        Kind::Streams | Kind::OwnColumns | Kind::Worse => {
            twice(&plan, [&first, second.as_ref().unwrap_or(&first)], comparison)?
        }
    };
    let judge = |records: &[RunRecord]| {
        let judgement = judge(&lab, &plan, records, &Store::new(Path::new("absent")));
        let judgement = judgement.map_err(|error| anyhow!(error))?.context("no verdict")?;
        judgement.verdicts.comparisons.into_iter().next().context("no comparison")
    };
    let checked = judge(&records)?;
    records.iter_mut().for_each(|run| run.training = Some(TrainingState::Complete));
    Ok(Outcome::of(&checked, &judge(&records)?))
}

/// Nobody is told how it goes.
struct Silent;

impl Observer for Silent {
    fn on(&self, _: Event<'_>) {}
}

/// The records of these arms with all seeds.
fn train(
    plan: &Plan,
    task: &TableTask,
    comparison: &Comparison<TableTask>,
    arms: &[usize],
) -> anyhow::Result<Vec<RunRecord>> {
    let runs: Vec<(usize, usize)> =
        arms.iter().flat_map(|&arm| (0..comparison.seeds.len()).map(move |run| (arm, run))).collect();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let records = Mutex::new(Vec::new());
    compare(task, comparison, &runs, &pool, &Silent, &|outcome| {
        let record = RunRecord::of(plan, task, &outcome);
        if let Ok(mut records) = records.lock() {
            records.push(record);
        }
    });
    let records = records.into_inner().map_err(|error| anyhow!("{error}"))?;
    Ok(records.into_iter().collect::<Result<_, _>>()?)
}

/// The first arm on both tasks, the second time with other random numbers and under the name of the second
/// arm.
fn twice(
    plan: &Plan,
    tasks: [&TableTask; 2],
    mut comparison: Comparison<TableTask>,
) -> anyhow::Result<Vec<RunRecord>> {
    let mut records = train(plan, tasks[0], &comparison, &[0])?;
    comparison.seeds.iter_mut().for_each(|seed| *seed += SECOND_STREAM);
    for mut record in train(plan, tasks[1], &comparison, &[0])? {
        record.seed -= SECOND_STREAM;
        record.arm = plan.arms[1].clone();
        records.push(record);
    }
    Ok(records)
}
