//! Images with boxes: categories, pictures and whose loss it was beside the common parts.

use super::{Fact, Resampling, Trials, View};
use crate::html::{Figures, Story, boxes, training, weights};
use crate::{Found, Plan, Results, RunRecord, Store, Unit};
use comfy_table::{CellAlignment, Table, presets::UTF8_BORDERS_ONLY};
use losslab_base::shown_name;
use losslab_metrics::boxes::{CategoryResult, Detection, GroundTruth, VocResults, WeightedBoxes};
use losslab_metrics::statistics::bootstrap::Resamples;
use losslab_metrics::{Summary, Weighted};
use losslab_train::tasks::boxes::{
    BoxFound, BoxTask, DETECTIONS, EpochDetail, ImageData, Margins, Share, Shares, TRUTH,
};
use losslab_train::{Lab, Task};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Resamples of the test images: they give the standard error within 5 %.
const RESAMPLES: usize = 800;
/// The seed that resamples are drawn with.
const SEED: u64 = 0;

/// The view of images with boxes.
pub(super) struct BoxView;

/// The images of a plan.
fn data(plan: &Plan) -> Result<ImageData, String> {
    ImageData::deserialize(&plan.data).map_err(|error| format!("data that are no images: {error}"))
}

/// What a run found; none if it diverged.
pub(crate) fn found(run: &RunRecord) -> Option<&BoxFound> {
    run.found.as_ref().and_then(|found| found.get().ok())
}

impl View for BoxView {
    fn task(&self) -> &'static str {
        BoxTask::KIND
    }

    fn attachments(&self) -> Option<&'static str> {
        Some(DETECTIONS)
    }

    fn shared_file(&self) -> Option<&'static str> {
        Some(TRUTH)
    }

    fn check_plan(&self, plan: &Plan) -> Result<(), String> {
        data(plan).map(drop)
    }

    fn check(&self, _: &Plan, found: &Found) -> Result<(), String> {
        found.get::<BoxFound>().map(drop)
    }

    fn trials(&self, plan: &Plan, _: &[&RunRecord], _: usize) -> Trials {
        Trials::FixedTest { unit: Unit::Image, units: data(plan).map_or(0, |data| data.parts[2].images) }
    }

    fn scarce(&self, plan: &Plan) -> Option<(usize, String)> {
        Some((data(plan).ok()?.parts[2].images, "test images".into()))
    }

    fn resample(&self, lab: &Lab, _: &Plan, of: &Resampling<'_>) -> Result<Resamples, String> {
        let (runs, store, times) = (of.runs, of.store, of.times.unwrap_or(RESAMPLES));
        let metric = lab.metrics.find_boxes(of.metric).map_err(|error| error.to_string())?;
        let truth = store.shared(TRUTH)?;
        let truth = GroundTruth::parse(TRUTH.into(), truth.as_bytes()).map_err(|error| error.to_string())?;
        let mut boxes: Vec<Option<WeightedBoxes>> = Vec::new();
        for run in runs {
            boxes.push(match &run.found {
                None => None,
                Some(_) => Some(matched(store, run, &truth)?),
            });
        }
        let weighted: Vec<Option<Weighted<'_>>> =
            boxes.iter().map(|boxes| boxes.as_ref().map(|boxes| metric.weighted(boxes))).collect();
        let units = truth.images().len().max(1);
        let resamples = Resamples::draw(units, &weighted, metric.info().diverged, times, SEED);
        Ok(resamples
            .map_err(|error| error.to_string())?
            .with_informative(truth.images_of_rarest_category().max(1)))
    }

    fn run(&self, record: &RunRecord) -> Map<String, Value> {
        let Some(found) = found(record) else { return Map::new() };
        let epochs = record.epochs.iter().map(|epoch| {
            let detail = EpochDetail::of(epoch);
            json!({
                "epoch": epoch.epoch,
                "class_loss": detail.as_ref().map(|detail| detail.class_loss),
                "box_loss": detail.as_ref().map(|detail| detail.box_loss),
                "shares": detail.and_then(|detail| detail.shares),
                "validation": epoch.validation,
            })
        });
        let epochs: Vec<Value> = epochs.collect();
        let mut more = Map::new();
        more.insert("per_category".into(), json!(found.per_category));
        if let Some(voc) = &found.voc {
            more.insert("voc".into(), json!(voc));
        }
        more.insert("epochs".into(), Value::Array(epochs));
        more
    }

    fn summary(&self, _: &[&RunRecord]) -> Map<String, Value> {
        Map::new()
    }

    fn lines(&self, _: &Lab, results: &Results, records: &[RunRecord]) -> String {
        let tables = [voc_lines, category_table, share_table];
        tables.map(|table| table(results, records)).concat()
    }

    fn subject(&self, plan: &Plan) -> String {
        data(plan).map_or_else(|error| error, |data| subject(&data))
    }

    fn about_metric(&self, _: &Plan) -> Markup {
        html! { "Detections are ranked without a score cut, because losses report different scores for the \
        same certainty." }
    }

    fn fingerprints(&self, plan: &Plan) -> Vec<Fact> {
        let Ok(data) = data(plan) else { return Vec::new() };
        data.parts.into_iter().map(|part| (format!("of {}", part.name), part.fingerprint)).collect()
    }

    fn before_training(&self, _: Story, _: &mut Figures) -> Vec<Markup> {
        Vec::new()
    }

    fn after_training(&self, story: Story, figures: &mut Figures) -> Vec<Markup> {
        vec![
            training::shares(story, figures),
            boxes::section(story),
            weights::section(story, figures, margins(story)),
        ]
    }
}

