//! Reading the folders: what each comparison found, and whether they can stand beside each other.

use crate::merge::first_difference;
use crate::plan::{ArmName, Plan};
use crate::{Judgement, RunRecord, Store, judge, views};
use losslab_metrics::Summary;
use losslab_metrics::statistics::across::pooled::Finding;
use losslab_metrics::statistics::verdict::{ArmVerdict, Verdict};
use losslab_train::Lab;
use serde::Serialize;
use std::path::PathBuf;

/// The comparison on one data set.
#[derive(Clone, Debug, Serialize)]
pub struct SetReport {
    /// What the data set is called; unique.
    pub name: String,
    /// The folder of its comparison.
    pub folder: String,
    /// Each comparison of the whole, in the same order.
    pub findings: Vec<SetFinding>,
    /// The mean of the metric for each arm of the whole; none where it was not run or has no value.
    pub means: Vec<Option<f64>>,
}

/// An arm against its reference on one data set.
#[derive(Clone, Debug, Serialize)]
pub struct SetFinding {
    /// The candidate.
    pub label: String,
    /// What became of the comparison.
    pub outcome: Outcome,
    /// The difference with its standard error, of the estimate that the verdict rests on; none if it was not
    /// judged.
    #[serde(flatten)]
    pub finding: Option<Finding>,
    /// The interval of that verdict.
    pub interval: Option<(f64, f64)>,
}

/// Whether a comparison says something about its arms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was judged.
    Judged,
    /// The metric is the same in every run: a tie, without an error to weight it by.
    Identical,
    /// It says nothing, for this reason.
    LeftOut(String),
}

impl SetReport {
    /// Whether at least one comparison was judged.
    pub fn is_informative(&self) -> bool {
        self.findings.iter().any(|finding| finding.outcome == Outcome::Judged)
    }
}

/// All folders.
pub(super) struct Read {
    /// What is compared in at least one of them: the plan of the first, with the arms of all.
    pub plan: Plan,
    pub sets: Vec<SetReport>,
    pub notes: Vec<String>,
}

/// A folder as it was read.
struct Part {
    folder: String,
    plan: Plan,
    records: Vec<RunRecord>,
    /// The verdicts, or why there are none.
    judged: Result<Judgement, String>,
}

pub(super) fn read(lab: &Lab, folders: &[PathBuf]) -> Result<Read, String> {
    if folders.len() < 2 {
        return Err(format!(
            "--across: found {} folder, expected the folders of two or more data sets",
            folders.len()
        ));
    }
    let (mut parts, mut notes) = (Vec::new(), Vec::new());
    for folder in folders {
        let store = Store::new(folder);
        let plan = store.plan()?;
        parts.push((folder.display().to_string(), plan, store));
    }
    let plans: Vec<(&str, &Plan)> = parts.iter().map(|(folder, plan, _)| (&**folder, plan)).collect();
    notes.extend(comparable(&plans)?);
    let parts: Vec<Part> = parts
        .into_iter()
        .map(|(folder, plan, store)| {
            let (records, faults) = store.records(&plan);
            notes.extend(faults);
            let judged = judged(lab, &plan, &records, &store);
            Part { folder, plan, records, judged }
        })
        .collect();
    let plan = whole(&parts);
    let sets = parts.iter().map(|part| report(part, &plan, &parts)).collect();
    Ok(Read { plan, sets, notes })
}

fn judged(lab: &Lab, plan: &Plan, records: &[RunRecord], store: &Store) -> Result<Judgement, String> {
    if records.is_empty() {
        return Err("no run of its comparison is there".into());
    }
    judge(lab, plan, records, store)?.ok_or_else(|| "no seed was run with every arm".into())
}

