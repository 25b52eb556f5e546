//! The kinds of task, each a folder: what is learnt, from what, and how it is judged.

pub mod boxes;
pub mod table;

use crate::Lab;
use crate::model_file::lacking;
use crate::predict::Predictor;
use crate::task::Task;
use losslab_models::State;
use serde_json::Value;

type Load = fn(&Lab, Value, &State) -> Result<Box<dyn Predictor>, String>;

/// How the model files of each kind of task are read.
const LOADERS: &[(&str, Load)] =
    &[(table::TableTask::KIND, table::TableTask::load), (boxes::BoxTask::KIND, boxes::BoxTask::load)];

/// The learner of a model file.
pub(crate) fn load(
    lab: &Lab,
    kind: &str,
    description: Value,
    weights: &State,
) -> Result<Box<dyn Predictor>, String> {
    match LOADERS.iter().find(|(known, _)| *known == kind) {
        Some((_, load)) => load(lab, description, weights),
        None => {
            let known = LOADERS.iter().map(|(kind, _)| *kind);
            Err(lacking(losslab_base::unknown("kind of task", kind, known)))
        }
    }
}
