//! What was learnt from, as results describe it: a table, or images with boxes.

use crate::data::Dataset;
use crate::experiment::{Source, Task};
use crate::metrics::{BOX_METRICS, Metric};
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
    pub fn metrics(&self) -> &'static [Metric] {
        match self {
            Data::Table(table) => table.task().metrics(),
            Data::Images(_) => BOX_METRICS,
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

/// Images with boxes, in three parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageData {
    /// The training set's name: its file, or the specification of the scenes.
    pub name: String,
    /// Width and height that every image is fitted into, in pixels.
    pub size: [usize; 2],
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// The categories in order of their ids, with their training objects.
    pub categories: Vec<CategoryObjects>,
    /// Training, validation and test part.
    pub parts: [ImagePart; 3],
    /// Pixels between cells of the detector's finest level.
    pub stride: usize,
    /// Widths and heights of the anchors of each level, in pixels.
    pub anchor_shapes: Vec<Vec<[f32; 2]>>,
    /// How the anchors of the training part, not augmented, are assigned to its objects.
    pub anchors: AnchorCounts,
    /// What the loaders decided.
    pub notes: Vec<String>,
}

/// A category of objects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoryObjects {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Training objects of it.
    pub objects: usize,
    /// Anchors of the training part assigned to one of them.
    pub positive_anchors: u64,
}

/// One part of a set of images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImagePart {
    /// Its name.
    pub name: String,
    /// Images.
    pub images: usize,
    /// Those without an object.
    pub without_objects: usize,
    /// Objects that are to be found.
    pub objects: usize,
    /// Stands for the contents.
    pub fingerprint: String,
}

/// Anchors by what they are assigned to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AnchorCounts {
    /// Assigned to an object.
    pub positive: u64,
    /// Background.
    pub negative: u64,
    /// Neither: between the thresholds, or on a crowd or a difficult object.
    pub ignored: u64,
}

impl AnchorCounts {
    /// Negatives per positive.
    pub fn ratio(&self) -> Option<f64> {
        (self.positive > 0).then(|| self.negative as f64 / self.positive as f64)
    }
}

impl ImageData {
    /// Lines for people: sizes, classes, and the imbalance.
    pub fn describe(&self) -> String {
        let [train, validation, test] = &self.parts;
        let anchors = match self.anchors.ratio() {
            Some(ratio) => format!("1 positive anchor to {ratio:.0} negative"),
            None => "no positive anchor".into(),
        };
        format!(
            "{}: {} x {} pixels, {} categories, {} objects in {} training images ({} empty), {} validation, {} test \
             images; {anchors} (stride {})\n",
            self.name,
            self.size[0],
            self.size[1],
            self.categories.len(),
            train.objects,
            train.images,
            train.without_objects,
            validation.images,
            test.images,
            self.stride
        )
    }
}

/// A table, or images that are rows of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableData {
    /// The file's name without its folder, or the synthetic specification.
    pub name: String,
    /// Rows, the test set's not among them.
    pub rows: usize,
    /// Feature columns.
    pub columns: usize,
    /// The label that counts as positive.
    pub positive: Option<String>,
    /// Rows of that label.
    pub positives: usize,
    /// Their share.
    pub prevalence: Option<f64>,
    /// The classes in order, with their rows; in a binary problem the negative one is first.
    pub classes: Vec<ClassRows>,
    /// The column whose groups no split parts, and their number.
    pub groups: Option<(String, usize)>,
    /// Stands for the contents.
    pub fingerprint: String,
    /// The same of a test set of its own.
    pub test_fingerprint: Option<String>,
    /// `given` or `drawn per seed`.
    pub splits: String,
    /// What the loader decided.
    pub notes: Vec<String>,
}

/// A class of the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassRows {
    /// Its label.
    pub name: String,
    /// Rows of it.
    pub rows: usize,
}

impl TableData {
    /// What kind of problem it is.
    pub fn task(&self) -> Task {
        Task::of(self.classes.len())
    }

    /// A line for people: size and classes.
    pub fn describe(&self) -> String {
        let classes = match self.prevalence {
            Some(share) => format!("{} positive ({:.2} %)", self.positives, 100.0 * share),
            None => {
                let rows: Vec<usize> = self.classes.iter().map(|class| class.rows).collect();
                let (least, most) = (rows.iter().min().unwrap_or(&0), rows.iter().max().unwrap_or(&0));
                format!("{} classes of {least} to {most} rows", rows.len())
            }
        };
        format!("{}: {} rows x {} columns, {classes}\n", self.name, self.rows, self.columns)
    }

    /// Describes a source; `notes` are what the loader said.
    pub fn of(source: &Source, notes: Vec<String>) -> Self {
        let data: &Dataset = &source.dataset;
        let positives = data.labels.iter().filter(|&&label| Some(label) == data.positive).count();
        Self {
            name: data.name.clone(),
            rows: data.rows(),
            columns: data.columns(),
            positive: data.positive.map(|class| data.class_names[class as usize].clone()),
            positives,
            prevalence: data.prevalence(),
            classes: data
                .class_names
                .iter()
                .zip(data.class_counts())
                .map(|(name, rows)| ClassRows { name: name.clone(), rows })
                .collect(),
            groups: data.groups.as_ref().map(|groups| (groups.column.clone(), groups.names.len())),
            fingerprint: data.fingerprint(),
            test_fingerprint: source.test.as_ref().map(Dataset::fingerprint),
            splits: String::from(if source.splits.is_some() { "given" } else { "drawn per seed" }),
            notes,
        }
    }
}
