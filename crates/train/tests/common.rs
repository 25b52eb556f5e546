//! What the tests of trainings share.

use losslab_data::images::ImageParts;
use losslab_data::{Dataset, Source, SyntheticSpec};
use losslab_losses::{Registry, Spec};
use losslab_models::ModelSpec;
use losslab_train::tasks::boxes::{BoxTask, DetectorSettings, DetectorSpec};
use losslab_train::tasks::table::TableTask;
use losslab_train::{Lab, Start, Task, TrainError, Trained, train};
use std::ops::ControlFlow::Continue;

pub fn spec(text: &str) -> Spec {
    Spec::parse(text, &Registry::standard()).unwrap()
}

pub fn model(text: &str) -> ModelSpec {
    Lab::standard().models.parse(text).unwrap()
}

pub fn retinanet() -> DetectorSpec {
    Lab::standard().detectors.parse("retinanet").unwrap()
}

pub fn synthetic(text: &str) -> Dataset {
    text.parse::<SyntheticSpec>().unwrap().generate()
}

/// One run on these rows, split with this seed.
pub fn rows(source: impl Into<Source>, seed: u64) -> TableTask {
    TableTask::of_runs(&Lab::standard(), source.into(), Vec::new(), &[(0, seed)], None).unwrap()
}

pub fn scenes(text: &str) -> ImageParts {
    ImageParts::draw(&text.parse().unwrap())
}

pub fn images(parts: ImageParts, settings: &DetectorSettings) -> BoxTask {
    BoxTask::new(&Lab::standard(), parts, None, settings, None).unwrap()
}

/// Run 0 of a task, without a checkpoint.
pub fn trained<T: Task>(
    task: &T,
    learner: &T::Learner,
    loss: &Spec,
    settings: &T::Settings,
    [seed, threads]: [u64; 2],
) -> Result<Trained<T::Found>, TrainError> {
    let start = Start { run: 0, learner, loss, settings, seed, threads: threads as usize };
    train(task, &start, None, &mut |_| Continue(()))
}
