//! What was learnt from, as results describe it: a table, or images with boxes.

use losslab_metrics::{MetricInfo, Metrics};
use losslab_train::detector::ImageData;
use losslab_train::experiment::TableData;
use serde::{Deserialize, Serialize};

/// What was learnt from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Data {
    /// Rows with a class each.
    Table(Box<TableData>),
    /// Images with boxes.
    Images(Box<ImageData>),
}

impl Data {
    /// The metrics of such a problem.
    pub fn metrics(&self) -> Vec<MetricInfo> {
        match self {
            Data::Table(table) => table.task().metrics(),
            Data::Images(_) => Metrics::standard().boxes().map(|metric| metric.info()).collect(),
        }
    }

    /// The name of the data.
    pub fn name(&self) -> &str {
        match self {
            Data::Table(table) => &table.name,
            Data::Images(images) => &images.name,
        }
    }
}
