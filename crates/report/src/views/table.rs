//! Rows of a table: calibration, curves and decision maps beside the common parts.

use super::{Fact, Resampling, Trials, View};
use crate::html::{Figures, Story, calibration, number, percent, planes, ranking, weights};
use crate::results::MeanSd;
use crate::{Found, Plan, Results, RunRecord, Unit, trained_alike};
use indexmap::IndexMap;
use losslab_base::math::{exp_f64, ln_f64};
use losslab_losses::{Inverse, Spec};
use losslab_metrics::calibration::{Measured, Repair};
use losslab_metrics::statistics::bootstrap::Resamples;
use losslab_metrics::{Calibration, Rows, Weighted};
use losslab_train::tasks::table::{Classification, Outputs, TableData, TableFound, TableTask};
use losslab_train::{Lab, Task};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// Resamples of a fixed test set: they give the standard error within 3 %.
const RESAMPLES: usize = 2000;
/// The seed that resamples are drawn with.
const SEED: u64 = 0;

/// A reported probability that is off by less is taken at its word.
const UNBIASED: f64 = 1e-3;

/// The view of tables.
pub(super) struct TableView;

/// The table of a plan.
fn data(plan: &Plan) -> Result<TableData, String> {
    TableData::deserialize(&plan.data).map_err(|error| format!("data that are no table: {error}"))
}

/// What a run found; none if it diverged.
pub(crate) fn found(run: &RunRecord) -> Option<&TableFound> {
    run.found.as_ref().and_then(|found| found.get().ok())
}

impl View for TableView {
    fn task(&self) -> &'static str {
        TableTask::KIND
    }

    fn check_plan(&self, plan: &Plan) -> Result<(), String> {
        match data(plan)?.classes.len() {
            classes @ (0 | 1) => Err(format!("{classes} classes, expected at least 2")),
            _ => Ok(()),
        }
    }

    fn check(&self, plan: &Plan, found: &Found) -> Result<(), String> {
        found.get::<TableFound>()?.check(data(plan)?.classes.len())
    }

    fn trials(&self, plan: &Plan, runs: &[&RunRecord], seeds: usize) -> Trials {
        let (separate, given) = match data(plan) {
            Ok(data) => (data.test_fingerprint.is_some(), data.splits == "given"),
            Err(_) => (false, false),
        };
        let split_of_run = split_of_run(runs, seeds);
        let one_test_part = split_of_run.iter().all(|&split| split == 0);
        if separate || (one_test_part && (given || seeds > 1)) {
            let found = runs.iter().find_map(|run| found(run));
            let grouped = found.is_some_and(|found| !found.test.groups.is_empty());
            let unit = if grouped { Unit::Group } else { Unit::Row };
            let units = found.and_then(|found| units(&found.test).ok()).map_or(0, |(units, _)| units);
            return Trials::FixedTest { unit, units };
        }
        Trials::Splits { test_to_train: test_to_train(runs).unwrap_or_default(), split_of_run, given }
    }

    fn scarce(&self, plan: &Plan) -> Option<(usize, String)> {
        let data = data(plan).ok()?;
        let rarest = data.classes.iter().min_by_key(|class| class.rows)?;
        Some((rarest.rows, format!("rows of \u{201c}{}\u{201d}", rarest.name)))
    }

    fn resample(&self, lab: &Lab, plan: &Plan, of: &Resampling<'_>) -> Result<Resamples, String> {
        let (runs, times) = (of.runs, of.times.unwrap_or(RESAMPLES));
        let classes = data(plan)?.classes.len();
        let metric = lab.metrics.find(of.metric, classes).map_err(|error| error.to_string())?;
        let rows: Vec<Option<Rows<'_>>> = runs.iter().map(|run| rows(run, classes)).collect();
        let weighted = rows.iter().zip(runs).map(|(rows, run)| match rows {
            None => Ok(None),
            Some(rows) => match metric.weighted(rows) {
                Ok(weighted) => Ok(Some(weighted)),
                Err(error) => Err(format!("{}: {error}", run.file_name())),
            },
        });
        let weighted: Vec<Option<Weighted<'_>>> = weighted.collect::<Result<_, _>>()?;
        let Some(test) = runs.iter().find_map(|run| found(run)).map(|found| &found.test) else {
            return Err("all trainings diverged".into());
        };
        let (units, informative) = units(test)?;
        let diverged = metric.info().diverged;
        let resamples = if test.groups.is_empty() {
            Resamples::draw(units, &weighted, diverged, times, SEED)
        } else {
            let of_groups =
                weighted.iter().map(|metric| metric.as_ref().map(|metric| by_group(metric, &test.groups)));
            Resamples::draw(units, &of_groups.collect::<Vec<_>>(), diverged, times, SEED)
        };
        Ok(resamples.map_err(|error| error.to_string())?.with_informative(informative))
    }

    fn run(&self, _: &RunRecord) -> Map<String, Value> {
        Map::new()
    }

    fn summary(&self, runs: &[&RunRecord]) -> Map<String, Value> {
        let summary = CalibrationSummary::of(runs).and_then(|summary| serde_json::to_value(summary).ok());
        summary.map(|summary| ("calibration".to_owned(), summary)).into_iter().collect()
    }

    fn lines(&self, lab: &Lab, results: &Results, records: &[RunRecord]) -> String {
        let notes = score_notes(lab, results.plan(), records).into_iter();
        notes.map(|note| format!("note: {note}\n")).collect()
    }

    fn subject(&self, plan: &Plan) -> String {
        data(plan).map_or_else(|error| error, |data| subject(&data))
    }

    fn about_metric(&self, plan: &Plan) -> Markup {
        let data = data(plan).ok();
        let chance = data.and_then(|data| data.prevalence).filter(|_| is_average_precision(plan));
        html! {
            @if let Some(share) = chance { "Guessing reaches " (number(Some(share), 3)) " here, the share of \
                                                                                         positives. " }
        }
    }

    fn fingerprints(&self, plan: &Plan) -> Vec<Fact> {
        let Ok(data) = data(plan) else { return Vec::new() };
        let test = data.test_fingerprint.map(|print| ("of the test set".to_owned(), print));
        std::iter::once(("of the data".to_owned(), data.fingerprint)).chain(test).collect()
    }

    fn before_training(&self, story: Story, figures: &mut Figures) -> Vec<Markup> {
        let Ok(data) = data(story.plan()) else { return Vec::new() };
        vec![
            ranking::section(story, figures, &data),
            calibration::section(story, figures, data.classes.len()),
        ]
    }

    fn after_training(&self, story: Story, figures: &mut Figures) -> Vec<Markup> {
        let margins = data(story.plan()).ok().and_then(|data| margins(story, &data));
        let weights = margins.map(|margins| weights::section(story, figures, margins));
        weights.into_iter().chain([planes::section(story, figures)]).collect()
    }
}