/// The detections of a run, matched to the truth once.
fn matched(store: &Store, run: &RunRecord, truth: &GroundTruth) -> Result<WeightedBoxes, String> {
    let name = run.file_name();
    let text = store.attachment(DETECTIONS, &name)?;
    let detections: Vec<Detection> =
        serde_json::from_str(&text).map_err(|error| format!("{DETECTIONS}/{name}: {error}"))?;
    WeightedBoxes::new(truth, &name, &detections).map_err(|error| error.to_string())
}

/// What was learnt from, in plain words.
fn subject(data: &ImageData) -> String {
    let [train, validation, test] = &data.parts;
    let ratio = data.anchors.ratio().map_or_else(String::new, |ratio| {
        format!(" For each place where a box should be found there are {ratio:.0} where none should.")
    });
    format!(
        "The data are {}: {} training, {} validation and {} test images with {} objects of {} categories to \
         be found in the test images.{ratio}",
        data.name,
        train.images,
        validation.images,
        test.images,
        test.objects,
        data.categories.len()
    )
}

/// The margins of all places of the test images under the reference.
fn margins(story: Story) -> weights::Margins {
    let runs = || story.runs(story.reference()).filter_map(found);
    let counted = |(&bin, &count): (&i32, &u64)| (Margins::middle(bin), count as f64);
    weights::Margins {
        positives: runs().flat_map(|run| run.margins.positives.iter().map(counted)).collect(),
        negatives: runs().flat_map(|run| run.margins.negatives.iter().map(counted)).collect(),
        rare: "positives".into(),
        examples: "The class scores of every place of the test images, thousands per image, as the detectors \
                   trained with ",
    }
}

/// The runs of an arm.
fn runs_of<'a>(records: &'a [RunRecord], arm: &crate::ArmName) -> impl Iterator<Item = &'a RunRecord> {
    records.iter().filter(move |run| run.arm == *arm)
}

