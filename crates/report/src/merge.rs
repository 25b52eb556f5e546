//! Several comparisons as one: the same data and settings, other losses or seeds.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

use super::history;
use super::plan::Plan;
use super::record::RunRecord;
use serde_json::Value;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The plan of all these comparisons, each with its name for messages: models, losses and seeds in the order
/// in which they come, the reference that of the first.
///
/// # Errors
/// If they differ in their data or in how models are trained, or have runs that contradict each other; the
/// message names the first difference.
pub fn merge(parts: &[(String, Plan, Vec<RunRecord>)]) -> Result<Plan, String> {
    let Some(((first_name, first, _), others)) = parts.split_first() else {
        return Err("no comparison to merge".into());
    };
    let mut merged = first.clone();
    for (name, plan, _) in others {
        let cannot = |why: String| Err(format!("{name} and {first_name} cannot be merged: {why}"));
        if let Some(difference) = difference(first, plan) {
            return cannot(difference);
        }
        if plan.problem != first.problem {
            return cannot("they are of different versions of losslab".into());
        }
        extend(&mut merged.models, &plan.models);
        extend(&mut merged.losses, &plan.losses);
        extend(&mut merged.arms, &plan.arms);
        extend(&mut merged.seeds, &plan.seeds);
        for warning in &plan.warnings {
            // Of other splits the figures differ; those of the first stand for all.
            if merged.warnings.iter().all(|known| known.kind != warning.kind) {
                merged.warnings.push(warning.clone());
            }
        }
    }
    same_parts(parts)?;
    same_runs(parts)?;
    merged.looks = history::merge(&parts.iter().map(|(_, plan, _)| plan).collect::<Vec<_>>());
    merged.request = request(&merged, parts);
    Ok(merged)
}

/// Why the runs of an earlier comparison cannot be part of the one that is asked for, if they cannot: the
/// first difference in data or training, as `config.epochs is 4, not 5 as asked for`. Models, losses, seeds,
/// reference and margin may differ.
pub fn not_resumable(earlier: &Plan, asked: &Plan) -> Option<String> {
    let other_version = || "its runs are of another version of losslab".to_owned();
    let difference = difference(asked, earlier).map(|difference| format!("{difference} as asked for"));
    difference.or_else(|| (earlier.problem != asked.problem).then(other_version))
}

/// What would have been asked for to compare all of it at once: where requests differ, the losses, models and
/// seeds of the whole.
fn request(merged: &Plan, parts: &[(String, Plan, Vec<RunRecord>)]) -> Value {
    let mut request = merged.request.clone();
    let differs = parts.iter().any(|(_, plan, _)| plan.request != request);
    let Some(asked) = request.as_object_mut().filter(|_| differs) else { return request };
    asked.remove("loss-set");
    let losses: Vec<&str> = merged.losses.iter().map(|loss| loss.spec.as_str()).collect();
    asked.insert("loss".into(), losses.into());
    if let [_, _, ..] = merged.models.as_slice() {
        let flag = if merged.task == "boxes" { "detector" } else { "model" };
        let models: Vec<&str> = merged.models.iter().map(|model| model.spec.as_str()).collect();
        asked.insert(flag.into(), models.into());
    }
    let (first, count) = (merged.seeds.iter().min().copied().unwrap_or(0), merged.seeds.len() as u64);
    asked.insert("seeds".into(), count.into());
    if first > 0 {
        asked.insert("seed".into(), first.into());
    }
    request
}

/// Runs of one seed must be of the same parts of the data.
fn same_parts(parts: &[(String, Plan, Vec<RunRecord>)]) -> Result<(), String> {
    let mut seen: Vec<(u64, &str, &str)> = Vec::new();
    for (name, _, records) in parts {
        for record in records {
            match seen.iter().find(|(seed, ..)| *seed == record.seed) {
                Some((seed, split, other)) if *split != record.split => {
                    return Err(format!(
                        "{name} and {other} cannot be merged: seed {seed} stands for different parts of the \
                         data"
                    ));
                }
                Some(_) => {}
                None => seen.push((record.seed, &record.split, name)),
            }
        }
    }
    Ok(())
}

/// A run that stands in several parts must be the same in all of them.
fn same_runs(parts: &[(String, Plan, Vec<RunRecord>)]) -> Result<(), String> {
    let mut seen: HashMap<String, (&RunRecord, &str)> = HashMap::new();
    for (name, _, records) in parts {
        for record in records {
            match seen.entry(record.file_name()) {
                Entry::Occupied(entry) if entry.get().0 != record => {
                    let (run, (_, other)) = (entry.key(), entry.get());
                    return Err(format!("{name} and {other} cannot be merged: their runs in {run} differ"));
                }
                entry => drop(entry.or_insert((record, name))),
            }
        }
    }
    Ok(())
}

/// Appends what is new.
fn extend<V: Clone + PartialEq>(all: &mut Vec<V>, more: &[V]) {
    for value in more {
        if !all.contains(value) {
            all.push(value.clone());
        }
    }
}

/// The first difference in data or settings, as `data.rows: 100, not 200`.
fn difference(a: &Plan, b: &Plan) -> Option<String> {
    let value = |plan: &Plan| {
        let Plan { task, data, settings, trials, tune_over, metric, .. } = plan;
        let over: Vec<&str> = tune_over.iter().map(|setting| &*setting.name).collect();
        serde_json::json!({
            "task": task, "data": data, "config": settings, "trials": trials, "tune_over": over,
            "metric": metric
        })
    };
    first_difference("", &value(a), &value(b))
}

pub(super) fn first_difference(path: &str, a: &Value, b: &Value) -> Option<String> {
    match (a, b) {
        (Value::Object(of_a), Value::Object(of_b)) => {
            let mut keys: Vec<&String> = of_a.keys().chain(of_b.keys()).collect();
            keys.sort();
            keys.dedup();
            let at = |key: &String| if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            keys.into_iter().find_map(|key| first_difference(&at(key), &a[key], &b[key]))
        }
        _ => (a != b).then(|| format!("{path} is {b}, not {a}")),
    }
}
