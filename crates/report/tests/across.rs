//! Comparisons made by hand on several data sets, as one statement.

use crate::common::{arm, grid, logits, plan, run};
use losslab_metrics::Summary;
use losslab_metrics::statistics::across::pooled::{Finding, Pooled};
use losslab_metrics::statistics::training_check::TrainingState;
use losslab_report::{Across, Conclusion, Outcome, Plan, RunRecord, Store, write_across};
use losslab_testing::Files;
use losslab_train::Lab;
use std::path::PathBuf;

const LOSSES: [&str; 3] = ["ce", "focal:gamma=2", "gce:q=0.7"];
const SEEDS: u64 = 5;

/// The plan of a comparison on the data set of this name.
fn plan_of(name: &str, losses: &[&str]) -> Plan {
    let mut plan = plan(losses, SEEDS, false);
    plan.data["name"] = name.into();
    plan.data["fingerprint"] = format!("fingerprint of {name}").into();
    plan
}

/// The average precision of a loss that lies above that of the first by this much, more or less.
fn ap(seed: u64, by: f64) -> f64 {
    let jitter = [0.01, -0.02, 0.0, 0.015, -0.005];
    let (own, shared) = (jitter[(seed as usize * 2 + 1) % 5], jitter[seed as usize]);
    0.6 + shared + if by == 0.0 { 0.0 } else { by + 0.3 * own }
}

/// The records of losses that lie above the first by so much each.
fn records(plan: &Plan, by: &[f64]) -> Vec<RunRecord> {
    let one = |seed, (loss, by): (&losslab_losses::SpecDescription, &f64)| {
        run(plan, &loss.spec, seed, Some(ap(seed, *by)), &logits(0.1, seed))
    };
    (0..SEEDS).flat_map(|seed| plan.losses.iter().zip(by).map(move |pair| one(seed, pair))).collect()
}

fn write(files: &Files, name: &str, plan: &mut Plan, records: &[RunRecord]) -> PathBuf {
    let folder = files.path(name);
    let store = Store::new(&folder);
    store.begin(plan).unwrap();
    records.iter().for_each(|record| drop(store.save(record).unwrap()));
    folder
}

/// Data sets on which the two losses lie above ce by so much.
fn folders(files: &Files, differences: &[[f64; 2]]) -> Vec<PathBuf> {
    let folder = |(i, [a, b]): (usize, &[f64; 2])| {
        let name = format!("set{i}");
        let mut plan = plan_of(&name, &LOSSES);
        let records = records(&plan, &[0.0, *a, *b]);
        write(files, &name, &mut plan, &records)
    };
    differences.iter().enumerate().map(folder).collect()
}

const SEVEN: [[f64; 2]; 7] =
    [[0.05, 0.01], [0.04, -0.03], [0.06, 0.02], [0.03, -0.01], [0.055, 0.04], [0.045, -0.02], [0.05, 0.015]];

fn across(folders: &[PathBuf]) -> Result<Across, String> {
    Across::of(&Lab::standard(), folders)
}

#[test]
fn seven_data_sets_in_words() {
    let files = Files::new();
    let found = across(&folders(&files, &SEVEN)).unwrap();
    assert_eq!(found.informative(), 7);
    let conclusions: Vec<Conclusion> = found.overall.iter().map(|one| one.conclusion).collect();
    assert_eq!(conclusions, [Conclusion::Better, Conclusion::Undecided]);
    insta::assert_snapshot!(files.without_folder(&found.lines()));
}

#[test]
fn the_pooled_difference_is_that_of_the_verdicts_own_estimates() {
    let files = Files::new();
    let found = across(&folders(&files, &SEVEN)).unwrap();
    let findings: Vec<Finding> = SEVEN
        .iter()
        .map(|[by, _]| {
            let differences = (0..SEEDS).map(|seed| Some(ap(seed, *by) - ap(seed, 0.0)));
            let Summary { mean, std, n } = Summary::of(differences);
            // Nadeau and Bengio: 20 test rows to 60 training rows.
            let standard_error = std.unwrap() * (1.0 / n as f64 + 20.0 / 60.0).sqrt();
            Finding { difference: mean.unwrap(), standard_error }
        })
        .collect();
    for (set, expected) in found.sets.iter().zip(&findings) {
        let found = set.findings[0].finding.unwrap();
        assert!((found.difference - expected.difference).abs() < 1e-12);
        assert!((found.standard_error - expected.standard_error).abs() < 1e-12);
    }
    let (pooled, expected) = (found.overall[0].pooled.unwrap(), Pooled::of(&findings).unwrap());
    assert!((pooled.difference - expected.difference).abs() < 1e-12);
    assert!((pooled.standard_error - expected.standard_error).abs() < 1e-12);
}

#[test]
fn fewer_than_six_data_sets_allow_no_conclusion() {
    let files = Files::new();
    let found = across(&folders(&files, &SEVEN[..5])).unwrap();
    assert_eq!(found.sentence, "No conclusion from 5 informative data sets, 1 more is needed");
    assert!(found.overall.iter().all(|one| one.conclusion == Conclusion::TooFewSets && one.p_holm.is_none()));
    assert!(found.overall[0].sentence.starts_with(
        "focal:gamma=2 against ce: no conclusion from 5 informative data sets, 1 more is needed; the mean \
         difference over 5 data sets is +0.04"
    ));
}

