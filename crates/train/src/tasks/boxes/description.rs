//! The images that a comparison of detectors is about, as results describe them.

use losslab_base::{counted, shown_name};
use serde::{Deserialize, Serialize};

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
    /// The rule of Pascal VOC's own average precision, for data in its form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voc_rule: Option<String>,
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
            "{}: {} x {} pixels, {}, {} in {} ({} empty), {} validation, {} test images; {anchors} (stride \
             {})\n",
            shown_name(&self.name),
            self.size[0],
            self.size[1],
            counted(self.categories.len(), "category"),
            counted(train.objects, "object"),
            counted(train.images, "training image"),
            train.without_objects,
            validation.images,
            test.images,
            self.stride
        )
    }
}
