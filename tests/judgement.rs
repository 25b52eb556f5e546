//! Verdicts from records made by hand: what is judged, on which design, and the words that are printed.

use losslab::report::{
    Config, Data, Design, Judgement, Named, Outputs, Plan, RECORD_SCHEMA, RunRecord, TableRecord, Training,
    judge, score_note, verdict_lines,
};
use losslab::train::experiment::TrainConfig;
use losslab::train::experiment::{ClassRows, TableData};

fn plan(losses: &[&str], seeds: u64, test_set: bool) -> Plan {
    let class = |name: &str, rows| ClassRows { name: name.into(), rows };
    let data = TableData {
        name: "wine".into(),
        rows: 100,
        columns: 3,
        positive: Some("good".into()),
        positives: 20,
        prevalence: Some(0.2),
        classes: vec![class("bad", 80), class("good", 20)],
        groups: None,
        fingerprint: "0123456789abcdef".into(),
        test_fingerprint: test_set.then(|| "fedcba9876543210".into()),
        splits: "drawn per seed".into(),
        notes: Vec::new(),
    };
    let config = Config {
        losses: losses.iter().map(ToString::to_string).collect(),
        seeds: (0..seeds).collect(),
        trials: 1,
        train: Training::Table(TrainConfig::default()),
    };
    Plan::new(Data::Table(Box::new(data)), config, losses[0].into(), None)
}

/// A run whose average precision is what is given, or that diverged.
fn run(plan: &Plan, loss: &str, seed: u64, ap: Option<f64>, logits: &[f32]) -> RunRecord {
    let labels: Vec<u32> = (0..logits.len()).map(|i| u32::from(i % 5 == 0)).collect();
    let part = Outputs { rows: (0..labels.len() as u32).collect(), labels, logits: logits.to_vec() };
    let split = format!("split of {seed}");
    RunRecord {
        schema: RECORD_SCHEMA,
        key: plan.key(&split, loss, seed),
        split,
        loss: loss.into(),
        seed,
        epochs: Vec::new(),
        epochs_run: ap.map(|_| 3),
        best_epoch: ap.map(|_| 2),
        threshold: None,
        diverged: ap.is_none().then(|| "diverged: the loss was NaN in epoch 1, step 2".into()),
        metrics: Named::new([("average_precision", ap)]),
        trials: Vec::new(),
        chosen: None,
        gaps: Vec::new(),
        table: ap.map(|_| TableRecord {
            plane: None,
            class_counts: vec![48, 12],
            validation: part.clone(),
            test: part,
            calibration: None,
        }),
        detector: None,
    }
}

fn judged(plan: &Plan, records: &[RunRecord]) -> Result<Option<Judgement>, String> {
    judge(plan, records, &|| Err("no images".into()), &|_| Err("no images".into()))
}

/// Scores of 20 rows that rank worse the larger `noise` is.
fn logits(noise: f32, seed: u64) -> Vec<f32> {
    let wave = |i: usize| ((i as u64 * 7 + seed * 3) % 11) as f32;
    (0..20).map(|i| f32::from(u8::from(i % 5 == 0)) * 4.0 + noise * wave(i)).collect()
}

#[test]
fn resplits_in_words() {
    let losses = ["ce", "focal:gamma=2", "gce:q=0.7", "focal:gamma=2,alpha=0.25"];
    let plan = plan(&losses, 5, false);
    let jitter = [0.01, -0.02, 0.0, 0.015, -0.005];
    let mut records = Vec::new();
    for seed in 0..5 {
        let base = 0.6 + jitter[seed as usize];
        let small = jitter[(seed as usize * 2 + 1) % 5];
        let values = [Some(base), Some(base + 0.2 + 0.2 * small), None, Some(base + small)];
        for (loss, ap) in losses.iter().zip(values) {
            let ap = if *loss == "gce:q=0.7" && seed != 3 { Some(base - 0.1 + small) } else { ap };
            records.push(run(&plan, loss, seed, ap, &logits(0.1, seed)));
        }
    }
    let judgement = judged(&plan, &records).unwrap().unwrap();
    assert_eq!(judgement.seeds, [0, 1, 2, 3, 4]);
    // 20 test rows to 60 training rows.
    assert_eq!(judgement.design, Design::Resplits { test_to_train: 20.0 / 60.0 });
    insta::assert_snapshot!(format!("{}{}", verdict_lines(&judgement, 1), score_note(&records).unwrap()));
}

#[test]
fn a_fixed_test_set_is_resampled_and_seeds_without_all_losses_are_left_out() {
    let losses = ["ce", "gce:q=0.7"];
    let plan = plan(&losses, 4, true);
    let mut records = Vec::new();
    for seed in 0..3 {
        for (loss, noise) in losses.iter().zip([0.3, 0.9]) {
            records.push(run(&plan, loss, seed, Some(0.5), &logits(noise, seed)));
        }
    }
    records.push(run(&plan, "ce", 3, Some(0.5), &logits(0.3, 3)));
    let judgement = judged(&plan, &records).unwrap().unwrap();
    assert_eq!(judgement.seeds, [0, 1, 2]);
    assert_eq!(judgement.design, Design::FixedTest { units: 20, resamples: 2000 });
    assert!(judgement.verdicts.comparisons[0].runs == 3 && score_note(&records).is_none());
    assert!(verdict_lines(&judgement, 1).contains("3 seeds and one test set of 20"));
}

#[test]
fn runs_that_cannot_be_paired_are_refused_or_left_out() {
    let plan = plan(&["ce", "gce:q=0.7"], 2, false);
    let ce = run(&plan, "ce", 0, Some(0.5), &logits(0.3, 0));
    let mut gce = run(&plan, "gce:q=0.7", 0, Some(0.6), &logits(0.3, 0));
    assert_eq!(
        judged(&plan, &[ce.clone(), run(&plan, "gce:q=0.7", 1, Some(0.5), &logits(0.3, 0))]),
        Ok(None)
    );
    let one = judged(&plan, &[ce.clone(), gce.clone()]).unwrap().unwrap();
    assert!(
        verdict_lines(&one, 1).contains("with one run no test is possible"),
        "{}",
        verdict_lines(&one, 1)
    );
    gce.split = "another".into();
    let fault = judged(&plan, &[ce, gce]).unwrap_err();
    assert_eq!(fault, "seed 0: ce and gce:q=0.7 were run on different parts of the data");
}

#[test]
fn a_record_survives_its_file_to_the_last_bit() {
    let plan = plan(&["ce"], 1, false);
    let odd = [0.1_f32, -3.402_823_5e38, 1e-45, 16_777_217.0, -0.0, 2.0_f32.powi(-126)];
    let record = run(&plan, "ce", 0, Some(0.1 + 0.2), &odd);
    let text = serde_json::to_string(&record).unwrap();
    let read: RunRecord = serde_json::from_str(&text).unwrap();
    assert_eq!(read, record);
    let bits = |record: &RunRecord| -> Vec<u32> {
        record.table.as_ref().unwrap().test.logits.iter().map(|z| z.to_bits()).collect()
    };
    assert_eq!(bits(&read), bits(&record));
    let plan_text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&plan_text).unwrap(), plan);
}
