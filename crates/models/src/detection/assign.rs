//! Which anchors answer for which object.

use super::{area, intersection, iou, larger, smaller};

/// What an anchor is to learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assigned {
    /// No object: all classes are negative.
    Negative,
    /// Nothing: the anchor takes no part in the loss.
    Ignored,
    /// The box of this number: its class, and its place.
    Positive(usize),
}

/// The rules of [`assign`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AssignConfig {
    /// From this IoU on an anchor is positive.
    pub positive: f32,
    /// Below this IoU it is negative; between the two it is ignored.
    pub negative: f32,
    /// Whether each box's best anchor is positive whatever its IoU. A habit from Faster R-CNN, not in the
    /// paper; without it boxes that fit no anchor are never learnt.
    pub force_best: bool,
    /// From this share of its area inside an ignored region on, an anchor that is not positive is ignored.
    pub ignored_inside: f32,
}

impl Default for AssignConfig {
    /// .5, .4 (Lin et al. 2017, sec. 4), the best anchor forced, half inside.
    fn default() -> Self {
        Self { positive: 0.5, negative: 0.4, force_best: true, ignored_inside: 0.5 }
    }
}

/// Anchors that are passed over together where their common bounds miss a box: some 7 cells of a row. With
/// boxes of 20 pixels and anchors of up to 45 in an image of 160 x 160, 3 of 4 runs are.
const RUN: usize = 64;

/// What each of `anchors` is to learn, for an image with these boxes and with regions that are to be ignored
/// (crowds, difficult objects).
///
/// With v the largest IoU of the anchor with a box, the first box among equals:
/// 1. `v >= positive`: positive for that box;
/// 2. `v < negative`: negative; between the two: ignored;
/// 3. with `force_best`, each box's best anchor (the first among equals, if any overlaps it at all) is
///    positive for it, also if another box claimed it by rules 1 and 2; an anchor that is best for several
///    boxes goes to the one with the larger IoU, the first among equals, and the others get none by this
///    rule;
/// 4. an anchor that is not positive and has at least `ignored_inside` of its area in one of the regions is
///    ignored.
///
/// A box without area is nobody's. Time: 14,400 anchors (160 x 160 pixels at stride 4) and 30 boxes of 20
/// pixels take 0.3 ms, boxes of 40 pixels 0.5.
///
/// # Panics
/// If a coordinate of a box or region is not finite: loaders refuse such boxes.
#[track_caller]
pub fn assign(
    anchors: &[[f32; 4]],
    boxes: &[[f32; 4]],
    ignored: &[[f32; 4]],
    config: &AssignConfig,
) -> Vec<Assigned> {
    for bbox in boxes.iter().chain(ignored) {
        assert!(bbox.iter().all(|x| x.is_finite()), "assign: box {bbox:?}, expected finite coordinates");
    }
    let runs: Vec<[f32; 4]> = anchors.chunks(RUN).map(bounds).collect();
    let mut best = vec![(0.0f32, 0usize); anchors.len()];
    let mut forced: Vec<Option<(f32, usize)>> = Vec::with_capacity(boxes.len());
    for (number, &bbox) in boxes.iter().enumerate() {
        let mut best_anchor: Option<(f32, usize)> = None;
        overlapping(anchors, &runs, bbox, |i, anchor| {
            let iou = iou(anchor, bbox);
            if iou > best[i].0 {
                best[i] = (iou, number);
            }
            if iou > best_anchor.map_or(0.0, |(most, _)| most) {
                best_anchor = Some((iou, i));
            }
        });
        forced.push(best_anchor);
    }
    let by_iou = |&(iou, number): &(f32, usize)| match iou {
        _ if iou >= config.positive && iou > 0.0 => Assigned::Positive(number),
        _ if iou < config.negative || iou == 0.0 => Assigned::Negative,
        _ => Assigned::Ignored,
    };
    let mut assigned: Vec<Assigned> = best.iter().map(by_iou).collect();
    if config.force_best {
        force(&forced, &mut assigned);
    }
    for &region in ignored {
        overlapping(anchors, &runs, region, |i, anchor| {
            let inside = intersection(anchor, region) / area(anchor);
            if inside >= config.ignored_inside && !matches!(assigned[i], Assigned::Positive(_)) {
                assigned[i] = Assigned::Ignored;
            }
        });
    }
    assigned
}

/// Gives each box its best anchor (IoU and number), contested ones to the larger IoU.
fn force(best_anchors: &[Option<(f32, usize)>], assigned: &mut [Assigned]) {
    for (number, best) in best_anchors.iter().enumerate() {
        let Some((iou, anchor)) = *best else { continue };
        let beaten = best_anchors.iter().enumerate().any(|(other, best)| {
            best.is_some_and(|(other_iou, other_anchor)| {
                other_anchor == anchor && (other_iou > iou || (other_iou == iou && other < number))
            })
        });
        if !beaten {
            assigned[anchor] = Assigned::Positive(number);
        }
    }
}

/// The smallest box around these.
fn bounds(boxes: &[[f32; 4]]) -> [f32; 4] {
    let mut all = [f32::INFINITY, f32::INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY];
    for b in boxes {
        all = [smaller(all[0], b[0]), smaller(all[1], b[1]), larger(all[2], b[2]), larger(all[3], b[3])];
    }
    all
}

/// Visits the anchors that overlap the box, in order.
fn overlapping(
    anchors: &[[f32; 4]],
    runs: &[[f32; 4]],
    bbox: [f32; 4],
    mut visit: impl FnMut(usize, [f32; 4]),
) {
    for (run, (&bounds, anchors)) in runs.iter().zip(anchors.chunks(RUN)).enumerate() {
        if are_apart(bounds, bbox) {
            continue;
        }
        for (i, &anchor) in anchors.iter().enumerate() {
            if !are_apart(anchor, bbox) {
                visit(run * RUN + i, anchor);
            }
        }
    }
}

/// Whether two boxes share no area. Written without branches: which side decides cannot be foretold.
fn are_apart(a: [f32; 4], b: [f32; 4]) -> bool {
    (a[2] <= b[0]) | (b[2] <= a[0]) | (a[3] <= b[1]) | (b[3] <= a[1])
}
