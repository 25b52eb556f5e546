//! Trainings on rows have the same bits with any number of threads, and share them where a comparison has
//! more than trainings.

use crate::common::{model, rows, spec, trained};
use losslab_base::rng::Rng;
use losslab_data::{CsvOptions, Source, load_csv};
use losslab_losses::{OpenSpec, Registry};
use losslab_models::{NamedTensor, Numbers};
use losslab_testing::Files;
use losslab_train::tasks::table::{TableFound, TableSettings, TableTask};
use losslab_train::{Arm, Comparison, Event, Observer, Trained, Tuning, compare};
use std::sync::Mutex;

const LOSS: &str = "focal+ohem:ratio=3";
/// With the settings below large enough that threads share batches, products, gradients and the update.
const MODEL: &str = "mlp:hidden=96x64";

/// Rows of 40 numbers: a batch of 256 is more than one thread writes by itself.
fn wide(files: &Files) -> Source {
    let mut rng = Rng::seed(4);
    let names: Vec<String> = (0..40).map(|i| format!("x{i}")).collect();
    let mut table = format!("{},label\n", names.join(","));
    for row in 0..900 {
        let positive = row % 9 == 0;
        let numbers: Vec<String> =
            (0..40).map(|_| format!("{:.4}", rng.normal() + f64::from(u8::from(positive)) / 4.0)).collect();
        table += &format!("{},{}\n", numbers.join(","), if positive { "yes" } else { "no" });
    }
    Source::from(load_csv(&files.write("wide.csv", &table), &CsvOptions::label("label")).unwrap().0)
}

fn settings() -> TableSettings {
    TableSettings { epochs: Some(2), batch: 256, ..TableSettings::default() }
}

/// The bits of weights and of logits.
fn bits(trained: &Trained<TableFound>) -> Vec<Vec<u32>> {
    let weights = trained.weights.0.iter().map(|NamedTensor { numbers, .. }| match numbers {
        Numbers::F32(numbers) => numbers,
        other => panic!("weights of type {}", other.type_name()),
    });
    let found = &trained.judged.found;
    let numbers = weights.chain([&found.validation.logits, &found.test.logits]);
    numbers.map(|numbers| numbers.iter().map(|x| x.to_bits()).collect()).collect()
}

fn run(task: &TableTask, threads: u64) -> Vec<Vec<u32>> {
    bits(&trained(task, &model(MODEL), &spec(LOSS), &settings(), [0, threads]).unwrap())
}

#[test]
fn a_training() {
    let files = Files::new();
    let task = rows(wide(&files), 0);
    let alone = run(&task, 1);
    for threads in [2, 4, 8] {
        assert!(run(&task, threads) == alone, "{threads} threads");
    }
}

struct Nobody;

impl Observer for Nobody {
    fn on(&self, _: Event<'_>) {}
}

#[test]
fn a_comparison_with_more_threads_than_trainings() {
    let files = Files::new();
    let task = rows(wide(&files), 0);
    let loss = OpenSpec::parse(LOSS, &Registry::standard()).unwrap();
    let arms = vec![Arm { learner: model(MODEL), loss }];
    let comparison =
        Comparison::<TableTask> { arms, seeds: vec![0], settings: settings(), tuning: Tuning::none() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
    let found = Mutex::new(Vec::new());
    compare(&task, &comparison, &[(0, 0)], &pool, &Nobody, &|outcome| {
        found.lock().unwrap().push(bits(&outcome.result.unwrap()));
    });
    assert!(*found.lock().unwrap() == [run(&task, 1)]);
}
