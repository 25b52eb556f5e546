//! Detections on a fixed set of images, drawn rather than trained: both detectors find each object with a
//! score that depends on how hard the object is, on the training and on chance, among false detections.

use super::{Kind, Outcome, Row};
use anyhow::Context;
use losslab_base::rng::Rng;
use losslab_metrics::Weighted;
use losslab_metrics::boxes::{Annotation, BoundingBox, Category, Detection, GroundTruth, WeightedBoxes};
use losslab_metrics::statistics::bootstrap::Resamples;
use losslab_metrics::statistics::verdict::{ArmRuns, Design, Earlier, Question, judge};
use rayon::prelude::*;
use std::ops::Range;

/// Images of a test set; two in three have objects.
const IMAGES: i64 = 60;
/// Seeds of each detector.
const SEEDS: usize = 5;
/// Resamples of the images.
const RESAMPLES: usize = 800;
/// False detections of an image.
const FALSE: usize = 6;
/// Standard deviations of the scores: what all detections of an image share, what all of a training share,
/// and chance.
const NOISE: [f64; 3] = [0.5, 0.3, 1.0];
/// What the scores of the objects that the worse detector finds lose.
const WORSE: f64 = 0.8;

/// The data sets of these seeds, without a difference and with one.
pub fn rows(seeds: Range<u64>) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for kind in [Kind::Streams, Kind::Worse] {
        let worse = if kind == Kind::Worse { WORSE } else { 0.0 };
        let one = |seed: u64| judged(worse, &mut Rng::stream(seed, 99));
        let outcomes = seeds.clone().into_par_iter().map(one).collect::<anyhow::Result<_>>()?;
        let row = Row { design: "60 images with detections, 5 seeds", kind, outcomes };
        eprintln!("{}", row.line());
        rows.push(row);
    }
    Ok(rows)
}

fn judged(worse: f64, rng: &mut Rng) -> anyhow::Result<Outcome> {
    let truth = truth(rng)?;
    let of_images: Vec<f64> = (0..IMAGES).map(|_| NOISE[0] * rng.normal()).collect();
    let mut runs: Vec<WeightedBoxes> = Vec::new();
    for loss in [0.0, worse] {
        for _ in 0..SEEDS {
            let of_training = NOISE[1] * rng.normal();
            let found = detections(rng, &truth, &of_images, of_training - loss);
            runs.push(WeightedBoxes::new(&truth, "simulated", &found)?);
        }
    }
    let weighted = runs.iter().map(|run| -> Option<Weighted<'_>> { Some(Box::new(|w: &[u32]| run.ap50(w))) });
    let weighted: Vec<_> = weighted.collect();
    let resamples = Resamples::draw(IMAGES as usize, &weighted, Some(0.0), RESAMPLES, 0)?;
    let resamples = resamples.with_informative(truth.images_of_rarest_category().max(1));
    let values: Vec<Option<f64>> = resamples.observed().iter().copied().map(Some).collect();
    let (first, second) = values.split_at(SEEDS);
    let arms = [ArmRuns::new("first", first.to_vec()), ArmRuns::new("second", second.to_vec())];
    let question = Question {
        metric: "AP50".into(),
        higher_is_better: true,
        range: (0.0, 1.0),
        diverged: Some(0.0),
        data: "simulated".into(),
        arm: "detector".into(),
        alpha: 0.05,
        earlier: Earlier::default(),
        margin: None,
        reference: 0,
        comparisons: vec![(1, 0)],
    };
    let verdicts = judge(&arms, &question, Design::FixedTest(&resamples));
    let verdict = verdicts.comparisons.first().context("no comparison")?;
    Ok(Outcome::of(verdict, verdict))
}

/// Where object or false detection k of an image is: in a place of its own.
fn place(k: usize) -> BoundingBox {
    BoundingBox { x: 20.0 * k as f64, y: 0.0, width: 10.0, height: 10.0 }
}

/// Images with up to three objects of one category.
fn truth(rng: &mut Rng) -> anyhow::Result<GroundTruth> {
    let mut annotations = Vec::new();
    for image_id in (0..IMAGES).filter(|image| image % 3 != 0) {
        for k in 0..1 + rng.below(3) as usize {
            let id = annotations.len() as i64;
            let (bbox, area) = (place(k), 100.0);
            annotations.push(Annotation { id, image_id, category_id: 0, bbox, area, iscrowd: false });
        }
    }
    let categories = vec![Category { id: 0, name: "object".into() }];
    Ok(GroundTruth::new("simulated", (0..IMAGES).collect(), categories, annotations)?)
}

/// What a detector finds: every object with a score about `quality` above that of the false detections.
fn detections(rng: &mut Rng, truth: &GroundTruth, of_images: &[f64], quality: f64) -> Vec<Detection> {
    let mut found = Vec::new();
    let mut add = |image_id: i64, bbox: BoundingBox, score: f64| {
        let score = score + of_images[image_id as usize] + NOISE[2] * rng.normal();
        found.push(Detection { image_id, category_id: 0, bbox, score });
    };
    for object in truth.annotations() {
        add(object.image_id, object.bbox, 2.0 + quality);
    }
    for image in 0..IMAGES {
        (0..FALSE).for_each(|k| add(image, place(10 + k), 0.0));
    }
    found
}
