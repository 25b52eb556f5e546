//! Trainings on rows have the same bits with any number of threads, and share them where a comparison has more than trainings.

use losslab::data::{CsvOptions, Prepared, Source, load_csv};
use losslab::train::experiment::{
    Comparison, Event, Observer, TrainConfig, Trained, compare, prepare, train,
};
use losslab_losses::{OpenSpec, Registry, Spec};
use losslab_tensor::rng::Rng;
use losslab_testing::Files;
use std::ops::ControlFlow;
use std::sync::Mutex;

const LOSS: &str = "focal+ohem:ratio=3";

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

/// Large enough that threads share batches, products, gradients and the update.
fn config() -> TrainConfig {
    TrainConfig { epochs: 2, hidden: vec![96, 64], batch: 256, ..TrainConfig::default() }
}

/// The bits of weights and of logits.
fn bits(trained: &Trained) -> Vec<Vec<u32>> {
    let numbers = trained.weights.iter().chain([&trained.validation, &trained.test]);
    numbers.map(|numbers| numbers.iter().map(|x| x.to_bits()).collect()).collect()
}

fn run(data: &Prepared, threads: usize) -> Vec<Vec<u32>> {
    let loss = Spec::parse(LOSS, &Registry::standard()).unwrap();
    bits(&train(data, &loss, &config(), 0, threads, |_| ControlFlow::Continue(())).unwrap())
}

#[test]
fn a_training() {
    let files = Files::new();
    let data = wide(&files).prepare(0, 0).unwrap();
    let alone = run(&data, 1);
    for threads in [2, 4, 8] {
        assert!(run(&data, threads) == alone, "{threads} threads");
    }
}

struct Nobody;

impl Observer for Nobody {
    fn on(&self, _: Event<'_>) {}
}

#[test]
fn a_comparison_with_more_threads_than_trainings() {
    let files = Files::new();
    let source = wide(&files);
    let losses = vec![OpenSpec::parse(LOSS, &Registry::standard()).unwrap()];
    let comparison = Comparison { losses, seeds: vec![0], train: config(), trials: 1 };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
    let parts = prepare(&source, &comparison.seeds, &pool).unwrap();
    let found = Mutex::new(Vec::new());
    compare(&parts, &comparison, &[(0, 0)], &pool, &Nobody, &|outcome| {
        found.lock().unwrap().push(bits(&outcome.result.unwrap()));
    });
    assert!(*found.lock().unwrap() == [run(&parts[0], 1)]);
}
