//! Comparisons made by hand.

use losslab_losses::{OpenSpec, Registry};
use losslab_metrics::statistics::training_check::TrainingState;
use losslab_report::{
    ArmName, Environment, Found, MetricDescription, ModelDescription, PLAN_SCHEMA, Plan, RECORD_SCHEMA,
    RunRecord,
};
use losslab_train::Lab;
use losslab_train::tasks::table::{ClassRows, Outputs, TableData, TableFound, TableSettings};
use serde_json::Value;

/// The plan of a comparison of these models and losses on a table of two classes; the first of each is the
/// reference.
pub fn grid(models: &[&str], losses: &[&str], seeds: u64, test_set: bool) -> Plan {
    let (lab, registry) = (Lab::standard(), Registry::standard());
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
    let describe = |loss: &&str| OpenSpec::parse(loss, &registry).unwrap().describe(2);
    let model = |text: &&str| {
        let spec = lab.models.parse(text).unwrap();
        ModelDescription::new(spec.to_string(), spec.kind().info())
    };
    let arms = models.iter().flat_map(|model| losses.iter().map(|loss| arm(model, loss)));
    Plan {
        schema: PLAN_SCHEMA,
        task: "table".into(),
        problem: "0011223344556677".into(),
        metric: "average_precision".into(),
        metrics: lab.metrics.rows(2).map(|metric| MetricDescription::from(&metric.info())).collect(),
        models: models.iter().map(model).collect(),
        losses: losses.iter().map(describe).collect(),
        arms: arms.collect(),
        reference: arm(models[0], losses[0]),
        seeds: (0..seeds).collect(),
        trials: 1,
        tune_over: Vec::new(),
        margin: None,
        settings: serde_json::to_value(TableSettings::default()).unwrap(),
        data: serde_json::to_value(data).unwrap(),
        warnings: Vec::new(),
        request: Value::Null,
        command: String::new(),
        looks: Vec::new(),
    }
}

/// The same of one model.
pub fn plan(losses: &[&str], seeds: u64, test_set: bool) -> Plan {
    grid(&["mlp"], losses, seeds, test_set)
}

pub fn arm(model: &str, loss: &str) -> ArmName {
    ArmName { model: model.into(), loss: loss.into() }
}

/// What a model found that gave these logits on validation and test part, whose rows begin with this one.
pub fn found(logits: &[f32], first: u32) -> TableFound {
    let labels: Vec<u32> = (0..logits.len()).map(|i| u32::from(i % 5 == 0)).collect();
    let rows = (first..first + labels.len() as u32).collect();
    let part = Outputs { rows, labels, logits: logits.to_vec(), groups: Vec::new() };
    TableFound {
        class_counts: vec![48, 12],
        decision: 0.5,
        validation: part.clone(),
        test: part,
        calibration: None,
        plane: None,
    }
}

/// A run whose average precision is what is given, or that diverged.
pub fn run_of(plan: &Plan, arm: ArmName, seed: u64, ap: Option<f64>, logits: &[f32]) -> RunRecord {
    let split = format!("split of {seed}");
    // A test set of its own has the same rows for all seeds.
    let first = if plan.data["test_fingerprint"].is_null() { seed as u32 } else { 0 };
    RunRecord {
        schema: RECORD_SCHEMA,
        key: plan.key(&split, &arm, seed),
        split,
        arm,
        seed,
        epochs: Vec::new(),
        epochs_run: ap.map(|_| 3),
        best_epoch: ap.map(|_| 2),
        kept_steps: ap.map(|_| 600),
        chance: ap.map(|_| 0.2),
        training: ap.map(|_| TrainingState::Complete),
        threshold: None,
        diverged: ap.is_none().then(|| "diverged: the loss was NaN in epoch 1, step 2".into()),
        metrics: [("average_precision".to_owned(), ap)].into_iter().collect(),
        trials: Vec::new(),
        chosen: None,
        gaps: Vec::new(),
        found: ap.map(|_| Found::new(&found(logits, first)).unwrap()),
    }
}

/// The same of the model `mlp`.
pub fn run(plan: &Plan, loss: &str, seed: u64, ap: Option<f64>, logits: &[f32]) -> RunRecord {
    run_of(plan, arm("mlp", loss), seed, ap, logits)
}

/// Scores of 20 rows that rank worse the larger `noise` is.
pub fn logits(noise: f32, seed: u64) -> Vec<f32> {
    let wave = |i: usize| ((i as u64 * 7 + seed * 3) % 11) as f32;
    (0..20).map(|i| f32::from(u8::from(i % 5 == 0)) * 4.0 + noise * wave(i)).collect()
}

/// Nowhere in particular.
pub fn environment(threads: usize) -> Environment {
    Environment {
        version: "",
        command: String::new(),
        seconds: 0.0,
        threads,
        processors: 1,
        machine: String::new(),
        instruction_set: "",
        data: Default::default(),
        out: String::new(),
    }
}