/// What must be the same in all comparisons, with what it is called.
fn asked(plan: &Plan) -> [(&'static str, String); 4] {
    let models: Vec<&str> = plan.models.iter().map(|model| &*model.spec).collect();
    let ArmName { model, loss } = &plan.reference;
    [
        ("kind of task", plan.task.clone()),
        ("deciding metric", plan.metric.clone()),
        ("models", models.join(", ")),
        ("reference", if models.len() > 1 { format!("{model} / {loss}") } else { loss.clone() }),
    ]
}

/// Whether these comparisons, each with its folder, answer one question; what else differs, as notes.
fn comparable(plans: &[(&str, &Plan)]) -> Result<Vec<String>, String> {
    let Some(((first_folder, first), others)) = plans.split_first() else { return Ok(Vec::new()) };
    let mut notes = Vec::new();
    for (folder, plan) in others {
        for ((what, expected), (_, found)) in asked(first).into_iter().zip(asked(plan)) {
            if found != expected {
                return Err(format!(
                    "--across: {folder}: found the {what} {found}, expected {expected} as in {first_folder}: \
                     a difference over data sets is one of the same arms under the same metric"
                ));
            }
        }
        let trained = |plan: &Plan| serde_json::json!({ "settings": plan.settings, "trials": plan.trials });
        if let Some(difference) = first_difference("", &trained(first), &trained(plan)) {
            notes.push(format!("{folder} was trained otherwise than {first_folder}: {difference}"));
        }
    }
    for (i, (folder, plan)) in plans.iter().enumerate() {
        let prints = views::of(&plan.task)?.fingerprints(plan);
        let same = plans
            .iter()
            .take(i)
            .find(|(_, other)| views::of(&other.task).is_ok_and(|view| view.fingerprints(other) == prints));
        if let Some((other, _)) = same {
            return Err(format!(
                "--across: {folder} and {other} hold the same data, expected each data set once; losslab \
                 report {other} {folder} --out DIR merges their runs"
            ));
        }
    }
    Ok(notes)
}

/// The plan of the first with the losses and arms of all.
fn whole(parts: &[Part]) -> Plan {
    let mut whole = parts[0].plan.clone();
    for part in &parts[1..] {
        let new_losses =
            part.plan.losses.iter().filter(|loss| !whole.losses.iter().any(|l| l.spec == loss.spec));
        let new_losses: Vec<_> = new_losses.cloned().collect();
        whole.losses.extend(new_losses);
        let new_arms: Vec<_> =
            part.plan.arms.iter().filter(|arm| !whole.arms.contains(arm)).cloned().collect();
        whole.arms.extend(new_arms);
    }
    whole
}

fn report(part: &Part, whole: &Plan, parts: &[Part]) -> SetReport {
    let called = |part: &Part| part.plan.data.get("name").and_then(|name| name.as_str()).map(str::to_owned);
    let name = called(part).unwrap_or_else(|| part.folder.clone());
    let taken = parts.iter().filter(|other| called(other).as_deref() == Some(&*name)).count() > 1;
    SetReport {
        name: if taken { format!("{name} ({})", part.folder) } else { name },
        folder: part.folder.clone(),
        findings: whole.comparisons().into_iter().map(|pair| finding(part, whole, pair)).collect(),
        means: whole.arms.iter().map(|arm| mean(part, arm)).collect(),
    }
}

/// What this folder says of an arm and its reference, as indices of the whole.
fn finding(part: &Part, whole: &Plan, (candidate, reference): (usize, usize)) -> SetFinding {
    let pair = (&whole.arms[candidate], &whole.arms[reference]);
    let found = match &part.judged {
        Ok(judgement) => {
            let comparisons = part.plan.comparisons();
            let at = comparisons.iter().position(|&(a, b)| (&part.plan.arms[a], &part.plan.arms[b]) == pair);
            at.and_then(|at| judgement.verdicts.comparisons.get(at)).ok_or("not compared")
        }
        Err(fault) => Err(&**fault),
    };
    let outcome = found.map_or_else(|fault| Outcome::LeftOut(fault.into()), outcome);
    let judged = found.ok().filter(|_| outcome == Outcome::Judged);
    SetFinding {
        label: whole.label(pair.0),
        finding: judged.and_then(estimate),
        interval: judged.and_then(|verdict| verdict.interval),
        outcome,
    }
}

fn estimate(verdict: &ArmVerdict) -> Option<Finding> {
    Some(Finding { difference: verdict.difference?, standard_error: verdict.standard_error? })
}

fn outcome(verdict: &ArmVerdict) -> Outcome {
    let why = match verdict.verdict {
        Verdict::Identical => return Outcome::Identical,
        Verdict::NotTrainedOut => "not trained out",
        Verdict::TrainingFailed => "training failed",
        Verdict::Diverged => "diverged",
        Verdict::NotTested => "not tested: one run, or no spread",
        _ if estimate(verdict).is_some() => return Outcome::Judged,
        _ => "without a standard error",
    };
    Outcome::LeftOut(why.into())
}

/// The mean over the seeds that were judged; a run that diverged counts as in the verdicts.
fn mean(part: &Part, arm: &ArmName) -> Option<f64> {
    let (metric, judgement) = (part.plan.deciding()?, part.judged.as_ref().ok()?);
    let runs = part.records.iter().filter(|run| run.arm == *arm && judgement.seeds.contains(&run.seed));
    let values: Option<Vec<f64>> = runs.map(|run| run.metric(&metric.name).or(metric.diverged)).collect();
    Summary::of(values?.into_iter().map(Some)).mean
}
