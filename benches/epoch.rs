//! An epoch of the default comparisons: a training of one epoch, with the judgement of the validation part that belongs to every
//! epoch and that of the test part at the end.
//!
//! `cargo bench --bench epoch`; of the detector, the argument is the number of threads.

use divan::Bencher;
use losslab::data::images::{ImageParts, SceneSpec};
use losslab::data::{Source, SyntheticSpec};
use losslab::train::detector::{DetectionProblem, DetectorSettings, train_detector};
use losslab::train::experiment::{TrainConfig, train};
use losslab_losses::{Registry, Spec};
use std::ops::ControlFlow;

fn main() {
    divan::main();
}

fn spec(text: &str) -> Spec {
    Spec::parse(text, &Registry::standard()).expect("a loss of the registry")
}

/// `losslab compare`: 12,120 rows in the training part, batches of 128, an MLP 2-64-64-1.
#[divan::bench(args = ["ce", "focal"], sample_count = 20, sample_size = 1)]
fn rows(bencher: Bencher, loss: &str) {
    let source = Source::from(SyntheticSpec::default().generate());
    let data = source.prepare(0, 0).expect("enough rows of each class");
    let config = TrainConfig { epochs: 1, ..TrainConfig::default() };
    let loss = spec(loss);
    bencher.bench_local(|| {
        train(&data, &loss, &config, 0, 1, |_| ControlFlow::Continue(())).expect("a training that converges")
    });
}

/// `losslab compare --scenes`: the scenes and the detector that it has by default.
#[divan::bench(args = [1, 2], sample_count = 5, sample_size = 1)]
fn scenes(bencher: Bencher, threads: usize) {
    let parts = ImageParts::draw(&SceneSpec::default());
    let settings = DetectorSettings { epochs: Some(1), ..DetectorSettings::default() };
    let problem = DetectionProblem::new(parts, &settings).expect("scenes with objects");
    let loss = spec("focal");
    bencher.bench_local(|| {
        let go_on = |_: &_| ControlFlow::Continue(());
        train_detector(&problem, &loss, &settings, 0, threads, go_on).expect("a training that converges")
    });
}
