//! Detection of objects: how good are the boxes that a detector found?
//!
//! | file | what it does |
//! |---|---|
//! | `bounding_box` | boxes and their overlap |
//! | `coco_set` | true objects and detections in COCO's terms, checked |
//! | `coco_json` | reads them from COCO's JSON files |
//! | `json_fault` | says where such a file is wrong |
//! | `protocol` | thresholds, area ranges and limits of COCO's evaluation |
//! | `matching` | which detection found which object |
//! | `accumulate` | average precision and recall of one category |
//! | `evaluate` | all of it in parallel: [`evaluate`] |
//! | `resampled` | the same numbers with each image counted several times, for the bootstrap |
//! | `summary` | the twelve numbers, as lines and as JSON |
//! | `voc`, `voc_set` | Pascal VOC's average precision of a category and of a set |
//!
//! The evaluation follows pycocotools 2.0 to the digit (`tests/coco.rs`), including what is peculiar about
//! it; the documentation of [`evaluate`] lists that.
//!
//! ```
//! use losslab_metrics::boxes::{Annotation, Category, Detection, GroundTruth, evaluate};
//! let bbox = [10.0, 10.0, 40.0, 40.0].into();
//! let cat = Category { id: 1, name: "cat".into() };
//! let object = Annotation { id: 1, image_id: 5, category_id: 1, bbox, area: 1600.0, iscrowd: false };
//! let truth = GroundTruth::new("truth", vec![5], vec![cat], vec![object])?;
//! let shifted = [10.0, 10.0, 40.0, 27.0].into(); // IoU .675: found at four of the ten thresholds
//! let found = Detection { image_id: 5, category_id: 1, bbox: shifted, score: 0.9 };
//! let results = evaluate(&truth, "detections", &[found])?;
//! assert!((results.ap.unwrap_or(-1.0) - 0.4).abs() < 1e-12);
//! assert_eq!(results.ap_small, None); // there is no small object
//! # Ok::<(), losslab_metrics::DataError>(())
//! ```

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod accumulate;
mod bounding_box;
mod coco_json;
mod coco_set;
mod evaluate;
mod json_fault;
mod matching;
mod protocol;
mod resampled;
mod summary;
mod voc;
mod voc_set;

pub use bounding_box::BoundingBox;
pub use coco_json::ImageFile;
pub use coco_json::load_detections;
pub use coco_json::parse_detections;
pub use coco_set::{Annotation, Category, Detection, GroundTruth};
pub use evaluate::evaluate;
pub use protocol::{AREA_RANGES, iou_thresholds, recall_levels};
pub use resampled::WeightedBoxes;
pub use summary::{CategoryResult, CocoResults};
pub use voc::{VOC_IOU, VocDetection, VocObject, VocRule, voc_average_precision};
pub use voc_set::{VocCategory, VocResults, evaluate_voc};
