//! An epoch of the default comparisons: a training of one epoch, with the judgement of the validation part
//! that belongs to every epoch and that of the test part at the end.
//!
//! `cargo bench --bench epoch`; of the detector, the argument is the number of threads.

use divan::Bencher;
use losslab::Lab;
use losslab::data::SyntheticSpec;
use losslab::data::images::{ImageParts, SceneSpec};
use losslab::losses::Spec;
use losslab::train::tasks::boxes::{BoxTask, DetectorSettings};
use losslab::train::tasks::table::{TableSettings, TableTask};
use losslab::train::{Start, Task, train};
use std::ops::ControlFlow;

fn main() {
    divan::main();
}

/// Trains with this loss, on so many threads.
fn bench<T: Task>(
    bencher: Bencher,
    task: &T,
    learner: &T::Learner,
    settings: &T::Settings,
    (loss, threads): (&str, usize),
) {
    let loss = Spec::parse(loss, &Lab::standard().losses).expect("a loss of the lab");
    let start = Start { run: 0, learner, loss: &loss, settings, seed: 0, threads };
    bencher.bench_local(|| {
        train(task, &start, None, &mut |_| ControlFlow::Continue(())).expect("a training that converges")
    });
}

/// `losslab compare`: 12,120 rows in the training part, batches of 128, an MLP 2-64-64-1.
#[divan::bench(args = ["ce", "focal"], sample_count = 20, sample_size = 1)]
fn rows(bencher: Bencher, loss: &str) {
    let lab = Lab::standard();
    let source = SyntheticSpec::default().generate().into();
    let task = TableTask::new(&lab, source, Vec::new(), &[0], None).expect("enough rows of each class");
    let model = lab.models.parse("mlp").expect("a model of the lab");
    bench(bencher, &task, &model, &TableSettings { epochs: Some(1), ..TableSettings::default() }, (loss, 1));
}

/// `losslab compare --scenes`: the scenes and the detector that it has by default.
#[divan::bench(args = [1, 2], sample_count = 5, sample_size = 1)]
fn scenes(bencher: Bencher, threads: usize) {
    let lab = Lab::standard();
    let parts = ImageParts::draw(&SceneSpec::default());
    let settings = DetectorSettings { epochs: Some(1), ..DetectorSettings::default() };
    let task = BoxTask::new(&lab, parts, None, &settings, None).expect("scenes with objects");
    let detector = lab.detectors.parse("retinanet").expect("a detector of the lab");
    bench(bencher, &task, &detector, &settings, ("focal", threads));
}
