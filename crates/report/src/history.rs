//! What was judged in a folder before: the verdicts that somebody has seen.
//!
//! A second verdict on the same data has another chance to be false. Three things could otherwise turn an
//! undecided comparison into a decided one without new evidence: leaving out losses, so that the correction
//! covers fewer; taking another reference or metric; and adding seeds until p is small. So the correction
//! covers every comparison ever judged in the folder, each earlier verdict with other seeds halves the level,
//! and changes made after results were seen are told.

use crate::plan::{ArmName, Plan};
use losslab_base::Fnv1a;
use losslab_metrics::statistics::sentence::margin_words;
use losslab_metrics::statistics::verdict::Earlier;
use serde::{Deserialize, Serialize};

/// A verdict that was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// The seeds that it rests on.
    pub seeds: Vec<u64>,
    /// What was compared.
    pub arms: Vec<ArmName>,
    /// The reference.
    pub reference: ArmName,
    /// The deciding metric.
    pub metric: String,
    /// The equivalence margin, if one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// Stands for how models were trained.
    pub training: String,
    /// Stands for the data: looks at other data are another matter.
    pub data: String,
}

/// What earlier verdicts mean for the present one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    /// How much stricter they make it.
    pub earlier: Earlier,
    /// What is to be told of them.
    pub notes: Vec<String>,
}

impl Look {
    /// The verdict on this plan with these seeds.
    pub fn of(plan: &Plan, seeds: &[u64]) -> Self {
        let mut hash = Fnv1a::new();
        hash.text(&plan.settings.to_string());
        hash.number(plan.trials as u64);
        Self {
            seeds: seeds.to_vec(),
            arms: plan.arms.clone(),
            reference: plan.reference.clone(),
            metric: plan.metric.clone(),
            margin: plan.margin,
            training: format!("{:016x}", hash.finish()),
            data: data(plan),
        }
    }

    /// Pairs of arms that were compared, whichever was the reference.
    fn pairs(&self) -> Vec<[&ArmName; 2]> {
        let mut pairs: Vec<[&ArmName; 2]> = Vec::new();
        for (candidate, reference) in Plan::pairs(&self.arms, &self.reference) {
            let (Some(a), Some(b)) = (self.arms.get(candidate), self.arms.get(reference)) else { continue };
            pairs.push([a, b]);
        }
        pairs
    }
}

/// Stands for the data of a plan, whatever they are called.
fn data(plan: &Plan) -> String {
    let mut data = plan.data.clone();
    if let Some(fields) = data.as_object_mut() {
        ["name", "notes"].into_iter().for_each(|key| drop(fields.shift_remove(key)));
    }
    let mut hash = Fnv1a::new();
    hash.text(&data.to_string());
    format!("{:016x}", hash.finish())
}

impl Past {
    /// What the looks at the same data before this one mean for it: all, unless it is one of them and is
    /// given again.
    pub fn of(plan: &Plan, present: &Look) -> Self {
        let before = plan.looks.iter().take_while(|look| *look != present);
        let looks: Vec<&Look> = before.filter(|look| look.data == present.data).collect();
        let (mut pairs, mut seeds): (Vec<[&ArmName; 2]>, Vec<&[u64]>) = (present.pairs(), Vec::new());
        let listed = pairs.len();
        for look in &looks {
            for [a, b] in look.pairs() {
                if !pairs.contains(&[a, b]) && !pairs.contains(&[b, a]) {
                    pairs.push([a, b]);
                }
            }
            if look.seeds != present.seeds && !seeds.contains(&&*look.seeds) {
                seeds.push(&look.seeds);
            }
        }
        let earlier = Earlier { comparisons: pairs.len() - listed, looks: seeds.len() as u32 };
        let mut notes = notes(&looks, present, earlier);
        if plan.looks.iter().any(|look| look.data != present.data) {
            notes.push(
                "other data, or other splits of these, were judged in this folder before: nothing is \
                 corrected for that"
                    .into(),
            );
        }
        Self { earlier, notes }
    }
}

/// What is to be told of earlier looks, a sentence each, without a full stop.
fn notes(looks: &[&Look], present: &Look, earlier: Earlier) -> Vec<String> {
    let Some(last) = looks.last() else { return Vec::new() };
    let mut models = looks.iter().flat_map(|look| &look.arms).chain(&present.arms).map(|arm| &arm.model);
    let first = models.next();
    let one_model = models.all(|model| Some(model) == first);
    let name = |arm: &ArmName| match one_model {
        true => arm.loss.clone(),
        false => format!("{} / {}", arm.model, arm.loss),
    };
    let mut notes = Vec::new();
    if earlier.comparisons > 0 {
        let n = earlier.comparisons;
        notes.push(match n {
            1 => "another comparison was judged in this folder before: the correction covers it, too".into(),
            n => format!(
                "{n} more comparisons were judged in this folder before: the correction covers them, too"
            ),
        });
    }
    if earlier.looks > 0 {
        let times = if earlier.looks == 1 { "once".into() } else { format!("{} times", earlier.looks) };
        let factor = f64::from(earlier.looks).exp2();
        notes.push(format!(
            "results with other seeds were seen {times} before: p is multiplied by {factor:.0}, because \
             looking again is another chance of a false verdict"
        ));
    }
    let changed = |what: &str, from: &str, to: &str| {
        format!("the {what} was {from} before, and was changed to {to} after results were seen")
    };
    if let Some(look) = looks.iter().rev().find(|look| look.reference != present.reference) {
        notes.push(changed("reference", &name(&look.reference), &name(&present.reference)));
    }
    if let Some(look) = looks.iter().rev().find(|look| look.metric != present.metric) {
        notes.push(changed("deciding metric", &look.metric, &present.metric));
    }
    if last.margin != present.margin {
        let words = |margin: Option<f64>| margin.map_or("the default".into(), margin_words);
        notes.push(changed("equivalence margin", &words(last.margin), &words(present.margin)));
    }
    if last.training != present.training {
        notes.push("how models are trained was changed after results were seen".into());
    }
    let is_new = |arm: &&ArmName| !looks.iter().any(|look| look.arms.contains(arm));
    let new: Vec<String> = present.arms.iter().filter(is_new).map(name).collect();
    if !new.is_empty() {
        notes.push(format!("added after results were seen: {}", new.join(", ")));
    }
    notes
}

/// The looks of comparisons that are merged: the k-th looks of all together. Where parts differ in their
/// seeds, the whole is another look.
pub(crate) fn merge(plans: &[&Plan]) -> Vec<Look> {
    let of_plan = |plan: &&Plan| -> Vec<Look> {
        let same = data(plan);
        plan.looks.iter().filter(|look| look.data == same).cloned().collect()
    };
    let parts: Vec<Vec<Look>> = plans.iter().map(of_plan).collect();
    let most = parts.iter().map(Vec::len).max().unwrap_or(0);
    let together = |k: usize| {
        let mut all = parts.iter().filter_map(|looks| looks.get(k));
        let mut look = all.next()?.clone();
        for other in all {
            for arm in &other.arms {
                if !look.arms.contains(arm) {
                    look.arms.push(arm.clone());
                }
            }
        }
        Some(look)
    };
    (0..most).filter_map(together).collect()
}
