//! Records and plans as files: what survives, and what contradicts itself.

use crate::common::{arm, found, logits, plan, run};
use losslab_report::{Found, Metrics, Plan, RunRecord, Store, merge, not_resumable};
use losslab_testing::Files;
use losslab_train::tasks::table::TableFound;

#[test]
fn a_record_survives_its_file_to_the_last_bit() {
    let plan = plan(&["ce"], 1, false);
    let odd = [0.1_f32, -3.402_823_5e38, 1e-45, 16_777_217.0, -0.0, 2.0_f32.powi(-126)];
    let record = run(&plan, "ce", 0, Some(0.1 + 0.2), &odd);
    let text = serde_json::to_string(&record).unwrap();
    let read: RunRecord = serde_json::from_str(&text).unwrap();
    assert_eq!(read, record);
    let bits = |record: &RunRecord| -> Vec<u32> {
        let found: &TableFound = record.found.as_ref().unwrap().get().unwrap();
        found.test.logits.iter().map(|z| z.to_bits()).collect()
    };
    assert_eq!(bits(&read), odd.map(f32::to_bits));
    assert_eq!(bits(&record), odd.map(f32::to_bits));
    let plan_text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&plan_text).unwrap(), plan);
}

#[test]
fn a_record_is_read_back_from_its_folder() {
    let (files, mut plan) = (Files::new(), plan(&["ce", "focal:gamma=2,alpha=0.25"], 2, false));
    let store = Store::new(files.0.path());
    store.begin(&mut plan).unwrap();
    assert_eq!(store.plan().unwrap(), plan);
    let record = run(&plan, "focal:gamma=2,alpha=0.25", 1, Some(0.1 + 0.2), &logits(0.3, 1));
    store.save(&record).unwrap();
    assert!(files.path("runs/mlp__focal_gamma=2,alpha=0.25__1.json").is_file());
    let (records, faults) = store.records(&plan);
    assert_eq!((records, faults), (vec![record.clone()], Vec::new()));
    // One of another plan is of no use.
    let other = Plan { problem: "another".into(), ..plan.clone() };
    let message = files.message(store.load(&other, &record.arm, 1));
    assert_eq!(
        message,
        "runs/mlp__focal_gamma=2,alpha=0.25__1.json: found a run on other data, with other settings or of \
         another version"
    );
}

