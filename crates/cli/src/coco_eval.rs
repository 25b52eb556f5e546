//! `losslab coco-eval`: detections in a COCO file are scored as pycocotools scores them, or as Pascal VOC
//! does.

use super::{emit, emit_error, notes};
use clap::Args;
use losslab_base::shown_json;
use losslab_metrics::boxes::{GroundTruth, VocRule, evaluate, evaluate_voc, load_detections};
use std::path::PathBuf;

/// The arguments of `losslab coco-eval`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Annotations in COCO's JSON (instances_*.json)
    #[arg(long, value_name = "FILE")]
    gt: PathBuf,
    /// Detections: a JSON list of {"image_id", "category_id", "bbox": [x, y, width, height], "score"}
    #[arg(long, value_name = "FILE")]
    dt: PathBuf,
    /// Print JSON with all digits and each category, null for what is undefined, instead of the twelve lines
    #[arg(long)]
    json: bool,
    /// Score as Pascal VOC does since 2010: area under the precision-recall curve at IoU .50; crowds count as
    /// difficult
    #[arg(long)]
    voc: bool,
    /// Score as Pascal VOC did until 2009: mean precision at 11 recalls
    #[arg(long, conflicts_with = "voc")]
    voc07: bool,
}

/// Runs the command.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let truth = GroundTruth::load(&arguments.gt)?;
    let detections = load_detections(&arguments.dt)?;
    let (gt, dt) = (arguments.gt.display(), arguments.dt.display());
    let results = evaluate(&truth, &dt.to_string(), &detections)?;
    let mut remarks = Vec::new();
    if detections.is_empty() {
        remarks.push(format!("{dt} holds no detections (pycocotools refuses that)"));
    }
    if results.unknown_categories > 0 {
        remarks.push(format!(
            "{} of {} detections in {dt} left out, their category is not in {gt}",
            results.unknown_categories,
            detections.len()
        ));
    }
    if truth.annotations().iter().any(|annotation| annotation.id == 0) {
        remarks.push(format!(
            "{gt} numbers its annotations from 0; as in pycocotools, the object with id 0 is never found"
        ));
    }
    emit_error(&notes(&remarks));
    if arguments.voc || arguments.voc07 {
        let rule = if arguments.voc07 { VocRule::ElevenPoint } else { VocRule::AllPoint };
        let results = evaluate_voc(&truth, &detections, rule)?;
        return match arguments.json {
            true => emit(&format!("{}\n", shown_json(&serde_json::to_string_pretty(&results)?))),
            false => emit(&results.to_string()),
        };
    }
    match arguments.json {
        true => emit(&format!("{}\n", shown_json(&serde_json::to_string_pretty(&results)?))),
        false => emit(&results.to_string()),
    }
}
