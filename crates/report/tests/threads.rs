//! Results do not depend on the number of threads.

use crate::common::{arm, environment};
use losslab_data::images::ImageParts;
use losslab_losses::{OpenSpec, Registry};
use losslab_report::{ModelDescription, Plan, Results, RunRecord};
use losslab_train::tasks::boxes::{BoxTask, DetectorSettings};
use losslab_train::{Arm, Comparison, Event, Lab, Observer, Tuning, compare};
use std::sync::Mutex;

struct Nobody;

impl Observer for Nobody {
    fn on(&self, _: Event<'_>) {}
}

#[test]
fn results_of_detectors_do_not_depend_on_threads() {
    let (lab, registry) = (Lab::standard(), Registry::standard());
    let settings = DetectorSettings { epochs: Some(2), width: 8, batch: 4, ..DetectorSettings::default() };
    let parts = ImageParts::draw(&"images=10,size=40,ratio=60,classes=2".parse().unwrap());
    let task = BoxTask::new(&lab, parts, None, &settings, None).unwrap();
    let detector = lab.detectors.parse("retinanet").unwrap();
    let losses = ["ce", "focal:gamma=2,alpha=0.25"].map(|text| OpenSpec::parse(text, &registry).unwrap());
    let arms = losses.iter().map(|loss| Arm { learner: detector.clone(), loss: loss.clone() });
    let comparison =
        Comparison::<BoxTask> { arms: arms.collect(), seeds: vec![0, 1], settings, tuning: Tuning::none() };
    let models = vec![ModelDescription::new(detector.to_string(), &detector.kind.info())];
    let plan = Plan::new(&task, &comparison, models, &losses, arm("retinanet", "ce"));
    let results = [1, 2, 4].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let records = Mutex::new(Vec::new());
        let tasks = [(0, 0), (0, 1), (1, 0), (1, 1)];
        compare(&task, &comparison, &tasks, &pool, &Nobody, &|outcome| {
            let record = RunRecord::of(&plan, &task, &outcome).unwrap();
            records.lock().unwrap().push((outcome.arm, outcome.seed, record));
        });
        let mut records = records.into_inner().unwrap();
        records.sort_by_key(|(arm, seed, _)| (*arm, *seed));
        let records: Vec<RunRecord> = records.into_iter().map(|(.., record)| record).collect();
        let results = Results::of(plan.clone(), &records, None, environment(threads));
        let mut results = serde_json::to_value(results).unwrap();
        results.as_object_mut().unwrap().remove("environment");
        results
    });
    assert_eq!(results[0]["runs"].as_array().unwrap().len(), 4);
    assert_ne!(results[0]["runs"][0]["epochs"], results[0]["runs"][1]["epochs"], "seeds differ");
    assert!(results[0] == results[1] && results[0] == results[2]);
}