/// Whether the deciding metric is the first of the list, average precision, of which guessing reaches the
/// prevalence.
fn is_average_precision(plan: &Plan) -> bool {
    plan.metrics.first().is_some_and(|first| first.name == plan.metric)
}

/// The test rows of a run; none if it diverged.
fn rows(run: &RunRecord, classes: usize) -> Option<Rows<'_>> {
    let found = found(run)?;
    let rows = Rows::new(classes, &found.test.logits, &found.test.labels);
    Some(rows.with_thresholds(found.decision, run.threshold))
}

/// Mean over the seeds of test rows over training rows; none where all runs diverged.
fn test_to_train(runs: &[&RunRecord]) -> Option<f64> {
    let mut seeds: Vec<u64> = runs.iter().map(|run| run.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let of_seed = |seed: u64| {
        let found = runs.iter().filter(|run| run.seed == seed).find_map(|run| found(run))?;
        Some(found.test.labels.len() as f64 / found.class_counts.iter().sum::<u64>() as f64)
    };
    let ratios: Vec<f64> = seeds.into_iter().filter_map(of_seed).collect();
    (!ratios.is_empty()).then(|| ratios.iter().sum::<f64>() / ratios.len() as f64)
}

/// The split of each seed: seeds whose test parts are the same rows share one. Runs stand in the order arms x
/// seeds; a seed all of whose runs diverged is a split of its own.
fn split_of_run(runs: &[&RunRecord], seeds: usize) -> Vec<usize> {
    let mut parts: Vec<Option<&[u32]>> = Vec::new();
    let split = |seed: usize| {
        let mut of_seed = runs.iter().skip(seed).step_by(seeds.max(1));
        let rows = of_seed.find_map(|run| found(run)).map(|found| &*found.test.rows);
        let known = parts.iter().position(|part| part.is_some() && *part == rows);
        known.unwrap_or_else(|| {
            parts.push(rows);
            parts.len() - 1
        })
    };
    (0..seeds).map(split).collect()
}

/// What is resampled of a test set, rows or groups of rows, and how many of them hold the rarest class: those
/// carry what average precision varies by.
fn units(test: &Outputs) -> Result<(usize, usize), String> {
    let classes = test.labels.iter().max().map_or(0, |&label| label as usize + 1);
    let mut counts = vec![0_usize; classes];
    test.labels.iter().for_each(|&label| counts[label as usize] += 1);
    let present = counts.iter().enumerate().filter(|(_, count)| **count > 0);
    let Some((rare, &rows)) = present.min_by_key(|(_, count)| **count) else {
        return Err("the test set has no rows".into());
    };
    if test.groups.is_empty() {
        return Ok((test.rows.len(), rows));
    }
    let groups = test.groups.iter().max().map_or(0, |&group| group as usize + 1);
    let with_rare = test.groups.iter().zip(&test.labels).filter(|(_, label)| **label as usize == rare);
    match with_rare.map(|(group, _)| group).collect::<HashSet<_>>().len() {
        1 => Err(
            "the rarest class is in a single group of the test set, so that nothing tells its chance from a \
                  difference; expected at least 2"
                .into(),
        ),
        informative => Ok((groups, informative)),
    }
}

/// A metric of rows as one of the groups that they belong to: a group that is drawn twice brings each of its
/// rows twice.
fn by_group<'a>(metric: &'a Weighted<'a>, groups: &'a [u32]) -> impl Fn(&[u32]) -> Option<f64> + Sync + 'a {
    move |counts| metric(&groups.iter().map(|&group| counts[group as usize]).collect::<Vec<u32>>())
}