#[test]
fn what_was_not_judged_is_left_out_with_its_reason() {
    let files = Files::new();
    let mut all = folders(&files, &SEVEN[..3]);
    let mut add = |name: &str, losses: &[&str], change: &dyn Fn(&mut RunRecord)| {
        let mut plan = plan_of(name, losses);
        let mut records = records(&plan, &[0.0, 0.02, 0.03][..losses.len()]);
        records.iter_mut().for_each(change);
        all.push(write(&files, name, &mut plan, &records));
    };
    let focal = arm("mlp", "focal:gamma=2");
    add("short", &LOSSES, &|run| {
        if run.arm == focal {
            run.training = Some(TrainingState::NotTrainedOut);
        }
    });
    add("broken", &LOSSES, &|run| {
        if run.arm == focal && run.seed == 1 {
            run.diverged = Some("diverged: the loss was NaN".into());
            run.metrics.insert("average_precision".into(), None);
            run.found = None;
        }
    });
    add("missing", &["ce", "focal:gamma=2"], &|_| {});
    add("same", &LOSSES, &|run| {
        run.metrics.insert("average_precision".into(), Some(0.5));
    });
    let found = across(&all).unwrap();
    let outcome = |set: usize, arm: usize| found.sets[set].findings[arm].outcome.clone();
    let left_out = |why: &str| Outcome::LeftOut(why.into());
    assert_eq!(outcome(3, 0), left_out("not trained out"));
    assert_eq!(outcome(4, 0), left_out("diverged"));
    assert_eq!((outcome(5, 0), outcome(5, 1)), (Outcome::Judged, left_out("not compared")));
    assert_eq!((outcome(6, 0), outcome(6, 1)), (Outcome::Identical, Outcome::Identical));
    let informative: Vec<bool> = found.sets.iter().map(|set| set.is_informative()).collect();
    assert_eq!(informative, [true, true, true, true, true, true, false]);
    assert_eq!((found.overall[0].sets, found.overall[1].sets), (4, 5));
    // Of the six informative sets focal loss lacks two, and the set without gce lacks one loss of three.
    let ranking = found.ranking.as_ref().unwrap();
    assert_eq!(ranking.arms, ["ce", "gce:q=0.7"]);
    assert_eq!(ranking.left_out, ["focal:gamma=2", "missing"]);
    assert!(found.lines().contains("not ranked, because not judged everywhere: focal:gamma=2, missing"));
}

#[test]
fn what_cannot_stand_beside_each_other_is_refused() {
    let files = Files::new();
    let sets = folders(&files, &SEVEN[..1]);
    let mut refused = String::new();
    let mut refuse = |name: &str, change: &dyn Fn(&mut Plan)| {
        let mut plan = plan_of(name, &LOSSES);
        change(&mut plan);
        let records = records(&plan, &[0.0, 0.02, 0.03]);
        let other = write(&files, name, &mut plan, &records);
        refused += &format!("{}\n", files.message(across(&[sets[0].clone(), other])));
    };
    refuse("metric", &|plan| plan.metric = "roc_auc".into());
    refuse("reference", &|plan| plan.reference = arm("mlp", "gce:q=0.7"));
    refuse("model", &|plan| {
        let linear = grid(&["linear"], &LOSSES, SEEDS, false);
        (plan.models, plan.arms, plan.reference) = (linear.models, linear.arms, linear.reference);
    });
    refuse("same", &|plan| plan.data["fingerprint"] = "fingerprint of set0".into());
    refused += &format!("{}\n", files.message(across(&[sets[0].clone(), sets[0].clone()])));
    refused += &format!("{}\n", files.message(across(&sets)));
    refused += &format!("{}\n", files.message(across(&[sets[0].clone(), files.path("absent")])));
    insta::assert_snapshot!(refused);
}

#[test]
fn the_page_has_its_drawings_and_its_numbers() {
    let files = Files::new();
    let found = across(&folders(&files, &SEVEN)).unwrap();
    let out = files.path("out");
    write_across(&out, &found, "losslab report --across set0 set1", "0").unwrap();
    let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
    for name in ["over-sets", "over-sets-2", "ranks", "profile"] {
        roxmltree::Document::parse(&read(&format!("plots/{name}.svg"))).unwrap();
    }
    // Seven sets with a dot each, their mean and another data set.
    let forest = read("plots/over-sets.svg");
    assert_eq!((forest.matches("<circle").count(), forest.matches("class=\"o c2\"").count()), (7, 2));
    let page = read("across.html");
    assert!(page.contains("Which loss over 7 data sets?") && page.contains("id=\"profile-title\""));
    let json: serde_json::Value = serde_json::from_str(&read("across.json")).unwrap();
    assert_eq!(json["overall"][0]["conclusion"], "better");
    assert_eq!(json["sets"][0]["findings"][0]["outcome"], "judged");
    assert_eq!(json["ranking"]["arms"], serde_json::json!(LOSSES));
}