#[test]
fn the_order_of_metrics_survives_a_round_trip() {
    let metrics: Metrics = [("roc_auc", Some(0.1 + 0.2)), ("brier", None), ("ap", Some(1e-300))]
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect();
    let text = serde_json::to_string(&metrics).unwrap();
    assert_eq!(text, r#"{"roc_auc":0.30000000000000004,"brier":null,"ap":1e-300}"#);
    let read: Metrics = serde_json::from_str(&text).unwrap();
    assert_eq!(read.iter().collect::<Vec<_>>(), metrics.iter().collect::<Vec<_>>());
}

#[test]
fn a_record_that_contradicts_its_plan_is_refused() {
    let plan = plan(&["ce"], 1, false);
    let record = run(&plan, "ce", 0, Some(0.5), &logits(0.3, 0));
    assert_eq!(record.check(&plan), Ok(()));
    let changes: [fn(&mut TableFound); 6] = [
        |table| table.class_counts.truncate(1),
        |table| table.test.labels.truncate(7),
        |table| table.validation.logits.truncate(7),
        |table| table.test.labels[0] = 2,
        |table| table.decision = f64::NAN,
        |table| table.decision = 1.5,
    ];
    let faults = changes.map(|change| {
        let mut table = found(&logits(0.3, 0)[..8], 0);
        change(&mut table);
        // NaN has no form as JSON: a file can hold it as null alone, which is refused as well.
        let found = Some(Found::new(&table).unwrap());
        RunRecord { found, ..record.clone() }.check(&plan).unwrap_err()
    });
    assert_eq!(
        faults,
        [
            "1 class counts for 2 classes",
            "test: 8 rows with 7 labels and 8 logits",
            "validation: 8 rows with 8 labels and 7 logits",
            "test: label 2 of 2 classes",
            "invalid type: null, expected f64 at line 1 column 39",
            "decisions at a probability of 1.5",
        ]
    );
    let nonsense: RunRecord = serde_json::from_str(
        &serde_json::to_string(&record).unwrap().replace("\"class_counts\"", "\"counts\""),
    )
    .unwrap();
    assert!(nonsense.check(&plan).unwrap_err().starts_with("missing field `class_counts`"));
}

#[test]
fn a_plan_that_contradicts_itself_is_refused() {
    let good = plan(&["ce", "gce:q=0.7"], 1, false);
    assert_eq!(good.check(), Ok(()));
    let changes: [fn(&mut Plan); 10] = [
        |plan| plan.arms[1].loss = "focal:gamma=2".into(),
        |plan| plan.arms[1].model = "tree".into(),
        |plan| plan.reference = arm("mlp", "focal:gamma=2"),
        |plan| plan.arms.push(arm("mlp", "ce")),
        |plan| {
            plan.losses[0].spec = "gce_q=0.7".into();
            plan.arms[0].loss = "gce_q=0.7".into();
            plan.reference = plan.arms[0].clone();
        },
        |plan| plan.seeds = (0..10_001).collect(),
        |plan| plan.trials = usize::MAX,
        |plan| plan.metric = "accuracy_at_last".into(),
        |plan| plan.task = "tables".into(),
        |plan| plan.data["classes"] = serde_json::json!([]),
    ];
    let faults = changes.map(|change| {
        let mut plan = good.clone();
        change(&mut plan);
        plan.check().unwrap_err()
    });
    assert_eq!(
        faults,
        [
            "an arm mlp / focal:gamma=2 of an unknown model or loss",
            "an arm tree / gce:q=0.7 of an unknown model or loss",
            "the reference focal:gamma=2, which is none of the arms",
            "an arm twice",
            "two arms whose runs would have the same files",
            "seeds=10001: expected a whole number from 1 to 10000",
            "trials=18446744073709551615: expected a whole number from 1 to 1000",
            "the deciding metric accuracy_at_last, which is none of the metrics",
            "there is no kind of task 'tables'; there are table, boxes (did you mean 'table'?)",
            "0 classes, expected at least 2",
        ]
    );
}

#[test]
fn runs_that_stand_in_two_folders_are_merged_if_they_are_the_same() {
    let plan = plan(&["ce", "gce:q=0.7"], 1, false);
    let part = |name: &str, ap| {
        (name.to_owned(), plan.clone(), vec![run(&plan, "ce", 0, Some(ap), &logits(0.3, 0))])
    };
    assert!(merge(&[part("a", 0.5), part("b", 0.5)]).is_ok());
    assert_eq!(
        merge(&[part("a", 0.5), part("b", 0.6)]).unwrap_err(),
        "b and a cannot be merged: their runs in mlp__ce__0.json differ"
    );
}

#[test]
fn a_comparison_goes_on_with_other_losses_and_seeds_but_not_with_other_settings() {
    let earlier = plan(&["ce"], 1, false);
    let grown = Plan { reference: arm("mlp", "gce:q=0.7"), ..plan(&["ce", "gce:q=0.7"], 3, false) };
    assert_eq!(not_resumable(&earlier, &grown), None);
    let mut other = earlier.clone();
    other.settings["epochs"] = 7.into();
    let epochs = &earlier.settings["epochs"];
    assert_eq!(
        not_resumable(&earlier, &other),
        Some(format!("config.epochs is {epochs}, not 7 as asked for"))
    );
    let newer = Plan { problem: "another".into(), ..earlier.clone() };
    let fault = "its runs are of another version of losslab";
    assert_eq!(not_resumable(&earlier, &newer), Some(fault.into()));
}
