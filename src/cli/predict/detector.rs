//! A saved detector finds objects in images.

use super::Arguments;
use crate::cli::{emit_error, notes};
use losslab_data::images::{ImageSet, check_same_categories, load_coco, load_folder};
use losslab_metrics::Metrics;
use losslab_metrics::boxes::{Category, Detection, evaluate};
use losslab_report::metrics_table;
use losslab_train::detector::{DetectorError, DetectorModel};
use serde::Serialize;
use std::path::Path;

/// A detection with names for people; programs that read COCO's form pass over them.
#[derive(Serialize)]
struct Named<'a> {
    #[serde(flatten)]
    detection: &'a Detection,
    file_name: &'a str,
    category: &'a str,
}

/// What the network says of an image, anchor by anchor.
#[derive(Serialize)]
struct Outputs {
    file_name: String,
    class_logits: Vec<Vec<f32>>,
    box_codes: Vec<Vec<f32>>,
}

/// Finds objects in the images of this folder.
pub fn run(arguments: &Arguments, folder: &Path) -> anyhow::Result<()> {
    let model = DetectorModel::load(&arguments.model)?;
    let options = model.image_options();
    let set = match &arguments.coco {
        Some(json) => {
            let set = load_coco(json, folder, &options)?;
            let own =
                ImageSet { categories: model.info.categories.clone(), ..set.part("the model", |_| false) };
            check_same_categories(&[&own, &set])?;
            set
        }
        None => load_folder(folder, &options)?,
    };
    if arguments.logits {
        arguments.deliver(&format!("{}\n", serde_json::to_string(&outputs(&model, &set)?)?))?;
        if !arguments.quiet {
            emit_error(&notes(&set.notes));
        }
        return Ok(());
    }
    let detections = model.detect(&set.images)?;
    let text = format!("{}\n", serde_json::to_string(&named(&detections, &set, &model.info.categories))?);
    arguments.deliver(&text)?;
    if !arguments.quiet {
        emit_error(&notes(&set.notes));
        let (found, images) = (detections.len(), set.images.len());
        emit_error(&notes(&[format!("{found} detections in {images} images, the best first in each")]));
    }
    if arguments.coco.is_some() {
        let list = Metrics::standard();
        let metrics = list.evaluate_boxes(&evaluate(&set.truth, "detections", &detections)?)?;
        let list: Vec<_> = list.boxes().map(|metric| metric.info()).collect();
        emit_error(&format!("{}\n", metrics_table("all images", &list, &model.info.loss, &metrics)));
    }
    Ok(())
}

/// The network's outputs for all images of a set, in its order.
fn outputs(model: &DetectorModel, set: &ImageSet) -> Result<Vec<Outputs>, DetectorError> {
    let rows = |numbers: &[f32], width| numbers.chunks(width).map(<[f32]>::to_vec).collect();
    let mut all = Vec::new();
    model.outputs(&set.images, |image, logits, codes| {
        all.push(Outputs {
            file_name: image.name.clone(),
            class_logits: rows(logits, model.info.categories.len()),
            box_codes: rows(codes, 4),
        });
    })?;
    Ok(all)
}

/// The detections with the names of their images and categories.
fn named<'a>(detections: &'a [Detection], set: &'a ImageSet, categories: &'a [Category]) -> Vec<Named<'a>> {
    let name = |detection: &'a Detection| {
        // Both lists are in the order of their ids.
        let image = set.images.binary_search_by_key(&detection.image_id, |image| image.id);
        let category = categories.binary_search_by_key(&detection.category_id, |category| category.id);
        Named {
            detection,
            file_name: image.ok().and_then(|at| set.images.get(at)).map_or("", |image| &image.name),
            category: category.ok().and_then(|at| categories.get(at)).map_or("", |category| &category.name),
        }
    };
    detections.iter().map(name).collect()
}
