//! From a detector's outputs to detections.

use super::nms::{by_falling_score, suppress};
use super::{Anchors, decode};
use losslab_tensor::math::ln_f64;

/// How many candidates are looked at, and which of them stay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DecodeConfig {
    /// Candidates whose sigmoid is at most this probability are left out: .05 in the paper, nothing by
    /// default. A cut is not neutral between losses: what focal loss reports as .05 is a true probability of
    /// .001.
    pub score_cut: Option<f64>,
    /// Best candidates taken from each level.
    pub per_level: usize,
    /// Two boxes of a class that overlap by more than this IoU are one object.
    pub nms_iou: f32,
    /// Most detections of an image.
    pub most: usize,
}

impl Default for DecodeConfig {
    /// No cut, 1000 a level, .5, 100 (Lin et al. 2017, sec. 4).
    fn default() -> Self {
        Self { score_cut: None, per_level: 1000, nms_iou: 0.5, most: 100 }
    }
}

/// A detection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoredBox {
    /// Where.
    pub bbox: [f32; 4],
    /// What.
    pub class: usize,
    /// How sure: the logit. Its sigmoid is what the net reports as probability.
    pub score: f32,
}

/// The detections of one image, best first.
///
/// `class_logits [anchors, classes]` and `codes [anchors, 4]` are the detector's outputs for it, row-major,
/// `anchors` those of its size, `[height, width]` its size in pixels.
///
/// 1. Of each level the `per_level` best candidates, pairs of anchor and class, by their logit (a sigmoid
///    saturates: in f32 all logits above 17 report 1, and would tie); equal ones by number of anchor, then
///    class.
/// 2. Boxes are [decoded](decode()) and clipped to the image; those without area are dropped.
/// 3. All levels together, non-maximum suppression in each class (see [`nms`](super::nms())); the `most` best
///    stay.
///
/// A NaN logit ranks first and stays, so that it is seen.
///
/// # Panics
/// If the outputs do not belong to that many anchors, or the cut is not strictly between 0 and 1.
#[track_caller]
pub fn decode_detections(
    class_logits: &[f32],
    codes: &[f32],
    anchors: &Anchors,
    [height, width]: [usize; 2],
    config: &DecodeConfig,
) -> Vec<ScoredBox> {
    let (count, (codes, rest)) = (anchors.boxes.len(), codes.as_chunks::<4>());
    let classes = class_logits.len() / count.max(1);
    assert!(
        class_logits.len() == count * classes && codes.len() == count && rest.is_empty(),
        "decode: {} class logits, {} numbers of boxes, {count} anchors; expected [anchors, classes] and \
         [anchors, 4]",
        class_logits.len(),
        codes.len() * 4 + rest.len()
    );
    let cut = config.score_cut.map(logit);
    let mut candidates: Vec<ScoredBox> = Vec::new();
    for level in &anchors.levels {
        for number in best(class_logits, level.start * classes..level.end * classes, cut, config.per_level) {
            let (anchor, class) = (number / classes, number % classes);
            let bbox = clip(decode(codes[anchor], anchors.boxes[anchor]), height, width);
            let is_empty = bbox[2] <= bbox[0] || bbox[3] <= bbox[1];
            if !is_empty {
                candidates.push(ScoredBox { bbox, class, score: class_logits[number] });
            }
        }
    }
    // Stable: equal scores stay in the order of levels, anchors and classes.
    candidates.sort_by(|a, b| by_falling_score(a.score, b.score));
    let ranked = candidates.iter().map(|candidate| (candidate.bbox, candidate.class));
    let kept = suppress(ranked, config.nms_iou, config.most);
    kept.into_iter().map(|place| candidates[place]).collect()
}

/// The numbers, within `range`, of the `most` largest logits above the cut, best first, equal ones by number.
fn best(logits: &[f32], range: std::ops::Range<usize>, cut: Option<f32>, most: usize) -> Vec<usize> {
    let is_above = |&i: &usize| cut.is_none_or(|cut| logits[i] > cut || logits[i].is_nan());
    let mut numbers: Vec<usize> = range.filter(is_above).collect();
    let order = |&a: &usize, &b: &usize| by_falling_score(logits[a], logits[b]).then(a.cmp(&b));
    if most < numbers.len() {
        numbers.select_nth_unstable_by(most, order);
        numbers.truncate(most);
    }
    numbers.sort_unstable_by(order);
    numbers
}

/// The logit of which `p` is the sigmoid.
#[track_caller]
fn logit(p: f64) -> f32 {
    assert!(
        p > 0.0 && p < 1.0,
        "decode: a score cut of {p}, expected a probability strictly between 0 and 1"
    );
    ln_f64(p / (1.0 - p)) as f32
}

/// The part of the box that lies in the image. NaN stays.
fn clip(bbox: [f32; 4], height: usize, width: usize) -> [f32; 4] {
    let within = |x: f32, end: usize| match end as f32 {
        _ if x < 0.0 => 0.0,
        end if x > end => end,
        _ => x,
    };
    [within(bbox[0], width), within(bbox[1], height), within(bbox[2], width), within(bbox[3], height)]
}