/// What was learnt from, in plain words.
fn subject(data: &TableData) -> String {
    let classes = match (&data.positive, data.prevalence) {
        (Some(positive), Some(share)) => format!(
            "{} of them ({}) are of the class \u{201c}{positive}\u{201d} that is to be found",
            data.positives,
            percent(share)
        ),
        _ => {
            let rows: Vec<usize> = data.classes.iter().map(|class| class.rows).collect();
            let (least, most) = (rows.iter().min().unwrap_or(&0), rows.iter().max().unwrap_or(&0));
            format!("{} classes have from {least} to {most} rows", rows.len())
        }
    };
    let split = match (&data.test_fingerprint, data.splits.as_ref() as &str) {
        (Some(_), _) => "The test rows are a file of their own, the same for all seeds",
        (None, "given") => "The splits into training, validation and test part were given",
        _ => "Each seed splits the rows anew into a training, a validation and a test part",
    };
    format!(
        "The data are {}: {} rows with {} columns; {classes}. {split}. Numbers in this report are of test \
         parts, unless they say otherwise.",
        data.name, data.rows, data.columns
    )
}

/// The margins of the test rows under the reference.
fn margins(story: Story, data: &TableData) -> Option<weights::Margins> {
    let classification = data.classification();
    let tables: Vec<&TableFound> = story.runs(story.reference()).filter_map(found).collect();
    let counts = &tables.first()?.class_counts;
    let rare = match classification {
        Classification::Binary => 1,
        Classification::Classes(classes) => (0..classes).min_by_key(|&k| counts[k])?,
    };
    let (mut positives, mut negatives) = (Vec::new(), Vec::new());
    for table in tables {
        let rows = table.test.logits.chunks_exact(classification.outputs());
        for (row, &label) in rows.zip(&table.test.labels) {
            let x = margin(row, label as usize);
            if label as usize == rare { positives.push((x, 1.0)) } else { negatives.push((x, 1.0)) }
        }
    }
    let rare = match classification {
        Classification::Classes(_) => format!("the rarest class, {}", data.classes[rare].name),
        Classification::Binary => "positives".into(),
    };
    Some(weights::Margins {
        positives,
        negatives,
        rare,
        examples: "The test rows as the models trained with ",
    })
}

/// logit(p_t) of a row.
fn margin(row: &[f32], label: usize) -> f64 {
    if let [z] = row {
        return f64::from(if label == 1 { *z } else { -z });
    }
    let others = || row.iter().enumerate().filter(|(k, _)| *k != label).map(|(_, &z)| f64::from(z));
    let max = others().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = others().map(|z| exp_f64(z - max)).sum();
    f64::from(row[label]) - max - ln_f64(sum)
}