/// Who had the class loss and its gradient: for each arm, the first, the middle and the last epoch, mean over
/// the seeds. Empty where no loss has such parts.
fn share_table(results: &Results, records: &[RunRecord]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    table.set_header([
        "share of class loss | gradient, %",
        "epoch",
        "easy negatives",
        "hard negatives",
        "positives",
    ]);
    let mut rows = 0;
    for summary in &results.summary {
        let runs: Vec<&RunRecord> = runs_of(records, &summary.arm).collect();
        let epochs = runs.iter().filter_map(|run| run.epochs_run).max().unwrap_or(0);
        let mut shown = vec![1, epochs.div_ceil(2), epochs];
        shown.dedup();
        for (i, epoch) in shown.into_iter().filter(|&epoch| epoch > 0).enumerate() {
            let Some(shares) = mean_shares(&runs, epoch) else { continue };
            let show = |share: Share| format!("{:.1} | {:.1}", 100.0 * share.loss, 100.0 * share.gradient);
            table.add_row([
                if i == 0 { summary.label.clone() } else { String::new() },
                epoch.to_string(),
                show(shares.easy_negatives),
                show(shares.hard_negatives),
                show(shares.positives),
            ]);
            rows += 1;
        }
    }
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    if rows == 0 { String::new() } else { format!("{table}\neasy negatives: p_t > 0.9\n") }
}

/// AP and AP50 of each category, mean over the seeds in which it is defined: a row per category, a column per
/// arm.
fn category_table(results: &Results, records: &[RunRecord]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    let arms = results.summary.iter().map(|summary| summary.label.replace(':', ":\n"));
    table.set_header(std::iter::once("category: AP | AP50".to_string()).chain(arms));
    let categories = records.iter().find_map(found);
    for (i, category) in categories.iter().flat_map(|run| &run.per_category).enumerate() {
        let mut row = vec![shown_name(&category.name).into_owned()];
        for summary in &results.summary {
            let mean = |of: fn(&CategoryResult) -> Option<f64>| {
                let runs = runs_of(records, &summary.arm);
                let values = runs.filter_map(|run| Some(of(found(run)?.per_category.get(i)?)));
                Summary::of(values).mean.map_or_else(|| "–".to_string(), |mean| format!("{mean:.3}"))
            };
            row.push(format!("{} | {}", mean(|c| c.ap), mean(|c| c.ap50)));
        }
        table.add_row(row);
    }
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    format!("{table}\n")
}

/// A line for each arm with the mean over seeds of Pascal VOC's own average precision, where runs have it.
fn voc_lines(results: &Results, records: &[RunRecord]) -> String {
    let line = |summary: &crate::Summaries| {
        let runs = runs_of(records, &summary.arm);
        let of_runs: Vec<&VocResults> = runs.filter_map(|run| found(run)?.voc.as_ref()).collect();
        let means: Vec<f64> = of_runs.iter().filter_map(|voc| voc.mean_ap).collect();
        let rule = &of_runs.first()?.rule;
        let mean = means.iter().sum::<f64>() / means.len() as f64;
        Some(format!("{}: Pascal VOC's mean AP ({rule}) {mean:.3}\n", summary.label))
    };
    results.summary.iter().filter_map(line).collect()
}

/// The mean over the runs that have the epoch.
fn mean_shares(runs: &[&RunRecord], epoch: usize) -> Option<Shares> {
    let of = |run: &&RunRecord| EpochDetail::of(run.epochs.get(epoch - 1)?)?.shares;
    let of_runs: Vec<Shares> = runs.iter().filter_map(of).collect();
    let mean = |of: fn(&Shares) -> Share| {
        let n = of_runs.len() as f64;
        of_runs.iter().map(of).fold(Share::default(), |sum, share| Share {
            logits: sum.logits + share.logits / n,
            loss: sum.loss + share.loss / n,
            gradient: sum.gradient + share.gradient / n,
        })
    };
    (!of_runs.is_empty()).then(|| Shares {
        easy_negatives: mean(|s| s.easy_negatives),
        hard_negatives: mean(|s| s.hard_negatives),
        positives: mean(|s| s.positives),
    })
}