/// What the reported probabilities of the compared losses stand for, where that is not what they say: found
/// by inverting each loss.
fn score_notes(lab: &Lab, plan: &Plan, records: &[RunRecord]) -> Vec<String> {
    let Ok(data) = data(plan) else { return Vec::new() };
    let classes = data.classes.len();
    let (mut moved, mut centred, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for loss in &plan.losses {
        let runs = || records.iter().filter(|run| run.arm.loss == loss.spec && run.found.is_some());
        // Where parameters were tuned, the chosen ones are others in each run.
        let Some(trained) = trained_alike(runs()) else { continue };
        let Ok(spec) = Spec::parse(trained, &lab.losses) else { continue };
        let counts = runs().find_map(found).map(|found| &found.class_counts).filter(|_| classes == 2);
        let inverse = counts.and_then(|counts| Inverse::of(&spec, counts).ok());
        match inverse.map(|inverse| [0.5, 0.1].map(|reported| inverse.of_probability(reported))) {
            Some([half, tenth]) if (half - 0.5).abs() > UNBIASED => {
                moved.push(format!("with {trained}, it stands for {half:.3} and 0.1 for {tenth:.4}"));
            }
            Some([_, tenth]) if (tenth - 0.1).abs() > UNBIASED => {
                centred.push(format!("with {trained}, 0.1 stands for {tenth:.4}"));
            }
            Some(_) => {}
            None if spec.probabilities().are_biased(classes) => unknown.push(trained),
            None => {}
        }
    }
    let see = "see the tuned metrics, and \"calibration\" in results.json";
    let all = [
        (!moved.is_empty()).then(|| {
            let which = moved.join("; ");
            format!(
                "a reported 0.5 is no probability of 0.5, so that a threshold there is biased: {which}; {see}"
            )
        }),
        (!centred.is_empty()).then(|| {
            let which = centred.join("; ");
            format!(
                "a threshold of 0.5 is right, but other reported probabilities are biased: {which}; {see}"
            )
        }),
        (!unknown.is_empty()).then(|| {
            let which = unknown.join(", ");
            match classes {
                2 => format!("it is not known what a reported 0.5 stands for with {which}; {see}"),
                _ => format!(
                    "what is reported with {which} are no probabilities; see \"calibration\" in results.json"
                ),
            }
        }),
    ];
    all.into_iter().flatten().collect()
}

/// Log loss, Brier score, ECE, and slope and intercept of the calibration line on the test part, mean over
/// the runs that have them; the curves stand in the records.
#[derive(Clone, Debug, Serialize)]
struct CalibrationSummary {
    /// As the model reports.
    raw: IndexMap<&'static str, MeanSd>,
    /// The temperatures fitted on the validation parts.
    temperature: MeanSd,
    /// With those temperatures.
    temperature_scaled: IndexMap<&'static str, MeanSd>,
    /// With Platt scaling, fitted on the validation parts; for two classes.
    platt_scaled: IndexMap<&'static str, MeanSd>,
    /// With the bias of the loss inverted, where the inverse is known and not the identity.
    inverted: IndexMap<&'static str, MeanSd>,
    /// How many runs each of these suited best on their validation part.
    best: IndexMap<Repair, usize>,
}

type Measure = fn(&Measured) -> Option<f64>;

/// What is reported of a set of probabilities.
const MEASURES: [(&str, Measure); 6] = [
    ("log_loss", |m| Some(m.log_loss)),
    ("brier", |m| Some(m.brier)),
    ("ece", |m| Some(m.ece)),
    ("ece_mass", |m| Some(m.ece_mass)),
    ("slope", |m| m.slope),
    ("intercept", |m| m.intercept),
];

impl CalibrationSummary {
    /// Sums up runs of one arm; none if none of them has a calibration.
    fn of(runs: &[&RunRecord]) -> Option<Self> {
        let of_runs: Vec<&Calibration> =
            runs.iter().filter_map(|run| found(run)?.calibration.as_ref()).collect();
        let summarise = |which: fn(&Calibration) -> Option<&Measured>| {
            let of = |(name, value): (&'static str, Measure)| {
                (name, MeanSd::of(of_runs.iter().map(|&calibration| which(calibration).and_then(value))))
            };
            MEASURES.into_iter().map(of).collect()
        };
        (!of_runs.is_empty()).then(|| Self {
            raw: summarise(|c| Some(&c.raw)),
            temperature: MeanSd::of(of_runs.iter().map(|c| c.temperature)),
            temperature_scaled: summarise(|c| c.temperature_scaled.as_ref()),
            platt_scaled: summarise(|c| c.platt_scaled.as_ref()),
            inverted: summarise(|c| c.inverted.as_ref()),
            best: of_runs.iter().fold(IndexMap::new(), |mut best, calibration| {
                *best.entry(calibration.best).or_default() += 1;
                best
            }),
        })
    }
}
